package pay_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"morepay/internal/pay"
)

func cny(value int64) pay.Money { return pay.Money{Currency: "CNY", Value: value} }

func TestAddRefund(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		state  pay.AttemptState // of attempt 0
		given  []pay.Refund     // before
		amount pay.Money
		want   pay.Code
		field  string
	}{
		{name: "all", state: pay.AttemptSucceeded, amount: price},
		{name: "one-fen", state: pay.AttemptSucceeded, amount: cny(1)},
		{name: "one-too-many", state: pay.AttemptSucceeded, amount: cny(5981), want: pay.CodeRefundExceeds, field: "amount.value"},
		{name: "the-largest-number", state: pay.AttemptSucceeded, given: []pay.Refund{{Amount: cny(1)}}, amount: cny(math.MaxInt64), want: pay.CodeRefundExceeds, field: "amount.value"},
		{name: "the-rest", state: pay.AttemptSucceeded, given: []pay.Refund{{Amount: cny(5000)}}, amount: cny(980)},
		{name: "more-than-the-rest", state: pay.AttemptSucceeded, given: []pay.Refund{{Amount: cny(5000)}}, amount: cny(981), want: pay.CodeRefundExceeds, field: "amount.value"},
		{name: "after-a-refund-was-done", state: pay.AttemptSucceeded, given: []pay.Refund{{Amount: price, Status: pay.RefundSucceeded}}, amount: cny(1), want: pay.CodeRefundExceeds, field: "amount.value"},
		{name: "after-a-refund-failed", state: pay.AttemptSucceeded, given: []pay.Refund{{Amount: price, Status: pay.RefundFailed}}, amount: price},
		{name: "nothing", state: pay.AttemptSucceeded, amount: cny(0), want: pay.CodeInvalid, field: "amount.value"},
		{name: "less-than-nothing", state: pay.AttemptSucceeded, amount: cny(-1), want: pay.CodeInvalid, field: "amount.value"},
		{name: "other-currency", state: pay.AttemptSucceeded, amount: pay.Money{Currency: "JPY", Value: 1}, want: pay.CodeInvalid, field: "amount.currency"},
		{name: "of-a-surplus", state: pay.AttemptSurplus, amount: cny(1), want: pay.CodeRefundExceeds, field: "amount.value"},
		{name: "of-a-submitting-attempt", state: pay.AttemptSubmitting, amount: cny(1), want: pay.CodeConflict},
		{name: "of-an-awaiting-attempt", state: pay.AttemptAwaiting, amount: cny(1), want: pay.CodeConflict},
		{name: "of-a-closed-attempt", state: pay.AttemptClosed, amount: cny(1), want: pay.CodeConflict},
		{name: "of-a-failed-attempt", state: pay.AttemptFailed, amount: cny(1), want: pay.CodeConflict},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := ledgerWith(t, test.state)
			for i, r := range test.given {
				r.ID, r.AttemptID = fmt.Sprintf("given%d", i), ids[0]
				status := r.Status
				must(t, l.AddRefund(r, opened))
				l.SettleRefund(r.ID, status, "ref", opened)
			}
			l = clone(l)
			before := clone(l)
			r := pay.Refund{ID: "r1", AttemptID: ids[0], Number: "R1", Amount: test.amount, Reason: pay.RefundMerchant, Note: "torn"}
			err := l.AddRefund(r, expiry)
			checkCode(t, err, test.want)
			if err != nil {
				if got := err.(*pay.Error).Field; got != test.field {
					t.Errorf("the field is %q, want %q", got, test.field)
				}
				checkUnchanged(t, before, l)
				return
			}
			r.Status, r.CreatedAt, r.CheckAt = pay.RefundPending, expiry, expiry
			if diff := cmp.Diff(&r, l.Refund("r1")); diff != "" {
				t.Errorf("refund (-want +got):\n%s", diff)
			}
			checkEvents(t, l, pay.EventRefundCreated)
		})
	}
	t.Run("of-no-attempt", func(t *testing.T) {
		checkCode(t, wonLedger(t).AddRefund(pay.Refund{AttemptID: "a9", Amount: cny(1)}, opened), pay.CodeConflict)
	})
}

