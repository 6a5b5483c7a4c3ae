package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"morepay/internal/program"
	"morepay/internal/store/sqlstore"
	"morepay/internal/webhook"
)

type webhooks struct {
	Messages   listMessages    `cmd:"" help:"List what a merchant is told, oldest first."`
	Deliveries listReceipts    `cmd:"" help:"Show what became of the deliveries of one message."`
	Redeliver  redeliver       `cmd:"" help:"Send a message, or all since a time, to every endpoint again."`
	Skip       skipMessage     `cmd:"" help:"Give a message up: what comes after it in its session is sent."`
	List       listEndpoints   `cmd:"" help:"Show a merchant's endpoints and how they do."`
	Add        addEndpoint     `cmd:"" help:"Add an endpoint and print its secret, which is shown only this once."`
	Move       moveEndpoint    `cmd:"" help:"Give an endpoint another URL. What waits for it goes along."`
	Remove     removeEndpoint  `cmd:"" help:"Take an endpoint out. What waits for it is still sent."`
	Disable    disableEndpoint `cmd:"" help:"Leave an endpoint alone. What comes for it waits."`
	Enable     enableEndpoint  `cmd:"" help:"Take a disabled endpoint into use again: what waits for it is sent."`
	Rotate     rotateEndpoint  `cmd:"" help:"Make and print a new secret for an endpoint. The one before signs too until the next rotation."`
	Test       testEndpoint    `cmd:"" help:"Send a test message to an endpoint, once."`
	History    listVersions    `cmd:"" help:"List what was done to a merchant's endpoints, newest first."`
	Restore    restoreVersion  `cmd:"" help:"Put an earlier version of a merchant's endpoints in force again."`
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
	After    string `help:"Only those after the message with this id, or after the place that an earlier answer named."`
	Type     string `help:"Only those of this type, such as session.paid."`
	Limit    int    `default:"50" help:"At most so many."`
}

func (c *listMessages) Run(ctx context.Context) error {
	after, err := webhook.ParsePlace(c.After)
	if err != nil {
		return err
	}
	return c.with(ctx, func(db *sqlstore.DB) error {
		page, err := db.Outbox.Events(ctx, c.Merchant, webhook.Filter{After: after, Type: c.Type, Limit: c.Limit})
		if err != nil {
			return err
		}
		return printTable("NUMBER\tID\tTYPE\tSESSION\tAT", page.Messages, func(m webhook.Message) string {
			return fmt.Sprintf("%d\t%s\t%s\t%s\t%s", m.Sequence, m.ID, m.Type, m.SessionID, stamp(m.At))
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
		return printTable("ENDPOINT\tURL\tSTATE\tTRIES\tSTATUS\tTRIED\tDUE\tERROR", list, func(r webhook.DeliveryState) string {
			due := "-"
			if r.State == webhook.Pending {
				due = stamp(r.DueAt)
			}
			return fmt.Sprintf("%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s", r.Endpoint, r.URL, r.State, r.Tries, r.Status, stamp(r.TriedAt), due, r.Error)
		})
	})
}

type redeliver struct {
	database `embed:""`
	Merchant string    `arg:"" help:"The merchant."`
	Message  string    `arg:"" optional:"" help:"The message's id, evt_…"`
	Since    time.Time `help:"Instead of a message: all that tell of events since then (RFC 3339)."`
	Endpoint string    `help:"Only to the endpoint with this id, also what was never sent to it."`
}

func (c *redeliver) Run(ctx context.Context) error {
	if (c.Message == "") == c.Since.IsZero() {
		return usage("since", "name either a message or a time")
	}
	return c.with(ctx, func(db *sqlstore.DB) error {
		n, err := db.Outbox.Redeliver(ctx, webhook.Redelivery{Merchant: c.Merchant, Message: c.Message, Since: c.Since, Endpoint: c.Endpoint}, time.Now())
		if err == nil {
			fmt.Printf("%d messages are sent again\n", n)
		}
		return err
	})
}

type skipMessage struct {
	database `embed:""`
	Merchant string `arg:"" help:"The merchant."`
	Message  string `arg:"" help:"The message's id, evt_…"`
	Endpoint string `help:"Only for the endpoint with this id."`
	Author   string `required:"" help:"Who decides."`
}

func (c *skipMessage) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		n, err := db.Outbox.Skip(ctx, c.Merchant, c.Message, c.Endpoint, c.Author, time.Now())
		if err == nil {
			fmt.Printf("%d deliveries are given up\n", n)
		}
		return err
	})
}

type listEndpoints struct {
	database `embed:""`
	Merchant string `arg:"" help:"The merchant."`
}

func (c *listEndpoints) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		list, err := db.Endpoints.Endpoints(ctx, c.Merchant)
		if err != nil {
			return err
		}
		return printTable("ENDPOINT\tURL\tSTATE\tPENDING\tNEXT TRY\tSINCE\tREASON", list, func(e webhook.EndpointState) string {
			state, since := "in use", time.Time{}
			switch {
			case !e.RemovedAt.IsZero():
				state, since = "removed", e.RemovedAt
			case !e.DisabledAt.IsZero():
				state, since = "disabled", e.DisabledAt
			case e.Failing >= webhook.DownAfter:
				state = "down"
			}
			return fmt.Sprintf("%s\t%s\t%s\t%d\t%s\t%s\t%s", e.ID, e.URL, state, e.Pending, stamp(e.NextAt), stamp(since), e.Reason)
		})
	})
}

