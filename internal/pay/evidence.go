package pay

import (
	"errors"
	"fmt"
	"time"
)

// Evidence is a verified statement of a provider about one payment or about money
// that went back of it.
type Evidence struct {
	ID         string // unique per provider and account: the notification's id, or one made of the query's answer
	Source     Source
	Provider   string
	Account    string
	App        string // "" where the provider does not say
	OutTradeNo string
	Outcome    Outcome
	Amount     Money  // zero unless paid
	Reference  string // the provider's number of the payment
	PaidAt     time.Time
	ReceivedAt time.Time
	Returned   *Returned // what the statement says about money that went back; nil for nothing
	Raw        []byte    // the verified, decrypted statement
}

// Source names the way by which evidence reached us.
type Source string

// The sources of evidence.
const (
	SourceNotification Source = "notification"
	SourceQuery        Source = "query"
	SourceClose        Source = "close"
	SourceRefund       Source = "refund" // the answer to a refund or to a question about one
	SourceBill         Source = "bill"
)

// Outcome is a provider's statement about one payment, in our words.
type Outcome string

// The outcomes. A provider's state that maps to none of them is an error.
const (
	OutcomePending Outcome = "pending" // known there and not paid yet
	OutcomePaid    Outcome = "paid"
	OutcomeClosed  Outcome = "closed" // will never be paid
	OutcomeAbsent  Outcome = "absent" // unknown there; proves nothing while our request may still arrive
	OutcomeRefund  Outcome = "refund" // the statement is only about money that went back
)

// Mismatch is evidence that contradicts the attempt it names. It must be kept
// apart and looked at by a person; no status changes.
type Mismatch struct{ Field, Got, Want string }

func (m *Mismatch) Error() string {
	return fmt.Sprintf("evidence does not match the attempt: %s is %q, want %q", m.Field, m.Got, m.Want)
}

// ErrUnknownAttempt is evidence for a payment that this ledger does not hold.
var ErrUnknownAttempt = errors.New("evidence for an unknown attempt")

// ErrNotPaid is evidence about a refund of a payment that this ledger does not
// know of yet: the provider must be asked about the payment first.
var ErrNotPaid = errors.New("evidence for a refund of an attempt that is not paid")

// Apply records a provider's statement. It returns [*Mismatch] if the statement
// contradicts the attempt or its refunds, ErrUnknownAttempt if there is no such
// attempt, and ErrNotPaid if it must be paid first; then nothing has changed.
// Repeats change nothing.
func (l *Ledger) Apply(ev Evidence, now time.Time) error {
	a := l.AttemptByNumber(ev.Provider, ev.Account, ev.OutTradeNo)
	if a == nil {
		return ErrUnknownAttempt
	}
	if err := l.compare(a, ev); err != nil {
		return err
	}
	news := l.payment(a, ev, now)
	if ev.Returned != nil {
		// What was told to us must be durable before we say that it was heard.
		news = l.giveBack(a, *ev.Returned, now) || news || ev.Source == SourceNotification
	}
	l.refundSurplus(a, now)
	if news {
		l.Evidence = append(l.Evidence, ev)
	}
	return nil
}

func (l *Ledger) compare(a *Attempt, ev Evidence) error {
	if ev.App != "" && ev.App != a.App {
		return &Mismatch{"app", ev.App, a.App}
	}
	if ev.Outcome == OutcomePaid && ev.Amount != a.Amount {
		return &Mismatch{"amount", ev.Amount.String(), a.Amount.String()}
	}
	if a.State.Received() && ev.Outcome == OutcomePaid && ev.Reference != a.Reference {
		return &Mismatch{"reference", ev.Reference, a.Reference}
	}
	if ev.Returned == nil {
		return nil
	}
	if !a.State.Received() && ev.Outcome != OutcomePaid {
		return ErrNotPaid
	}
	return l.compareReturned(a, ev)
}

// payment records what a statement says of the payment itself, and reports
// whether that was news.
func (l *Ledger) payment(a *Attempt, ev Evidence, now time.Time) (news bool) {
	switch ev.Outcome {
	case OutcomePaid:
		return l.pay(a, ev, now)
	case OutcomeClosed:
		return l.close(a, now)
	case OutcomeAbsent:
		return absenceIsProof(a, now) && l.close(a, now)
	}
	return false
}

// pay makes a the winner if there is none yet, else surplus.
func (l *Ledger) pay(a *Attempt, ev Evidence, now time.Time) (news bool) {
	input := AttemptWins
	if l.Session.Winner != "" {
		input = AttemptExceeds
	}
	next, ok := a.State.Next(input)
	if !ok {
		return false
	}
	a.State, a.Reference, a.PaidAt = next, ev.Reference, ev.PaidAt
	a.CheckAt, a.SendAt = time.Time{}, time.Time{}
	if next == AttemptSurplus {
		l.emit(EventSurplus, a.ID, "", now)
		return true
	}
	status, _ := l.Session.Status.Next(SessionGetsPaid) // without a winner every status allows it
	l.Session.Status, l.Session.Winner = status, a.ID
	event := EventSessionPaid
	if status == SessionPaidLate {
		event = EventSessionPaidLate
	}
	l.emit(event, a.ID, "", now)
	l.Abandon(now)
	return true
}

func (l *Ledger) close(a *Attempt, now time.Time) (news bool) {
	next, ok := a.State.Next(AttemptCloses)
	if !ok {
		return false
	}
	a.State, a.CheckAt, a.SendAt = next, time.Time{}, time.Time{}
	l.emit(EventAttemptClosed, a.ID, "", now)
	return true
}

// absenceIsProof: a request that was sent less than AbsenceDelay ago may still
// arrive and be paid, and an attempt that is not abandoned may yet be sent again.
// A provider may not know an accepted order before its code is scanned or its
// link is opened (Alipay), so that one is over only AbsenceDelay after its expiry.
func absenceIsProof(a *Attempt, now time.Time) bool {
	settled := a.SentAt
	if a.State == AttemptAwaiting {
		settled = later(a.SentAt, a.ExpiresAt)
	}
	return a.Abandoned && now.After(settled.Add(AbsenceDelay))
}
