package checkout_test

import (
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/providersim"
)

// cny is an amount of a refund.
func cny(fen int64) *pay.Money { return &pay.Money{Currency: "CNY", Value: fen} }

// paidSession is a session that was paid by a QR of a method.
func (w *world) paidSession(m pay.Method) string {
	w.tb.Helper()
	id := w.open()
	w.pay(w.choose(id, m, pay.RailQR))
	w.awaitStatus(id, pay.SessionPaid)
	return id
}

func (w *world) refund(id string, amount *pay.Money) (*pay.Refund, error) {
	_, r, err := w.Service().Refund(w.ctx(), harness.Merchant, id, checkout.NewRefund{Amount: amount, Reason: "late"})
	return r, err
}

// A payer who pays two ways is given one payment back, without anybody asking.
func TestSecondPaymentIsRefunded(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second way
	}{
		{"wechat-qr-and-deep-link", way{wechat, pay.RailQR}, way{wechat, pay.RailDeepLink}},
		{"wechat-and-alipay", way{wechat, pay.RailQR}, way{alipay, pay.RailQR}},
		{"alipay-and-wechat", way{alipay, pay.RailQR}, way{wechat, pay.RailDeepLink}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			id := w.open()
			first := w.choose(id, c.first.method, c.first.rail)
			second := w.choose(id, c.second.method, c.second.rail)
			w.pay(second)
			w.awaitStatus(id, pay.SessionPaid)
			w.must(w.Sim.Inject(providersim.Rule{Fault: "server-error", Next: 2})) // the refund's first tries
			w.pay(first)
			l := w.await(id, "surplus", func(l *pay.Ledger) bool { return l.Attempt(first.ID).State == pay.AttemptSurplus })
			if l.Session.Winner != second.ID || len(l.Refunds) != 1 || l.Refunds[0].Amount != price || l.Refunds[0].Origin != pay.RefundOfSurplus {
				t.Fatalf("winner %q, refunds %+v", l.Session.Winner, l.Refunds)
			}
			number := l.Refunds[0].Number
			l = w.settle(id, "refunded", allRefunded)
			if l.Refunds[0].Number != number || len(l.Refunds) != 1 {
				t.Errorf("refunds %+v, the number was %s", l.Refunds, number)
			}
			if w.order(first.OutTradeNo).State != "refunded" || w.order(second.OutTradeNo).State != "paid" {
				t.Errorf("at the provider: %s and %s", w.order(first.OutTradeNo).State, w.order(second.OutTradeNo).State)
			}
			for event, want := range map[pay.EventType]int{
				pay.EventSessionPaid: 1, pay.EventSurplus: 1, pay.EventRefundCreated: 1, pay.EventRefundSucceeded: 1, pay.EventRefundFailed: 0,
			} {
				if got := w.count(id, event); got != want {
					t.Errorf("%d events %s, want %d", got, event, want)
				}
			}
		})
	}
}

// allRefunded tells whether every refund has succeeded.
func allRefunded(l *pay.Ledger) bool {
	for _, r := range l.Refunds {
		if r.Status != pay.RefundSucceeded {
			return false
		}
	}
	return true
}

// The same refund is never sent under another number, whatever is lost.
func TestRefundIsRetried(t *testing.T) {
	for _, fault := range []string{"server-error", "rate-limited", "bad-gateway", "reply-lost", "reply-unsigned", "reply-forged"} {
		t.Run(fault, func(t *testing.T) {
			w := newWorld(t)
			id := w.paidSession(wechat)
			w.inject(fault, 3)
			r, err := w.refund(id, cny(1000))
			w.must(err)
			if r.Status == pay.RefundFailed { // it may have succeeded: a notification tells
				t.Error("an unknown outcome was taken for a refusal")
			}
			l := w.settle(id, "refunded", allRefunded)
			if got := w.refundedAtProvider(l.Attempts[0]); got != 1000 {
				t.Errorf("the provider gave %d back", got)
			}
			if !l.Due().IsZero() {
				t.Errorf("what is over is due at %v", l.Due())
			}
		})
	}
}

// refundedAtProvider is what the provider's bill says was given back of a
// payment, in fen.
func (w *world) refundedAtProvider(a pay.Attempt) (sum int64) {
	w.tb.Helper()
	for _, line := range w.bill(a) {
		if line.OutTradeNo == a.OutTradeNo && line.RefundNumber != "" {
			sum += line.Amount.Value
		}
	}
	return sum
}

// biller is the bench merchant's WeChat Pay account: Alipay's bills are not
// simulated.
func (w *world) biller() provider.Biller {
	w.tb.Helper()
	for _, a := range w.Accounts().All() {
		if b, ok := a.Provider.(provider.Biller); ok && a.Merchant == harness.Merchant {
			return b
		}
	}
	w.tb.Fatal("no account has bills")
	return nil
}

// bill is the provider's bill of the days since an attempt was made. The clock
// goes to the afternoon after the last of them, when the bill is there.
func (w *world) bill(a pay.Attempt) []provider.BillLine {
	w.tb.Helper()
	w.Sim.Calm()
	w.Advance(36 * time.Hour)
	var lines []provider.BillLine
	for day := a.CreatedAt; day.Before(w.Now().Add(-34 * time.Hour)); day = day.Add(24 * time.Hour) {
		more, err := w.biller().Bill(w.ctx(), day)
		w.must(err)
		lines = append(lines, more...)
	}
	return lines
}

