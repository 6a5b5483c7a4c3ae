package pay_test

import (
	"fmt"
	"slices"
	"time"

	"morepay/internal/pay"
)

// The model: one session, its attempts, the provider, the messages between them
// and a process of ours that may die between any two steps. Our side is the real
// pay.Ledger; everything around it is here. Messages are weaker than any
// network: a request may arrive late or more than once while its signature is
// good, a notification may come at any time after the payment, any number of
// times or never, and every reply may be lost.

// mostAttempts bounds the attempts of a modelled session.
const mostAttempts = 3

// instants are the moments that differ for the rules. In between, time makes no
// difference: the attempts of a session are begun at the first two.
var instants = []time.Duration{
	0,
	pay.CloseDelay + time.Second, // requests sent at 0 can't arrive any more, orders made at 0 may be closed
	sessionLife,                  // expired, while requests sent a minute ago may still arrive
	2*pay.CloseDelay + 2*time.Second,
	sessionLife + pay.CloseDelay + time.Second,                      // nothing may be payable any more
	sessionLife + pay.CloseDelay + pay.AbsenceDelay + 2*time.Second, // and the provider has been asked after that; stands for all later times
}

// orderState is the provider's knowledge of one out_trade_no.
type orderState int8

const (
	orderAbsent  orderState = iota
	orderOffered            // a code is out, but the order is made when it is scanned; until then it is "not found"
	orderNotPaid
	orderPaid
	orderClosed
)

// order is one payment at the provider, and our requests about it on their way.
type order struct {
	state    orderState
	sent     int8 // one more than the instant at which the request left that may still arrive; 0 for none
	returned int8 // how often the provider has given the money back

	refund  refundState // what the provider made of our refund
	asked   int8        // as sent, of our newest request for a refund
	earlier int8        // and of the newest one before that
	others  bool        // the money went back without us
}

// refundState is the provider's knowledge of our refund of a payment.
type refundState int8

const (
	refundAbsent refundState = iota
	refundStuck              // the payer's account can't take it: a person must name another
	refundDone
)

// startStep is the progress of the handler that sends one attempt's request.
type startStep int8

const (
	startIdle      startStep = iota
	startCommitted           // the attempt is stored, the request has not left
	startSent                // the provider's reply may be here, but is not stored
	startSentAgain           // the same, and an earlier request may have been taken or may still arrive
	startRefused             // the reply is here: a refusal
)

// task is other work of our process under way, about one payment.
type task struct {
	kind taskKind
	n    int8
}

type taskKind int8

const (
	taskNone     taskKind = iota
	taskNotice            // a notification is half dealt with: stored, to be acknowledged
	taskAbsent            // a query said "not found", and that is not applied yet
	taskReturned          // as taskNotice, of a notice of a refund
)

// modelState is one state of the model. States are equal if nothing tells them apart.
type modelState struct {
	ledger   *pay.Ledger // as committed; shared between states, never changed in place
	paid     int8        // paid events so far
	evidence uint8       // bit n: evidence of payment n is durable
	clock    int8        // index into instants
	numbers  int8        // out_trade_nos given out
	orders   [mostAttempts]order

	// What our process holds in memory, and loses when it dies.
	starts [mostAttempts]startStep
	task   task

	fault *fault // a rule that the step to here broke, or an earlier one
}

// fault is an error behind a pointer: comparing states stays cheap.
type fault struct{ error }

func (w modelState) now() time.Time { return opened.Add(instants[w.clock]) }

func (w modelState) lastInstant() bool { return int(w.clock) == len(instants)-1 }

// attempt is the stored attempt of payment n, nil if there is none.
func (w modelState) attempt(n int) *pay.Attempt { return w.ledger.Attempt(ids[n]) }

// payable reports whether the provider would take money now. Whoever has seen
// an order can pay it; an offered one only takes a payer who was shown the
// code.
func (m *model) payable(w modelState, n int) bool {
	if w.now().After(m.timeExpire()) {
		return false
	}
	a := w.attempt(n)
	shown := a != nil && a.Action != nil
	return w.orders[n].state == orderNotPaid || w.orders[n].state == orderOffered && shown
}

