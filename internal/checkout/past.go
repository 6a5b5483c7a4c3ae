package checkout

import (
	"context"
	"time"

	"morepay/internal/account"
	"morepay/internal/pay"
)

// PastPayment is what is left of an attempt whose session has been pruned: its
// number stays taken, and what was paid stays known.
type PastPayment struct {
	Provider   string
	Account    string
	OutTradeNo string
	SessionID  string
	Merchant   string
	OrderName  string // the merchant's own name for the order
	Amount     pay.Money
	Reference  string    // the provider's number of the payment, "" if it was not paid
	PaidAt     time.Time // zero if it was not paid
	Returned   int64     // minor units that went back
	PrunedAt   time.Time
}

// Knew reports whether evidence says nothing that was not known when the session
// was pruned.
func (p *PastPayment) Knew(ev pay.Evidence) bool {
	if ev.Returned != nil {
		return false
	}
	return ev.Outcome != pay.OutcomePaid || !p.PaidAt.IsZero() && ev.Amount == p.Amount && ev.Reference == p.Reference
}

// unknown takes evidence whose number no attempt has. It is quarantined, unless the
// attempt has been pruned and this is no news of it.
func (r *Recorder) unknown(ctx context.Context, acc *account.Account, ev pay.Evidence) error {
	past, err := r.store.Past(ctx, Key{Provider: ev.Provider, Account: ev.Account, OutTradeNo: ev.OutTradeNo})
	switch {
	case pay.CodeOf(err) == pay.CodeNotFound:
		return r.quarantine(ctx, acc.Merchant, ev, "no attempt has this out_trade_no")
	case err != nil:
		return err
	case past.Knew(ev):
		return nil
	}
	return r.quarantine(ctx, past.Merchant, ev, "its session has been pruned: "+past.SessionID+", order "+past.OrderName)
}
