package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/merchant/folder"
	"morepay/internal/program"
	"morepay/internal/store/sqlstore"
)

type quarantine struct {
	List    listEntries  `cmd:"" help:"List entries, newest first."`
	Show    showEntry    `cmd:"" help:"Show one entry with the provider's own words."`
	Resolve resolveEntry `cmd:"" help:"Say what an entry is: accept, refund, not_ours or ignore."`
}

// atDesk opens the database for work at the desk.
func (d database) atDesk(ctx context.Context, accounts *account.Registry, work func(*desk.Desk) error) error {
	return d.with(ctx, func(db *sqlstore.DB) error {
		recorder := checkout.NewRecorder(checkout.Config{Store: db.Ledgers, Desk: db.Ledgers})
		return work(desk.New(desk.Config{Store: db.Ledgers, Books: db.Ledgers, Marks: db.Marks, Accounts: accounts, Recorder: recorder, Erasures: db.Retention}))
	})
}

type listEntries struct {
	database   `embed:""`
	Status     string `help:"Only those that are open, refunding or resolved."`
	Provider   string `help:"Only those of this provider."`
	Account    string `help:"Only those of this account at the provider."`
	Merchant   string `help:"Only those of this merchant."`
	OutTradeNo string `help:"Only those about the payment with this number."`
	After      string `help:"Only those after this entry."`
	Limit      int    `default:"50" help:"At most so many."`
}

func (c *listEntries) Run(ctx context.Context) error {
	return c.atDesk(ctx, nil, func(d *desk.Desk) error {
		list, err := d.Entries(ctx, checkout.QuarantineFilter{
			Status: checkout.QuarantineStatus(c.Status), Merchant: c.Merchant, Provider: c.Provider, Account: c.Account,
			OutTradeNo: c.OutTradeNo, After: c.After, Limit: c.Limit,
		})
		if err != nil {
			return err
		}
		return printTable("ID\tAT\tSTATUS\tMERCHANT\tPROVIDER\tACCOUNT\tOUT_TRADE_NO\tOUTCOME\tAMOUNT\tREASON", list, func(q checkout.Quarantined) string {
			ev := q.Evidence
			return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", q.ID, stamp(q.At), q.Status, q.Merchant, ev.Provider, ev.Account, ev.OutTradeNo, ev.Outcome, ev.Amount, q.Reason)
		})
	})
}

type showEntry struct {
	database `embed:""`
	Entry    string `arg:"" help:"The entry's id, qe_…"`
}

func (c *showEntry) Run(ctx context.Context) error {
	return c.atDesk(ctx, nil, func(d *desk.Desk) error {
		q, err := d.Entry(ctx, c.Entry)
		if err != nil {
			return err
		}
		return printEntry(q)
	})
}

// printEntry writes what is known of an entry, a line each.
func printEntry(q checkout.Quarantined) error {
	ev := q.Evidence
	lines := [][2]string{
		{"entry", q.ID},
		{"status", string(q.Status)},
		{"reason", q.Reason},
		{"at", stamp(q.At)},
		{"merchant", q.Merchant},
		{"provider", ev.Provider},
		{"account", ev.Account},
		{"app", ev.App},
		{"out_trade_no", ev.OutTradeNo},
		{"source", string(ev.Source)},
		{"outcome", string(ev.Outcome)},
		{"amount", ev.Amount.String()},
		{"reference", ev.Reference},
		{"paid at", stamp(ev.PaidAt)},
		{"resolution", string(q.Resolution)},
		{"author", q.Author},
		{"note", q.Note},
		{"resolved at", stamp(q.ResolvedAt)},
		{"statement", string(ev.Raw)},
	}
	if r := q.Refund; r != nil {
		lines = append(lines, [2]string{"refund", fmt.Sprintf("%s over %s is %s %s", r.Number, r.Amount, r.Status, r.Failure)})
	}
	return printTable("", lines, func(line [2]string) string { return line[0] + "\t" + line[1] })
}

// accounts are the flags of commands that ask providers something.
type accounts struct {
	Merchants string `default:"merchants" type:"path" help:"Folder of the merchants, with their accounts."`
	SimURL    string `help:"Origin of a simulator, in test mode."`
}

func (a accounts) open() (*account.Registry, error) {
	sources, err := folder.Load(os.DirFS(a.Merchants), a.SimURL == "")
	if err != nil {
		return nil, err
	}
	return program.OpenAccounts(program.Config{SimURL: a.SimURL, Log: program.DefaultLog()}, sources, nil)
}

type resolveEntry struct {
	database   `embed:""`
	accounts   `embed:""`
	Entry      string `arg:"" help:"The entry's id, qe_…"`
	Resolution string `arg:"" help:"accept: it is the payment of the session that it names. refund: send the money back. not_ours, ignore: leave it."`
	Author     string `required:"" help:"Who decides."`
	Note       string `required:"" help:"Why."`
}

// Validate is called by kong before Run.
func (c *resolveEntry) Validate() error {
	return errors.Join(c.database.Validate(), CheckOrigin("sim-url", c.SimURL))
}

func (c *resolveEntry) Run(ctx context.Context) error {
	registry, err := c.accounts.open()
	if err != nil {
		return err
	}
	return c.atDesk(ctx, registry, func(d *desk.Desk) error {
		q, err := d.Resolve(ctx, c.Entry, desk.Decision{Resolution: checkout.Resolution(c.Resolution), Author: c.Author, Note: c.Note})
		if err != nil {
			return err
		}
		return printEntry(q)
	})
}
