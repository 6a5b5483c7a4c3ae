package pay_test

import (
	"fmt"
	"time"

	"morepay/internal/pay"
)

// mutant is a mistake that the service could make. The zero value makes none.
type mutant struct {
	acknowledgeFirst bool
	dropLateSuccess  bool
	neverQuery       bool
	noCompareAndSet  bool
	closeLocally     bool
	insertLate       bool
	replyOverwrites  bool
	trustAbsence     bool
	forgetUnscanned  bool
	newRefundNumber  bool
	requestOutlives  bool
	believeRefusal   bool
	dropReturned     bool
	countTwice       bool
	abnormalIsFinal  bool
	believeAbsence   bool
	dropEarlyNotice  bool
	cancelIsClosed   bool
	ignoreRevoked    bool
}

// update names a change of a ledger. Equal ones have equal outcomes.
type update struct {
	ledger *pay.Ledger
	clock  int8
	what   string
	n      int8
}

// stored is the result of an update; no ledger if it fails.
type stored struct {
	ledger   *pay.Ledger
	paid     int8
	evidence uint8
	returned bool // evidence of money that went back
	fault    *fault
}

// commit is one transaction about payment n: the ledger is changed and stored,
// or stays as it was.
func (m *model) commit(w modelState, what string, n int, change func(*pay.Ledger) error) (modelState, bool) {
	key := update{w.ledger, w.clock, what, int8(n)}
	done, known := m.done[key]
	if !known {
		done = m.transact(w.ledger, change)
		m.done[key] = done
	}
	if done.ledger == nil {
		return w, false
	}
	if w.fault == nil {
		w.fault = done.fault
	}
	w.ledger, w.paid, w.evidence = done.ledger, w.paid+done.paid, w.evidence|done.evidence
	return w, true
}

func (m *model) transact(before *pay.Ledger, change func(*pay.Ledger) error) (s stored) {
	after := clone(before)
	if change(after) != nil {
		return stored{}
	}
	if err := checkCommit(before, after); err != nil {
		s.fault = &fault{err}
	}
	s.paid = int8(paidEvents(after.Events))
	for _, ev := range after.Evidence {
		if ev.Outcome == pay.OutcomePaid {
			s.evidence |= 1 << (ev.OutTradeNo[1] - '0')
		}
		s.returned = s.returned || ev.Returned != nil
	}
	s.ledger = m.intern(after)
	return s
}

// timeExpire is until when the provider takes money for any attempt: as our
// request says.
func (m *model) timeExpire() time.Time {
	if m.requestOutlives {
		return latest.Add(pay.AbsenceDelay + time.Second)
	}
	return latest
}

func (m *model) begin(w modelState, _ int) modelState {
	n := int(w.numbers)
	if n >= m.attempts {
		return w
	}
	if m.insertLate {
		if w.ledger.StatusAt(w.now()) != pay.SessionOpen {
			return w
		}
	} else {
		var ok bool
		if w, ok = m.insert(w, n); !ok {
			return w
		}
	}
	w.numbers++
	w.starts[n] = startCommitted
	return w
}

func (m *model) insert(w modelState, n int) (modelState, bool) {
	a := newAttempt(n)
	if m.invites() && n == friend {
		a.Invitation = invitation.ID
	}
	return m.commit(w, "begin", n, func(l *pay.Ledger) error {
		if m.ignoreRevoked {
			l.Invitations[0].RevokedAt = time.Time{}
		}
		return l.Begin(a, w.now())
	})
}

func (m *model) revoke(w modelState, _ int) modelState {
	w, _ = m.commit(w, "revoke", 0, func(l *pay.Ledger) error {
		l.Revoke(w.now())
		return nil
	})
	return w
}

func (m *model) resume(w modelState, n int) modelState {
	if w.starts[n] != startIdle {
		return w
	}
	resumed, ok := m.commit(w, "resume", n, func(l *pay.Ledger) error { return l.Resume(ids[n], w.now()) })
	if !ok {
		return w
	}
	resumed.starts[n] = startCommitted
	return resumed
}

// resend takes a try up again that brought no answer, which may be planned for any
// time.
func (m *model) resend(w modelState, n int) modelState {
	if w.starts[n] != startIdle {
		return w
	}
	resent, ok := m.commit(w, "resend", n, func(l *pay.Ledger) error {
		if a := l.Attempt(ids[n]); a != nil && !a.SendAt.IsZero() {
			a.SendAt = w.now()
		}
		return l.Resend(ids[n], w.now())
	})
	if !ok {
		return w
	}
	resent.starts[n] = startCommitted
	return resent
}

func (m *model) send(w modelState, n int) modelState {
	if w.starts[n] != startCommitted {
		return w
	}
	o := &w.orders[n]
	w.starts[n] = startSent
	if o.sent > 0 || o.state != orderAbsent {
		w.starts[n] = startSentAgain
	}
	o.sent = w.clock + 1
	return w
}

func (m *model) storeReply(w modelState, n int) modelState {
	switch start := w.starts[n]; {
	case start == startRefused:
		return m.storeRefusal(w, n)
	case start != startSent && start != startSentAgain, w.orders[n].state == orderAbsent:
		return w
	}
	w.starts[n] = startIdle
	if m.insertLate && w.attempt(n) == nil {
		w, _ = m.insert(w, n)
	}
	w, _ = m.commit(w, "accept", n, func(l *pay.Ledger) error {
		if a := l.Attempt(ids[n]); m.replyOverwrites && a != nil {
			a.State = pay.AttemptSubmitting
		}
		l.Accept(ids[n], pay.Action{Kind: pay.ActionQRCode}, w.now())
		return nil
	})
	return w
}

