package cli

import (
	"context"
	"os"

	"morepay/internal/store/sqlstore"
	"morepay/internal/trace"
)

type traceSession struct {
	database `embed:""`
	Session  string       `arg:"" help:"Id of the session: cs_…"`
	Format   trace.Format `default:"text" enum:"text,json,html" help:"text, json, or html: one file for a ticket."`
}

func (c *traceSession) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		t, err := trace.Of(ctx, db.Ledgers, db.Outbox, c.Session)
		if err != nil {
			return err
		}
		return t.Write(os.Stdout, c.Format)
	})
}
