package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/merchant"
	"morepay/internal/program"
	"morepay/internal/store/sqlstore"
)

type reconcile struct {
	database  `embed:""`
	Merchants string    `default:"merchants" type:"path" help:"Folder of the merchants, with their accounts."`
	SimURL    string    `help:"Origin of a simulator, in test mode."`
	Since     time.Time `required:"" format:"2006-01-02" help:"First day to compare, such as 2026-11-01."`
	Until     time.Time `format:"2006-01-02" help:"Last day; yesterday if absent."`
	JSON      bool      `help:"Print JSON instead of a table."`
}

// Validate is called by kong before Run.
func (c *reconcile) Validate() error {
	return errors.Join(c.database.Validate(), CheckOrigin("sim-url", c.SimURL))
}

// errDisagree makes the program end with status 1.
var errDisagree = errors.New("bills and books disagree")

func (c *reconcile) Run(ctx context.Context) error {
	sources, err := merchant.Load(os.DirFS(c.Merchants), c.SimURL == "")
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
		service := checkout.New(checkout.Config{Store: db.Ledgers, Accounts: accounts})
		found, err := service.Reconcile(ctx, db.Ledgers, c.Since, c.Until)
		if err := errors.Join(err, c.print(found)); err != nil {
			return err
		}
		if len(found) > 0 {
			return errDisagree
		}
		return nil
	})
}

func (c *reconcile) print(found []checkout.Difference) error {
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(found)
	}
	if len(found) == 0 {
		fmt.Println("bills and books agree")
		return nil
	}
	return printTable("DAY\tMERCHANT\tPROVIDER\tACCOUNT\tDIFFERENCE\tOUT_TRADE_NO\tOURS\tTHEIRS", found, func(d checkout.Difference) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", d.Day, d.Merchant, d.Provider, d.Account, d.Kind, d.OutTradeNo, d.Ours, d.Theirs)
	})
}
