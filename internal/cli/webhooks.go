package cli

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"morepay/internal/store/sqlstore"
	"morepay/internal/webhook"
)

type webhooks struct {
	Messages   listMessages  `cmd:"" help:"List what a merchant is told, oldest first."`
	Deliveries listReceipts  `cmd:"" help:"Show what became of the deliveries of one message."`
	Redeliver  redeliver     `cmd:"" help:"Send a message again to every endpoint."`
	Endpoints  listEndpoints `cmd:"" help:"Show how a merchant's endpoints do."`
	Enable     enable        `cmd:"" help:"Take a disabled endpoint into use again: what waits for it is sent."`
}

// printTable writes lines of tab-separated fields under a heading.
func printTable[T any](heading string, list []T, line func(T) string) error {
	out := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(out, heading)
	for _, item := range list {
		fmt.Fprintln(out, line(item))
	}
	return out.Flush()
}

type listMessages struct {
	database `embed:""`
	Merchant string `arg:"" help:"The merchant."`
	After    string `help:"Only those after the message with this id."`
	Limit    int    `default:"50" help:"At most so many."`
}

func (c *listMessages) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		list, err := db.Outbox.Messages(ctx, c.Merchant, c.After, c.Limit)
		if err != nil {
			return err
		}
		return printTable("ID\tTYPE\tSESSION\tAT", list, func(m webhook.Message) string {
			return fmt.Sprintf("%s\t%s\t%s\t%s", m.ID, m.Type, m.SessionID, stamp(m.At))
		})
	})
}

type listReceipts struct {
	database `embed:""`
	Merchant string `arg:"" help:"The merchant."`
	Message  string `arg:"" help:"The message's id, evt_…"`
}

func (c *listReceipts) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		list, err := db.Outbox.Deliveries(ctx, c.Merchant, c.Message)
		if err != nil {
			return err
		}
		return printTable("ENDPOINT\tSTATE\tTRIES\tSTATUS\tTRIED\tERROR", list, func(r webhook.DeliveryState) string {
			return fmt.Sprintf("%s\t%s\t%d\t%d\t%s\t%s", r.URL, r.State, r.Tries, r.Status, stamp(r.TriedAt), r.Error)
		})
	})
}

type redeliver struct {
	database `embed:""`
	Merchant string `arg:"" help:"The merchant."`
	Message  string `arg:"" help:"The message's id, evt_…"`
}

func (c *redeliver) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		return db.Outbox.Redeliver(ctx, c.Merchant, c.Message, time.Now())
	})
}

type listEndpoints struct {
	database `embed:""`
	Merchant string `arg:"" help:"The merchant."`
}

func (c *listEndpoints) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		list, err := db.Outbox.Endpoints(ctx, c.Merchant)
		if err != nil {
			return err
		}
		return printTable("ENDPOINT\tPENDING\tNEXT TRY\tDISABLED\tREASON", list, func(e webhook.EndpointState) string {
			return fmt.Sprintf("%s\t%d\t%s\t%s\t%s", e.URL, e.Pending, stamp(e.NextAt), stamp(e.DisabledAt), e.Reason)
		})
	})
}

type enable struct {
	database `embed:""`
	Merchant string `arg:"" help:"The merchant."`
	URL      string `arg:"" help:"The endpoint's URL."`
}

func (c *enable) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		return db.Outbox.Enable(ctx, c.Merchant, c.URL, time.Now())
	})
}

// stamp writes a time, or "-" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339)
}
