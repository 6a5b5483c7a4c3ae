package checkout_test

import (
	"errors"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

func (fx *fixture) desk() *desk.Desk {
	ledgers := fx.Stores().Ledgers
	return desk.New(desk.Config{Store: ledgers, Books: ledgers, Accounts: fx.Accounts(), Recorder: fx.Service().Recorder(), Now: fx.Now, Log: fx.Log})
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

// lose has the server forget everything, as if the database were lost: what
// providers say of it is for the desk.
func (fx *fixture) lose() {
	fx.tb.Helper()
	fx.Data = fx.tb.TempDir()
	fx.must(fx.Restart())
}

// followed moves the clock on, following what the desk has decided, until an entry
// is no longer being refunded.
func (fx *fixture) followed(id string) checkout.Quarantined {
	fx.tb.Helper()
	for range 20 {
		q, err := fx.desk().Entry(fx.ctx(), id)
		fx.must(err)
		if q.Status != checkout.QuarantineRefunding {
			return q
		}
		fx.Service().FollowDeskOnce(fx.ctx())
		fx.Advance(5 * time.Minute)
	}
	fx.tb.Fatal("it is refunding for ever")
	return checkout.Quarantined{}
}

// A payment that is nobody's goes back once, whoever says so how often, and over a
// crash.
func TestRefundFromTheDesk(t *testing.T) {
	for _, m := range []pay.Method{wechat, alipay} {
		t.Run(string(m), func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			a := fx.choose(id, m, pay.RailQR)
			fx.inject("notify-never", 1)
			fx.pay(a)
			fx.lose()
			// What the provider answers when it is asked, and what it tells by itself.
			acc := fx.Accounts().Named(a.Provider, a.Account)
			for range 2 {
				ev, err := acc.Provider.Query(fx.ctx(), provider.QueryOrder{OutTradeNo: a.OutTradeNo})
				fx.must(err)
				_, err = fx.Service().Recorder().Apply(fx.ctx(), acc, ev)
				fx.must(err)
				ev.ID, ev.Source = "told", pay.SourceNotification
				_, err = fx.Service().Recorder().Apply(fx.ctx(), acc, ev)
				fx.must(err)
			}
			list := fx.quarantined()
			if len(list) != 2 {
				t.Fatalf("quarantined %+v", list)
			}
			q, err := fx.resolve(list[0].ID, checkout.ResolveRefund)
			fx.must(err)
			if q.Status != checkout.QuarantineRefunding || q.Refund.Amount != price || q.Refund.Number == "" {
				t.Errorf("decided: %+v", q)
			}
			if other, err := fx.desk().Entry(fx.ctx(), list[1].ID); err != nil || other.Status != checkout.QuarantineResolved {
				t.Errorf("the other entry about it is %s, %v", other.Status, err)
			}
			for _, r := range checkout.Resolutions {
				if _, err := fx.resolve(list[0].ID, r); pay.CodeOf(err) != pay.CodeConflict {
					t.Errorf("%s, a second time: %v", r, err)
				}
			}
			fx.crashAt(checkout.PointRefundAnswered, func() { fx.Service().FollowDeskOnce(fx.ctx()) })
			if q = fx.followed(q.ID); q.Status != checkout.QuarantineResolved || q.Resolution != checkout.ResolveRefund || q.ResolvedAt.IsZero() {
				t.Errorf("in the end it is %+v, its refund %+v", q, q.Refund)
			}
			if o := fx.order(a.OutTradeNo); o.State != "refunded" {
				t.Errorf("at the provider it is %+v", o)
			}
			for _, q := range fx.quarantined() {
				if q.Status != checkout.QuarantineResolved {
					t.Errorf("still on the desk: %s, %s, returned %+v", q.Reason, q.Evidence.Source, q.Evidence.Returned)
				}
			}
		})
	}
}

// What the books know is given back through them, and nobody gives back what the
// evidence does not say was paid.
func TestRefundThatTheDeskRefuses(t *testing.T) {
	fx := newFixture(t)
	id := fx.paidSession(wechat)
	a := fx.ledger(id).Attempts[0]
	acc := fx.Accounts().Named(a.Provider, a.Account)
	for _, c := range []struct {
		name, field string
		change      func(*pay.Evidence)
	}{
		{"paid-twice", "out_trade_no", func(ev *pay.Evidence) { ev.Reference = "another" }},
		{"closed", "outcome", func(ev *pay.Evidence) { ev.OutTradeNo, ev.Outcome, ev.Amount = "MP1", pay.OutcomeClosed, pay.Money{} }},
		{"given-back", "returned", func(ev *pay.Evidence) { ev.OutTradeNo, ev.Returned = "MP2", &pay.Returned{Total: price} }},
		{"unknown-part", "returned", func(ev *pay.Evidence) { ev.OutTradeNo, ev.Returned = "MP3", &pay.Returned{Unknown: true} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			ev := pay.Evidence{
				ID: c.name, Source: pay.SourceNotification, Account: a.Account, OutTradeNo: a.OutTradeNo,
				Outcome: pay.OutcomePaid, Amount: a.Amount, Reference: a.Reference, PaidAt: a.PaidAt,
			}
			c.change(&ev)
			_, err := fx.Service().Recorder().Apply(fx.ctx(), acc, ev)
			fx.must(err)
			var entry checkout.Quarantined
			for _, q := range fx.quarantined() {
				if q.Evidence.ID == c.name {
					entry = q
				}
			}
			_, err = fx.resolve(entry.ID, checkout.ResolveRefund)
			if e, ok := errors.AsType[*pay.Error](err); !ok || e.Code != pay.CodeConflict || e.Field != c.field {
				t.Errorf("refunding it: %v", err)
			}
		})
	}
	if got := fx.refundedAtProvider(a); got != 0 {
		t.Errorf("the provider gave %d back", got)
	}
}

// A refund that the provider refuses is open again, with its reason, and can be
// decided about anew.
func TestRefundFromTheDeskFails(t *testing.T) {
	fx := newFixture(t)
	a := fx.choose(fx.open(), wechat, pay.RailQR)
	fx.lose() // nobody has paid: there is nothing to give back
	acc := fx.Accounts().Named(a.Provider, a.Account)
	_, err := fx.Service().Recorder().Apply(fx.ctx(), acc, pay.Evidence{
		ID: "n", Source: pay.SourceNotification, Account: a.Account, OutTradeNo: a.OutTradeNo, Outcome: pay.OutcomePaid, Amount: price, Reference: "r",
	})
	fx.must(err)
	id := fx.quarantined()[0].ID
	first, err := fx.resolve(id, checkout.ResolveRefund)
	fx.must(err)
	q := fx.followed(id)
	if q.Status != checkout.QuarantineOpen || q.Refund == nil || q.Refund.Status != pay.RefundFailed || q.Refund.Failure == "" {
		t.Fatalf("after the refusal: %+v", q)
	}
	again, err := fx.resolve(id, checkout.ResolveRefund)
	fx.must(err)
	if again.Refund.Number == first.Refund.Number {
		t.Errorf("the number %s is used again", first.Refund.Number)
	}
	if fx.followed(id); t.Failed() {
		t.Fatal()
	}
	if _, err := fx.resolve(id, checkout.ResolveIgnore); err != nil {
		t.Error(err)
	}
}

// unresolved lists what is left to do at the desk.
func (fx *fixture) unresolved() (list []checkout.Quarantined) {
	fx.tb.Helper()
	for _, q := range fx.quarantined() {
		if q.Status != checkout.QuarantineResolved {
			list = append(list, q)
		}
	}
	return list
}

// However many entries there are about one payment, it goes back once.
func TestRefundOfOnePaymentHasOneNumber(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	acc := fx.Accounts().Of(harness.Merchant, "wechatpay")
	numbers := map[string]bool{}
	for _, value := range []int64{fen, fen - 1} {
		_, err := fx.Service().Recorder().Apply(fx.ctx(), acc, pay.Evidence{
			ID: "n", Source: pay.SourceNotification, Account: acc.Name(), OutTradeNo: "MP1",
			Outcome: pay.OutcomePaid, Amount: pay.Money{Currency: "CNY", Value: value}, Reference: "r",
		})
		fx.must(err)
	}
	for _, q := range fx.quarantined() {
		q, err := fx.resolve(q.ID, checkout.ResolveRefund)
		fx.must(err)
		numbers[q.Refund.Number] = true
	}
	if len(numbers) != 1 {
		t.Errorf("the payment goes back under %v", numbers)
	}
}
