package cli

import (
	"context"
	"fmt"

	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/pay"
)

type rails struct {
	List  listRails  `cmd:"" help:"List rails that a provider refuses to an account."`
	Retry retryRails `cmd:"" help:"Offer them again, because they are granted by now."`
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

type retryRails struct {
	database `embed:""`
	Merchant string     `arg:"" help:"The merchant."`
	Method   pay.Method `arg:"" optional:"" help:"Only rails of this method."`
	Rail     pay.Rail   `arg:"" optional:"" help:"Only this rail."`
}

func (c *retryRails) Run(ctx context.Context) error {
	return c.atDesk(ctx, nil, func(d *desk.Desk) error {
		n, err := d.RetryRails(ctx, desk.RailsRetry{Merchant: c.Merchant, Method: c.Method, Rail: c.Rail})
		if err != nil {
			return err
		}
		fmt.Printf("%d offered again\n", n)
		return nil
	})
}
