package checkout

import (
	"context"
	"errors"
	"reflect"
	"time"

	"morepay/internal/account"
	"morepay/internal/pay"
)

// Quarantined is evidence that contradicts what we know, and what a person made
// of it: an entry on the desk.
type Quarantined struct {
	ID       string // given by the store
	Evidence pay.Evidence
	Merchant string // whose it is as far as we know, or ""
	Reason   string
	At       time.Time

	Status     QuarantineStatus // given by the store: open at first
	Resolution Resolution       // "" until somebody decided
	Author     string           // who decided
	Note       string           // and why
	Refund     *pay.Refund      // that gives it back, nil if nobody has decided so; it stays if it fails
	ResolvedAt time.Time        // zero until it is over
}

// QuarantineStatus is the status of an entry.
type QuarantineStatus string

// The statuses of entries.
const (
	QuarantineOpen      QuarantineStatus = "open"
	QuarantineRefunding QuarantineStatus = "refunding" // decided, and the money is not back yet
	QuarantineResolved  QuarantineStatus = "resolved"
)

// QuarantineStatuses lists all of them.
var QuarantineStatuses = []QuarantineStatus{QuarantineOpen, QuarantineRefunding, QuarantineResolved}

// Resolution is a person's decision about an entry.
type Resolution string

// The resolutions.
const (
	ResolveAccept  Resolution = "accept"   // it is the payment of the session that it names
	ResolveRefund  Resolution = "refund"   // the money goes back
	ResolveNotOurs Resolution = "not_ours" // somebody else's, such as another system's with the same account
	ResolveIgnore  Resolution = "ignore"
)

// Resolutions lists all of them.
var Resolutions = []Resolution{ResolveAccept, ResolveRefund, ResolveNotOurs, ResolveIgnore}

// ReasonReturnedUnknown is the reason of an entry whose evidence has been applied:
// somebody must find out what it does not say.
const ReasonReturnedUnknown = "money went back, and the provider does not say how much: find out and record it"

// DeskStore keeps the entries of the desk, as [Store] keeps ledgers. All methods
// are safe for concurrent use and fail as Store's do.
type DeskStore interface {
	// Quarantine keeps evidence that must not change anything. A repeat of the same
	// evidence is stored once; fresh is false for it.
	Quarantine(ctx context.Context, q Quarantined) (fresh bool, err error)

	// Entry loads one entry.
	Entry(ctx context.Context, id string) (Quarantined, error)

	// Quarantined lists entries, newest first.
	Quarantined(ctx context.Context, f QuarantineFilter) ([]Quarantined, error)

	// UpdateEntry lets change alter what a person made of an entry. Updates of one
	// entry never overlap. An error of change is returned as it is and stores nothing.
	UpdateEntry(ctx context.Context, id string, change func(*Quarantined) error) (Quarantined, error)

	// UpdateWithEntry is Store.Update and UpdateEntry in one transaction.
	UpdateWithEntry(ctx context.Context, sessionID, entryID string, change func(*pay.Ledger, *Quarantined) error) (*pay.Ledger, error)
}

// QuarantineFilter says which entries are meant; an empty field means any.
type QuarantineFilter struct {
	Status     QuarantineStatus
	Merchant   string
	Provider   string
	Account    string
	OutTradeNo string
	After      string // id of the entry after which the list begins
	Limit      int    // needed
}

// quarantine puts evidence on the desk. What says no more than a person has decided
// about already is only kept.
func (r *Recorder) quarantine(ctx context.Context, merchant string, ev pay.Evidence, reason string) error {
	q := Quarantined{Evidence: ev, Merchant: merchant, Reason: reason, At: r.now(), Status: QuarantineOpen}
	known, err := r.aboutPayment(ctx, ev.Provider, ev.Account, ev.OutTradeNo)
	if err != nil {
		return err
	}
	for _, k := range known {
		if k.Covers(ev) {
			q.Follow(k, r.now())
			break
		}
	}
	return r.enter(ctx, q)
}

