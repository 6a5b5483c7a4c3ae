package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/reconcile"
	"morepay/internal/store/sqlstore"
)

type reconcileBills struct {
	database  `embed:""`
	Merchants string    `default:"merchants" type:"path" help:"Folder of the merchants, with their accounts."`
	SimURL    string    `help:"Origin of a simulator, in test mode."`
	Since     time.Time `required:"" format:"2006-01-02" help:"First day to compare, such as 2026-11-01."`
	Until     time.Time `format:"2006-01-02" help:"Last day; yesterday if absent."`
	JSON      bool      `help:"Print JSON instead of a table."`
}

// Validate is called by kong before Run.
func (c *reconcileBills) Validate() error {
	return errors.Join(c.database.Validate(), CheckOrigin("sim-url", c.SimURL))
}

// status is the exit status of the command when something keeps bills and books
// from being known to agree.
type status struct {
	code int
	error
}

func (s *status) Unwrap() error { return s.error }

// ExitCode is called by kong.
func (s *status) ExitCode() int { return s.code }

// The ways to end, the most pressing first.
var (
	errDiffer      = &status{1, errors.New("bills and books differ")}
	errNotCompared = &status{2, errors.New("not every bill could be compared")}
	errNoBill      = &status{3, errors.New("not every bill is there yet")}
)

func (c *reconcileBills) Run(ctx context.Context) error {
	results, err := c.results(ctx)
	if err == nil {
		err = c.print(results)
	}
	if err != nil {
		return &status{errNotCompared.code, err}
	}
	if end := ending(results); end != nil {
		return end
	}
	return nil
}

func (c *reconcileBills) results(ctx context.Context) (results []reconcile.Result, err error) {
	sources, err := folder.Load(os.DirFS(c.Merchants), c.SimURL == "")
	if err != nil {
		return nil, err
	}
	accounts, err := program.OpenAccounts(program.Config{SimURL: c.SimURL, Log: program.DefaultLog()}, sources, nil)
	if err != nil {
		return nil, err
	}
	if c.Until.IsZero() {
		c.Until = time.Now().AddDate(0, 0, -1)
	}
	err = c.with(ctx, func(db *sqlstore.DB) error {
		r := reconcile.Reconciler{
			Books: db.Ledgers, Accounts: accounts, Recorder: checkout.NewRecorder(checkout.Config{Store: db.Ledgers, Desk: db.Ledgers}),
		}
		results = r.Run(ctx, c.Since, c.Until)
		return nil
	})
	return results, err
}

// ending returns nil if all bills agree. An account whose provider writes no
// bills is named in the list and, as nobody can change it, is no reason to end
// otherwise; but if none could be compared, nothing is known.
func ending(results []reconcile.Result) *status {
	count := map[reconcile.Outcome]int{}
	for _, r := range results {
		count[r.Outcome]++
	}
	switch {
	case count[reconcile.Differs] > 0:
		return errDiffer
	case count[reconcile.Failed] > 0, count[reconcile.NotCompared] == len(results):
		return errNotCompared
	case count[reconcile.NoBill] > 0:
		return errNoBill
	}
	return nil
}

func (c *reconcileBills) print(results []reconcile.Result) error {
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(results)
	}
	err := printTable("DAY\tMERCHANT\tPROVIDER\tACCOUNT\tRESULT\tPAYMENTS\tREFUNDS\tFEES\tPROBLEM", results, func(r reconcile.Result) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", r.Day, r.Merchant, r.Provider, r.Account, r.Outcome,
			sumText(r.Totals.Payments), sumText(r.Totals.Refunds), feesText(r.Totals.Fees), r.Problem)
	})
	var lines []string
	for _, r := range results {
		for _, d := range r.Differences {
			lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%t",
				r.Day, r.Provider, r.Account, d.Kind, d.OutTradeNo, d.Refund, d.Ours, d.Theirs, d.Healed))
		}
	}
	if len(lines) == 0 || err != nil {
		return err
	}
	fmt.Println()
	return printTable("DAY\tPROVIDER\tACCOUNT\tDIFFERENCE\tOUT_TRADE_NO\tREFUND\tOURS\tTHEIRS\tHEALED", lines, func(line string) string { return line })
}

func sumText(s reconcile.Sum) string {
	if s.Count == 0 {
		return "0"
	}
	return fmt.Sprintf("%d: %s", s.Count, s.Value)
}

func feesText(fees *pay.Money) string {
	if fees == nil {
		return "-"
	}
	return fees.String()
}
