package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// Search is what somebody knows of a payment. All that is set must hold.
type Search struct {
	Merchants   []string  // whose sessions are looked through; needed
	Text        string    // a session's id, the merchant's name for the order, or a payment's number, ours or the provider's
	Amount      int64     // in minor units
	From, Until time.Time // when the session was made
}

// Findings are what became of the money that somebody looks for, without anything of
// the payer.
type Findings struct {
	Sessions   []Money `json:"sessions"`   // the newest first, at most checkout.MaxListed
	Quarantine []Doubt `json:"quarantine"` // about a payment with that number of which no session is known
	More       bool    `json:"has_more"`
}

// Money is what became of the money of one session.
type Money struct {
	Session    string            `json:"session"`
	Merchant   string            `json:"merchant"`
	Reference  string            `json:"merchant_reference"`
	Status     pay.SessionStatus `json:"status"`
	Amount     pay.Money         `json:"amount"`
	CreatedAt  time.Time         `json:"created_at"`
	ExpiresAt  time.Time         `json:"expires_at"`
	Attempts   []Attempt         `json:"attempts"`
	Refunds    []Refund          `json:"refunds"`
	Quarantine []Doubt           `json:"quarantine"`
}

// Attempt is one try to pay.
type Attempt struct {
	ID         string           `json:"id"`
	State      pay.AttemptState `json:"state"`
	Method     pay.Method       `json:"method"`
	Rail       pay.Rail         `json:"rail"`
	Provider   string           `json:"provider"`
	Account    string           `json:"account"`
	OutTradeNo string           `json:"out_trade_no"`
	Reference  string           `json:"provider_reference,omitempty"`
	Friend     bool             `json:"friend,omitempty"` // somebody else than the payer, by a link
	CreatedAt  time.Time        `json:"created_at"`
	PaidAt     time.Time        `json:"paid_at,omitzero"`
	Returned   int64            `json:"returned,omitempty"` // minor units that went back
}

// Refund is money that went back, or is to.
type Refund struct {
	ID          string            `json:"id"`
	Attempt     string            `json:"attempt"`
	Status      pay.RefundStatus  `json:"status"`
	Amount      pay.Money         `json:"amount"`
	Origin      pay.RefundOrigin  `json:"origin"`
	Failure     pay.RefundFailure `json:"failure,omitempty"`
	OutRefundNo string            `json:"out_refund_no,omitempty"`
	CreatedAt   time.Time         `json:"created_at"`
	NeedsPerson bool              `json:"needs_person,omitempty"`
}

// Doubt is a statement of a provider that contradicts our books.
type Doubt struct {
	ID         string                    `json:"id"`
	Status     checkout.QuarantineStatus `json:"status"`
	Reason     string                    `json:"reason"`
	Outcome    pay.Outcome               `json:"outcome"`
	Amount     pay.Money                 `json:"amount"`
	OutTradeNo string                    `json:"out_trade_no"`
	Reference  string                    `json:"provider_reference,omitempty"`
	Resolution checkout.Resolution       `json:"resolution,omitempty"`
	At         time.Time                 `json:"at"`
}

// Find looks for what became of a payment. Fails with invalid_request for a search for
// everything.
func (d *Desk) Find(ctx context.Context, s Search) (Findings, error) {
	f := Findings{Sessions: []Money{}, Quarantine: []Doubt{}}
	if s.Text == "" && s.Amount == 0 && s.From.IsZero() && s.Until.IsZero() {
		return f, pay.Errorf(pay.CodeInvalid, "q", "say a number, an amount or a time")
	}
	found, more, err := d.ledgers(ctx, s)
	if err != nil {
		return f, err
	}
	f.More = more
	for _, l := range found {
		m := moneyOf(l, d.Now())
		for i := range l.Attempts {
			a := &l.Attempts[i]
			doubts, err := d.doubts(ctx, s, checkout.QuarantineFilter{Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo})
			if err != nil {
				return f, err
			}
			m.Quarantine = append(m.Quarantine, doubts...)
		}
		f.Sessions = append(f.Sessions, m)
	}
	if s.Text != "" && len(found) == 0 {
		f.Quarantine, err = d.doubts(ctx, s, checkout.QuarantineFilter{OutTradeNo: s.Text})
	}
	return f, err
}