// aboutPayment lists the entries about one payment.
func (r *Recorder) aboutPayment(ctx context.Context, provider, account, outTradeNo string) ([]Quarantined, error) {
	return r.desk.Quarantined(ctx, QuarantineFilter{Provider: provider, Account: account, OutTradeNo: outTradeNo, Limit: maxEntries})
}

// Covers reports whether a person's decision about q is one about ev as well: it
// says the same of the same payment, from another source.
func (q *Quarantined) Covers(ev pay.Evidence) bool {
	was := q.Evidence
	if q.Resolution == "" || was.Provider != ev.Provider || was.Account != ev.Account || was.OutTradeNo != ev.OutTradeNo ||
		was.Outcome != ev.Outcome || was.Amount != ev.Amount || was.Reference != ev.Reference {
		return false
	}
	if was.App != ev.App && was.App != "" && ev.App != "" {
		return false
	}
	if q.Refund != nil && ev.Returned != nil && ev.Returned.Number == "" { // our own refund, seen from there
		return ev.Returned.Total.Value <= q.Refund.Amount.Value
	}
	return reflect.DeepEqual(was.Returned, ev.Returned)
}

// Follow resolves an entry as another one that covers it.
func (q *Quarantined) Follow(other Quarantined, now time.Time) {
	q.Status, q.Resolution, q.ResolvedAt = QuarantineResolved, other.Resolution, now
	q.Author, q.Note = other.Author, "as "+other.ID
}

func (r *Recorder) enter(ctx context.Context, q Quarantined) error {
	fresh, err := r.desk.Quarantine(ctx, q)
	if err != nil || !fresh || q.Status == QuarantineResolved {
		return err
	}
	ev := q.Evidence
	r.log.ErrorContext(ctx, "evidence quarantined: a person must look at it",
		"reason", q.Reason, "provider", ev.Provider, "account", ev.Account, "out_trade_no", ev.OutTradeNo, "evidence", ev.ID)
	return nil
}

// Accept books an entry as the payment that it names, on a person's word, and
// resolves it with the same transaction. Only an application id may differ from
// the attempt's: money, account and number must fit, as for any evidence. decide
// is asked first whether the entry may still be resolved. Fails with conflict
// naming what does not fit.
func (r *Recorder) Accept(ctx context.Context, acc *account.Account, q Quarantined, decide func(*Quarantined) error) error {
	ev := q.Evidence
	sessionID, err := r.sessionOf(ctx, ev)
	if err == nil {
		_, err = r.desk.UpdateWithEntry(ctx, sessionID, q.ID, func(l *pay.Ledger, q *Quarantined) error {
			if err := decide(q); err != nil {
				return err
			}
			ev.App = l.AttemptByNumber(ev.Provider, ev.Account, ev.OutTradeNo).App
			return applyTo(l, acc, ev, r.now())
		})
	}
	return misfit(err)
}

// misfit tells a person why evidence can't be booked.
func misfit(err error) error {
	if mismatch, ok := errors.AsType[*pay.Mismatch](err); ok {
		return pay.Errorf(pay.CodeConflict, mismatch.Field, "is %q, want %q: it can't be accepted, refund it instead", mismatch.Got, mismatch.Want)
	}
	switch {
	case errors.Is(err, pay.ErrUnknownAttempt):
		return pay.Errorf(pay.CodeConflict, "out_trade_no", "no attempt has this number: it can't be accepted, refund it instead")
	case errors.Is(err, pay.ErrNotPaid):
		return pay.Errorf(pay.CodeConflict, "outcome", "it tells of a refund of a payment that is not in the books")
	}
	return err
}

