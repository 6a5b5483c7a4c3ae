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

// errDisagree makes the program end with status 1.
var errDisagree = errors.New("bills and books disagree")

func (c *reconcileBills) Run(ctx context.Context) error {
	sources, err := folder.Load(os.DirFS(c.Merchants), c.SimURL == "")
	if err != nil {
		return err
	}
	accounts, err := program.OpenAccounts(program.Config{SimURL: c.SimURL, Log: program.DefaultLog()}, sources, nil)
	if err != nil {
		return err
	}
	if c.Until.IsZero() {
		c.Until = time.Now().AddDate(0, 0, -1)
	}
	return c.with(ctx, func(db *sqlstore.DB) error {
		r := reconcile.Reconciler{
			Books: db.Ledgers, Accounts: accounts, Recorder: checkout.NewRecorder(checkout.Config{Store: db.Ledgers}),
		}
		found, err := merge(r.Run(ctx, c.Since, c.Until))
		if err := errors.Join(err, c.print(found)); err != nil {
			return err
		}
		if len(found) > 0 {
			return errDisagree
		}
		return nil
	})
}

// merge returns the differences of all bills, and what kept bills from being
// compared.
func merge(results []reconcile.Result) (found []reconcile.Difference, err error) {
	for _, r := range results {
		found = append(found, r.Differences...)
		if r.Err != nil {
			err = errors.Join(err, fmt.Errorf("%s, %s %s, %s: %w", r.Account.Merchant, r.Account.ProviderID, r.Account.Name(), r.Day.Format(time.DateOnly), r.Err))
		}
	}
	return found, err
}

func (c *reconcileBills) print(found []reconcile.Difference) error {
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(found)
	}
	if len(found) == 0 {
		fmt.Println("bills and books agree")
		return nil
	}
	return printTable("DAY\tMERCHANT\tPROVIDER\tACCOUNT\tDIFFERENCE\tOUT_TRADE_NO\tOURS\tTHEIRS", found, func(d reconcile.Difference) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", d.Day, d.Merchant, d.Provider, d.Account, d.Kind, d.OutTradeNo, d.Ours, d.Theirs)
	})
}
