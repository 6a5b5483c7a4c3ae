package pay_test

import (
	"fmt"
	"slices"

	"morepay/internal/pay"
)

// clone does the work of a store between two updates: it returns the ledger
// without the events and evidence that have been written.
func clone(l *pay.Ledger) *pay.Ledger {
	c := *l
	c.Attempts, c.Refunds, c.Invitations = slices.Clone(l.Attempts), slices.Clone(l.Refunds), slices.Clone(l.Invitations)
	c.Events, c.Evidence = nil, nil
	return &c
}

// paidEvents counts the events that tell a merchant that a session was paid.
func paidEvents(events []pay.Event) (n int) {
	for _, e := range events {
		if e.Type == pay.EventSessionPaid || e.Type == pay.EventSessionPaidLate {
			n++
		}
	}
	return n
}

// checkCommit holds what one change of a ledger may do: I4, I6 and I9. before
// has no events of its own (see clone).
func checkCommit(before, after *pay.Ledger) error {
	was, is := before.Session, after.Session
	if was.Status.Paid() && (is.Status != was.Status || is.Winner != was.Winner) {
		return fmt.Errorf("I4: a session that was %s by %q became %s by %q", was.Status, was.Winner, is.Status, is.Winner)
	}
	if was.Status != pay.SessionOpen && len(after.Attempts) > len(before.Attempts) {
		return fmt.Errorf("I6: an attempt was created on a session that was %s", was.Status)
	}
	for _, a := range after.Attempts[len(before.Attempts):] {
		if i := slices.IndexFunc(before.Invitations, func(i pay.Invitation) bool { return i.ID == a.Invitation }); i >= 0 && !before.Invitations[i].RevokedAt.IsZero() {
			return fmt.Errorf("I6: an attempt was created by a link that was taken back")
		}
	}
	for i, e := range after.Events {
		if want := was.LastEvent + int64(i) + 1; e.Number != want {
			return fmt.Errorf("I9: event %s has number %d, want %d", e.Type, e.Number, want)
		}
	}
	if want := was.LastEvent + int64(len(after.Events)); is.LastEvent != want {
		return fmt.Errorf("I9: the last event is number %d, want %d", is.LastEvent, want)
	}
	return nil
}

// checkLedger holds what is true of every ledger that can be stored: I2, I3 and
// I10, and that whatever is unfinished will be looked at again. paid is how many
// paid events its session has had.
func checkLedger(l *pay.Ledger, paid int) error {
	for _, check := range []func(*pay.Ledger, int) error{checkWinner, checkSurplus, checkRefunds, checkPlans, checkFriends} {
		if err := check(l, paid); err != nil {
			return err
		}
	}
	return nil
}

func checkWinner(l *pay.Ledger, paid int) error {
	want := 0
	if l.Session.Status.Paid() {
		want = 1
	}
	if paid != want {
		return fmt.Errorf("I2: a session that is %s has %d paid events", l.Session.Status, paid)
	}
	if (l.Session.Winner != "") != l.Session.Status.Paid() {
		return fmt.Errorf("I2: a session that is %s has winner %q", l.Session.Status, l.Session.Winner)
	}
	for _, a := range l.Attempts {
		if (a.State == pay.AttemptSucceeded) != (a.ID == l.Session.Winner) {
			return fmt.Errorf("I2: attempt %s is %s, but the winner is %q", a.ID, a.State, l.Session.Winner)
		}
	}
	return nil
}

// checkFriends: at most one attempt is anybody's way to pay, and nobody's is that of
// a link which was taken back.
func checkFriends(l *pay.Ledger, _ int) error {
	ways := 0
	for _, a := range l.Attempts {
		if !a.State.Payable() || a.Abandoned {
			continue
		}
		ways++
		if i := slices.IndexFunc(l.Invitations, func(i pay.Invitation) bool { return i.ID == a.Invitation }); i >= 0 && !l.Invitations[i].RevokedAt.IsZero() {
			return fmt.Errorf("friends: attempt %s is open though its link was taken back", a.ID)
		}
	}
	if ways > 1 {
		return fmt.Errorf("friends: %d attempts are open side by side", ways)
	}
	return nil
}

// checkSurplus: each payment but the winner's goes back whole, or a refund of it
// has failed and waits for a person.
func checkSurplus(l *pay.Ledger, _ int) error {
	for _, a := range l.Attempts {
		waits := a.ReturnedUnknown
		for _, r := range l.Refunds {
			waits = waits || r.AttemptID == a.ID && l.NeedsPerson(&r)
			if r.AttemptID == a.ID && r.Origin == pay.RefundOfSurplus && a.State != pay.AttemptSurplus {
				return fmt.Errorf("I3: attempt %s is %s and has an automatic refund", a.ID, a.State)
			}
		}
		if a.State == pay.AttemptSurplus && l.Refundable(a.ID).Value > 0 && !waits {
			return fmt.Errorf("I3: %v of surplus %s is kept, and nobody is told", l.Refundable(a.ID), a.ID)
		}
	}
	return nil
}

func checkRefunds(l *pay.Ledger, _ int) error {
	given, ids := map[string]int64{}, map[string]bool{}
	for _, r := range l.Refunds {
		if ids[r.ID] {
			return fmt.Errorf("I10: two refunds are %s", r.ID)
		}
		ids[r.ID] = true
		if r.Status != pay.RefundFailed {
			given[r.AttemptID] += r.Amount.Value
		}
	}
	for id, value := range given {
		a := l.Attempt(id)
		if a == nil || !a.State.Received() || value > a.Amount.Value {
			return fmt.Errorf("I10: %d is refunded of attempt %s, which received less", value, id)
		}
	}
	return nil
}

// checkPlans: what is not final has a time at which somebody looks at it.
func checkPlans(l *pay.Ledger, _ int) error {
	open := l.Session.Status == pay.SessionOpen
	for _, a := range l.Attempts {
		if a.State.Payable() != !a.CheckAt.IsZero() {
			return fmt.Errorf("plans: attempt %s is %s, its next check is at %v", a.ID, a.State, a.CheckAt)
		}
		if a.State.Payable() && !open && !a.Abandoned {
			return fmt.Errorf("plans: attempt %s is %s and not abandoned, but the session is %s", a.ID, a.State, l.Session.Status)
		}
	}
	for _, a := range l.Attempts {
		if !a.SendAt.IsZero() && (a.State != pay.AttemptSubmitting || a.Abandoned || !open) {
			return fmt.Errorf("plans: attempt %s is %s (abandoned: %t) and sent again at %v", a.ID, a.State, a.Abandoned, a.SendAt)
		}
	}
	for _, r := range l.Refunds {
		if (r.Status == pay.RefundPending) != !r.CheckAt.IsZero() {
			return fmt.Errorf("plans: refund %s is %s, its next check is at %v", r.ID, r.Status, r.CheckAt)
		}
	}
	if due := l.Due(); open && (due.IsZero() || due.After(l.Session.ExpiresAt)) {
		return fmt.Errorf("plans: the session is open until %v, but due at %v", l.Session.ExpiresAt, due)
	}
	return nil
}
