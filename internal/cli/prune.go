package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"morepay/internal/desk"
	"morepay/internal/program"
	"morepay/internal/retention"
	"morepay/internal/store/sqlstore"
)

type prune struct {
	database `embed:""`
	Retain   string `help:"How long what is kept, as for serve."`
	DryRun   bool   `help:"Change nothing: count what is old. Of that, what is under way stays."`
}

// Validate is called by kong before Run.
func (c *prune) Validate() error { return errors.Join(c.database.Validate(), CheckRetain(c.Retain)) }

func (c *prune) Run(ctx context.Context) error {
	policy, err := retention.Parse(c.Retain)
	if err != nil {
		return err
	}
	return c.with(ctx, func(db *sqlstore.DB) error {
		pruner := &retention.Pruner{Policy: policy, Store: db.Retention, Log: program.DefaultLog()}
		do := pruner.Run
		if c.DryRun {
			do = pruner.Count
		}
		counts, err := do(ctx)
		if err != nil {
			return err
		}
		return printTable("KIND\tKEPT\tCOUNT", retention.Kinds, func(k retention.Kind) string {
			more := ""
			if c.DryRun && counts[k] == retention.MaxCount {
				more = " or more"
			}
			return fmt.Sprintf("%s\t%s\t%d%s", k, policy.Text(k), counts[k], more)
		})
	})
}

type erase struct {
	database `embed:""`
	Merchant string `required:"" help:"Whose payer it is."`
	Payer    string `required:"" help:"The merchant's id of the payer: payer.id of its sessions."`
	Author   string `required:"" help:"Who decides."`
	Note     string `required:"" help:"Why."`
}

func (c *erase) Run(ctx context.Context) error {
	return c.atDesk(ctx, nil, func(d *desk.Desk) error {
		e, err := d.Erase(ctx, c.Merchant, desk.EraseOrder{Payer: c.Payer, Author: c.Author, Note: c.Note})
		if err != nil {
			return err
		}
		return printErasures([]desk.Erasure{e})
	})
}

type listErasures struct {
	database `embed:""`
	Merchant string    `help:"Only those of this merchant."`
	Before   time.Time `format:"2006-01-02T15:04:05Z07:00" help:"Only those before this time."`
	Limit    int       `default:"50" help:"At most so many, newest first."`
}

func (c *listErasures) Run(ctx context.Context) error {
	return c.atDesk(ctx, nil, func(d *desk.Desk) error {
		list, err := d.ListErasures(ctx, c.Merchant, c.Before, c.Limit)
		if err != nil {
			return err
		}
		return printErasures(list)
	})
}

func printErasures(list []desk.Erasure) error {
	return printTable("ID\tAT\tMERCHANT\tPAYER (SHA-256)\tSESSIONS\tWAITING\tAUTHOR\tNOTE", list, func(e desk.Erasure) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s", e.ID, stamp(e.At), e.Merchant, e.PayerHash, e.Sessions, e.Waiting, e.Author, e.Note)
	})
}
