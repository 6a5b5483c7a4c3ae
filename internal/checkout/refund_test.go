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

// cny returns an amount in fen as money.
func cny(fen int64) *pay.Money { return &pay.Money{Currency: "CNY", Value: fen} }

// paidSession returns a session that was paid by a QR of a method.
func (fx *fixture) paidSession(m pay.Method) string {
	fx.tb.Helper()
	id := fx.open()
	fx.pay(fx.choose(id, m, pay.RailQR))
	fx.awaitStatus(id, pay.SessionPaid)
	return id
}

func (fx *fixture) refund(id string, amount *pay.Money) (*pay.Refund, error) {
	_, r, err := fx.Service().Refund(fx.ctx(), harness.Merchant, id, checkout.NewRefund{Amount: amount, Reason: "late"})
	return r, err
}

// A payer who pays two ways is given one payment back, without anybody asking.
func TestSecondPaymentIsRefunded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		first, second way
	}{
		{"wechat-qr-and-deep-link", way{wechat, pay.RailQR}, way{wechat, pay.RailDeepLink}},
		{"wechat-and-alipay", way{wechat, pay.RailQR}, way{alipay, pay.RailQR}},
		{"alipay-and-wechat", way{alipay, pay.RailQR}, way{wechat, pay.RailDeepLink}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			first := fx.choose(id, c.first.method, c.first.rail)
			second := fx.choose(id, c.second.method, c.second.rail)
			fx.pay(second)
			fx.awaitStatus(id, pay.SessionPaid)
			fx.must(fx.Sim.Inject(providersim.Rule{Fault: "server-error", Next: 2})) // the refund's first tries
			fx.pay(first)
			l := fx.await(id, "surplus", func(l *pay.Ledger) bool { return l.Attempt(first.ID).State == pay.AttemptSurplus })
			if l.Session.Winner != second.ID || len(l.Refunds) != 1 || l.Refunds[0].Amount != price || l.Refunds[0].Origin != pay.RefundOfSurplus {
				t.Fatalf("winner %q, refunds %+v", l.Session.Winner, l.Refunds)
			}
			number := l.Refunds[0].Number
			l = fx.settle(id, "refunded", allRefunded)
			if l.Refunds[0].Number != number || len(l.Refunds) != 1 {
				t.Errorf("refunds %+v, the number was %s", l.Refunds, number)
			}
			if fx.order(first.OutTradeNo).State != "refunded" || fx.order(second.OutTradeNo).State != "paid" {
				t.Errorf("at the provider: %s and %s", fx.order(first.OutTradeNo).State, fx.order(second.OutTradeNo).State)
			}
			for event, want := range map[pay.EventType]int{
				pay.EventSessionPaid: 1, pay.EventSurplus: 1, pay.EventRefundCreated: 1, pay.EventRefundSucceeded: 1, pay.EventRefundFailed: 0,
			} {
				if got := fx.count(id, event); got != want {
					t.Errorf("%d events %s, want %d", got, event, want)
				}
			}
		})
	}
}

// allRefunded reports whether every refund has succeeded.
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
	t.Parallel()
	for _, fault := range []string{"server-error", "rate-limited", "bad-gateway", "reply-lost", "reply-unsigned", "reply-forged"} {
		t.Run(fault, func(t *testing.T) {
			fx := newFixture(t)
			id := fx.paidSession(wechat)
			fx.inject(fault, 3)
			r, err := fx.refund(id, cny(1000))
			fx.must(err)
			if r.Status == pay.RefundFailed { // it may have succeeded: a notification tells
				t.Error("an unknown outcome was taken for a refusal")
			}
			l := fx.settle(id, "refunded", allRefunded)
			if got := fx.refundedAtProvider(l.Attempts[0]); got != 1000 {
				t.Errorf("the provider gave %d back", got)
			}
			if !l.Due().IsZero() {
				t.Errorf("what is over is due at %v", l.Due())
			}
		})
	}
}

// refundedAtProvider returns the sum that was given back of a payment according
// to the provider's bill, in fen.
func (fx *fixture) refundedAtProvider(a pay.Attempt) (sum int64) {
	fx.tb.Helper()
	for _, line := range fx.bill(a) {
		if line.OutTradeNo == a.OutTradeNo && line.RefundNumber != "" {
			sum += line.Amount.Value
		}
	}
	return sum
}

// biller returns the account that an attempt was made with.
func (fx *fixture) biller(a pay.Attempt) provider.Biller {
	fx.tb.Helper()
	b, ok := fx.Accounts().Named(a.Provider, a.Account).Provider.(provider.Biller)
	if !ok {
		fx.tb.Fatalf("%s has no bills", a.Provider)
	}
	return b
}

// bill returns the provider's bills from the day on which an attempt was made until now.
// The clock goes to the afternoon after, when the last of them is there.
func (fx *fixture) bill(a pay.Attempt) []provider.BillLine {
	fx.tb.Helper()
	home := time.FixedZone("", 8*60*60) // days are China's
	last := fx.Now().In(home).Format(time.DateOnly)
	fx.Sim.Calm()
	fx.Advance(36 * time.Hour)
	var lines []provider.BillLine
	for day := a.CreatedAt.In(home); day.Format(time.DateOnly) <= last; day = day.AddDate(0, 0, 1) {
		bill, err := fx.biller(a).Bill(fx.ctx(), day)
		fx.must(err)
		lines = append(lines, bill.Lines...)
	}
	return lines
}

