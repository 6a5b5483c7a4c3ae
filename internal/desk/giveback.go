package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// refund has an entry's money given back: all that its evidence says was paid and
// has not gone back already. A server sends it, and follows it to its end.
func (d *Desk) refund(ctx context.Context, q checkout.Quarantined, decision Decision) error {
	acc, err := d.account(q)
	if err != nil {
		return err
	}
	if _, ok := acc.Provider.(provider.Refunder); !ok {
		return pay.Errorf(pay.CodeConflict, "provider", "%s can't refund through us: give the money back there, then resolve the entry as ignore", acc.ProviderID)
	}
	amount, err := leftToRefund(q.Evidence)
	if err != nil {
		return err
	}
	if err := d.inNobodysBooks(ctx, q); err != nil {
		return err
	}
	_, err = d.Recorder.UpdateEntry(ctx, q.ID, func(q *checkout.Quarantined) error {
		if err := decided(q, decision); err != nil {
			return err
		}
		q.Status = checkout.QuarantineRefunding
		q.Refund = &pay.Refund{
			ID: "rf_" + q.ID, AttemptID: q.ID, Number: refundNumber(q), Amount: amount, Author: decision.Author,
			Status: pay.RefundPending, CreatedAt: d.Now(), CheckAt: d.Now(),
		}
		return nil
	})
	return err
}

// leftToRefund returns the sum that evidence says was paid, without what it
// says went back.
func leftToRefund(ev pay.Evidence) (pay.Money, error) {
	if ev.Outcome != pay.OutcomePaid {
		return pay.Money{}, pay.Errorf(pay.CodeConflict, "outcome", "is %q: only what was paid can be given back", ev.Outcome)
	}
	left := ev.Amount
	if r := ev.Returned; r != nil {
		if r.Unknown {
			return left, pay.Errorf(pay.CodeConflict, "returned", "an unknown part went back already: look at the provider's console")
		}
		one := int64(0)
		if r.Status == pay.RefundSucceeded {
			one = r.Amount.Value
		}
		left.Value -= max(r.Total.Value, one)
	}
	if left.Value < 1 {
		return left, pay.Errorf(pay.CodeConflict, "returned", "all of it went back already")
	}
	return left, nil
}

// inNobodysBooks refuses to give back behind a session's back what it was paid
// with: an order at the provider has one number, and its refunds belong into the
// session's ledger.
func (d *Desk) inNobodysBooks(ctx context.Context, q checkout.Quarantined) error {
	ev := q.Evidence
	id, err := d.Books.Find(ctx, checkout.Key{Provider: ev.Provider, Account: ev.Account, OutTradeNo: ev.OutTradeNo})
	if pay.CodeOf(err) == pay.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	l, err := d.Books.Ledger(ctx, id)
	if err != nil {
		return err
	}
	if a := l.AttemptByNumber(ev.Provider, ev.Account, ev.OutTradeNo); a.State.Received() {
		return pay.Errorf(pay.CodeConflict, "out_trade_no", "session %s is paid with it: refund it there, as the attempt %s", id, a.ID)
	}
	return nil
}

// refundNumber follows from the payment, so that two entries about the same one
// give it back once. A refund that the provider has given up needs another number.
func refundNumber(q *checkout.Quarantined) string {
	if q.Refund != nil {
		return q.Refund.Number + "R"
	}
	ev := q.Evidence
	sum := sha256.Sum256([]byte(strings.Join([]string{ev.Provider, ev.Account, ev.OutTradeNo}, "\x00")))
	return "mpq" + hex.EncodeToString(sum[:12])
}
