// Package reconcile compares the bills that providers write with our books, and
// takes in what only a bill knows. Each account and day is a result of its own:
// no row, bill, account or day keeps another from being compared.
//
// What must not live here: rules for how money state may change (package pay),
// and any other way of learning of a payment (package checkout).
package reconcile

import (
	"context"
	"errors"
	"time"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Books gives the payments that we believe to have received, as the store keeps
// them.
type Books interface {
	// Find returns the id of the session that a key names.
	Find(ctx context.Context, key checkout.Key) (sessionID string, err error)

	// Ledger loads the ledger of a session.
	Ledger(ctx context.Context, sessionID string) (*pay.Ledger, error)

	// PaidAttempts lists the paid attempts of an account, from inclusive, until
	// exclusive, by the provider's time of payment.
	PaidAttempts(ctx context.Context, provider, account string, from, until time.Time) ([]PaidAttempt, error)

	// FirstUsed returns when the first attempt with an account was made; the zero
	// time if none was.
	FirstUsed(ctx context.Context, provider, account string) (time.Time, error)
}

// PaidAttempt is one payment according to our books.
type PaidAttempt struct {
	SessionID  string
	OutTradeNo string
	Amount     pay.Money
	PaidAt     time.Time
}

// Reconciler compares bills and books. All its parts are needed.
type Reconciler struct {
	Books    Books
	Accounts *account.Registry
	Recorder *checkout.Recorder // takes in what only a bill knows
}

// billZone is the time zone in which the providers' days begin.
var billZone = time.FixedZone("+08:00", 8*60*60)

// Run compares the bills of the days from since to until, both inclusive, for
// every account.
func (r *Reconciler) Run(ctx context.Context, since, until time.Time) []Result {
	var results []Result
	for _, acc := range r.Accounts.All() {
		for day := dayOf(since); !day.After(until); day = day.AddDate(0, 0, 1) {
			results = append(results, r.Compare(ctx, acc, day))
		}
	}
	return results
}

// Compare compares the bill of one account and of the day in China that a time
// belongs to. What only the bill knows is applied like any other evidence.
func (r *Reconciler) Compare(ctx context.Context, acc *account.Account, day time.Time) Result {
	c := comparison{Reconciler: r, acc: acc, day: dayOf(day), billed: map[string]bool{}}
	c.result = Result{Merchant: acc.Merchant, Provider: acc.ProviderID, Account: acc.Name(), Day: c.day.Format(time.DateOnly)}
	biller, ok := acc.Provider.(provider.Biller)
	if !ok {
		c.result.Outcome, c.result.Problem = NotCompared, "the provider writes no bills"
		return c.result
	}
	err := c.run(ctx, biller)
	switch {
	case errors.Is(err, provider.ErrNotReady):
		c.result.Outcome, c.result.Problem = NoBill, err.Error()
	case err != nil:
		c.result.Outcome, c.result.Problem = Failed, err.Error()
	case len(c.result.Differences) > 0:
		c.result.Outcome = Differs
	default:
		c.result.Outcome = Agrees
	}
	c.result.Count = len(c.result.Differences)
	return c.result
}

func dayOf(t time.Time) time.Time {
	y, m, d := t.In(billZone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, billZone)
}