func TestPartialRefunds(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.paidSession(wechat)
	for _, value := range []int64{1000, 1, 2000} {
		_, err := fx.refund(id, cny(value))
		fx.must(err)
		fx.later(2 * time.Minute) // a second refund within a minute is refused
	}
	_, err := fx.refund(id, cny(fen-3001+1))
	fx.code(err, pay.CodeRefundExceeds, "amount.value", "more than is left")
	for value, field := range map[int64]string{0: "amount.value", -1: "amount.value"} {
		_, err := fx.refund(id, cny(value))
		fx.code(err, pay.CodeInvalid, field, "not an amount")
	}
	_, err = fx.refund(id, &pay.Money{Currency: "USD", Value: 1})
	fx.code(err, pay.CodeInvalid, "amount.currency", "another currency")
	rest, err := fx.refund(id, nil)
	fx.must(err)
	if rest.Amount.Value != fen-3001 {
		t.Errorf("the rest is %s", rest.Amount)
	}
	_, err = fx.refund(id, cny(1))
	fx.code(err, pay.CodeRefundExceeds, "amount.value", "when nothing is left")
	l := fx.settle(id, "all refunded", allRefunded)
	if got := fx.refundedAtProvider(l.Attempts[0]); got != fen {
		t.Errorf("the provider gave %d back", got)
	}
	if l.Session.Status != pay.SessionPaid {
		t.Errorf("the session is %s: it was paid, and stays so", l.Session.Status)
	}
}

func TestRefundsAreBounded(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.paidSession(alipay)
	for range pay.MaxRefunds {
		_, err := fx.refund(id, cny(1))
		fx.must(err)
	}
	_, err := fx.refund(id, cny(1))
	fx.code(err, pay.CodeRefundExceeds, "", "one refund too many")
}

func TestRefundOfWhatWasNotPaid(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	a := fx.choose(id, wechat, pay.RailQR)
	_, err := fx.refund(id, cny(1))
	fx.code(err, pay.CodeConflict, "", "an open session")
	fx.later(31 * time.Minute)
	_, err = fx.refund(id, nil)
	fx.code(err, pay.CodeConflict, "", "an expired session")
	if fx.order(a.OutTradeNo).State != "closed" || len(fx.ledger(id).Refunds) != 0 {
		t.Errorf("the order is %s, refunds %+v", fx.order(a.OutTradeNo).State, fx.ledger(id).Refunds)
	}
}

// A refund that can't reach the payer waits for a person, and is no failure: the
// money is neither here nor there, and may still arrive.
func TestRefundGetsStuck(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.paidSession(wechat)
	fx.inject("refund-abnormal", 1)
	_, err := fx.refund(id, nil)
	fx.must(err)
	l := fx.settle(id, "stuck", func(l *pay.Ledger) bool { return l.Refunds[0].Failure == pay.FailurePayerAccount })
	r := &l.Refunds[0]
	if r.Status != pay.RefundPending || !l.NeedsPerson(r) || r.CheckAt.IsZero() || fx.count(id, pay.EventRefundFailed) != 0 {
		t.Errorf("refund is %+v", r)
	}
	if _, err := fx.refund(id, cny(1)); pay.CodeOf(err) != pay.CodeRefundExceeds {
		t.Errorf("while that is so, another refund: %v", err)
	}
}

// A server that dies after the provider took a refund, and before it recorded
// that, sends it again: the provider knows the number.
func TestNewServerFollowsARefund(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.paidSession(wechat)
	fx.crashAt(checkout.PointRefundAnswered, func() { fx.refund(id, cny(1000)) })
	l := fx.settle(id, "refunded", func(l *pay.Ledger) bool { return len(l.Refunds) == 1 && allRefunded(l) })
	if got := fx.refundedAtProvider(l.Attempts[0]); got != 1000 {
		t.Errorf("the provider gave %d back", got)
	}
}

func TestRefundNote(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.paidSession(wechat)
	_, _, err := fx.Service().Refund(t.Context(), harness.Merchant, id, checkout.NewRefund{Reason: "一二三四五六七八九十一二三四五六七八九十一二三四五六七"})
	fx.code(err, pay.CodeInvalid, "reason", "a note that is too long")
	_, _, err = fx.Service().Refund(t.Context(), harness.Merchant, id, checkout.NewRefund{Reason: "a\nb"})
	fx.code(err, pay.CodeInvalid, "reason", "a note with a control character")
}

// A server may die after it made a refund and before it kept its answer: the
// merchant's repeat must find that refund.
func TestRepeatedRefundIsOne(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.paidSession(wechat)
	ask := checkout.NewRefund{Amount: &pay.Money{Currency: price.Currency, Value: 100}, Key: "return-1"}
	_, first, err := fx.Service().Refund(fx.ctx(), harness.Merchant, id, ask)
	fx.must(err)
	l, again, err := fx.Service().Refund(fx.ctx(), harness.Merchant, id, ask)
	fx.must(err)
	if again.ID != first.ID || again.Number != first.Number || len(l.Refunds) != 1 {
		t.Errorf("the repeat made %s beside %s: %+v", again.ID, first.ID, l.Refunds)
	}
	more := ask
	more.Amount = &pay.Money{Currency: price.Currency, Value: 200}
	_, _, err = fx.Service().Refund(fx.ctx(), harness.Merchant, id, more)
	fx.code(err, pay.CodeIdempotency, "Idempotency-Key", "the same key for another amount")
	ask.Key = "return-2"
	if l, _, err = fx.Service().Refund(fx.ctx(), harness.Merchant, id, ask); err != nil || len(l.Refunds) != 2 {
		t.Errorf("another request: %+v, %v", l.Refunds, err)
	}
}