func TestRefundsAreLimitedInNumber(t *testing.T) {
	t.Parallel()
	l := wonLedger(t)
	for i := range pay.MaxRefunds {
		must(t, l.AddRefund(pay.Refund{ID: fmt.Sprint(i), AttemptID: ids[0], Amount: cny(1)}, opened))
		l.SettleRefund(fmt.Sprint(i), pay.RefundFailed, "", opened) // the provider has counted it all the same
	}
	checkCode(t, l.AddRefund(pay.Refund{ID: "more", AttemptID: ids[0], Amount: cny(1)}, opened), pay.CodeRefundExceeds)
}

func TestRefundable(t *testing.T) {
	t.Parallel()
	l := wonLedger(t)
	checkRefundable := func(id string, want pay.Money) {
		t.Helper()
		if got := l.Refundable(id); got != want {
			t.Errorf("%s of attempt %q can be refunded, want %s", got, id, want)
		}
	}
	checkRefundable(ids[0], price)
	checkRefundable("", cny(0))
	checkRefundable("a9", cny(0))
	must(t, l.AddRefund(pay.Refund{ID: "r1", AttemptID: ids[0], Number: "R1", Amount: cny(5000)}, opened))
	checkRefundable(ids[0], cny(980))
	l.SettleRefund("r1", pay.RefundFailed, "", opened)
	checkRefundable(ids[0], price)

	l = begunLedger(t, 1)
	checkRefundable(ids[0], cny(0))

	l = ledgerWith(t, pay.AttemptSurplus)
	checkRefundable(ids[0], cny(0))
	checkRefundable(ids[1], price)
}

func TestSettleRefund(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status pay.RefundStatus
		event  pay.EventType
	}{
		{pay.RefundSucceeded, pay.EventRefundSucceeded},
		{pay.RefundFailed, pay.EventRefundFailed},
	}
	for _, test := range tests {
		t.Run(string(test.status), func(t *testing.T) {
			l := wonLedger(t)
			must(t, l.AddRefund(pay.Refund{ID: "r1", AttemptID: ids[0], Number: "R1", Amount: cny(1)}, opened))
			l = clone(l)
			l.SettleRefund("r1", test.status, "5030", expiry)
			r := l.RefundByNumber("R1")
			if r.Status != test.status || r.Reference != "5030" || !r.CheckAt.IsZero() {
				t.Errorf("refund is %+v", r)
			}
			want := []pay.Event{{
				Number: l.Session.LastEvent, Type: test.event, Session: pay.SessionPaid,
				AttemptID: ids[0], RefundID: "r1", At: expiry,
			}}
			if diff := cmp.Diff(want, l.Events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("unknown", func(t *testing.T) {
		l := wonLedger(t)
		before := clone(l)
		l.SettleRefund("r9", pay.RefundSucceeded, "", opened)
		checkUnchanged(t, before, l)
		if l.Refund("r9") != nil || l.RefundByNumber("R9") != nil {
			t.Error("a refund is found that never was")
		}
	})
}

func TestRefundTried(t *testing.T) {
	t.Parallel()
	l := wonLedger(t)
	must(t, l.AddRefund(pay.Refund{ID: "r1", AttemptID: ids[0], Number: "R1", Amount: cny(1)}, opened))
	const s, h = time.Second, time.Hour
	var got []time.Duration
	for range 16 {
		now := l.Refund("r1").CheckAt
		got = append(got, now.Sub(opened))
		l.RefundTried("r1", now)
	}
	// Pauses double until they are six hours.
	want := []time.Duration{
		0, 5 * s, 10 * s, 20 * s, 40 * s, 80 * s, 160 * s, 320 * s, 640 * s, 1280 * s, 2560 * s, 5120 * s, 10240 * s,
		20480 * s, 40960 * s, 40960*s + 6*h,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tries (-want +got):\n%s", diff)
	}
	if tries := l.Refund("r1").Tries; tries != 16 {
		t.Errorf("%d tries are counted, want 16", tries)
	}

	l.SettleRefund("r1", pay.RefundSucceeded, "", opened)
	before := clone(l)
	l.RefundTried("r1", opened)
	l.RefundTried("r9", opened)
	checkUnchanged(t, before, clone(l))
}
