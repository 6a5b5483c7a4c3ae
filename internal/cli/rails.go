package cli

import (
	"context"
	"fmt"

	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/pay"
)

type rails struct {
	List  listRails  `cmd:"" default:"withargs" help:"List rails that a provider was learnt to refuse to an account."`
	Clear clearRails `cmd:"" aliases:"retry" help:"Forget that, because they are granted by now: they are offered again."`
}

type listRails struct {
	database `embed:""`
}

func (c *listRails) Run(ctx context.Context) error {
	return c.atDesk(ctx, nil, func(d *desk.Desk) error {
		list, err := d.Marks(ctx)
		if err != nil {
			return err
		}
		return printTable("MERCHANT\tMETHOD\tRAIL\tPROVIDER\tACCOUNT\tCODE\tDOCUMENT\tSINCE\tUNTIL", list, func(m checkout.Mark) string {
			return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s", m.Merchant, m.Method, m.Rail, m.Provider, m.Account, m.Code, m.DocumentVersion, stamp(m.At), stamp(m.Until))
		})
	})
}

type clearRails struct {
	database `embed:""`
	Merchant string     `arg:"" help:"The merchant."`
	Method   pay.Method `arg:"" optional:"" help:"Only rails of this method."`
	Rail     pay.Rail   `arg:"" optional:"" help:"Only this rail."`
}

func (c *clearRails) Run(ctx context.Context) error {
	return c.atDesk(ctx, nil, func(d *desk.Desk) error {
		n, err := d.RetryRails(ctx, desk.RailsRetry{Merchant: c.Merchant, Method: c.Method, Rail: c.Rail})
		if err != nil {
			return err
		}
		fmt.Printf("%d offered again\n", n)
		return nil
	})
}
