package checkout_test

import (
	"errors"
	"testing"

	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/pay"
)

func (fx *fixture) desk() *desk.Desk {
	ledgers := fx.Stores().Ledgers
	return desk.New(desk.Config{Store: ledgers, Books: ledgers, Accounts: fx.Accounts(), Recorder: fx.Service().Recorder(), Now: fx.Now})
}

func (fx *fixture) resolve(id string, r checkout.Resolution) (checkout.Quarantined, error) {
	return fx.desk().Resolve(fx.ctx(), id, desk.Decision{Resolution: r, Author: "ann", Note: "seen at the provider"})
}

// falsify changes our books behind the service's back.
func (fx *fixture) falsify(id string, f func(*pay.Ledger)) {
	fx.tb.Helper()
	_, err := fx.Stores().Ledgers.Update(fx.ctx(), id, func(l *pay.Ledger) error {
		f(l)
		return nil
	})
	fx.must(err)
}

// A payment by another application id is the session's if a person says so, and
// then it is booked like any other: event, message, evidence.
func TestAcceptFromTheDesk(t *testing.T) {
	fx := newFixture(t)
	id := fx.open()
	a := fx.choose(id, wechat, pay.RailQR)
	fx.falsify(id, func(l *pay.Ledger) { l.Attempts[0].App = "wx of last year" })
	fx.pay(a)
	fx.next()
	list := fx.quarantined()
	if len(list) != 1 || list[0].Merchant == "" {
		t.Fatalf("quarantined %+v", list)
	}
	for range 2 { // at once, by two people
		q, err := fx.resolve(list[0].ID, checkout.ResolveAccept)
		if err != nil && pay.CodeOf(err) != pay.CodeConflict {
			t.Fatal(err)
		}
		if q.Resolution != checkout.ResolveAccept || q.Status != checkout.QuarantineResolved {
			t.Errorf("the entry is %s: %s", q.Status, q.Resolution)
		}
	}
	l := fx.ledger(id)
	if l.Session.Status != pay.SessionPaid || l.Session.Winner != a.ID || l.Attempts[0].Reference == "" {
		t.Errorf("the session is %s: %+v", l.Session.Status, l.Attempts[0])
	}
	if n, m := fx.count(id, pay.EventSessionPaid), fx.messages(id); n != 1 || m != 1 {
		t.Errorf("%d paid events, %d messages", n, m)
	}
}

// What a person has accepted in vain stays open, and nothing is booked.
func TestAcceptOfAnotherSum(t *testing.T) {
	fx := newFixture(t)
	id := fx.open()
	a := fx.choose(id, wechat, pay.RailQR)
	fx.inject("notify-wrong-amount", 1)
	fx.pay(a)
	fx.next()
	fx.unchanged(id, func() {
		_, err := fx.resolve(fx.quarantined()[0].ID, checkout.ResolveAccept)
		if e, ok := errors.AsType[*pay.Error](err); !ok || e.Code != pay.CodeConflict || e.Field != "amount" {
			t.Errorf("accepted: %v", err)
		}
	})
	if q := fx.quarantined()[0]; q.Status != checkout.QuarantineOpen || q.Author != "" {
		t.Errorf("the entry is %+v", q)
	}
}

// A payment of which an unknown part went back is booked, and a person is asked
// until it is known how much.
func TestReturnedUnknownIsOnTheDesk(t *testing.T) {
	fx := newFixture(t)
	id := fx.paidSession(wechat)
	a := fx.ledger(id).Attempts[0]
	acc := fx.Accounts().Named(a.Provider, a.Account)
	says := func(ev pay.Evidence) {
		t.Helper()
		ev.Account, ev.OutTradeNo, ev.Source = a.Account, a.OutTradeNo, pay.SourceQuery
		if _, err := fx.Service().Recorder().Apply(fx.ctx(), acc, ev); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		says(pay.Evidence{ID: "q1", Outcome: pay.OutcomePaid, Amount: a.Amount, Reference: a.Reference, PaidAt: a.PaidAt, Returned: &pay.Returned{Unknown: true}})
	}
	list := fx.quarantined()
	if len(list) != 1 || list[0].Reason != checkout.ReasonReturnedUnknown || list[0].Status != checkout.QuarantineOpen {
		t.Fatalf("on the desk: %+v", list)
	}
	says(pay.Evidence{ID: "q2", Outcome: pay.OutcomeRefund, Returned: &pay.Returned{
		Number: "console1", Status: pay.RefundSucceeded, Amount: pay.Money{Currency: "CNY", Value: 1000},
	}})
	if q := fx.quarantined()[0]; q.Status != checkout.QuarantineResolved || fx.ledger(id).Attempts[0].ReturnedUnknown {
		t.Errorf("when it is known: %+v", q)
	}
}
