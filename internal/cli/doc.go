// Package cli holds the commands beside serve and demo: asking why a method is
// offered or not, and looking after merchants' documents, webhooks and bills.
//
// What must not live here: anything that the server itself does.
package cli

import (
	"context"
	"fmt"

	"morepay/internal/pay"
	"morepay/internal/store"
	"morepay/internal/store/sqlstore"
)

// Commands are added to the command line of the program.
type Commands struct {
	Matrix    matrix    `cmd:"" help:"Show what every method offers on every device, or why it doesn't."`
	Explain   explain   `cmd:"" help:"Tell in sentences how one decision comes about."`
	Merchants merchants `cmd:"" help:"Look after the merchants' capability documents."`
	Webhooks  webhooks  `cmd:"" help:"See what merchants were told, and tell them again."`
	Reconcile reconcile `cmd:"" help:"Compare the providers' daily bills with our books."`
}

// database says where the documents and money state lie.
type database struct {
	Data     string `default:"data" type:"path" help:"Folder of the SQLite database."`
	Database string `help:"postgres://… if the server uses PostgreSQL."`
}

func (d database) open(ctx context.Context) (*sqlstore.DB, error) {
	source := d.Database
	if source == "" {
		source = d.Data
	}
	return store.Open(ctx, source, nil)
}

// with opens the database for one piece of work.
func (d database) with(ctx context.Context, work func(*sqlstore.DB) error) error {
	db, err := d.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	return work(db)
}

func usage(flag, format string, args ...any) error {
	return pay.Errorf(pay.CodeInvalid, "--"+flag, "%s", fmt.Sprintf(format, args...))
}
