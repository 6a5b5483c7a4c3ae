// Package cli holds the commands beside serve and demo: asking why a method is
// offered or not, and looking after merchants' documents, webhooks and bills.
//
// What must not live here: anything that the server itself does.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/reconcile"
	"morepay/internal/retention"
	"morepay/internal/secret"
	"morepay/internal/store"
	"morepay/internal/store/sqlstore"
)

// Commands are added to the command line of the program.
type Commands struct {
	Matrix     matrix         `cmd:"" help:"Show what every method offers on every device, or why it doesn't."`
	Explain    explain        `cmd:"" help:"Tell in sentences how one decision comes about."`
	Reload     reload         `cmd:"" help:"Have running servers take up the merchants' folders anew."`
	Merchants  merchants      `cmd:"" help:"Look after the merchants' capability documents."`
	Keys       keys           `cmd:"" help:"See the merchants' API keys, what each is for and when it was used last."`
	Webhooks   webhooks       `cmd:"" help:"See what merchants were told, and tell them again."`
	QA         scenarios      `cmd:"" name:"qa" help:"Play what can happen to a payment by name, and judge what payer and merchant see."`
	Trace      traceSession   `cmd:"" help:"Tell the story of one session, without anything of its payer."`
	Funnel     payers         `cmd:"" help:"Count how far payers got, and why they were not offered a method."`
	Sessions   sessions       `cmd:"" help:"Find sessions and what became of their money."`
	Quarantine quarantine     `cmd:"" help:"Decide about what providers say and our books contradict."`
	Rails      rails          `cmd:"" help:"List the rails that providers were learnt to refuse, and clear them."`
	Refunds    refunds        `cmd:"" help:"Bring refunds to an end that wait for a person."`
	Secrets    secrets        `cmd:"" help:"See which secrets the servers on a database have, and retire old ones."`
	Migrate    migrate        `cmd:"" help:"Bring the tables up to date, with a role that may, or tell whether they are."`
	Backup     backup         `cmd:"" help:"Copy the SQLite database of a running server into a file."`
	Copy       copyAll        `cmd:"" help:"Copy everything from SQLite to PostgreSQL."`
	Reconcile  reconcileBills `cmd:"" help:"Compare the providers' daily bills with our books."`
	Prune      prune          `cmd:"" help:"Let go at once of what was kept long enough, or count it."`
	Erase      erase          `cmd:"" help:"Erase what is known of a payer besides numbers, amounts and dates."`
	Erasures   listErasures   `cmd:"" help:"List whose data were erased, by whom and why."`
}

// database says where the documents and money state lie.
type database struct {
	Data     string `default:"data" type:"path" help:"Folder of the server's SQLite database."`
	Database string `help:"postgres://… if the server uses PostgreSQL."`
}

// Validate is called by kong before a command runs.
func (d database) Validate() error { return CheckDatabase("database", d.Database) }

// with opens the database for one piece of work. A folder that isn't there is
// an error: a mistyped name must not look like a server without merchants.
func (d database) with(ctx context.Context, work func(*sqlstore.DB) error) error {
	source, err := d.source()
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, source, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	return work(db)
}

func (d database) source() (string, error) {
	source := cmp.Or(d.Database, d.Data)
	if _, err := os.Stat(source); d.Database == "" && err != nil {
		return "", usage("data", "there is no folder %s: start the server first, or make the folder", source)
	}
	return source, nil
}

// CheckOrigin refuses a flag's value that is neither "" nor an origin such as
// https://pay.example.
func CheckOrigin(flag, value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(strings.TrimSuffix(value, "/"))
	if err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && *u == (url.URL{Scheme: u.Scheme, Host: u.Host}) {
		return nil
	}
	return usage(flag, "must be an origin such as https://pay.example, is %q", value)
}

// CheckShop refuses a flag's value that is no origin of a shop's pages in test mode.
func CheckShop(flag, value string) error {
	if err := folder.CheckOrigin(value, false); err != nil {
		return usage(flag, "%v", err)
	}
	return nil
}

// CheckDatabase refuses a flag's value that is neither "" nor a URL of PostgreSQL:
// it would be taken for the name of a folder.
func CheckDatabase(flag, value string) error {
	if value == "" || strings.HasPrefix(value, "postgres://") || strings.HasPrefix(value, "postgresql://") {
		return nil
	}
	return usage(flag, "must begin with postgres://")
}

// CheckListen refuses a --listen-database that is neither "" nor a URL of PostgreSQL,
// or that stands without a --database.
func CheckListen(database, value string) error {
	if value != "" && database == "" {
		return usage("listen-database", "is for a server with --database: SQLite needs none")
	}
	return CheckDatabase("listen-database", value)
}

// CheckSecret refuses secrets that no server would start with.
func CheckSecret(list, database, data string) error {
	return secret.Source{List: list, Folder: data, Shared: database != ""}.Check()
}

// CheckTime refuses a flag's value that is neither "" nor a time of day.
func CheckTime(flag, value string) error {
	if value == "" {
		return nil
	}
	if _, err := reconcile.ParseTime(value); err != nil {
		return usage(flag, "%v", err)
	}
	return nil
}

// CheckRetain refuses a value of --retain that does not say how long what is kept.
func CheckRetain(value string) error {
	_, err := retention.Parse(value)
	if refusal, ok := errors.AsType[*pay.Error](err); ok {
		return usage("retain", "%s %s", refusal.Field, refusal.Message)
	}
	return err
}

func usage(flag, format string, args ...any) error {
	return pay.Errorf(pay.CodeInvalid, "--"+flag, "%s", fmt.Sprintf(format, args...))
}
