package pay_test

import (
	"errors"
	"testing"

	"morepay/internal/pay"
)

// A statement about money that went back, whoever sent it, becomes part of the
// books. Each row is a payment of price, what our books hold, and what is said;
// then what must follow.
func TestReturned(t *testing.T) {
	type said = pay.Returned
	ours := func(value int64) pay.Refund {
		return pay.Refund{ID: "r1", AttemptID: ids[0], Number: "R1", Amount: cny(value), Origin: pay.RefundByMerchant}
	}
	for _, test := range []struct {
		name       string
		ours       []pay.Refund // pending
		failed     bool         // they have failed
		said       []said       // in this order
		foreign    int64        // minor units that came back by the provider's word alone
		refundable int64
		status     pay.RefundStatus // of r1
		mismatch   string           // the field of the last statement's contradiction
	}{
		{name: "all", said: []said{{Total: price}}, foreign: 5980},
		{name: "part", said: []said{{Total: cny(1000)}}, foreign: 1000, refundable: 4980},
		{name: "the-same-twice", said: []said{{Total: cny(1000)}, {Total: cny(1000)}}, foreign: 1000, refundable: 4980},
		{name: "a-total-that-grows", said: []said{{Number: "c1", Total: cny(1000)}, {Number: "c2", Total: cny(2500)}}, foreign: 2500, refundable: 3480},
		{name: "a-total-out-of-order", said: []said{{Number: "c2", Total: cny(2500)}, {Number: "c1", Total: cny(1000)}}, foreign: 2500, refundable: 3480},
		{name: "one-by-number", said: []said{{Number: "c1", Status: pay.RefundSucceeded, Amount: cny(1000)}}, foreign: 1000, refundable: 4980},
		{name: "one-by-number-twice", said: []said{{Number: "c1", Status: pay.RefundSucceeded, Amount: cny(1000)}, {Number: "c1", Status: pay.RefundSucceeded, Amount: cny(1000)}}, foreign: 1000, refundable: 4980},
		{name: "by-total-then-by-number", said: []said{{Total: cny(1000)}, {Number: "c1", Status: pay.RefundSucceeded, Amount: cny(1000)}}, foreign: 1000, refundable: 4980},
		{name: "by-number-then-by-total", said: []said{{Number: "c1", Status: pay.RefundSucceeded, Amount: cny(1000)}, {Number: "c1", Total: cny(1000)}}, foreign: 1000, refundable: 4980},
		{name: "foreign-and-not-final", said: []said{{Number: "c1", Status: pay.RefundPending, Amount: cny(1000)}}, refundable: 5980},
		{name: "foreign-that-failed", said: []said{{Number: "c1", Status: pay.RefundFailed, Amount: cny(1000)}}, refundable: 5980},

		{name: "ours", ours: []pay.Refund{ours(1000)}, said: []said{{Number: "R1", Status: pay.RefundSucceeded, Amount: cny(1000), Total: cny(1000)}}, refundable: 4980, status: pay.RefundSucceeded},
		{name: "ours-by-total-alone", ours: []pay.Refund{ours(1000)}, said: []said{{Total: cny(1000)}}, refundable: 4980, status: pay.RefundPending},
		{name: "ours-by-total-then-done", ours: []pay.Refund{ours(1000)}, said: []said{{Total: cny(1000)}, {Number: "R1", Status: pay.RefundSucceeded}}, refundable: 4980, status: pay.RefundSucceeded},
		{name: "theirs-by-total-then-ours-failed", ours: []pay.Refund{ours(1000)}, said: []said{{Total: cny(1000)}, {Number: "R1", Status: pay.RefundFailed}}, foreign: 1000, refundable: 4980, status: pay.RefundFailed},
		{name: "ours-and-theirs-by-total", ours: []pay.Refund{ours(1000)}, said: []said{{Number: "R1", Status: pay.RefundSucceeded, Total: cny(1500)}}, foreign: 500, refundable: 4480, status: pay.RefundSucceeded},
		{name: "all-while-ours-is-under-way", ours: []pay.Refund{ours(1000)}, said: []said{{Total: price}}, foreign: 4980, status: pay.RefundSucceeded},
		{name: "all-is-ours", ours: []pay.Refund{ours(5980)}, said: []said{{Total: price}}, status: pay.RefundSucceeded},
		{name: "theirs-leaves-too-little-for-ours", ours: []pay.Refund{ours(1000)}, said: []said{{Number: "c1", Status: pay.RefundSucceeded, Amount: cny(5000)}}, foreign: 5000, refundable: 980, status: pay.RefundFailed},
		{name: "theirs-leaves-enough-for-ours", ours: []pay.Refund{ours(980)}, said: []said{{Number: "c1", Status: pay.RefundSucceeded, Amount: cny(5000)}}, foreign: 5000, status: pay.RefundPending},
		{name: "stuck", ours: []pay.Refund{ours(1000)}, said: []said{{Number: "R1", Status: pay.RefundPending, Failure: pay.FailurePayerAccount}}, refundable: 4980, status: pay.RefundPending},
		{name: "stuck-then-done", ours: []pay.Refund{ours(1000)}, said: []said{{Number: "R1", Status: pay.RefundPending, Failure: pay.FailurePayerAccount}, {Number: "R1", Status: pay.RefundSucceeded}}, refundable: 4980, status: pay.RefundSucceeded},
		{name: "done-after-failed", ours: []pay.Refund{ours(1000)}, failed: true, said: []said{{Number: "R1", Status: pay.RefundSucceeded}}, refundable: 4980, status: pay.RefundSucceeded},
		{name: "an-unknown-part", said: []said{{Unknown: true}}, refundable: 0},
		{name: "an-unknown-part-then-its-amount", said: []said{{Unknown: true}, {Number: "c1", Status: pay.RefundSucceeded, Amount: cny(980)}}, foreign: 980, refundable: 5000},
		{name: "an-unknown-part-that-is-ours", ours: []pay.Refund{ours(1000)}, said: []said{{Unknown: true}}, refundable: 4980, status: pay.RefundPending},

		{name: "more-than-was-paid", said: []said{{Total: cny(5981)}}, refundable: 5980, mismatch: "refund.total"},
		{name: "more-by-number-than-was-paid", said: []said{{Number: "c1", Status: pay.RefundSucceeded, Amount: cny(5981)}}, refundable: 5980, mismatch: "refunds"},
		{name: "less-than-nothing", said: []said{{Total: cny(-1)}}, refundable: 5980, mismatch: "refund.total"},
		{name: "other-currency", said: []said{{Total: pay.Money{Currency: "USD", Value: 1000}}}, refundable: 5980, mismatch: "refund.currency"},
		{name: "ours-of-another-amount", ours: []pay.Refund{ours(1000)}, said: []said{{Number: "R1", Status: pay.RefundSucceeded, Amount: cny(1)}}, refundable: 4980, status: pay.RefundPending, mismatch: "refund.amount"},
		{name: "failed-after-done", ours: []pay.Refund{ours(1000)}, said: []said{{Number: "R1", Status: pay.RefundSucceeded}, {Number: "R1", Status: pay.RefundFailed}}, refundable: 4980, status: pay.RefundSucceeded, mismatch: "refund.status"},
		{name: "one-that-may-be-counted", said: []said{{Total: cny(2500)}, {Number: "c1", Status: pay.RefundSucceeded, Amount: cny(1000)}}, foreign: 2500, refundable: 3480, mismatch: "refund.number"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := wonLedger(t)
			for _, r := range test.ours {
				must(t, l.AddRefund(r, opened))
			}
			if test.failed {
				l.FailRefund("r1", pay.FailureRefused, opened)
			}
			for i, said := range test.said {
				ev := refundEvidence(0, "", "")
				ev.ID, ev.Source, ev.Returned = said.Number+said.Total.String(), pay.SourceNotification, &said
				before := clone(l)
				err := l.Apply(ev, expiry)
				if last := i == len(test.said)-1; last && test.mismatch != "" {
					wrong, ok := errors.AsType[*pay.Mismatch](err)
					if !ok || wrong.Field != test.mismatch {
						t.Fatalf("got %v, want a mismatch of %s", err, test.mismatch)
					}
					checkUnchanged(t, before, clone(l))
					continue
				}
				must(t, err)
				if len(l.Evidence) == 0 || l.Evidence[len(l.Evidence)-1].ID != ev.ID {
					t.Error("the statement is not kept")
				}
			}
			var foreign int64
			for _, r := range l.Refunds {
				if r.Origin == pay.RefundByProvider {
					foreign += r.Amount.Value
				}
			}
			if foreign != test.foreign || l.Refundable(ids[0]).Value != test.refundable {
				t.Errorf("%d came back without us and %d is left, want %d and %d", foreign, l.Refundable(ids[0]).Value, test.foreign, test.refundable)
			}
			if r := l.Refund("r1"); r != nil && r.Status != test.status {
				t.Errorf("ours is %s, want %s", r.Status, test.status)
			}
			must(t, checkLedger(l, 1))
		})
	}
}

