package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"morepay/internal/desk"
	"morepay/internal/merchant"
	"morepay/internal/store/sqlstore"
)

type sessions struct {
	Find findSessions `cmd:"" help:"Tell what became of a payment, by whatever somebody knows of it."`
}

type findSessions struct {
	database `embed:""`
	Text     string        `arg:"" optional:"" help:"The merchant's name for the order, a number of the payment (ours or the provider's), or the session's id."`
	Merchant string        `help:"Only this merchant's."`
	Amount   int64         `help:"Only those over this amount, in the currency's minor unit."`
	At       time.Time     `placeholder:"TIME" help:"Only those made about then, such as 2026-11-28T18:30:00+08:00."`
	Within   time.Duration `default:"1h" help:"How far from --at."`
	JSON     bool          `help:"As JSON, as the admin API has it."`
}

// Validate is called by kong before Run.
func (c *findSessions) Validate() error {
	if c.Text == "" && c.Amount == 0 && c.At.IsZero() {
		return usage("amount", "say a number, --amount or --at")
	}
	return c.database.Validate()
}

func (c *findSessions) Run(ctx context.Context) error {
	return c.with(ctx, func(db *sqlstore.DB) error {
		search := desk.Search{Text: c.Text, Amount: c.Amount, Merchants: []string{c.Merchant}}
		if !c.At.IsZero() {
			search.From, search.Until = c.At.Add(-c.Within), c.At.Add(c.Within)
		}
		if c.Merchant == "" {
			var err error
			if search.Merchants, err = merchant.IDs(ctx, db.Documents); err != nil {
				return err
			}
		}
		found, err := desk.New(desk.Config{Store: db.Ledgers, Books: db.Ledgers}).Find(ctx, search)
		if err != nil {
			return err
		}
		if c.JSON {
			e := json.NewEncoder(os.Stdout)
			e.SetIndent("", "  ")
			return e.Encode(found)
		}
		return writeFindings(os.Stdout, found)
	})
}

// writeFindings writes for people.
func writeFindings(w io.Writer, f desk.Findings) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, m := range f.Sessions {
		fmt.Fprintf(out, "%s of merchant %s: %s, %s, order %q, made %s, until %s\n", m.Session, m.Merchant, m.Status, m.Amount, m.Reference, stamp(m.CreatedAt), stamp(m.ExpiresAt))
		for _, a := range m.Attempts {
			fmt.Fprintf(out, "  %s\t%s\t%s %s\t%s/%s\t%s\t%s\tpaid %s\treturned %d\n",
				a.ID, a.State, a.Method, a.Rail, a.Provider, a.Account, a.OutTradeNo, orDash(a.Reference), stamp(a.PaidAt), a.Returned)
		}
		for _, r := range m.Refunds {
			fmt.Fprintf(out, "  %s\t%s\tof %s\t%s\tby %s\t%s\t%s\n", r.ID, r.Status, r.Attempt, r.Amount, r.Origin, stamp(r.CreatedAt), needs(r))
		}
		writeDoubts(out, m.Quarantine)
	}
	if len(f.Quarantine) > 0 {
		fmt.Fprintln(out, "no session has a payment of this number, and yet providers speak of it:")
		writeDoubts(out, f.Quarantine)
	}
	switch {
	case f.More:
		fmt.Fprintln(out, "there are more: say --merchant, --amount or --at")
	case len(f.Sessions)+len(f.Quarantine) == 0:
		fmt.Fprintln(out, "nothing was found")
	}
	return out.Flush()
}

func writeDoubts(w io.Writer, list []desk.Doubt) {
	for _, q := range list {
		fmt.Fprintf(w, "  %s\tin quarantine, %s\t%s %s\t%s\t%s\t%s\n", q.ID, q.Status, q.Outcome, q.Amount, q.OutTradeNo, stamp(q.At), q.Reason)
	}
}

// needs says what a refund waits for.
func needs(r desk.Refund) string {
	if r.NeedsPerson {
		return string(r.Failure) + ", waits for a person"
	}
	return string(r.Failure)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
