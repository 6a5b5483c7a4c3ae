package checkout_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// awaiting opens a session and has its payer shown a code of Alipay's.
func (fx *fixture) awaiting() (id string, g *gateway) {
	fx.tb.Helper()
	id = fx.open()
	return id, fx.newGateway(fx.choose(id, alipay, pay.RailQR))
}

// paidAt is awaiting with a payment.
func (fx *fixture) paidAt() (id string, g *gateway) {
	fx.tb.Helper()
	id, g = fx.awaiting()
	fx.must(g.tells("n1", nil))
	return id, g
}

func (g *gateway) refund(id string, fen int64) {
	g.tb.Helper()
	_, _, err := g.Refund(g.ctx(), harness.Merchant, id, checkout.NewRefund{Amount: cny(fen)})
	g.must(err)
}

func (g *gateway) wantRefunds(id string, want ...string) {
	g.tb.Helper()
	if got := g.refunds(id); !slices.Equal(got, want) {
		g.tb.Errorf("refunds are %q, want %q", got, want)
	}
}

// A refund that is refused ends with the reason, once the provider has said that it
// knows of none. A code in no table is asked about in the same way, and a person is
// told of it once, not at every try.
func TestRefusedRefundEnds(t *testing.T) {
	t.Parallel()
	for code, c := range map[string]struct {
		failure pay.RefundFailure
		doubted bool // the answer itself proves nothing
	}{
		"ACQ.NOT_ALLOW_PARTIAL_REFUND":  {pay.FailureRefused, false},
		"ACQ.REASON_TRADE_BEEN_FREEZEN": {pay.FailureRefused, false},
		"ACQ.BUYER_ERROR":               {pay.FailurePayerAccount, false},
		"ACQ.TRADE_HAS_FINISHED":        {pay.FailureTooLate, false},
		"ACQ.TRADE_HAS_CLOSE":           {pay.FailureRefused, true},
		"ACQ.SOMETHING_NEW":             {pay.FailureRefused, true},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			id, g := newFixture(t).paidAt()
			g.says("refund", fails(code))
			g.says("fastpay.refund.query", done(nil))
			g.says("query", g.trade("TRADE_SUCCESS", nil))
			g.refund(id, 100)
			if c.doubted {
				g.wantRefunds(id, "merchant 100 CNY pending "+string(c.failure))
				g.sweep(pay.AbsenceDelay / 2)
				g.wantRefunds(id, "merchant 100 CNY pending "+string(c.failure))
				g.sweep(pay.AbsenceDelay)
			}
			g.wantRefunds(id, "merchant 100 CNY failed "+string(c.failure))
			if n := g.times("refund"); n != 1 {
				t.Errorf("it was sent %d times", n)
			}
			if n := strings.Count(g.log.String(), "level=ERROR"); (n == 1) != c.doubted || n > 1 {
				t.Errorf("a person was told %d times:\n%s", n, g.log)
			}
		})
	}
}

// "Closed, or all given back": what the trade says of itself counts, and a refund that
// somebody made in the console is no failure of ours.
func TestRefundOfWhatWentBackAlready(t *testing.T) {
	t.Parallel()
	id, g := newFixture(t).paidAt()
	g.says("refund", fails("ACQ.TRADE_HAS_CLOSE"))
	g.says("fastpay.refund.query", done(nil))
	g.says("query", g.trade("TRADE_CLOSED", nil))
	g.refund(id, fen)
	g.wantRefunds(id, "merchant 5980 CNY succeeded ")
	if g.count(id, pay.EventRefundFailed) != 0 || g.ledger(id).Refundable(g.attempt.ID).Value != 0 {
		t.Errorf("events %v", g.types(id))
	}
}

// The first request got no answer and is still on its way. That a repeat is refused
// and that the provider knows of no refund prove nothing then.
func TestRefundThatArrivesLate(t *testing.T) {
	t.Parallel()
	for _, arrives := range []bool{true, false} {
		id, g := newFixture(t).paidAt()
		g.says("query", g.trade("TRADE_SUCCESS", nil))
		g.refund(id, 100) // cut
		g.says("refund", fails("ACQ.TRADE_NOT_ALLOW_REFUND"))
		g.says("fastpay.refund.query", done(nil))
		for g.times("refund") < 2 {
			g.sweep(time.Minute)
		}
		g.wantRefunds(id, "merchant 100 CNY pending refused")
		want := "merchant 100 CNY failed refused"
		if arrives {
			want = "merchant 100 CNY succeeded "
			g.says("fastpay.refund.query", done(map[string]string{
				"out_trade_no": g.attempt.OutTradeNo, "out_request_no": g.ledger(id).Refunds[0].Number, "trade_no": "1", "refund_amount": "1.00", "refund_status": "REFUND_SUCCESS",
			}))
		}
		g.sweep(pay.AbsenceDelay + 2*time.Second)
		g.wantRefunds(id, want)
	}
}

