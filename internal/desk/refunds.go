package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
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
	l, err := d.Recorder.Update(ctx, sessionID, func(l *pay.Ledger) (err error) {
		id, err = l.RetryRefund(refundID, retry.Author, d.Now())
		return err
	})
	if err != nil {
		return pay.Refund{}, err
	}
	d.Log.InfoContext(ctx, "a refund is made anew", "refund", id, "instead_of", refundID, "author", retry.Author, "note", retry.Note)
	return *l.Refund(id), nil
}

// Redirect is a person's wish that a refund which the payer's account can't take goes
// to another account.
type Redirect struct {
	To     string             `json:"to"`             // needed: one of RedirectTargets
	Card   *provider.BankCard `json:"card,omitempty"` // needed to the payer's card, else absent
	Author string             `json:"author"`         // needed, as the note is
	Note   string             `json:"note"`
}

// Where a stuck refund can go: to a card of the payer, or back to the merchant, who
// then pays the payer another way.
const (
	ToCard     = "card"
	ToMerchant = "merchant"
)

// RedirectTargets lists both.
var RedirectTargets = []string{ToCard, ToMerchant}

func (r Redirect) check() error {
	if err := checkWords(r.Author, r.Note); err != nil {
		return err
	}
	if !slices.Contains(RedirectTargets, r.To) {
		return pay.Errorf(pay.CodeInvalid, "to", "must be one of %s", strings.Join(RedirectTargets, ", "))
	}
	if needed := r.To == ToCard; needed != (r.Card != nil) {
		return pay.Errorf(pay.CodeInvalid, "card", "is needed to the payer's card, and only there")
	}
	return nil
}

// RedirectRefund sends a stuck refund on at the provider. Fails with
// invalid_request, not_found, conflict if the refund is not stuck or the provider
// can't, provider_refused, and provider_unavailable if nobody knows whether it was
// done: then doing it again is safe.
func (d *Desk) RedirectRefund(ctx context.Context, sessionID, refundID string, to Redirect) (pay.Refund, error) {
	if err := to.check(); err != nil {
		return pay.Refund{}, err
	}
	l, err := d.Books.Ledger(ctx, sessionID)
	if err != nil {
		return pay.Refund{}, err
	}
	if err := l.MayRedirect(refundID); err != nil {
		return pay.Refund{}, err
	}
	r := l.Refund(refundID)
	a := l.Attempt(r.AttemptID)
	acc := d.Accounts.Named(a.Provider, a.Account)
	if acc == nil {
		return pay.Refund{}, pay.Errorf(pay.CodeConflict, "", "no merchant has the account %s at %s", a.Account, a.Provider)
	}
	redirecter, ok := acc.Provider.(provider.AbnormalRefunder)
	if !ok {
		return pay.Refund{}, pay.Errorf(pay.CodeConflict, "", "%s can't send a refund to another account", a.Provider)
	}
	var ev pay.Evidence
	err = acc.Call(ctx, "redirect_refund", func(ctx context.Context) (err error) {
		order := provider.RefundOrder{OutTradeNo: a.OutTradeNo, Reference: a.Reference, Number: r.Number, Amount: r.Amount, Total: a.Amount, MadeAt: r.CreatedAt}
		ev, err = redirecter.RedirectRefund(ctx, order, to.Card)
		return err
	})
	if err != nil {
		return pay.Refund{}, notRedirected(err)
	}
	if _, err := d.Recorder.Apply(ctx, acc, ev); err != nil {
		return pay.Refund{}, err
	}
	l, err = d.Recorder.Update(ctx, sessionID, func(l *pay.Ledger) error {
		l.RedirectRefund(refundID, to.Author, d.Now())
		return nil
	})
	if err != nil {
		return pay.Refund{}, err
	}
	d.Log.InfoContext(ctx, "a refund is sent to another account", "refund", refundID, "to", to.To, "author", to.Author, "note", to.Note)
	return *l.Refund(refundID), nil
}

// notRedirected is the error of a call in the words of the API.
func notRedirected(err error) error {
	switch {
	case pay.CodeOf(err) == pay.CodeInvalid, pay.CodeOf(err) == pay.CodeProviderDown:
		return err
	case errors.Is(err, provider.ErrRefused), errors.Is(err, provider.ErrAbsent):
		return pay.Wrap(pay.CodeProviderRefused, err, "the provider refused to send the refund to another account")
	}
	return pay.Wrap(pay.CodeProviderDown, err, "the provider did not say whether it was done: doing it again is safe")
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
	l, err := d.Recorder.Update(ctx, sessionID, func(l *pay.Ledger) error {
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
