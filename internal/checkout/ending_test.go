package checkout_test

import (
	"fmt"
	"testing"
	"time"

	"morepay/internal/harness"
	"morepay/internal/needs"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/providersim"
)

// methods are a way to pay in each wallet of which the simulator knows faults.
var methods = map[providersim.Wallet]way{
	providersim.WeChat: {wechat, pay.RailQR}, providersim.Alipay: {alipay, pay.RailQR}, providersim.MerchantLink: {"jd_pay", pay.RailRedirect},
	providersim.UnionPay: {unionpay, pay.RailRedirect},
}

// courses are the stories of the faults that need something else than a payer
// who pays: somebody who wants their money back, or a session that is over
// first.
var courses = map[string]func(*fixture, way, providersim.Fault){
	"close-race": (*fixture).overFirst, "close-202": (*fixture).overFirst, "cancel-race": (*fixture).overFirst,
	"closed-notice":   (*fixture).closedByNotice,
	"declined":        (*fixture).declinedFirst,
	"refund-abnormal": (*fixture).refundedUnder, "abnormal-then-success": (*fixture).refundedUnder,
	"unknown-trade-state": (*fixture).asksOn,
}

// TestFaultsEnd: whatever the providers do wrong, the service comes to the end
// that the fault's row names, and its books to what the provider's are.
func TestFaultsEnd(t *testing.T) {
	t.Parallel()
	needs.Time(t)
	for _, fault := range providersim.Faults() {
		for wallet, w := range methods {
			if !fault.Concerns(wallet) || wallet == providersim.UnionPay && fault.Ends == providersim.EndsRefused {
				continue // an order by UnionPay's web page is refused there, before the payer's eyes
			}
			t.Run(fault.Name+"-"+string(w.method), func(t *testing.T) {
				course := courses[fault.Name]
				if course == nil {
					course = (*fixture).paidUnder
				}
				fx := newFixture(t)
				if wallet == providersim.UnionPay {
					fx.atUnionPay()
				}
				course(fx, w, fault)
			})
		}
	}
}

// paidUnder lets the fault strike the order, then the payment, then a question about
// one that was not told of, then a refund.
func (fx *fixture) paidUnder(w way, fault providersim.Fault) {
	id := fx.open()
	fx.inject(fault.Name, 1)
	_, err := fx.Choose(fx.ctx(), id, w.method, w.rail)
	if fault.Ends == providersim.EndsRefused {
		if err != nil { // else the next rail of the method is shown in place
			fx.code(err, pay.CodeProviderRefused, "", "a refusal")
		}
		if a := fx.ledger(id).Attempts[0]; a.State != pay.AttemptFailed {
			fx.tb.Errorf("a refused attempt is %s", a.State)
		}
		fx.agrees(id)
		return
	}
	fx.must(err)
	fx.payShown(id)
	l := fx.settle(id, "paid", func(l *pay.Ledger) bool { return l.Session.Status.Paid() })
	if fault.Ends == providersim.EndsReturned {
		fx.await(id, "given back", fx.allExplained)
		fx.agrees(id)
		return
	}
	fx.agrees(id)
	fx.Sim.Calm()
	if fx.refunder(l.Attempts[0]) != nil {
		fx.inject(fault.Name, 1)
		r, err := fx.refund(id, cny(1000))
		fx.must(err)
		l = fx.settle(id, "refunded", func(l *pay.Ledger) bool { return l.Refund(r.ID).Status != pay.RefundPending })
		fx.agrees(id)
		if failed := l.Refund(r.ID).Status == pay.RefundFailed; failed != (fault.Name == "unknown-code") {
			fx.tb.Errorf("the refund is %+v", l.Refund(r.ID)) // an answer that nobody knows, and no such refund
		}
	}

	fx.Sim.Calm()
	untold := fx.open()
	fx.inject("notify-never", 1)
	fx.pay(fx.choose(untold, w.method, w.rail))
	fx.inject(fault.Name, 1)
	fx.settle(untold, "found to be paid", func(l *pay.Ledger) bool { return l.Session.Status.Paid() })
	fx.agrees(untold)
}

