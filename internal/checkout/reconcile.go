package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"morepay/internal/account"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Books lists what we believe to have received. It is a part of the store that
// only reconciliation needs.
type Books interface {
	// PaidAttempts lists the paid attempts of an account, from inclusive, until
	// exclusive, by the provider's time of payment.
	PaidAttempts(ctx context.Context, provider, account string, from, until time.Time) ([]PaidAttempt, error)
}

// PaidAttempt is what our books say of one payment.
type PaidAttempt struct {
	SessionID  string
	OutTradeNo string
	Amount     pay.Money
	PaidAt     time.Time
}

// DifferenceKind names how a bill and our books disagree.
type DifferenceKind string

// The kinds of difference.
const (
	DifferenceForeign   DifferenceKind = "not_ours"    // billed, and no attempt of ours has that number
	DifferenceHealed    DifferenceKind = "was_unpaid"  // billed, and we did not know that it was paid: we do now
	DifferenceAmount    DifferenceKind = "amount"      // billed with another amount
	DifferenceUnbilled  DifferenceKind = "not_billed"  // we believe that it was paid, the bill does not have it
	DifferenceRefund    DifferenceKind = "refund"      // a refund was billed that we did not ask for, or of another amount
	DifferenceNotBilled DifferenceKind = "bill_absent" // the provider has not written the bill yet
)

// Difference is one thing on which a provider's bill and our books disagree.
type Difference struct {
	Merchant   string         `json:"merchant"`
	Provider   string         `json:"provider"`
	Account    string         `json:"account"`
	Day        string         `json:"day"` // 2006-01-02, of the bill
	Kind       DifferenceKind `json:"kind"`
	OutTradeNo string         `json:"out_trade_no,omitempty"`
	Ours       string         `json:"ours,omitempty"`
	Theirs     string         `json:"theirs,omitempty"`
}

// billZone is the time zone in which the providers' days begin.
var billZone = time.FixedZone("+08:00", 8*60*60)

// Reconcile compares the bills of the days from since to until, both inclusive,
// with our books, for every account whose provider writes bills. A payment that
// only the bill knows is applied like any other evidence. An error of one
// account's bill is returned after the others are done.
func (s *Service) Reconcile(ctx context.Context, books Books, since, until time.Time) ([]Difference, error) {
	var found []Difference
	for _, acc := range s.accounts.All() {
		biller, ok := acc.Provider.(provider.Biller)
		if !ok {
			continue
		}
		for day := dayOf(since); !day.After(until); day = day.AddDate(0, 0, 1) {
			c := comparison{service: s, acc: acc, day: day}
			if err := c.run(ctx, biller, books); err != nil {
				return found, fmt.Errorf("%s, %s %s, %s: %w", acc.Merchant, acc.ProviderID, acc.Name(), day.Format(time.DateOnly), err)
			}
			found = append(found, c.found...)
		}
	}
	return found, nil
}

func dayOf(t time.Time) time.Time {
	y, m, d := t.In(billZone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, billZone)
}

// comparison is one account's bill of one day against our books.
type comparison struct {
	service *Service
	acc     *account.Account
	day     time.Time
	found   []Difference
}

func (c *comparison) run(ctx context.Context, biller provider.Biller, books Books) error {
	lines, err := biller.Bill(ctx, c.day)
	if errors.Is(err, provider.ErrNotReady) {
		c.differ(DifferenceNotBilled, "", "", err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	billed := map[string]bool{}
	for _, line := range lines {
		if line.RefundNumber == "" {
			billed[line.OutTradeNo] = true
		}
		if err := c.line(ctx, line); err != nil {
			return err
		}
	}
	paid, err := books.PaidAttempts(ctx, c.acc.ProviderID, c.acc.Name(), c.day, c.day.AddDate(0, 0, 1))
	for _, r := range paid {
		if !billed[r.OutTradeNo] {
			c.differ(DifferenceUnbilled, r.OutTradeNo, r.Amount.String(), "")
		}
	}
	return err
}

func (c *comparison) line(ctx context.Context, line provider.BillLine) error {
	id, err := c.service.store.Find(ctx, Key{Provider: c.acc.ProviderID, Account: c.acc.Name(), OutTradeNo: line.OutTradeNo})
	if pay.CodeOf(err) == pay.CodeNotFound {
		c.differ(DifferenceForeign, line.OutTradeNo, "", line.Amount.String())
		return nil
	}
	if err != nil {
		return err
	}
	l, err := c.service.store.Ledger(ctx, id)
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
		c.differ(DifferenceAmount, line.OutTradeNo, a.Amount.String(), line.Amount.String())
		return nil
	}
	if a.State.Received() {
		return nil
	}
	c.differ(DifferenceHealed, line.OutTradeNo, string(a.State), "paid")
	_, err := c.service.apply(ctx, c.acc, pay.Evidence{
		ID: "bill:" + line.Reference, Source: pay.SourceBill, Account: c.acc.Name(),
		OutTradeNo: line.OutTradeNo, Outcome: pay.OutcomePaid, Amount: line.Amount, Reference: line.Reference, PaidAt: line.At,
	})
	return err
}

func (c *comparison) refund(l *pay.Ledger, line provider.BillLine) {
	r := l.RefundByNumber(line.RefundNumber)
	switch {
	case r == nil:
		c.differ(DifferenceRefund, line.OutTradeNo, "", line.Amount.String())
	case r.Amount != line.Amount:
		c.differ(DifferenceRefund, line.OutTradeNo, r.Amount.String(), line.Amount.String())
	}
}

func (c *comparison) differ(kind DifferenceKind, outTradeNo, ours, theirs string) {
	c.found = append(c.found, Difference{
		Merchant: c.acc.Merchant, Provider: c.acc.ProviderID, Account: c.acc.Name(),
		Day: c.day.Format(time.DateOnly), Kind: kind, OutTradeNo: outTradeNo, Ours: ours, Theirs: theirs,
	})
}