// rule is a kind of step: what may happen in a state, to payment n. Where it
// can't happen it changes nothing.
type rule struct {
	text string // with the payment's number for %d, if it is about one
	do   func(m *model, w modelState, n int) modelState
	rare bool  // in random walks: it ends too much to be taken as often as others
	only scene // the one scene in which it may happen; 0 for each
}

// scene is a part of what may happen, small enough to visit all that can follow.
type scene int8

const (
	everywhere scene = iota
	paying           // payers go to and fro, and providers refuse
	returning        // money goes back, by anybody's hand
	inviting         // as paying, and attempt 1 is a friend's, by a link that may be taken back
)

// rules is everything that may happen in the model. Those about the session
// itself ignore n.
var rules = []rule{
	{text: "payer pays order %d", do: (*model).payOrder},
	{text: "service asks about order %d", do: (*model).query},
	{text: "service closes order %d, the reply is lost", do: (*model).closeOrder},
	{text: "service closes order %d and stores it", do: (*model).closeAndStore},
	{text: "merchant refunds payment %d", do: (*model).merchantRefund},
	{text: "merchant cancels the session", do: (*model).cancel, rare: true},
	{text: "service expires the session", do: (*model).expire, rare: true},
	{text: "time passes", do: (*model).tick, rare: true},

	{text: "payer begins another attempt", do: (*model).begin, only: paying},
	{text: "payer comes back to attempt %d", do: (*model).resume, only: paying},
	{text: "service sends attempt %d again by itself", do: (*model).resend, only: paying},
	{text: "service sends the request of attempt %d", do: (*model).send, only: paying},
	{text: "provider takes order %d", do: arrive(orderNotPaid), only: paying},
	{text: "provider makes a code for order %d", do: arrive(orderOffered), only: paying},
	{text: "provider refuses the request of attempt %d", do: (*model).refuse, only: paying},
	{text: "service stores the reply to attempt %d", do: (*model).storeReply, only: paying},
	{text: "service stores a notification of payment %d", do: (*model).storeNotice, only: paying},
	{text: "service acknowledges a notification of payment %d", do: (*model).acknowledge, only: paying},
	{text: "service applies that order %d was not found", do: (*model).applyAbsence, only: paying},
	{text: "service asks to refund payment %d, the reply is lost", do: (*model).refundAtOnce, only: paying},
	{text: "service asks to refund payment %d and stores it", do: (*model).refund, only: paying},
	{text: "our process dies", do: (*model).crash, only: paying, rare: true},

	{text: "payer takes the friend's link back", do: (*model).revoke, only: inviting},

	{text: "payer begins another attempt, which the provider takes", do: (*model).beginAtOnce, only: returning},
	{text: "service is notified of payment %d", do: (*model).notice, only: returning},
	{text: "service asks to refund payment %d", do: (*model).sendRefund, only: returning},
	{text: "provider refunds payment %d", do: (*model).makeRefund, only: returning},
	{text: "provider refuses to refund payment %d", do: (*model).refuseRefund, only: returning},
	{text: "service hears of the refund of payment %d", do: (*model).hearRefund, only: returning},
	{text: "provider takes the refund of payment %d, and the payer's bank refuses", do: (*model).stickRefund, only: returning},
	{text: "somebody names another account for the refund of payment %d", do: (*model).unstickRefund, only: returning},
	{text: "somebody gives payment %d back in the console", do: (*model).consoleRefund, only: returning},
	{text: "service cancels order %d, which was just paid, the reply is lost", do: (*model).cancelOrder, only: returning},
	{text: "service cancels order %d, which was just paid, and stores it", do: (*model).cancelAndStore, only: returning},
	{text: "service is notified of the refund of payment %d", do: (*model).refundNotice, only: returning},
	{text: "service is notified of all that went back of payment %d", do: (*model).totalNotice, only: returning},
}