// endpoints names what the commands need that change endpoints.
type endpoints struct {
	database `embed:""`
	Secret   string `help:"The server's secret, in base64, if it is not kept in --data: the endpoints' secrets are sealed with it. Of several, split by commas, the first seals."`
	TestMode bool   `help:"The server is in test mode: loopback, plain http and any port are fine."`
	Author   string `required:"" help:"Who decides."`
	Merchant string `arg:"" help:"The merchant."`
}

// Validate is called by kong before a command runs.
func (c endpoints) Validate() error {
	return errors.Join(c.database.Validate(), CheckSecret(c.Secret, c.Database, c.Data))
}

// at opens the database for work on where merchants are told.
func (c endpoints) at(ctx context.Context, work func(*webhook.Directory) error) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		d, err := program.OpenDirectory(ctx, db, program.Config{Secret: c.Secret, Data: c.Data, Database: c.Database, Log: program.DefaultLog()}, !c.TestMode)
		if err != nil {
			return err
		}
		return work(d)
	})
}

type addEndpoint struct {
	endpoints `embed:""`
	ID        string `arg:"" help:"Its id, such as shop."`
	URL       string `arg:"" help:"Its URL."`
}

func (c *addEndpoint) Run(ctx context.Context) error {
	return c.at(ctx, func(d *webhook.Directory) error {
		return printSecret(d.Add(ctx, c.Merchant, c.Author, webhook.Endpoint{ID: c.ID, URL: c.URL}))
	})
}

func printSecret(secret string, err error) error {
	if err == nil {
		fmt.Println(secret)
	}
	return err
}

// endpoint names one endpoint.
type endpoint struct {
	endpoints `embed:""`
	Endpoint  string `arg:"" help:"The endpoint's id."`
}

type moveEndpoint struct {
	endpoint `embed:""`
	URL      string `arg:"" help:"Its new URL."`
}

func (c *moveEndpoint) Run(ctx context.Context) error {
	return c.at(ctx, func(d *webhook.Directory) error { return d.Move(ctx, c.Merchant, c.Author, c.Endpoint, c.URL) })
}

type removeEndpoint struct {
	endpoint `embed:""`
}

func (c *removeEndpoint) Run(ctx context.Context) error {
	return c.at(ctx, func(d *webhook.Directory) error { return d.Remove(ctx, c.Merchant, c.Author, c.Endpoint) })
}

type disableEndpoint struct {
	endpoint `embed:""`
}

func (c *disableEndpoint) Run(ctx context.Context) error {
	return c.at(ctx, func(d *webhook.Directory) error { return d.Disable(ctx, c.Merchant, c.Author, c.Endpoint) })
}

type enableEndpoint struct {
	endpoint `embed:""`
}

func (c *enableEndpoint) Run(ctx context.Context) error {
	return c.at(ctx, func(d *webhook.Directory) error { return d.Enable(ctx, c.Merchant, c.Author, c.Endpoint) })
}

type rotateEndpoint struct {
	endpoint `embed:""`
	AtOnce   bool `help:"The secret before signs no more."`
}

func (c *rotateEndpoint) Run(ctx context.Context) error {
	return c.at(ctx, func(d *webhook.Directory) error {
		return printSecret(d.Rotate(ctx, c.Merchant, c.Author, c.Endpoint, c.AtOnce))
	})
}

type testEndpoint struct {
	database `embed:""`
	Secret   string `help:"The server's secret, in base64, if it is not kept in --data."`
	TestMode bool   `help:"The server is in test mode: loopback, plain http and any port are fine."`
	Merchant string `arg:"" help:"The merchant."`
	Endpoint string `arg:"" help:"The endpoint's id."`
}

// Validate is called by kong before a command runs.
func (c *testEndpoint) Validate() error {
	return errors.Join(c.database.Validate(), CheckSecret(c.Secret, c.Database, c.Data))
}

func (c *testEndpoint) Run(ctx context.Context) error {
	all := endpoints{database: c.database, Secret: c.Secret, TestMode: c.TestMode}
	return all.at(ctx, func(d *webhook.Directory) error {
		t, err := d.Test(ctx, c.Merchant, c.Endpoint)
		if err != nil {
			return err
		}
		if t.Error != "" {
			return fmt.Errorf("it was not accepted after %v: %s", t.Took.Round(time.Millisecond), t.Error)
		}
		fmt.Printf("it answered %d after %v\n", t.Status, t.Took.Round(time.Millisecond))
		return nil
	})
}

type listVersions struct {
	database `embed:""`
	Merchant string `arg:"" help:"The merchant."`
}

func (c *listVersions) Run(ctx context.Context) error {
	const most = 100
	return c.with(ctx, func(db *sqlstore.DB) error {
		list, err := db.Endpoints.Versions(ctx, c.Merchant, most)
		if err != nil {
			return err
		}
		return printTable("VERSION\tAT\tAUTHOR\tCHANGE\tENDPOINTS", list, func(v webhook.Version) string {
			endpoints := ""
			for _, e := range v.Endpoints {
				endpoints += e.ID + "=" + e.URL + " "
			}
			return fmt.Sprintf("%d\t%s\t%s\t%s\t%s", v.Number, stamp(v.At), v.Author, v.Change, endpoints)
		})
	})
}

type restoreVersion struct {
	endpoints `embed:""`
	Version   int64 `arg:"" help:"The version, as history numbers it."`
}

func (c *restoreVersion) Run(ctx context.Context) error {
	return c.at(ctx, func(d *webhook.Directory) error { return d.Restore(ctx, c.Merchant, c.Author, c.Version) })
}

// stamp writes a time, or "-" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339)
}
