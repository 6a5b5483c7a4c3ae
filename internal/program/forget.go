package program

import (
	"context"
	"errors"
)

// Forget has the server forget what it has learnt from failures and from being asked
// often, so that the next case of a test begins as the first did: that providers are
// down, that they refuse a rail, and how much of each rate is used up. Money and
// sessions stay. Fails where real money moves.
func (p *Program) Forget(ctx context.Context) error {
	if p.RealMoney() {
		return errors.New("a server for real money forgets nothing")
	}
	p.forgetRates()
	var errs []error
	merchants := map[string]bool{}
	for _, a := range p.Accounts.All() {
		a.Forgive()
		if !merchants[a.Merchant] {
			errs = append(errs, p.Service.OfferAgain(ctx, a.Merchant))
		}
		merchants[a.Merchant] = true
	}
	return errors.Join(errs...)
}
