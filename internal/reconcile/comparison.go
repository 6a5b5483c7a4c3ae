package reconcile

import (
	"context"
	"fmt"
	"time"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// comparison is one account's bill of one day against our books.
type comparison struct {
	*Reconciler
	acc    *account.Account
	day    time.Time
	billed map[string]bool // payments that the bill speaks of, whatever it says
	result Result
}

func (c *comparison) run(ctx context.Context, biller provider.Biller) error {
	bill, err := biller.Bill(ctx, c.day)
	if err != nil {
		return err
	}
	for _, p := range bill.Problems {
		c.billed[p.OutTradeNo] = true
		c.differ(Difference{Kind: Unreadable, OutTradeNo: p.OutTradeNo, Theirs: fmt.Sprintf("row %d: %s", p.Row, p.Why)})
	}
	c.result.Totals.Fees = bill.Fees
	// A payment comes before its refunds, wherever the bill has it.
	if err := c.each(ctx, bill.Lines, isPayment, c.payment); err != nil {
		return err
	}
	if err := c.each(ctx, bill.Lines, isRefund, c.refund); err != nil {
		return err
	}
	return c.notBilled(ctx)
}

func isPayment(line provider.BillLine) bool { return line.RefundNumber == "" }
func isRefund(line provider.BillLine) bool  { return line.RefundNumber != "" }

// compare looks at a line of the bill and the ledger that it is about.
type compare func(ctx context.Context, l *pay.Ledger, line provider.BillLine) error

// each compares the lines of a kind. A line that can't be compared is a finding;
// only a store that can't be reached ends the comparison, or the caller.
func (c *comparison) each(ctx context.Context, lines []provider.BillLine, of func(provider.BillLine) bool, compare compare) error {
	for _, line := range lines {
		if !of(line) {
			continue
		}
		err := c.line(ctx, line, compare)
		if pay.CodeOf(err) == pay.CodeStoreDown || ctx.Err() != nil {
			return err
		}
		if err != nil {
			c.differ(Difference{Kind: Unreadable, OutTradeNo: line.OutTradeNo, Refund: line.RefundNumber, Theirs: err.Error()})
		}
	}
	return nil
}

func (c *comparison) line(ctx context.Context, line provider.BillLine, compare compare) error {
	if isPayment(line) {
		c.billed[line.OutTradeNo] = true
		c.result.Totals.Payments.add(line.Amount)
	} else {
		c.result.Totals.Refunds.add(line.Amount)
	}
	id, err := c.Books.Find(ctx, c.key(line))
	if pay.CodeOf(err) == pay.CodeNotFound {
		c.differ(Difference{Kind: NotOurs, OutTradeNo: line.OutTradeNo, Refund: line.RefundNumber, Theirs: line.Amount.String()})
		return nil
	}
	if err != nil {
		return err
	}
	l, err := c.Books.Ledger(ctx, id)
	if err != nil {
		return err
	}
	return compare(ctx, l, line)
}

func (c *comparison) key(line provider.BillLine) checkout.Key {
	return checkout.Key{Provider: c.acc.ProviderID, Account: c.acc.Name(), OutTradeNo: line.OutTradeNo}
}

func (c *comparison) attempt(l *pay.Ledger, line provider.BillLine) *pay.Attempt {
	return l.AttemptByNumber(c.acc.ProviderID, c.acc.Name(), line.OutTradeNo)
}

// payment compares a payment. Where it differs the bill is evidence: it heals our
// books, or is kept for a person.
func (c *comparison) payment(ctx context.Context, l *pay.Ledger, line provider.BillLine) error {
	a := c.attempt(l, line)
	d := Difference{OutTradeNo: line.OutTradeNo}
	switch {
	case a.Amount != line.Amount:
		d.Kind, d.Ours, d.Theirs = OtherAmount, a.Amount.String(), line.Amount.String()
	case !a.State.Received():
		d.Kind, d.Ours, d.Theirs = WasUnpaid, string(a.State), "paid"
	case a.Reference != line.Reference:
		d.Kind, d.Ours, d.Theirs = OtherReference, a.Reference, line.Reference
	default:
		return nil
	}
	healed, err := c.apply(ctx, pay.Evidence{
		ID: "bill:" + line.Reference, OutTradeNo: line.OutTradeNo, Outcome: pay.OutcomePaid,
		Amount: line.Amount, Reference: line.Reference, PaidAt: line.At,
	})
	d.Healed = healed != nil
	c.differ(d)
	return err
}

// refund compares a refund, by whomever it was made.
func (c *comparison) refund(ctx context.Context, l *pay.Ledger, line provider.BillLine) error {
	d := Difference{OutTradeNo: line.OutTradeNo, Refund: line.RefundNumber}
	a := c.attempt(l, line)
	r := l.RefundByNumber(a.ID, line.RefundNumber)
	if line.Status == pay.RefundPending && (r == nil || r.Status == pay.RefundFailed) {
		line = c.ask(ctx, a, line)
	}
	switch {
	case r == nil && line.Status == pay.RefundFailed:
		return nil // no money moved
	case r == nil:
		d.Kind, d.Theirs = ForeignRefund, fmt.Sprintf("%s, %s", line.Amount, line.Status)
	case r.Amount != line.Amount:
		d.Kind, d.Ours, d.Theirs = RefundAmount, r.Amount.String(), line.Amount.String()
	case statusDiffers(r, line):
		d.Kind, d.Ours, d.Theirs = RefundStatus, string(r.Status), string(line.Status)
	default:
		return nil
	}
	applied, err := c.apply(ctx, pay.Evidence{
		ID: fmt.Sprintf("bill:%s:%s:%s", line.OutTradeNo, line.RefundNumber, line.Status), OutTradeNo: line.OutTradeNo, Outcome: pay.OutcomeRefund,
		Returned: &pay.Returned{Number: line.RefundNumber, Status: line.Status, Failure: line.Failure, Reference: line.Reference, Amount: line.Amount},
	})
	if applied != nil {
		now := applied.RefundByNumber(a.ID, line.RefundNumber)
		d.Healed = now != nil && now.Status == line.Status
	}
	c.differ(d)
	return err
}

// ask returns a line with the state that its refund is in by now. A bill tells how
// it was when the bill was written, and no later one has it again.
func (c *comparison) ask(ctx context.Context, a *pay.Attempt, line provider.BillLine) provider.BillLine {
	refunder, ok := c.acc.Provider.(provider.Refunder)
	if !ok {
		return line
	}
	// Without an answer it stays as it was billed, which is a difference.
	_ = c.acc.Call(ctx, "refund", func(ctx context.Context) error {
		ev, err := refunder.QueryRefund(ctx, provider.RefundOrder{
			OutTradeNo: line.OutTradeNo, Reference: a.Reference, Number: line.RefundNumber, Amount: line.Amount, Total: a.Amount,
		})
		if err == nil {
			line.Status = ev.Returned.Status
		}
		return err
	})
	return line
}

// statusDiffers reports whether a refund ended in another way than ours. Ours may
// have ended since the bill was written, but if it failed the provider should
// not have it under way.
func statusDiffers(r *pay.Refund, line provider.BillLine) bool {
	if line.Status == pay.RefundPending {
		return r.Status == pay.RefundFailed
	}
	return r.Status != line.Status
}

// apply takes evidence of the bill in. The ledger is nil if it contradicts our
// books: then it is in quarantine.
func (c *comparison) apply(ctx context.Context, ev pay.Evidence) (*pay.Ledger, error) {
	ev.Source, ev.Account = pay.SourceBill, c.acc.Name()
	return c.Recorder.Hear(ctx, c.acc, ev)
}

// notBilled finds the payments of which the bill does not speak.
func (c *comparison) notBilled(ctx context.Context) error {
	paid, err := c.Books.PaidAttempts(ctx, c.acc.ProviderID, c.acc.Name(), c.day, c.day.AddDate(0, 0, 1))
	for _, p := range paid {
		if !c.billed[p.OutTradeNo] {
			c.differ(Difference{Kind: NotBilled, OutTradeNo: p.OutTradeNo, Ours: p.Amount.String()})
		}
	}
	return err
}

func (c *comparison) differ(d Difference) { c.result.Differences = append(c.result.Differences, d) }
