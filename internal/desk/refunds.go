package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"morepay/internal/pay"
)

// StuckRefund is a refund that needs a person.
type StuckRefund struct {
	Session pay.Session
	Attempt pay.Attempt
	Refund  pay.Refund
	Since   time.Time
}

// maxStuck bounds a list of refunds.
const maxStuck = 100

// StuckRefunds lists refunds that need a person, oldest first, at most a hundred.
func (d *Desk) StuckRefunds(ctx context.Context) ([]StuckRefund, error) {
	waiting, err := d.Books.WaitingRefunds(ctx, maxStuck)
	if err != nil {
		return nil, err
	}
	var list []StuckRefund
	for _, w := range waiting {
		l, err := d.Books.Ledger(ctx, w.SessionID)
		if err != nil {
			return nil, err
		}
		if r := l.Refund(w.RefundID); l.NeedsPerson(r) {
			list = append(list, StuckRefund{Session: l.Session, Attempt: *l.Attempt(r.AttemptID), Refund: *r, Since: w.Since})
		}
	}
	return list, nil
}

// Retry is a person's wish that a failed refund is made anew.
type Retry struct {
	Author string `json:"author"` // needed, as the note is
	Note   string `json:"note"`
}

// RetryRefund makes a failed refund anew: it is sent as soon as a server looks.
// Fails with invalid_request, not_found, or conflict if the refund did not fail or
// its money has gone back meanwhile.
func (d *Desk) RetryRefund(ctx context.Context, sessionID, refundID string, retry Retry) (pay.Refund, error) {
	if err := checkWords(retry.Author, retry.Note); err != nil {
		return pay.Refund{}, err
	}
	var id string
	l, err := d.Books.Update(ctx, sessionID, func(l *pay.Ledger) (err error) {
		id, err = l.RetryRefund(refundID, retry.Author, d.Now())
		return err
	})
	if err != nil {
		return pay.Refund{}, err
	}
	d.Log.InfoContext(ctx, "a refund is made anew", "refund", id, "instead_of", refundID, "author", retry.Author, "note", retry.Note)
	return *l.Refund(id), nil
}

// ByHand is money that a person gave back elsewhere, such as in the provider's
// console or by bank.
type ByHand struct {
	Attempt   string    `json:"attempt"`    // needed: id of the payment
	Amount    pay.Money `json:"amount"`     // needed
	InsteadOf string    `json:"instead_of"` // id of the stuck refund whose place it takes, or ""
	Author    string    `json:"author"`     // needed, as the note is
	Note      string    `json:"note"`
}

// RecordRefund writes into the books what a person gave back elsewhere. The same
// record twice is a conflict. Fails with invalid_request, not_found, conflict or
// refund_exceeds_receipts.
func (d *Desk) RecordRefund(ctx context.Context, sessionID string, made ByHand) (pay.Refund, error) {
	if err := checkWords(made.Author, made.Note); err != nil {
		return pay.Refund{}, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%+v", sessionID, made))
	r := pay.Refund{ID: "rf_" + hex.EncodeToString(sum[:12]), AttemptID: made.Attempt, Amount: made.Amount, Author: made.Author, Note: made.Note}
	l, err := d.Books.Update(ctx, sessionID, func(l *pay.Ledger) error {
		if l.Refund(r.ID) != nil {
			return pay.Errorf(pay.CodeConflict, "", "this is recorded already")
		}
		if l.Attempt(made.Attempt) == nil {
			return pay.Errorf(pay.CodeInvalid, "attempt", "the session has no such attempt")
		}
		return l.RecordRefund(r, made.InsteadOf, d.Now())
	})
	if err != nil {
		return pay.Refund{}, err
	}
	return *l.Refund(r.ID), d.Recorder.ResolveUnknown(ctx, l.Attempt(made.Attempt))
}
