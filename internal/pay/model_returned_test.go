package pay_test

import (
	"fmt"
	"slices"
	"time"

	"morepay/internal/pay"
)

// What the model knows of money that goes back. Each refund is of the whole
// payment, and a provider gives no more back than it received.

// pendingRefund is the refund of payment n that must be sent or asked about, nil if
// none is.
func (w modelState) pendingRefund(n int) *pay.Refund {
	for i := range w.ledger.Refunds {
		r := &w.ledger.Refunds[i]
		if r.AttemptID == ids[n] && !r.CheckAt.IsZero() {
			return r
		}
	}
	return nil
}

// ourRefund is the newest refund of payment n that we asked for, nil if there is
// none.
func (w modelState) ourRefund(n int) *pay.Refund {
	for i := range slices.Backward(w.ledger.Refunds) {
		r := &w.ledger.Refunds[i]
		if r.AttemptID == ids[n] && r.Origin != pay.RefundByProvider {
			return r
		}
	}
	return nil
}

// sendRefund has our request for a refund leave. It is stored before.
func (m *model) sendRefund(w modelState, n int) modelState {
	r := w.pendingRefund(n)
	if r == nil || r.AskOnly() || w.lastInstant() {
		return w
	}
	return m.leave(w, n, r.ID)
}

func (m *model) leave(w modelState, n int, refundID string) modelState {
	w, ok := m.commit(w, "send refund", n, func(l *pay.Ledger) error { return l.SendRefund(refundID, w.now()) })
	if !ok {
		return w
	}
	o := &w.orders[n]
	if o.asked > 0 {
		o.earlier = o.asked
	}
	o.asked = w.clock + 1
	return w
}

// makeRefund is the arrival of a request for a refund. One that we gave up must
// not give money back: somebody may have been told to give it back another way.
func (m *model) makeRefund(w modelState, n int) modelState {
	o := &w.orders[n]
	if o.asked == 0 && o.earlier == 0 || o.refund == refundStuck || o.others {
		return w
	}
	if o.refund == refundAbsent || m.newRefundNumber && o.returned < 2 {
		o.refund, o.returned = refundDone, o.returned+1
		w.given(n)
	}
	return w
}

// given holds what must be true when the provider gives the money back that we
// asked for.
func (w *modelState) given(n int) {
	if r := w.ourRefund(n); r != nil && r.Status == pay.RefundFailed && w.fault == nil {
		w.fault = &fault{fmt.Errorf("I10: payment %d is given back by a refund that counts as failed", n)}
	}
}

// stickRefund takes the refund, and the money can't reach the payer.
func (m *model) stickRefund(w modelState, n int) modelState {
	o := &w.orders[n]
	if o.asked > 0 && o.refund == refundAbsent && !o.others {
		o.refund = refundStuck
	}
	return w
}

func (m *model) unstickRefund(w modelState, n int) modelState {
	if o := &w.orders[n]; o.refund == refundStuck {
		o.refund, o.returned = refundDone, 1
		w.given(n)
	}
	return w
}

// refuseRefund answers our newest request with a refusal, which says nothing about
// an earlier one. The provider knows of no refund then.
func (m *model) refuseRefund(w modelState, n int) modelState {
	o := &w.orders[n]
	r := w.pendingRefund(n)
	if r == nil || o.asked == 0 || o.refund != refundAbsent {
		return w
	}
	o.asked = 0
	return m.failRefund(w, n, r.ID)
}

func (m *model) failRefund(w modelState, n int, refundID string) modelState {
	w, _ = m.commit(w, "fail refund", n, func(l *pay.Ledger) error {
		if r := l.Refund(refundID); m.believeAbsence && r != nil {
			r.SilentAt = time.Time{}
		}
		l.FailRefund(refundID, pay.FailureRefused, w.now())
		return nil
	})
	return w
}

// hearRefund is the answer to a request for a refund, or to a question about one.
func (m *model) hearRefund(w modelState, n int) modelState {
	r := w.pendingRefund(n)
	if r == nil {
		return w
	}
	switch w.orders[n].refund {
	case refundDone, refundStuck:
		w, _ = m.apply(w, n, w.refundWord(n, pay.SourceRefund))
	default:
		if r.AskOnly() {
			w = m.failRefund(w, n, r.ID)
		}
	}
	return w
}

