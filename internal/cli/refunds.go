package cli

import (
	"context"
	"errors"
	"fmt"

	"morepay/internal/desk"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/strictjson"
)

type refunds struct {
	List   listRefunds  `cmd:"" help:"List refunds that wait for a person, oldest first."`
	Retry  retryRefund  `cmd:"" help:"Make a failed refund anew. A running server sends it."`
	Record recordRefund `cmd:"" help:"Write down a refund that was made elsewhere, such as in the provider's console."`

	Redirect redirectRefund `cmd:"" help:"Send a refund that the payer's account can't take to another account."`
}

type listRefunds struct {
	database `embed:""`
}

func (c *listRefunds) Run(ctx context.Context) error {
	return c.atDesk(ctx, nil, func(d *desk.Desk) error {
		list, err := d.StuckRefunds(ctx)
		if err != nil {
			return err
		}
		return printTable("SESSION\tREFUND\tATTEMPT\tMERCHANT\tPROVIDER\tACCOUNT\tOUT_TRADE_NO\tAMOUNT\tSTATUS\tFAILURE\tSINCE", list, func(s desk.StuckRefund) string {
			a, r := s.Attempt, s.Refund
			return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s",
				s.Session.ID, r.ID, a.ID, s.Session.Merchant, a.Provider, a.Account, a.OutTradeNo, r.Amount, r.Status, r.Failure, stamp(s.Since))
		})
	})
}

type retryRefund struct {
	database `embed:""`
	Session  string `arg:"" help:"The session's id, cs_…"`
	Refund   string `arg:"" help:"The failed refund's id, rf_…"`
	Author   string `required:"" help:"Who decides."`
	Note     string `required:"" help:"Why."`
}

func (c *retryRefund) Run(ctx context.Context) error {
	return c.atDesk(ctx, nil, func(d *desk.Desk) error {
		r, err := d.RetryRefund(ctx, c.Session, c.Refund, desk.Retry{Author: c.Author, Note: c.Note})
		if err != nil {
			return err
		}
		fmt.Printf("%s over %s is %s\n", r.ID, r.Amount, r.Status)
		return nil
	})
}

type redirectRefund struct {
	database `embed:""`
	accounts `embed:""`
	Session  string      `arg:"" help:"The session's id, cs_…"`
	Refund   string      `arg:"" help:"The stuck refund's id, rf_…"`
	To       string      `required:"" enum:"card,merchant" help:"card: a card of the payer. merchant: back to the merchant, who pays the payer another way."`
	Card     privateFile `placeholder:"FILE" help:"File with the payer's card as {\"bank\":\"ICBC_DEBIT\",\"number\":\"…\",\"holder\":\"…\"}, or - to read it from the terminal. It is not kept."`
	Author   string      `required:"" help:"Who decides."`
	Note     string      `required:"" help:"Why."`
}

// maxCard is the largest size of a file with a card, in bytes.
const maxCard = 4 << 10

// Validate is called by kong before Run.
func (c *redirectRefund) Validate() error {
	return errors.Join(c.database.Validate(), CheckOrigin("sim-url", c.SimURL))
}

func (c *redirectRefund) Run(ctx context.Context) error {
	to := desk.Redirect{To: c.To, Author: c.Author, Note: c.Note}
	if len(c.Card) > 0 {
		to.Card = &provider.BankCard{}
		if err := strictjson.Decode(c.Card, to.Card, maxCard); err != nil {
			return err
		}
	}
	registry, err := c.accounts.open()
	if err != nil {
		return err
	}
	return c.atDesk(ctx, registry, func(d *desk.Desk) error {
		r, err := d.RedirectRefund(ctx, c.Session, c.Refund, to)
		if err != nil {
			return err
		}
		fmt.Printf("%s over %s is %s\n", r.ID, r.Amount, r.Status)
		return nil
	})
}

type recordRefund struct {
	database  `embed:""`
	Session   string `arg:"" help:"The session's id, cs_…"`
	Attempt   string `arg:"" help:"Id of the payment that was given back, at_…"`
	Value     int64  `arg:"" help:"How much, in the currency's minor unit."`
	Currency  string `default:"CNY" help:"The payment's currency."`
	InsteadOf string `help:"Id of the stuck refund whose place it takes, rf_…"`
	Author    string `required:"" help:"Who made it."`
	Note      string `required:"" help:"How, and why."`
}

func (c *recordRefund) Run(ctx context.Context) error {
	return c.atDesk(ctx, nil, func(d *desk.Desk) error {
		r, err := d.RecordRefund(ctx, c.Session, desk.ByHand{
			Attempt: c.Attempt, Amount: pay.Money{Currency: c.Currency, Value: c.Value}, InsteadOf: c.InsteadOf, Author: c.Author, Note: c.Note,
		})
		if err != nil {
			return err
		}
		fmt.Printf("%s over %s is recorded\n", r.ID, r.Amount)
		return nil
	})
}