// The answer to our refund says what went back in all: what nobody of ours has sent
// went back in the console.
func TestRefundTellsOfTheConsole(t *testing.T) {
	t.Parallel()
	id, g := newFixture(t).paidAt()
	g.says("refund", done(map[string]string{"out_trade_no": g.attempt.OutTradeNo, "trade_no": "1", "fund_change": "Y", "refund_fee": "11.00"}))
	g.refund(id, 100)
	g.wantRefunds(id, "merchant 100 CNY succeeded ", "provider 1000 CNY succeeded ")
	if left := g.ledger(id).Refundable(g.attempt.ID).Value; left != fen-1100 {
		t.Errorf("%d is left", left)
	}
}

// A notification names one refund and the total so far, in any order with the news of
// the payment, and our own refund is not counted twice.
func TestTotalsOfRefunds(t *testing.T) {
	t.Parallel()
	id, g := newFixture(t).awaiting()
	first := map[string]string{"refund_fee": "10.00", "gmt_refund": "2026-11-28 10:40:00.123", "out_biz_no": "x"}
	second := map[string]string{"refund_fee": "25.00", "gmt_refund": "2026-11-28 10:50:00.123", "out_biz_no": "y"}
	g.must(g.tells("n2", first))
	if s := g.ledger(id).Session.Status; s != pay.SessionPaid {
		t.Errorf("the session is %s", s)
	}
	g.must(g.tells("n3", second))
	for _, again := range []map[string]string{first, second, nil} {
		g.must(g.tells("n4", again))
	}
	g.wantRefunds(id, "provider 1000 CNY succeeded ", "provider 1500 CNY succeeded ")
	g.says("refund", done(map[string]string{"out_trade_no": g.attempt.OutTradeNo, "trade_no": "1", "fund_change": "Y", "refund_fee": "26.00"}))
	g.refund(id, 100)
	g.must(g.tells("n5", map[string]string{"refund_fee": "26.00", "gmt_refund": "2026-11-28 11:00:00.123", "out_biz_no": g.ledger(id).Refunds[2].Number}))
	g.wantRefunds(id, "provider 1000 CNY succeeded ", "provider 1500 CNY succeeded ", "merchant 100 CNY succeeded ")
	if left := g.ledger(id).Refundable(g.attempt.ID).Value; left != fen-2600 || g.count(id, pay.EventRefundSucceeded) != 3 {
		t.Errorf("%d is left, events %v", left, g.types(id))
	}
}

// A trade that ended unpaid may say that nothing went back: it is closed, and no
// forgery.
func TestClosedUnpaid(t *testing.T) {
	t.Parallel()
	id, g := newFixture(t).awaiting()
	g.must(g.tells("n1", map[string]string{"trade_status": "TRADE_CLOSED", "gmt_payment": "", "refund_fee": "0.00", "gmt_close": "2026-11-28 11:00:00"}))
	if l := g.ledger(id); l.Attempts[0].State != pay.AttemptClosed || l.Session.Status.Paid() || len(g.quarantined()) != 0 {
		t.Errorf("the attempt is %s, quarantined %+v", l.Attempts[0].State, g.quarantined())
	}
}

// Genuine messages that nobody understands change nothing and must come again; they
// are no forgeries.
func TestGenuineButNotUnderstood(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]map[string]string{
		"new-status":  {"trade_status": "SETTLING"},
		"pending":     {"trade_status": "TRADE_PENDING"},
		"no-app":      {"app_id": ""},
		"closed-paid": {"trade_status": "TRADE_CLOSED", "refund_fee": "0.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, g := newFixture(t).awaiting()
			g.unchanged(id, func() {
				if err := g.tells("n1", change); pay.CodeOf(err) != pay.CodeInternal || errors.Is(err, provider.ErrForged) {
					t.Errorf("got %v", err)
				}
			})
			if !strings.Contains(g.log.String(), "level=ERROR") || len(g.quarantined()) != 0 {
				t.Errorf("quarantined %+v, told:\n%s", g.quarantined(), g.log)
			}
		})
	}
}

// Dollars are not our money.
func TestOtherCurrency(t *testing.T) {
	t.Parallel()
	id, g := newFixture(t).awaiting()
	g.unchanged(id, func() { g.must(g.tells("n1", map[string]string{"trans_currency": "USD"})) })
	if list := g.quarantined(); len(list) != 1 || !strings.Contains(list[0].Reason, "USD") {
		t.Errorf("quarantined %+v", list)
	}
}