// ledgers finds the sessions, each once, and whether there are more.
func (d *Desk) ledgers(ctx context.Context, s Search) (found []*pay.Ledger, more bool, err error) {
	add := func(list ...*pay.Ledger) {
		for _, l := range list {
			known := func(k *pay.Ledger) bool { return k.Session.ID == l.Session.ID }
			if slices.Contains(s.Merchants, l.Session.Merchant) && !slices.ContainsFunc(found, known) {
				found = append(found, l)
			}
		}
	}
	if strings.HasPrefix(s.Text, checkout.SessionPrefix) {
		l, err := d.Books.Ledger(ctx, s.Text)
		if err == nil && s.filter().Takes(l) {
			add(l)
		}
		if pay.CodeOf(err) != pay.CodeNotFound && err != nil {
			return nil, false, err
		}
	}
	for _, f := range s.filters() {
		page, err := d.Books.Sessions(ctx, f)
		if err != nil {
			return nil, false, err
		}
		add(page.Sessions...)
		more = more || page.More
	}
	slices.SortFunc(found, func(a, b *pay.Ledger) int { return placeOf(a).Compare(placeOf(b)) })
	n := min(len(found), checkout.MaxListed)
	return found[:n], more || n < len(found), nil
}

func placeOf(l *pay.Ledger) checkout.Place {
	return checkout.Place{At: l.Session.CreatedAt, ID: l.Session.ID}
}

// filter is what must hold of every session, whatever its number is.
func (s Search) filter() checkout.SessionFilter {
	return checkout.SessionFilter{Amount: s.Amount, From: s.From, Until: s.Until, Limit: checkout.MaxListed}
}

// filters are the ways in which the search may be meant.
func (s Search) filters() (list []checkout.SessionFilter) {
	f := s.filter()
	if s.Text != "" {
		ours, theirs := f, f
		ours.OutTradeNo, theirs.ProviderReference = s.Text, s.Text
		list = append(list, ours, theirs)
	}
	for _, m := range s.Merchants {
		named := f
		named.Merchant, named.Reference = m, s.Text
		list = append(list, named)
	}
	return list
}

// maxDoubts bounds the entries about one payment that are told.
const maxDoubts = 20

func (d *Desk) doubts(ctx context.Context, s Search, f checkout.QuarantineFilter) ([]Doubt, error) {
	f.Limit = maxDoubts
	list, err := d.Store.Quarantined(ctx, f)
	doubts := []Doubt{}
	for _, q := range list {
		if q.Merchant != "" && !slices.Contains(s.Merchants, q.Merchant) {
			continue
		}
		ev := q.Evidence
		doubts = append(doubts, Doubt{q.ID, q.Status, q.Reason, ev.Outcome, ev.Amount, ev.OutTradeNo, ev.Reference, q.Resolution, q.At})
	}
	return doubts, err
}

func moneyOf(l *pay.Ledger, now time.Time) Money {
	s := &l.Session
	m := Money{
		s.ID, s.Merchant, s.Reference, l.StatusAt(now), s.Amount, s.CreatedAt, s.ExpiresAt,
		[]Attempt{},
		[]Refund{},
		[]Doubt{},
	}
	for i := range l.Attempts {
		a := &l.Attempts[i]
		m.Attempts = append(m.Attempts, Attempt{
			a.ID, a.State, a.Method, a.Rail, a.Provider, a.Account, a.OutTradeNo, a.Reference, a.Invitation != "", a.CreatedAt, a.PaidAt, l.Returned(a.ID),
		})
	}
	for i := range l.Refunds {
		r := &l.Refunds[i]
		m.Refunds = append(m.Refunds, Refund{
			r.ID, r.AttemptID, r.Status, r.Amount, r.Origin, r.Failure, r.Number, r.CreatedAt, l.NeedsPerson(r),
		})
	}
	return m
}
