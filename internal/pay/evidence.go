package pay

import (
	"errors"
	"fmt"
	"time"
)

// Evidence is a verified statement of a provider about one payment.
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
	Raw        []byte // the verified, decrypted statement
}

// Source is how evidence reached us.
type Source string

// The sources of evidence.
const (
	SourceNotification Source = "notification"
	SourceQuery        Source = "query"
	SourceClose        Source = "close"
	SourceBill         Source = "bill"
)

// Outcome is what a provider says about one payment, in our words.
type Outcome string

// The outcomes. A provider's state that maps to none of them is an error.
const (
	OutcomePending Outcome = "pending" // known there and not paid yet
	OutcomePaid    Outcome = "paid"
	OutcomeClosed  Outcome = "closed" // will never be paid
	OutcomeAbsent  Outcome = "absent" // unknown there; proves nothing while our request may still arrive
)

// Mismatch is evidence that contradicts the attempt it names. It must be kept
// apart and looked at by a person; no status changes.
type Mismatch struct{ Field, Got, Want string }

func (m *Mismatch) Error() string {
	return fmt.Sprintf("evidence does not match the attempt: %s is %q, want %q", m.Field, m.Got, m.Want)
}

// ErrUnknownAttempt is evidence for a payment that this ledger does not hold.
var ErrUnknownAttempt = errors.New("evidence for an unknown attempt")

// Apply records a provider's statement. It returns [*Mismatch] if the statement
// contradicts the attempt, ErrUnknownAttempt if there is none; then nothing has
// changed. Repeats change nothing.
func (l *Ledger) Apply(ev Evidence, now time.Time) error {
	a := l.AttemptByNumber(ev.Provider, ev.Account, ev.OutTradeNo)
	if a == nil {
		return ErrUnknownAttempt
	}
	if err := compare(a, ev); err != nil {
		return err
	}
	switch ev.Outcome {
	case OutcomePaid:
		l.pay(a, ev, now)
	case OutcomeClosed:
		l.close(a, ev, now)
	case OutcomeAbsent:
		if absenceIsProof(a, now) {
			l.close(a, ev, now)
		}
	}
	return nil
}

func compare(a *Attempt, ev Evidence) error {
	if ev.App != "" && ev.App != a.App {
		return &Mismatch{"app", ev.App, a.App}
	}
	if ev.Outcome == OutcomePaid && ev.Amount != a.Amount {
		return &Mismatch{"amount", ev.Amount.String(), a.Amount.String()}
	}
	if a.State.Received() && ev.Outcome == OutcomePaid && ev.Reference != a.Reference {
		return &Mismatch{"reference", ev.Reference, a.Reference}
	}
	return nil
}

// pay makes a the winner if there is none yet, else surplus.
func (l *Ledger) pay(a *Attempt, ev Evidence, now time.Time) {
	input := AttemptWins
	if l.Session.Winner != "" {
		input = AttemptExceeds
	}
	next, ok := a.State.Next(input)
	if !ok {
		return
	}
	l.Evidence = append(l.Evidence, ev)
	a.State, a.Reference, a.PaidAt, a.CheckAt = next, ev.Reference, ev.PaidAt, time.Time{}
	if next == AttemptSurplus {
		l.emit(EventSurplus, a.ID, "", now)
		l.refundSurplus(a, now)
		return
	}
	status, _ := l.Session.Status.Next(SessionGetsPaid) // without a winner every status allows it
	l.Session.Status, l.Session.Winner = status, a.ID
	event := EventSessionPaid
	if status == SessionPaidLate {
		event = EventSessionPaidLate
	}
	l.emit(event, a.ID, "", now)
	l.Abandon(now)
}

func (l *Ledger) close(a *Attempt, ev Evidence, now time.Time) {
	next, ok := a.State.Next(AttemptCloses)
	if !ok {
		return
	}
	l.Evidence = append(l.Evidence, ev)
	a.State, a.CheckAt = next, time.Time{}
	l.emit(EventAttemptClosed, a.ID, "", now)
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