// refundAtOnce asks for a refund that is made before anything else happens. Where
// only payers matter, that is all that can become of it.
func (m *model) refundAtOnce(w modelState, n int) modelState {
	if w.pendingRefund(n) == nil {
		return w
	}
	o := &w.orders[n]
	o.asked = w.clock + 1
	w = m.makeRefund(w, n)
	w.orders[n].asked = 0
	return w
}

// refund sends and asks, as the sweeper does, and gets an answer.
func (m *model) refund(w modelState, n int) modelState {
	r := w.pendingRefund(n)
	switch {
	case r == nil:
		return w
	case m.scene == paying:
		return m.hearRefund(m.refundAtOnce(w, n), n)
	case r.AskOnly():
		return m.hearRefund(w, n)
	}
	w = m.makeRefund(m.leave(w, n, r.ID), n)
	if w.orders[n].refund == refundAbsent {
		w.orders[n].asked = 0
		return m.failRefund(w, n, r.ID) // refused: others gave the money back
	}
	return m.hearRefund(w, n)
}

// consoleNumber is the number of a refund that was made without us.
func consoleNumber(n int) string { return numbers[n] + "C" }

// refundWord is the provider's statement about the one refund of payment n, if
// there is one.
func (w modelState) refundWord(n int, source pay.Source) pay.Evidence {
	ev := refundEvidence(n, consoleNumber(n), pay.RefundSucceeded)
	if r := w.ourRefund(n); r != nil && !w.orders[n].others {
		ev = refundEvidence(n, r.Number, pay.RefundSucceeded)
	}
	ev.Source, ev.Returned.Amount = source, price
	if w.orders[n].refund == refundStuck {
		ev.Returned.Status, ev.Returned.Failure = pay.RefundPending, pay.FailurePayerAccount
	}
	ev.ID += string(ev.Returned.Status) + string(source)
	return ev
}

// paidEvidence is a query's answer about payment n: where money went back, it
// says that some did.
func (w modelState) paidEvidence(n int) pay.Evidence {
	ev := evidence(n, pay.SourceQuery, pay.OutcomePaid)
	if w.orders[n].returned > 0 {
		ev.Returned = &pay.Returned{Unknown: true}
	}
	return ev
}

// totalEvidence says that all of payment n went back.
func totalEvidence(n int, source pay.Source, outcome pay.Outcome) pay.Evidence {
	ev := evidence(n, source, outcome)
	ev.ID, ev.Returned = "total-"+string(source)+numbers[n], &pay.Returned{Total: price}
	return ev
}

// consoleRefund gives a payment back by the hand of somebody whom we don't know.
func (m *model) consoleRefund(w modelState, n int) modelState {
	if o := &w.orders[n]; o.state == orderPaid && o.returned == 0 && o.refund == refundAbsent {
		o.others, o.returned = true, 1
	}
	return w
}

// cancelOrder cancels an order that was absent when we asked, and has been paid
// since: the provider gives the money back.
func (m *model) cancelOrder(w modelState, n int) modelState {
	if !w.closable(n) {
		return w
	}
	return m.consoleRefund(w, n)
}

func (m *model) cancelAndStore(w modelState, n int) modelState {
	canceled := m.cancelOrder(w, n)
	if canceled == w {
		return w
	}
	ev := totalEvidence(n, pay.SourceClose, pay.OutcomePaid)
	if m.cancelIsClosed {
		ev = evidence(n, pay.SourceClose, pay.OutcomeClosed)
	}
	canceled, _ = m.apply(canceled, n, ev)
	return canceled
}

// refundNotice and totalNotice are notices about money that went back, which may
// come at any time after that.
func (m *model) refundNotice(w modelState, n int) modelState {
	if o := w.orders[n]; o.returned == 0 && o.refund != refundStuck {
		return w
	}
	return m.takeRefundNotice(w, n, w.refundWord(n, pay.SourceNotification))
}

func (m *model) totalNotice(w modelState, n int) modelState {
	if w.orders[n].returned == 0 {
		return w
	}
	return m.takeRefundNotice(w, n, totalEvidence(n, pay.SourceNotification, pay.OutcomeRefund))
}

