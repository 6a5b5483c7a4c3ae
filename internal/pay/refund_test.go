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
				r.ID, r.Number, r.AttemptID = fmt.Sprintf("given%d", i), fmt.Sprintf("G%d", i), ids[0]
				status := r.Status
				must(t, l.AddRefund(r, opened))
				saysOfRefund(t, l, r.Number, status, opened)
			}
			l = clone(l)
			before := clone(l)
			r := pay.Refund{ID: "r1", AttemptID: ids[0], Number: "R1", Amount: test.amount, Origin: pay.RefundByMerchant, Note: "torn"}
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
		must(t, l.AddRefund(pay.Refund{ID: fmt.Sprint(i), AttemptID: ids[0], Number: fmt.Sprint(i), Amount: cny(1)}, opened))
		saysOfRefund(t, l, fmt.Sprint(i), pay.RefundFailed, opened) // the provider has counted it all the same
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
	saysOfRefund(t, l, "R1", pay.RefundFailed, opened)
	checkRefundable(ids[0], price)

	l = begunLedger(t, 1)
	checkRefundable(ids[0], cny(0))

	l = ledgerWith(t, pay.AttemptSurplus)
	checkRefundable(ids[0], cny(0))
	checkRefundable(ids[1], price)
}

func TestProvidersWordOnARefund(t *testing.T) {
	for status, event := range map[pay.RefundStatus]pay.EventType{
		pay.RefundSucceeded: pay.EventRefundSucceeded,
		pay.RefundFailed:    pay.EventRefundFailed,
	} {
		t.Run(string(status), func(t *testing.T) {
			l := wonLedger(t)
			must(t, l.AddRefund(pay.Refund{ID: "r1", AttemptID: ids[0], Number: "R1", Amount: cny(1)}, opened))
			l = clone(l)
			saysOfRefund(t, l, "R1", status, expiry)
			r := l.RefundByNumber(ids[0], "R1")
			if r.Status != status || r.Reference != "TR1" || !r.CheckAt.IsZero() {
				t.Errorf("refund is %+v", r)
			}
			want := []pay.Event{{
				Number: l.Session.LastEvent, Type: event, Session: pay.SessionPaid,
				AttemptID: ids[0], RefundID: "r1", At: expiry,
			}}
			if diff := cmp.Diff(want, l.Events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if len(l.Evidence) != 1 {
				t.Errorf("%d pieces of evidence are kept, want 1", len(l.Evidence))
			}
		})
	}
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
		must(t, l.SendRefund("r1", now))
		l.RefundTried("r1", "", now)
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

	saysOfRefund(t, l, "R1", pay.RefundSucceeded, opened)
	before := clone(l)
	l.RefundTried("r1", "", opened)
	l.RefundTried("r9", pay.FailureRefused, opened)
	l.FailRefund("r1", pay.FailureRefused, opened)
	checkCode(t, l.SendRefund("r1", opened), pay.CodeConflict)
	checkCode(t, l.SendRefund("r9", opened), pay.CodeNotFound)
	checkUnchanged(t, before, clone(l))
}

// A refusal together with "not found" ends a refund at once if it was sent once:
// nothing of it is on its way.
func TestFailRefundSentOnce(t *testing.T) {
	l := refundingLedger(t)
	must(t, l.SendRefund("r1", opened))
	l.FailRefund("r1", pay.FailureTooLate, opened.Add(time.Second))
	if r := l.Refund("r1"); r.Status != pay.RefundFailed || r.Failure != pay.FailureTooLate || !r.CheckAt.IsZero() {
		t.Errorf("refund is %+v", r)
	}
}

// While an earlier request may still arrive they prove nothing: the refund is
// only asked about until AbsenceDelay after that one left.
func TestFailRefundSentTwice(t *testing.T) {
	l := refundingLedger(t)
	must(t, l.SendRefund("r1", opened))
	l.RefundTried("r1", "", opened)
	again := opened.Add(5 * time.Second)
	must(t, l.SendRefund("r1", again))
	l.FailRefund("r1", pay.FailureRefused, again)
	r := l.Refund("r1")
	if r.Status != pay.RefundPending || r.Failure != pay.FailureRefused || !r.AskOnly() {
		t.Fatalf("refund is %+v", r)
	}
	if want := opened.Add(pay.AbsenceDelay + time.Second); !r.CheckAt.Equal(want) {
		t.Errorf("it is asked about at %v, want %v", r.CheckAt, want)
	}
	checkCode(t, l.SendRefund("r1", r.CheckAt), pay.CodeConflict)
	l.FailRefund("r1", pay.FailureRefused, r.CheckAt)
	if r.Status != pay.RefundFailed {
		t.Errorf("after that time it is %s", r.Status)
	}
	// And should the first request have been taken after all, that counts.
	saysOfRefund(t, l, "R1", pay.RefundSucceeded, expiry)
	if r.Status != pay.RefundSucceeded || r.Failure != "" {
		t.Errorf("after a success it is %+v", r)
	}
}

// An answer that nobody knows may mean that the refund was taken: "not found" proves
// nothing until its own request can't arrive any more.
func TestFailRefundInDoubt(t *testing.T) {
	l := refundingLedger(t)
	must(t, l.SendRefund("r1", opened))
	l.DoubtRefund("r1", pay.FailureRefused, opened)
	l.FailRefund("r1", pay.FailureRefused, opened.Add(pay.AbsenceDelay))
	r := l.Refund("r1")
	if r.Status != pay.RefundPending || !r.AskOnly() || r.CheckAt.IsZero() {
		t.Fatalf("refund is %+v", r)
	}
	l.FailRefund("r1", pay.FailureRefused, r.CheckAt)
	if r.Status != pay.RefundFailed || r.Failure != pay.FailureRefused {
		t.Errorf("after that time it is %+v", r)
	}
}

func TestRefundWaitsForBalance(t *testing.T) {
	l := refundingLedger(t)
	must(t, l.SendRefund("r1", opened))
	l.RefundTried("r1", pay.FailureBalance, opened)
	if r := l.Refund("r1"); r.AskOnly() || r.Status != pay.RefundPending || r.CheckAt.IsZero() {
		t.Errorf("refund is %+v", r)
	}
	must(t, l.SendRefund("r1", opened.Add(time.Minute)))
}

// refundingLedger returns a paid ledger with a refund r1 of all of it, not sent
// yet.
func refundingLedger(t *testing.T) *pay.Ledger {
	t.Helper()
	l := wonLedger(t)
	must(t, l.AddRefund(pay.Refund{ID: "r1", AttemptID: ids[0], Number: "R1", Amount: price, Origin: pay.RefundByMerchant}, opened))
	return clone(l)
}

func TestRetryRefund(t *testing.T) {
	l := refundingLedger(t)
	_, err := l.RetryRefund("r1", "ann", opened)
	checkCode(t, err, pay.CodeConflict)
	_, err = l.RetryRefund("r9", "ann", opened)
	checkCode(t, err, pay.CodeNotFound)

	l.FailRefund("r1", pay.FailureRefused, opened)
	id, err := l.RetryRefund("r1", "ann", expiry)
	must(t, err)
	first, second := l.Refund("r1"), l.Refund(id)
	if second.Status != pay.RefundPending || second.Author != "ann" || second.Amount != price || second.Number == first.Number || second.Number == "" {
		t.Errorf("the second is %+v", second)
	}
	_, err = l.RetryRefund("r1", "ann", expiry) // clicked twice
	checkCode(t, err, pay.CodeRefundExceeds)
}

// A surplus of which some went back by another hand while ours was under way: ours
// can't be made any more, and the rest of it can.
func TestRetryRefundOfTheRest(t *testing.T) {
	l := ledgerWith(t, pay.AttemptSurplus)
	ours := l.Refunds[0].ID
	said := refundEvidence(0, "console1", pay.RefundSucceeded)
	said.Returned.Amount = cny(2990)
	must(t, l.Apply(said, opened))
	if r := l.Refund(ours); r.Status != pay.RefundFailed || !l.NeedsPerson(r) {
		t.Fatalf("ours is %+v", r)
	}
	id, err := l.RetryRefund(ours, "ann", opened)
	must(t, err)
	if r := l.Refund(id); r.Amount != cny(2990) || l.Refundable(ids[0]).Value != 0 {
		t.Errorf("made anew it is %+v, %v is left", r, l.Refundable(ids[0]))
	}
	must(t, checkLedger(l, 1))
}

// stuckLedger has a refund that the payer's account can't take.
func stuckLedger(t *testing.T) *pay.Ledger {
	t.Helper()
	l := refundingLedger(t)
	ev := refundEvidence(0, "R1", pay.RefundPending)
	ev.Returned.Failure = pay.FailurePayerAccount
	must(t, l.Apply(ev, opened))
	return clone(l)
}

// Only a refund that is stuck goes to another account; it stays one that needs a
// person, and is not sent again, until the provider says that it has arrived.
func TestRedirectRefund(t *testing.T) {
	l := stuckLedger(t)
	must(t, l.MayRedirect("r1"))
	l.RedirectRefund("r1", "ann", opened)
	if r := l.Refund("r1"); r.Author != "ann" || r.Status != pay.RefundPending || !r.AskOnly() || !l.NeedsPerson(r) || r.CheckAt != opened.Add(5*time.Second) {
		t.Errorf("redirected: %+v", r)
	}
	saysOfRefund(t, l, "R1", pay.RefundSucceeded, opened)
	checkCode(t, l.MayRedirect("r1"), pay.CodeConflict)
	checkCode(t, l.MayRedirect("r9"), pay.CodeNotFound)
	checkCode(t, refundingLedger(t).MayRedirect("r1"), pay.CodeConflict)
	before, after := clone(l), clone(l)
	after.RedirectRefund("r1", "bob", expiry)
	checkUnchanged(t, before, after)
}

func TestRecordRefund(t *testing.T) {
	byHand := pay.Refund{ID: "h1", AttemptID: ids[0], Amount: price, Author: "ann", Note: "by bank"}
	change := func(f func(*pay.Refund)) pay.Refund {
		r := byHand
		f(&r)
		return r
	}
	for _, test := range []struct {
		name      string
		ledger    func(*testing.T) *pay.Ledger
		refund    pay.Refund
		insteadOf string
		want      pay.Code
	}{
		{name: "of-a-payment", ledger: wonLedger, refund: byHand},
		{name: "no-author", ledger: wonLedger, refund: change(func(r *pay.Refund) { r.Author = "" }), want: pay.CodeInvalid},
		{name: "no-note", ledger: wonLedger, refund: change(func(r *pay.Refund) { r.Note = "" }), want: pay.CodeInvalid},
		{name: "too-much", ledger: wonLedger, refund: change(func(r *pay.Refund) { r.Amount.Value++ }), want: pay.CodeRefundExceeds},
		{name: "not-paid", ledger: func(t *testing.T) *pay.Ledger { return begunLedger(t, 1) }, refund: byHand, want: pay.CodeConflict},
		{name: "while-another-is-under-way", ledger: refundingLedger, refund: byHand, want: pay.CodeRefundExceeds},
		{name: "instead-of-one-under-way", ledger: refundingLedger, refund: byHand, insteadOf: "r1", want: pay.CodeConflict},
		{name: "instead-of-a-stuck-one", ledger: stuckLedger, refund: byHand, insteadOf: "r1"},
		{name: "instead-of-none", ledger: wonLedger, refund: byHand, insteadOf: "r9", want: pay.CodeNotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := test.ledger(t)
			before := clone(l)
			err := l.RecordRefund(test.refund, test.insteadOf, expiry)
			checkCode(t, err, test.want)
			if err != nil {
				checkUnchanged(t, before, l)
				return
			}
			r := l.Refund("h1")
			if r.Status != pay.RefundSucceeded || r.Origin != pay.RefundByHand || l.Refundable(ids[0]).Value != 0 {
				t.Errorf("refund is %+v, %v is left", r, l.Refundable(ids[0]))
			}
			if old := l.Refund(test.insteadOf); old != nil && (old.Status != pay.RefundFailed || old.Failure != pay.FailureMadeElsewhere) {
				t.Errorf("the stuck one is %+v", old)
			}
			must(t, checkLedger(l, 1))
		})
	}
}

// A surplus that could not be given back waits for a person, and is what a
// merchant's refund takes first.
func TestSurplusThatStays(t *testing.T) {
	l := ledgerWith(t, pay.AttemptSurplus) // attempt 1 won
	id := "rf_" + ids[0]
	if got := l.NextToRefund(); got != ids[1] {
		t.Errorf("while its refund is under way %s is next", got)
	}
	l.FailRefund(id, pay.FailureUnsupported, opened)
	if r := l.Refund(id); !l.NeedsPerson(r) || l.NextToRefund() != ids[0] {
		t.Errorf("refund %+v needs nobody, next is %s", r, l.NextToRefund())
	}
	must(t, l.Apply(evidence(0, pay.SourceNotification, pay.OutcomePaid), opened))
	if len(l.Refunds) != 1 {
		t.Errorf("another word about the payment made another refund: %+v", l.Refunds)
	}
	_, err := l.RetryRefund(id, "ann", opened)
	must(t, err)
	if r := l.Refund(id); l.NeedsPerson(r) || l.NextToRefund() != ids[1] {
		t.Errorf("made anew, it still needs a person: next is %s", l.NextToRefund())
	}
}