// A refund of a payment that we have not heard of: the payment comes first.
func TestReturnedBeforePaid(t *testing.T) {
	l := begunLedger(t, 1)
	before := clone(l)
	if err := l.Apply(refundEvidence(0, "c1", pay.RefundSucceeded), opened); !errors.Is(err, pay.ErrNotPaid) {
		t.Errorf("got %v", err)
	}
	checkUnchanged(t, before, l)
}

// Paid and given back as the first news is both at once.
func TestPaidAndReturned(t *testing.T) {
	paid := func(total int64) pay.Evidence {
		ev := evidence(0, pay.SourceQuery, pay.OutcomePaid)
		ev.Returned = &pay.Returned{Total: cny(total)}
		return ev
	}
	t.Run("first", func(t *testing.T) {
		l := begunLedger(t, 1)
		must(t, l.Apply(paid(5980), opened))
		checkEvents(t, l, pay.EventSessionPaid, pay.EventRefundSucceeded)
		if l.Refundable(ids[0]).Value != 0 || len(l.Evidence) != 1 {
			t.Errorf("%v is left, %d pieces of evidence", l.Refundable(ids[0]), len(l.Evidence))
		}
		must(t, checkLedger(l, 1))
	})
	t.Run("surplus", func(t *testing.T) { // it is back already: nothing to refund, nobody to alarm
		l := begunLedger(t, 2)
		pays(t, l, 1)
		l = clone(l)
		must(t, l.Apply(paid(5980), opened))
		checkEvents(t, l, pay.EventSurplus, pay.EventRefundSucceeded)
		if len(l.Refunds) != 1 || l.Refunds[0].Origin != pay.RefundByProvider || l.NeedsPerson(&l.Refunds[0]) {
			t.Errorf("refunds are %+v", l.Refunds)
		}
		must(t, checkLedger(l, 1))
	})
	t.Run("surplus-in-part", func(t *testing.T) {
		l := begunLedger(t, 2)
		pays(t, l, 1)
		must(t, l.Apply(paid(1000), opened))
		if len(l.Refunds) != 2 || l.Refunds[1].Origin != pay.RefundOfSurplus || l.Refunds[1].Amount != cny(4980) {
			t.Errorf("refunds are %+v", l.Refunds)
		}
		must(t, checkLedger(l, 1))
	})
}
