package checkout_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// returnedBy sums what went back of a session, by who sent it.
func returnedBy(l *pay.Ledger, origin pay.RefundOrigin) (sum int64) {
	for _, r := range l.Refunds {
		if r.Origin == origin && r.Status == pay.RefundSucceeded {
			sum += r.Amount.Value
		}
	}
	return sum
}

// Our own cancel of an unscanned code may meet its payer: Alipay then gives the money
// back at once. The books say paid and given back, and the merchant hears both.
func TestCancelThatGivesBack(t *testing.T) {
	for _, lost := range []bool{false, true} { // the notification
		fx := newFixture(t)
		id := fx.open()
		fx.choose(id, alipay, pay.RailQR)
		fx.inject("cancel-race", 1)
		if lost {
			fx.inject("notify-never", 1000)
		}
		_, err := fx.Service().Cancel(fx.ctx(), fx.ledger(id).Session.Merchant, id)
		fx.must(err)
		l := fx.settle(id, "given back", func(l *pay.Ledger) bool { return returnedBy(l, pay.RefundByProvider) == fen })
		if l.Session.Status != pay.SessionPaidLate || l.Refundable(l.Attempts[0].ID).Value != 0 || len(fx.quarantined()) != 0 {
			t.Errorf("the session is %s, %v is left, quarantine %+v", l.Session.Status, l.Refundable(l.Attempts[0].ID), fx.quarantined())
		}
		if fx.count(id, pay.EventSessionPaidLate) != 1 || fx.count(id, pay.EventRefundSucceeded) != 1 {
			t.Errorf("events are %v", fx.types(id))
		}
		if _, err := fx.refund(id, nil); pay.CodeOf(err) != pay.CodeInvalid {
			t.Errorf("a refund of what went back already: %v", err)
		}
		if l = fx.ledger(id); len(l.Refunds) != 1 {
			t.Errorf("refunds are %+v", l.Refunds)
		}
	}
}

// The same after the payer had paid another way: the surplus is back already, so
// nothing is refunded, nothing fails, and nobody is called.
func TestCancelThatGivesASurplusBack(t *testing.T) {
	fx := newFixture(t)
	id := fx.open()
	code := fx.choose(id, alipay, pay.RailQR)
	won := fx.choose(id, wechat, pay.RailQR)
	fx.pay(won)
	fx.awaitStatus(id, pay.SessionPaid)
	fx.inject("cancel-race", 1)
	fx.inject("notify-never", 1000)
	l := fx.settle(id, "given back", func(l *pay.Ledger) bool { return returnedBy(l, pay.RefundByProvider) == fen })
	if l.Session.Winner != won.ID || l.Attempt(code.ID).State != pay.AttemptSurplus || len(l.Refunds) != 1 || fx.count(id, pay.EventRefundFailed) != 0 {
		t.Errorf("winner %s, refunds %+v, events %v", l.Session.Winner, l.Refunds, fx.types(id))
	}
	if fx.calls(code.OutTradeNo, "alipay.trade.refund") != 0 {
		t.Error("a refund was sent for what had gone back")
	}
}

// The first news is of a refund that somebody made in the company's console.
func TestRefundIsTheFirstNews(t *testing.T) {
	for _, m := range []pay.Method{wechat, alipay} {
		t.Run(string(m), func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			a := fx.choose(id, m, pay.RailQR)
			fx.inject("refund-notice-first", 1)
			fx.pay(a)
			l := fx.await(id, "given back", func(l *pay.Ledger) bool { return returnedBy(l, pay.RefundByProvider) == fen })
			if l.Session.Status != pay.SessionPaid || l.Refundable(a.ID).Value != 0 {
				t.Errorf("the session is %s, %v is left", l.Session.Status, l.Refundable(a.ID))
			}
			if fx.count(id, pay.EventSessionPaid) != 1 || fx.count(id, pay.EventRefundSucceeded) != 1 {
				t.Errorf("events are %v", fx.types(id))
			}
		})
	}
}