// declinedFirst has the wallet decline, of which nobody is told, and then not.
func (fx *fixture) declinedFirst(w way, fault providersim.Fault) {
	id := fx.open()
	a := fx.choose(id, w.method, w.rail)
	fx.postForm(a)
	fx.inject(fault.Name, 1)
	if err := fx.Approve(&a); err == nil {
		fx.tb.Error("the wallet did not decline")
	}
	if l := fx.ledger(id); l.Session.Status != pay.SessionOpen || !l.Attempts[0].State.Payable() {
		fx.tb.Errorf("the session is %s, the attempt %s", l.Session.Status, l.Attempts[0].State)
	}
	fx.payShown(id)
	fx.settle(id, "paid", func(l *pay.Ledger) bool { return l.Session.Status.Paid() })
	fx.agrees(id)
}

// payShown has the payer do what the page says, as soon as it says something.
func (fx *fixture) payShown(id string) {
	fx.tb.Helper()
	for range 20 {
		a := fx.ledger(id).Attempts[0]
		if !a.State.Payable() {
			return // the payer was faster than the reply
		}
		if a.Action != nil {
			fx.follow(a)
			return
		}
		fx.later(time.Second)
	}
	fx.tb.Fatalf("the payer was never shown how to pay: %+v", fx.ledger(id).Attempts)
}

// follow pays by what the payer is shown, and by nothing else.
func (fx *fixture) follow(a pay.Attempt) {
	fx.tb.Helper()
	if a.Action.Kind != pay.ActionQRCode {
		fx.reachWallet(a)
		fx.pay(a)
		return
	}
	p, err := fx.Sim.Scan(providersim.Ming, a.Action.Payload, providersim.ByCamera)
	fx.must(err)
	if p.Number != a.OutTradeNo {
		fx.tb.Errorf("the code is of order %s, the attempt of %s", p.Number, a.OutTradeNo)
	}
	_, err = fx.Sim.Approve(providersim.Ming, p.ID)
	fx.must(err)
}

// overFirst has the session end, and the payer pay while its order is being closed or
// after that was put off.
func (fx *fixture) overFirst(w way, fault providersim.Fault) {
	id := fx.open()
	a := fx.choose(id, w.method, w.rail)
	_, err := fx.Service().Cancel(fx.ctx(), harness.Merchant, id)
	fx.must(err)
	if fault.Name != "cancel-race" { // which strikes a code that nobody has scanned
		_, err := fx.Sim.Scan(providersim.Ming, a.Action.Payload, providersim.ByCamera)
		fx.must(err)
	}
	fx.inject("notify-never", 1)
	fx.inject(fault.Name, 1)
	fx.later(pay.CloseDelay)
	if got := fx.ledger(id).Attempts[0].State; got == pay.AttemptClosed {
		fx.tb.Fatalf("the attempt is closed, its order is not")
	}
	if fx.order(a.OutTradeNo).State == "unpaid" {
		fx.pay(a)
	}
	fx.settle(id, "paid late", func(l *pay.Ledger) bool {
		return l.Session.Status == pay.SessionPaidLate && fx.allExplained(l)
	})
	fx.agrees(id)
}

// closedByNotice has the provider tell of an order that ended unpaid.
func (fx *fixture) closedByNotice(_ way, fault providersim.Fault) {
	id := fx.open()
	a := fx.choose(id, alipay, pay.RailDeepLink)
	fx.reachWallet(a)
	_, err := fx.Sim.Cancel(providersim.Ming, a.OutTradeNo)
	fx.must(err)
	fx.inject(fault.Name, 1)
	fx.Advance(31 * time.Minute)
	if got := fx.next().status; got/100 != 2 {
		fx.tb.Errorf("the notice was answered %d", got)
	}
	if got := fx.ledger(id).Attempts[0].State; got != pay.AttemptClosed {
		fx.tb.Errorf("the attempt is %s", got)
	}
	fx.agrees(id)
}