// settleEntries records what a statement says about a refund that gives a
// quarantined payment back, and reports whether there is one. The statement is
// kept on the desk too: no ledger may ever take it.
func (r *Recorder) settleEntries(ctx context.Context, ev pay.Evidence) (awaited bool, err error) {
	if ev.Returned == nil || ev.Returned.Number == "" {
		return false, nil
	}
	entries, err := r.aboutPayment(ctx, ev.Provider, ev.Account, ev.OutTradeNo)
	if err != nil {
		return false, err
	}
	refund := ev // the payment has been decided about: what it says of the refund counts
	refund.Outcome, refund.App = pay.OutcomeRefund, ""
	for _, q := range entries {
		if q.Refund == nil || q.Refund.Number != ev.Returned.Number {
			continue
		}
		_, err := r.desk.UpdateEntry(ctx, q.ID, func(q *Quarantined) error {
			return q.ChangeRefund(r.now(), func(l *pay.Ledger) error { return l.Apply(refund, r.now()) })
		})
		if _, contradicts := errors.AsType[*pay.Mismatch](err); contradicts {
			continue // it gets an entry of its own
		}
		if err == nil {
			err = r.enter(ctx, Quarantined{
				Evidence: ev, Merchant: q.Merchant, Reason: "it is about the refund of " + q.ID, At: r.now(),
				Status: QuarantineResolved, Resolution: ResolveAccept, ResolvedAt: r.now(),
			})
		}
		if err != nil {
			return false, err
		}
		awaited = true
	}
	return awaited, nil
}

// maxEntries bounds the entries about one payment that are looked at.
const maxEntries = 100

// ResolveUnknown ends what the desk asks about a payment of which an unknown part
// went back, if it is known by now.
func (r *Recorder) ResolveUnknown(ctx context.Context, a *pay.Attempt) error {
	if a.ReturnedUnknown {
		return nil
	}
	entries, err := r.aboutPayment(ctx, a.Provider, a.Account, a.OutTradeNo)
	for _, q := range entries {
		if q.Reason != ReasonReturnedUnknown {
			continue
		}
		_, err := r.desk.UpdateEntry(ctx, q.ID, func(q *Quarantined) error {
			if q.Status == QuarantineOpen {
				q.Status, q.Resolution, q.Note, q.ResolvedAt = QuarantineResolved, ResolveAccept, "how much went back is in the ledger", r.now()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return err
}

// ChangeRefund lets change work on the refund that gives the entry back as on one
// of a ledger, so that the same rules hold, and follows it: the entry is resolved
// when the money is back, and open again if that failed. Fails with conflict if
// there is no such refund, and as change does.
func (q *Quarantined) ChangeRefund(now time.Time, change func(*pay.Ledger) error) error {
	if q.Refund == nil {
		return pay.Errorf(pay.CodeConflict, "", "the entry is not given back")
	}
	l := q.ledger()
	if err := change(l); err != nil {
		return err
	}
	q.Refund = &l.Refunds[0]
	switch {
	case q.Status == QuarantineResolved: // somebody has decided otherwise meanwhile
	case q.Refund.Status == pay.RefundSucceeded:
		q.Status, q.Resolution, q.ResolvedAt = QuarantineResolved, ResolveRefund, now
	case q.Refund.Status == pay.RefundFailed:
		q.Status, q.Resolution = QuarantineOpen, ""
	}
	return nil
}

// ledger returns the entry as if it were a payment in a ledger of its own.
func (q *Quarantined) ledger() *pay.Ledger {
	ev := q.Evidence
	return &pay.Ledger{
		Session: pay.Session{Merchant: q.Merchant, Amount: ev.Amount, Winner: q.ID, Status: pay.SessionPaid},
		Attempts: []pay.Attempt{{
			ID: q.ID, Provider: ev.Provider, Account: ev.Account, App: ev.App, OutTradeNo: ev.OutTradeNo,
			Amount: ev.Amount, State: pay.AttemptSucceeded, Reference: ev.Reference, PaidAt: ev.PaidAt,
		}},
		Refunds: []pay.Refund{*q.Refund},
	}
}