func TestPartialRefunds(t *testing.T) {
	w := newWorld(t)
	id := w.paidSession(wechat)
	for _, value := range []int64{1000, 1, 2000} {
		_, err := w.refund(id, cny(value))
		w.must(err)
		w.later(2 * time.Minute) // a second refund within a minute is refused
	}
	_, err := w.refund(id, cny(fen-3001+1))
	w.code(err, pay.CodeRefundExceeds, "amount.value", "more than is left")
	for value, field := range map[int64]string{0: "amount.value", -1: "amount.value"} {
		_, err := w.refund(id, cny(value))
		w.code(err, pay.CodeInvalid, field, "not an amount")
	}
	_, err = w.refund(id, &pay.Money{Currency: "USD", Value: 1})
	w.code(err, pay.CodeInvalid, "amount.currency", "another currency")
	rest, err := w.refund(id, nil)
	w.must(err)
	if rest.Amount.Value != fen-3001 {
		t.Errorf("the rest is %s", rest.Amount)
	}
	_, err = w.refund(id, cny(1))
	w.code(err, pay.CodeRefundExceeds, "amount.value", "when nothing is left")
	l := w.settle(id, "all refunded", allRefunded)
	if got := w.refundedAtProvider(l.Attempts[0]); got != fen {
		t.Errorf("the provider gave %d back", got)
	}
	if l.Session.Status != pay.SessionPaid {
		t.Errorf("the session is %s: it was paid, and stays so", l.Session.Status)
	}
}

func TestRefundsAreBounded(t *testing.T) {
	w := newWorld(t)
	id := w.paidSession(alipay)
	for range pay.MaxRefunds {
		_, err := w.refund(id, cny(1))
		w.must(err)
	}
	_, err := w.refund(id, cny(1))
	w.code(err, pay.CodeRefundExceeds, "", "one refund too many")
}

func TestRefundOfWhatWasNotPaid(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	a := w.choose(id, wechat, pay.RailQR)
	_, err := w.refund(id, cny(1))
	w.code(err, pay.CodeConflict, "", "an open session")
	w.later(31 * time.Minute)
	_, err = w.refund(id, nil)
	w.code(err, pay.CodeConflict, "", "an expired session")
	if w.order(a.OutTradeNo).State != "closed" || len(w.ledger(id).Refunds) != 0 {
		t.Errorf("the order is %s, refunds %+v", w.order(a.OutTradeNo).State, w.ledger(id).Refunds)
	}
}

// A refund that can't reach the payer ends as failed, for a person.
func TestRefundGetsStuck(t *testing.T) {
	w := newWorld(t)
	id := w.paidSession(wechat)
	w.inject("refund-abnormal", 1)
	_, err := w.refund(id, nil)
	w.must(err)
	w.settle(id, "failed", func(l *pay.Ledger) bool { return l.Refunds[0].Status == pay.RefundFailed })
	if n := w.count(id, pay.EventRefundFailed); n != 1 {
		t.Errorf("%d failed events", n)
	}
}

// A server that dies after the provider took a refund, and before it recorded
// that, sends it again: the provider knows the number.
func TestNewServerFollowsARefund(t *testing.T) {
	w := newWorld(t)
	id := w.paidSession(wechat)
	w.crashAt(checkout.PointRefundAnswered, func() { w.refund(id, cny(1000)) })
	l := w.settle(id, "refunded", func(l *pay.Ledger) bool { return len(l.Refunds) == 1 && allRefunded(l) })
	if got := w.refundedAtProvider(l.Attempts[0]); got != 1000 {
		t.Errorf("the provider gave %d back", got)
	}
}

func TestRefundNote(t *testing.T) {
	w := newWorld(t)
	id := w.paidSession(wechat)
	_, _, err := w.Service().Refund(t.Context(), harness.Merchant, id, checkout.NewRefund{Reason: "一二三四五六七八九十一二三四五六七八九十一二三四五六七"})
	w.code(err, pay.CodeInvalid, "reason", "a note that is too long")
	_, _, err = w.Service().Refund(t.Context(), harness.Merchant, id, checkout.NewRefund{Reason: "a\nb"})
	w.code(err, pay.CodeInvalid, "reason", "a note with a control character")
}

// A server may die after it made a refund and before it kept its answer: the
// merchant's repeat must find that refund.
func TestRepeatedRefundIsOne(t *testing.T) {
	w := newWorld(t)
	id := w.paidSession(wechat)
	ask := checkout.NewRefund{Amount: &pay.Money{Currency: price.Currency, Value: 100}, Key: "return-1"}
	_, first, err := w.Service().Refund(w.ctx(), harness.Merchant, id, ask)
	w.must(err)
	l, again, err := w.Service().Refund(w.ctx(), harness.Merchant, id, ask)
	w.must(err)
	if again.ID != first.ID || again.Number != first.Number || len(l.Refunds) != 1 {
		t.Errorf("the repeat made %s beside %s: %+v", again.ID, first.ID, l.Refunds)
	}
	ask.Key = "return-2"
	if l, _, err = w.Service().Refund(w.ctx(), harness.Merchant, id, ask); err != nil || len(l.Refunds) != 2 {
		t.Errorf("another request: %+v, %v", l.Refunds, err)
	}
}
