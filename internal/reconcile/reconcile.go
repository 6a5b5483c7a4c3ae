// Package reconcile compares the bills that providers write with our books, and
// takes in the payments that only a bill knows of.
//
// What must not live here: rules for how money state may change (package pay),
// and any other way of learning of a payment (package checkout).
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Books answers from the store what we believe to have received.
type Books interface {
	// Find returns the id of the session that a key names.
	Find(ctx context.Context, key checkout.Key) (sessionID string, err error)

	// Ledger loads the ledger of a session.
	Ledger(ctx context.Context, sessionID string) (*pay.Ledger, error)

	// PaidAttempts lists the paid attempts of an account, from inclusive, until
	// exclusive, by the provider's time of payment.
	PaidAttempts(ctx context.Context, provider, account string, from, until time.Time) ([]PaidAttempt, error)
}

// PaidAttempt is one payment in our books.
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

// Result is the outcome for one account's bill of one day.
type Result struct {
	Account     *account.Account
	Day         time.Time
	Differences []Difference
	Err         error // why the bill was not compared, or not to its end
}

// billZone is the time zone in which the providers' days begin.
var billZone = time.FixedZone("+08:00", 8*60*60)

// Run compares the bills of the days from since to until, both inclusive, for
// every account whose provider writes bills. A payment that only the bill knows is
// applied like any other evidence. A bill that fails does not keep the others
// from being compared.
func (r *Reconciler) Run(ctx context.Context, since, until time.Time) []Result {
	var results []Result
	for _, acc := range r.Accounts.All() {
		biller, ok := acc.Provider.(provider.Biller)
		if !ok {
			continue
		}
		for day := dayOf(since); !day.After(until); day = day.AddDate(0, 0, 1) {
			c := comparison{Reconciler: r, acc: acc, day: day}
			err := c.run(ctx, biller)
			results = append(results, Result{Account: acc, Day: day, Differences: c.found, Err: err})
		}
	}
	return results
}

func dayOf(t time.Time) time.Time {
	y, m, d := t.In(billZone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, billZone)
}

// comparison is one account's bill of one day against our books.
type comparison struct {
	*Reconciler
	acc   *account.Account
	day   time.Time
	found []Difference
}

func (c *comparison) run(ctx context.Context, biller provider.Biller) error {
	bill, err := biller.Bill(ctx, c.day)
	if errors.Is(err, provider.ErrNotReady) {
		c.differ(BillAbsent, "", "", err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	billed := map[string]bool{}
	for _, p := range bill.Problems {
		billed[p.OutTradeNo] = true
		c.differ(Unreadable, p.OutTradeNo, "", fmt.Sprintf("row %d: %s", p.Row, p.Why))
	}
	for _, line := range bill.Lines {
		if line.RefundNumber == "" {
			billed[line.OutTradeNo] = true
		}
		if err := c.line(ctx, line); err != nil {
			return err
		}
	}
	paid, err := c.Books.PaidAttempts(ctx, c.acc.ProviderID, c.acc.Name(), c.day, c.day.AddDate(0, 0, 1))
	for _, p := range paid {
		if !billed[p.OutTradeNo] {
			c.differ(NotBilled, p.OutTradeNo, p.Amount.String(), "")
		}
	}
	return err
}

func (c *comparison) line(ctx context.Context, line provider.BillLine) error {
	id, err := c.Books.Find(ctx, checkout.Key{Provider: c.acc.ProviderID, Account: c.acc.Name(), OutTradeNo: line.OutTradeNo})
	if pay.CodeOf(err) == pay.CodeNotFound {
		c.differ(NotOurs, line.OutTradeNo, "", line.Amount.String())
		return nil
	}
	if err != nil {
		return err
	}
	l, err := c.Books.Ledger(ctx, id)
	if err != nil {
		return err
	}
	if line.RefundNumber != "" {
		c.refund(l, line)
		return nil
	}
	return c.payment(ctx, l, line)
}

func (c *comparison) payment(ctx context.Context, l *pay.Ledger, line provider.BillLine) error {
	a := l.AttemptByNumber(c.acc.ProviderID, c.acc.Name(), line.OutTradeNo)
	if a.Amount != line.Amount {
		c.differ(OtherAmount, line.OutTradeNo, a.Amount.String(), line.Amount.String())
		return nil
	}
	if a.State.Received() {
		return nil
	}
	c.differ(WasUnpaid, line.OutTradeNo, string(a.State), "paid")
	_, err := c.Recorder.Apply(ctx, c.acc, pay.Evidence{
		ID: "bill:" + line.Reference, Source: pay.SourceBill, Account: c.acc.Name(),
		OutTradeNo: line.OutTradeNo, Outcome: pay.OutcomePaid, Amount: line.Amount, Reference: line.Reference, PaidAt: line.At,
	})
	return err
}

func (c *comparison) refund(l *pay.Ledger, line provider.BillLine) {
	a := l.AttemptByNumber(c.acc.ProviderID, c.acc.Name(), line.OutTradeNo)
	r := l.RefundByNumber(a.ID, line.RefundNumber)
	switch {
	case r == nil:
		c.differ(OtherRefund, line.OutTradeNo, "", line.Amount.String())
	case r.Amount != line.Amount:
		c.differ(OtherRefund, line.OutTradeNo, r.Amount.String(), line.Amount.String())
	}
}

func (c *comparison) differ(kind Kind, outTradeNo, ours, theirs string) {
	c.found = append(c.found, Difference{
		Merchant: c.acc.Merchant, Provider: c.acc.ProviderID, Account: c.acc.Name(),
		Day: c.day.Format(time.DateOnly), Kind: kind, OutTradeNo: outTradeNo, Ours: ours, Theirs: theirs,
	})
}