// Where a refund came to rest is kept with it, whatever the bank did; it stays a
// success.
func TestWhereARefundCameToRest(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]pay.RefundArrival{"S": pay.ArrivalBank, "F": pay.ArrivalBalance} {
		id, g := newFixture(t).paidAt()
		g.says("refund", done(map[string]string{"out_trade_no": g.attempt.OutTradeNo, "trade_no": "1", "fund_change": "Y", "refund_fee": "20.00"}))
		g.refund(id, 2000)
		message := map[string]string{
			"notify_type": "", "msg_method": "alipay.trade.refund.depositback.completed", "utc_timestamp": "1795834800000",
			"biz_content": `{"trade_no":"1","out_trade_no":"` + g.attempt.OutTradeNo + `","out_request_no":"` + g.ledger(id).Refunds[0].Number + `","dback_status":"` + status + `","dback_amount":"20.00"}`,
		}
		g.must(g.tells("dback1", message))
		if r := g.ledger(id).Refunds[0]; r.Arrival != want || r.Status != pay.RefundSucceeded {
			t.Errorf("%s: the refund is %s at %q", status, r.Status, r.Arrival)
		}
		g.unchanged(id, func() { g.must(g.tells("dback1", message)) })
	}
}

// What is not signed says nothing, errors included: an attempt is not over for it.
func TestUnsignedAnswersProveNothing(t *testing.T) {
	t.Parallel()
	id, g := newFixture(t).awaiting()
	absent := fails("ACQ.TRADE_NOT_EXIST")
	absent["unsigned"] = "yes"
	for _, method := range []string{"query", "close", "cancel"} {
		g.says(method, absent)
	}
	for range 6 {
		g.sweep(2 * time.Hour)
	}
	if a := g.ledger(id).Attempts[0]; a.State != pay.AttemptAwaiting || g.times("query") == 0 {
		t.Errorf("the attempt is %s after %d queries", a.State, g.times("query"))
	}
	g = g.newGateway(g.attempt) // whose breaker is closed
	g.says("query", fails("ACQ.TRADE_NOT_EXIST"))
	g.says("close", fails("ACQ.TRADE_NOT_EXIST"))
	for range 12 {
		g.sweep(2 * time.Hour)
	}
	if a := g.ledger(id).Attempts[0]; a.State != pay.AttemptClosed {
		t.Errorf("after a signed answer the attempt is %s", a.State)
	}
}

// A code that ran out is over by itself. To cancel it could gain nothing, and moves
// money; one whose session was canceled before is killed by it.
func TestCancelOnlyWhatCanBePaid(t *testing.T) {
	t.Parallel()
	for name, canceled := range map[string]bool{"canceled": true, "expired": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, g := newFixture(t).awaiting()
			g.says("query", fails("ACQ.TRADE_NOT_EXIST"))
			g.says("close", fails("ACQ.TRADE_NOT_EXIST"))
			g.says("cancel", done(map[string]string{"out_trade_no": g.attempt.OutTradeNo, "retry_flag": "N", "action": ""}))
			if canceled {
				_, err := g.Cancel(g.ctx(), harness.Merchant, id)
				g.must(err)
			}
			for range 8 {
				g.sweep(10 * time.Minute)
			}
			if a := g.ledger(id).Attempts[0]; a.State != pay.AttemptClosed || (g.times("cancel") > 0) != canceled {
				t.Errorf("the attempt is %s after %d cancels", a.State, g.times("cancel"))
			}
		})
	}
}

// A cancel that gives money back is news: if nothing else answers then, the next
// check finds it.
func TestCancelThatGivesBackIsNeverLost(t *testing.T) {
	t.Parallel()
	id, g := newFixture(t).awaiting()
	g.says("query", fails("ACQ.TRADE_NOT_EXIST"))
	g.says("close", fails("ACQ.TRADE_NOT_EXIST"))
	_, err := g.Cancel(g.ctx(), harness.Merchant, id)
	g.must(err)
	g.says("cancel", done(map[string]string{"out_trade_no": g.attempt.OutTradeNo, "retry_flag": "N", "action": "refund"}))
	g.sweep(pay.CloseDelay + time.Second)
	if a := g.ledger(id).Attempts[0]; a.State != pay.AttemptAwaiting { // the question that follows said: no such trade
		t.Errorf("the attempt is %s", a.State)
	}
	g.says("query", g.trade("TRADE_CLOSED", nil))
	g.sweep(10 * time.Minute)
	g.sweep(10 * time.Minute)
	g.wantRefunds(id, "provider 5980 CNY succeeded ")
	if n := strings.Count(g.log.String(), "money went back to a payer without us"); n != 1 {
		t.Errorf("it was told %d times:\n%s", n, g.log)
	}
	_, _, err = g.Refund(g.ctx(), harness.Merchant, id, checkout.NewRefund{Amount: cny(1)})
	g.code(err, pay.CodeRefundExceeds, "amount.value", "a refund of what went back already")
	if l := g.ledger(id); l.Session.Status != pay.SessionPaidLate || l.Refundable(g.attempt.ID).Value != 0 || g.count(id, pay.EventRefundSucceeded) != 1 {
		t.Errorf("the session is %s, events %v", l.Session.Status, g.types(id))
	}
}