// arrive is the arrival of our request at the provider. Its reply can be here
// from then on, or never come. A repeat changes nothing: same number, same bytes.
func arrive(becomes orderState) func(*model, modelState, int) modelState {
	return func(_ *model, w modelState, n int) modelState {
		if o := &w.orders[n]; o.sent > 0 && o.state == orderAbsent {
			o.state = becomes
		}
		return w
	}
}

// refuse answers our newest request with a refusal, which says nothing about an
// earlier one.
func (m *model) refuse(w modelState, n int) modelState {
	o := &w.orders[n]
	switch {
	case o.sent == 0:
	case w.starts[n] == startSentAgain:
		w.starts[n] = startRefused
	case w.starts[n] == startSent && o.state == orderAbsent:
		w.starts[n], o.sent = startRefused, 0
	}
	return w
}

func (m *model) payOrder(w modelState, n int) modelState {
	if m.payable(w, n) {
		w.orders[n].state = orderPaid
	}
	return w
}

func (m *model) crash(w modelState, _ int) modelState {
	w.starts, w.task = [mostAttempts]startStep{}, task{}
	return w
}

// tick moves on to the next instant. No step of ours lasts that long: provider
// calls end after eight seconds, and instants are 59 or more apart. The provider
// takes no request whose signature is older than five minutes.
func (m *model) tick(w modelState, _ int) modelState {
	if w.lastInstant() {
		return w
	}
	w.clock++
	if m.scene == returning && w.clock > 1 {
		w.clock = int8(len(instants) - 1) // what lies between makes no difference to refunds
	}
	for n := range w.orders {
		o := &w.orders[n]
		for _, sent := range []*int8{&o.sent, &o.asked, &o.earlier} {
			if *sent > 0 && instants[w.clock]-instants[*sent-1] > pay.CloseDelay {
				*sent = 0
			}
		}
	}
	return m.crash(w, 0)
}

// check holds what must be true of every state, and of the step to it.
func (m *model) check(w modelState) error {
	if w.fault != nil {
		return w.fault
	}
	for n, o := range w.orders {
		if o.returned > 1 {
			return fmt.Errorf("I10: payment %d was given back %d times", n, o.returned)
		}
		if w.now().After(latest) && m.payable(w, n) {
			return fmt.Errorf("I7: order %d can be paid %v after the session expired", n, instants[w.clock]-sessionLife)
		}
	}
	return checkLedger(w.ledger, int(w.paid))
}

// learned holds what must be true once all is asked about: our side knows of every
// payment.
func (w modelState) learned() error {
	received := 0
	for n, o := range w.orders {
		if o.state != orderPaid {
			continue
		}
		received++
		if a := w.attempt(n); a == nil || !a.State.Received() {
			return fmt.Errorf("money: payment %d stays with the provider, and the ledger never learns of it", n)
		}
	}
	if status := w.ledger.Session.Status; (received > 0) != status.Paid() {
		return fmt.Errorf("money: %d payments were made, the session is %s", received, status)
	}
	return nil
}

// settled holds what must be true once everything that will happen has happened.
func (w modelState) settled() error {
	received, kept := 0, 0
	for _, o := range w.orders {
		if o.state == orderPaid {
			received++
			kept += 1 - int(o.returned)
		}
	}
	status := w.ledger.Session.Status
	switch {
	case kept > 1:
		return fmt.Errorf("I3: %d payments are kept", kept)
	case kept < min(received, 1) && !w.refundedByMerchant() && !w.refundedByOthers():
		return fmt.Errorf("I3: every payment was given back, and nobody asked for that")
	case status == pay.SessionOpen || !w.ledger.Due().IsZero():
		return fmt.Errorf("unsettled: the session is %s and due at %v", status, w.ledger.Due())
	}
	return w.returnedIsKnown()
}

func (w modelState) refundedByMerchant() bool {
	return slices.ContainsFunc(w.ledger.Refunds, func(r pay.Refund) bool { return r.Origin == pay.RefundByMerchant })
}

func (w modelState) refundedByOthers() bool {
	return slices.ContainsFunc(w.orders[:], func(o order) bool { return o.others })
}