func (m *model) storeRefusal(w modelState, n int) modelState {
	w.starts[n] = startIdle
	w, _ = m.commit(w, "refuse", n, func(l *pay.Ledger) error {
		if a := l.Attempt(ids[n]); m.believeRefusal && a != nil {
			a.SentAt = a.CreatedAt
		}
		l.Refuse(ids[n], w.now())
		return nil
	})
	return w
}

// storeNotice and acknowledge are the two steps of the handler of a
// notification, which may come whenever its payment was made.
func (m *model) storeNotice(w modelState, n int) modelState {
	after, ok := m.turn(w, n, !m.acknowledgeFirst)
	if !ok {
		return w
	}
	if after, ok = m.apply(after, n, evidence(n, pay.SourceNotification, pay.OutcomePaid)); !ok {
		after.task = task{}
	}
	return after
}

func (m *model) acknowledge(w modelState, n int) modelState {
	after, ok := m.turn(w, n, m.acknowledgeFirst)
	if ok && w.evidence&(1<<n) == 0 {
		after.fault = &fault{fmt.Errorf("I1: the notification of payment %d is acknowledged, its evidence is not stored", n)}
	}
	return after
}

// turn is the state after the first or second step of a notification's handler,
// if it is at that step.
func (m *model) turn(w modelState, n int, first bool) (modelState, bool) {
	half := task{taskNotice, int8(n)}
	switch {
	case first && w.task == task{} && w.orders[n].state == orderPaid:
		w.task = half
	case !first && w.task == half:
		w.task = task{}
	default:
		return w, false
	}
	return w, true
}

// apply commits a provider's statement about payment n.
func (m *model) apply(w modelState, n int, ev pay.Evidence) (modelState, bool) {
	what := string(ev.Outcome)
	if ev.Returned != nil {
		what = ev.ID
	}
	return m.commit(w, what, n, func(l *pay.Ledger) error {
		a := l.Attempt(ids[n])
		if a == nil {
			return l.Apply(ev, w.now())
		}
		if m.dropLateSuccess && ev.Outcome == pay.OutcomePaid && l.StatusAt(w.now()) != pay.SessionOpen {
			return nil
		}
		if m.noCompareAndSet && !a.State.Received() && ev.Outcome == pay.OutcomePaid {
			l.Session.Winner, l.Session.Status = "", pay.SessionOpen // as it was read before another success
		}
		if m.trustAbsence {
			a.SentAt = time.Time{}
		}
		if m.forgetUnscanned {
			a.ExpiresAt = time.Time{}
		}
		return m.applyReturned(l, ev, w.now())
	})
}

// query asks about an attempt that is planned to be asked about. Only "not
// found" can go stale between the answer and its commit.
func (m *model) query(w modelState, n int) modelState {
	a := w.attempt(n)
	if m.neverQuery || a == nil || a.CheckAt.IsZero() {
		return w
	}
	switch w.orders[n].state {
	case orderPaid:
		w, _ = m.apply(w, n, w.paidEvidence(n))
	case orderClosed:
		w, _ = m.apply(w, n, evidence(n, pay.SourceQuery, pay.OutcomeClosed))
	case orderNotPaid:
		w, _ = m.checked(w, n)
	default:
		if w.task.kind == taskNone {
			w.task = task{taskAbsent, int8(n)}
		}
	}
	return w
}

func (m *model) applyAbsence(w modelState, n int) modelState {
	if w.task != (task{taskAbsent, int8(n)}) {
		return w
	}
	w.task = task{}
	w, _ = m.apply(w, n, evidence(n, pay.SourceQuery, pay.OutcomeAbsent))
	w, _ = m.checked(w, n)
	return w
}

func (m *model) checked(w modelState, n int) (modelState, bool) {
	return m.commit(w, "checked", n, func(l *pay.Ledger) error {
		l.Checked(ids[n], w.now())
		return nil
	})
}

// closable: nobody may pay the attempt any more, and its order is old enough.
func (w modelState) closable(n int) bool {
	a := w.attempt(n)
	return a != nil && a.State.Payable() && a.Abandoned && !w.now().Before(a.CreatedAt.Add(pay.CloseDelay))
}

func (m *model) closeOrder(w modelState, n int) modelState {
	if w.closable(n) && !m.closeLocally && w.orders[n].state == orderNotPaid {
		w.orders[n].state = orderClosed
	}
	return w
}

func (m *model) closeAndStore(w modelState, n int) modelState {
	if !w.closable(n) {
		return w
	}
	w = m.closeOrder(w, n)
	if m.closeLocally || w.orders[n].state == orderClosed {
		w, _ = m.apply(w, n, evidence(n, pay.SourceClose, pay.OutcomeClosed))
	}
	return w
}

// merchantRefund gives the whole payment of the winner back. A second one must
// fail, and the ledger decides that; after one that failed the model asks for none.
func (m *model) merchantRefund(w modelState, n int) modelState {
	if r := w.ledger.Refund("m" + ids[n]); r != nil && r.Status == pay.RefundFailed {
		return w
	}
	w, _ = m.commit(w, "refund", n, func(l *pay.Ledger) error {
		return l.AddRefund(pay.Refund{
			ID: "m" + ids[n], AttemptID: ids[n], Number: numbers[n] + "M",
			Amount: price, Origin: pay.RefundByMerchant,
		}, w.now())
	})
	return w
}

func (m *model) cancel(w modelState, _ int) modelState {
	w, _ = m.commit(w, "cancel", 0, func(l *pay.Ledger) error { return l.Cancel(w.now()) })
	return w
}

func (m *model) expire(w modelState, _ int) modelState {
	w, _ = m.commit(w, "expire", 0, func(l *pay.Ledger) error {
		l.Expire(w.now())
		return nil
	})
	return w
}