// refundedUnder lets the fault strike a refund.
func (fx *fixture) refundedUnder(w way, fault providersim.Fault) {
	id := fx.open()
	fx.pay(fx.choose(id, w.method, w.rail))
	fx.awaitStatus(id, pay.SessionPaid)
	fx.inject(fault.Name, 1)
	r, err := fx.refund(id, cny(2000))
	fx.must(err)
	if fault.Ends == providersim.EndsPaid {
		fx.settle(id, "refunded", func(l *pay.Ledger) bool { return l.Refund(r.ID).Status == pay.RefundSucceeded })
		fx.agrees(id)
		return
	}
	stuck := func(l *pay.Ledger) bool { return l.Refund(r.ID).Failure != "" }
	l := fx.settle(id, "stuck", stuck)
	fx.later(24 * time.Hour)
	if got := fx.ledger(id).Refund(r.ID); got.Status == pay.RefundSucceeded || got.Failure != l.Refund(r.ID).Failure {
		fx.tb.Errorf("a day later the refund is %s: %s", got.Status, got.Failure)
	}
}

// asksOn lets a provider speak in riddles: nothing is decided by them.
func (fx *fixture) asksOn(w way, fault providersim.Fault) {
	id := fx.open()
	a := fx.choose(id, w.method, w.rail)
	fx.inject("notify-never", 1)
	fx.pay(a)
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: fault.Name, Percent: 100}))
	for range 5 {
		fx.later(time.Minute)
		if l := fx.ledger(id); l.Session.Status != pay.SessionOpen || !l.Attempts[0].State.Payable() || l.Due().IsZero() {
			fx.tb.Fatalf("the session is %s, the attempt %s", l.Session.Status, l.Attempts[0].State)
		}
	}
	fx.Sim.Calm()
	fx.settle(id, "paid", func(l *pay.Ledger) bool { return l.Session.Status.Paid() })
	fx.agrees(id)
}

// allExplained reports whether we know of all that went back of the first attempt.
func (fx *fixture) allExplained(l *pay.Ledger) bool {
	return explained(l, l.Attempts[0]) == fx.order(l.Attempts[0].OutTradeNo).Returned
}

// explained returns the sum that went back of an attempt by our books, arrived
// or on its way.
func explained(l *pay.Ledger, a pay.Attempt) (value int64) {
	for _, r := range l.Refunds {
		if r.AttemptID == a.ID && r.Status != pay.RefundFailed {
			value += r.Amount.Value
		}
	}
	return value
}

// disagreement says where our books differ from the provider's about an attempt, ""
// for nowhere: money is there if and only if we say so, and as much of it went back
// as we say.
func (fx *fixture) disagreement(l *pay.Ledger, a pay.Attempt) string {
	o := fx.order(a.OutTradeNo)
	problem := misheard(o, a)
	switch {
	case o == nil || problem != "":
		return problem
	case o.Fen != a.Amount.Value:
		return fmt.Sprintf("I5: the provider took %d, we wanted %s", o.Fen, a.Amount)
	case fx.refunder(a) == nil:
		return "" // a person refunds at the merchant's own cashier
	case explained(l, a) != o.Returned:
		return fmt.Sprintf("I11: %d of attempt %s went back, our books say %d: %+v", o.Returned, a.ID, explained(l, a), l.Refunds)
	case a.State == pay.AttemptSurplus && o.Returned != o.Fen:
		return fmt.Sprintf("I3: %d of the second payment %s were kept", o.Fen-o.Returned, a.ID)
	}
	return ""
}

// misheard says what our side has not heard of a payment, or has made up.
func misheard(o *providersim.Payment, a pay.Attempt) string {
	if taken := o != nil && (o.State == "paid" || o.State == "refunded"); taken != a.State.Received() {
		return fmt.Sprintf("attempt %s is %s, but at the provider: %+v", a.ID, a.State, o)
	}
	return ""
}

// agrees demands that our books and the provider's say the same of a session that was
// paid once at most.
func (fx *fixture) agrees(id string) {
	fx.tb.Helper()
	l := fx.ledger(id)
	for _, a := range l.Attempts {
		if problem := fx.disagreement(l, a); problem != "" {
			fx.tb.Error(problem)
		}
	}
	if n := fx.count(id, pay.EventSessionPaid) + fx.count(id, pay.EventSessionPaidLate); l.Session.Status.Paid() != (n == 1) || n > 1 {
		fx.tb.Errorf("the session is %s after %d paid events", l.Session.Status, n)
	}
}

// refunder returns the account of an attempt, if money can be given back there.
func (fx *fixture) refunder(a pay.Attempt) provider.Refunder {
	refunder, _ := fx.Accounts().Named(a.Provider, a.Account).Provider.(provider.Refunder)
	return refunder
}
