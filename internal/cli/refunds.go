package cli

import (
	"context"
	"fmt"

	"morepay/internal/desk"
	"morepay/internal/pay"
)

type refunds struct {
	List   listRefunds  `cmd:"" help:"List refunds that wait for a person, oldest first."`
	Retry  retryRefund  `cmd:"" help:"Make a failed refund anew. A running server sends it."`
	Record recordRefund `cmd:"" help:"Write down a refund that was made elsewhere, such as in the provider's console."`
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