// takeRefundNotice is the handler of a notice. Where the payment is not known yet,
// it asks about that first. It acknowledges what it could apply, which must be
// durable then; what contradicts our books is for a person.
func (m *model) takeRefundNotice(w modelState, n int, ev pay.Evidence) modelState {
	if m.acknowledgeFirst {
		return w.unheard(n) // and then our process may die
	}
	early := !w.attempt(n).State.Received()
	if early && !m.dropEarlyNotice {
		w, _ = m.apply(w, n, w.paidEvidence(n))
	}
	after, applied := m.apply(w, n, ev)
	if kept := m.done[update{w.ledger, w.clock, ev.ID, int8(n)}].returned; !kept && (applied || early && m.dropEarlyNotice) {
		return w.unheard(n)
	}
	return after
}

func (w modelState) unheard(n int) modelState {
	w.fault = &fault{fmt.Errorf("I12: the notice of the refund of payment %d is acknowledged, and not stored", n)}
	return w
}

// beginAtOnce is an attempt that the provider takes, with no time between. notice is
// a notification that is stored and acknowledged likewise.
func (m *model) beginAtOnce(w modelState, _ int) modelState {
	n := int(w.numbers)
	if n >= m.attempts {
		return w
	}
	w, ok := m.insert(w, n)
	if !ok {
		return w
	}
	w.numbers++
	w.orders[n].state = orderNotPaid
	w, _ = m.commit(w, "accept", n, func(l *pay.Ledger) error {
		l.Accept(ids[n], pay.Action{Kind: pay.ActionQRCode}, w.now())
		return nil
	})
	return w
}

func (m *model) notice(w modelState, n int) modelState {
	if w.orders[n].state == orderPaid {
		w, _ = m.apply(w, n, evidence(n, pay.SourceNotification, pay.OutcomePaid))
	}
	return w
}

// applyReturned is the ledger's Apply, with the mistakes that concern refunds.
func (m *model) applyReturned(l *pay.Ledger, ev pay.Evidence, now time.Time) error {
	if ev.Returned == nil {
		return l.Apply(ev, now)
	}
	r := *ev.Returned
	ev.Returned = &r
	if m.dropReturned {
		ev.Returned = nil
	}
	if m.abnormalIsFinal && r.Failure == pay.FailurePayerAccount {
		r.Status = pay.RefundFailed
	}
	err := l.Apply(ev, now)
	if a := l.AttemptByNumber(ev.Provider, ev.Account, ev.OutTradeNo); m.countTwice && err == nil && r.Total == price {
		l.Refunds = append(l.Refunds, pay.Refund{
			ID: "again" + a.ID, AttemptID: a.ID, Amount: price, Origin: pay.RefundByProvider, Status: pay.RefundSucceeded,
		})
	}
	return err
}

// ended holds what must be true at the end: of the payments without any bill, and of
// the refunds once the bills have come, which tell of everything, and people have
// done what waits for them.
func (m *model) ended(w modelState) error {
	if err := w.learned(); err != nil {
		return err
	}
	for n, o := range w.orders {
		w = m.unstickRefund(w, n)
		if o.state == orderPaid && w.orders[n].returned > 0 {
			w, _ = m.apply(w, n, w.refundWord(n, pay.SourceBill))
		}
	}
	for n := range m.attempts {
		w = m.recordByHand(m.sweep(w), n)
	}
	if err := m.check(w); err != nil {
		return err
	}
	return w.settled()
}

// recordByHand acts as a person where a surplus could not be given back: they
// send it by bank, and record that.
func (m *model) recordByHand(w modelState, n int) modelState {
	at := slices.IndexFunc(w.ledger.Refunds, func(r pay.Refund) bool { return r.AttemptID == ids[n] && w.ledger.NeedsPerson(&r) })
	if at < 0 {
		return w
	}
	r := w.ledger.Refunds[at]
	recorded, ok := m.commit(w, "record by hand", n, func(l *pay.Ledger) error {
		return l.RecordRefund(pay.Refund{ID: "h" + ids[n], AttemptID: ids[n], Amount: r.Amount, Author: "ann", Note: "by bank"}, r.ID, w.now())
	})
	if ok {
		recorded.orders[n].returned++
	}
	return recorded
}

// returnedIsKnown is I11.
func (w modelState) returnedIsKnown() error {
	for n, o := range w.orders {
		var known int64
		for _, r := range w.ledger.Refunds {
			if r.AttemptID == ids[n] && r.Status == pay.RefundSucceeded {
				known += r.Amount.Value
			}
		}
		if known != int64(o.returned)*price.Value {
			return fmt.Errorf("I11: %d of payment %d went back, the ledger knows of %d", int64(o.returned)*price.Value, n, known)
		}
	}
	return nil
}