// Half of a payment is given back in the console: the rest is what a merchant can
// refund, and our own refund is not counted twice.
func TestRefundInTheConsole(t *testing.T) {
	for _, m := range []pay.Method{wechat, alipay} {
		t.Run(string(m), func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			a := fx.choose(id, m, pay.RailQR)
			fx.inject("console-refund", 1)
			fx.pay(a)
			l := fx.await(id, "half given back", func(l *pay.Ledger) bool { return returnedBy(l, pay.RefundByProvider) == fen/2 })
			if left := l.Refundable(a.ID).Value; left != fen-fen/2 {
				t.Errorf("%d is left", left)
			}
			_, err := fx.refund(id, cny(1000))
			fx.must(err)
			fx.settle(id, "refunded", func(l *pay.Ledger) bool { return returnedBy(l, pay.RefundByMerchant) == 1000 })
			fx.later(time.Hour)
			if l := fx.ledger(id); len(l.Refunds) != 2 || l.Refundable(a.ID).Value != fen-fen/2-1000 || len(fx.unresolved()) != 0 {
				t.Errorf("refunds are %+v, quarantine %+v", l.Refunds, fx.unresolved())
			}
		})
	}
}

// A refund that the payer's account could not take, and that arrives once somebody
// has named another account.
func TestAbnormalThenSuccess(t *testing.T) {
	fx := newFixture(t)
	id := fx.paidSession(wechat)
	fx.inject("abnormal-then-success", 1)
	_, err := fx.refund(id, cny(2000))
	fx.must(err)
	l := fx.settle(id, "refunded", allRefunded)
	if len(l.Refunds) != 1 || fx.count(id, pay.EventRefundFailed) != 0 || fx.count(id, pay.EventRefundSucceeded) != 1 {
		t.Errorf("refunds are %+v, events %v", l.Refunds, fx.types(id))
	}
	if got := fx.refundedAtProvider(l.Attempts[0]); got != 2000 {
		t.Errorf("the provider gave %d back", got)
	}
}

// A close that is answered "the payer is paying" has closed nothing.
func TestCloseWhilePaying(t *testing.T) {
	fx := newFixture(t)
	id := fx.open()
	a := fx.choose(id, wechat, pay.RailQR)
	fx.inject("close-202", 1)
	fx.inject("notify-never", 1000)
	_, err := fx.Service().Cancel(fx.ctx(), fx.ledger(id).Session.Merchant, id)
	fx.must(err)
	fx.later(pay.CloseDelay + time.Second)
	if state := fx.ledger(id).Attempt(a.ID).State; state == pay.AttemptClosed {
		t.Fatalf("the attempt is %s", state)
	}
	fx.pay(a)
	fx.settle(id, "paid late", func(l *pay.Ledger) bool { return l.Session.Status == pay.SessionPaidLate })
}

// contradictory is a provider that tells of a refund, and knows of no payment when it
// is asked.
type contradictory struct {
	provider.Provider
	notice, answer pay.Evidence
	asked          *provider.QueryOrder
}

func (c contradictory) Notification(http.Header, []byte) (pay.Evidence, error) { return c.notice, nil }

func (c contradictory) Query(_ context.Context, q provider.QueryOrder) (pay.Evidence, error) {
	*c.asked = q
	return c.answer, nil
}

// A refund of a payment that the provider itself does not know is for a person, and is
// kept for one.
func TestRefundNoticeOfNoPayment(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	a := fx.choose(id, wechat, pay.RailQR)
	said := pay.Evidence{Provider: a.Provider, Account: a.Account, App: a.App, OutTradeNo: a.OutTradeNo, Source: pay.SourceNotification}
	notice, answer := said, said
	notice.ID, notice.Outcome = "refund-1", pay.OutcomeRefund
	notice.Returned = &pay.Returned{Number: "console-1", Status: pay.RefundSucceeded, Amount: price}
	answer.ID, answer.Outcome, answer.Source = "query-1", pay.OutcomePending, pay.SourceQuery
	accounts := account.NewRegistry(nil)
	var asked provider.QueryOrder
	known := fx.Accounts().Named(a.Provider, a.Account).Provider
	fx.must(accounts.Add(harness.Merchant, a.Provider, contradictory{known, notice, answer, &asked}))
	service := checkout.New(checkout.Config{
		Store: fx.Stores().Ledgers, Accounts: accounts, Desk: fx.Stores().Ledgers, Log: slog.New(slog.DiscardHandler),
	})
	fx.unchanged(id, func() { fx.must(service.Notify(t.Context(), a.Provider, a.Account, nil, nil)) })
	if list := fx.quarantined(); len(list) != 1 || list[0].Evidence.ID != "refund-1" || !strings.Contains(list[0].Reason, "pending") {
		t.Errorf("quarantined %+v", list)
	}
	if asked.OutTradeNo != a.OutTradeNo || len(a.Request) == 0 || !bytes.Equal(asked.Request, a.Request) {
		t.Errorf("it was asked about %s as %q, want the attempt and what was ordered by it", asked.OutTradeNo, asked.Request)
	}
}
