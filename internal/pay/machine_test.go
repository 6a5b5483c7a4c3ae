package pay_test

import (
	"testing"

	"morepay/internal/pay"
)

// The tables below spell out every state and input, also those that change
// nothing ("-"), so that a reader can check them against the rules.

func TestSessionMachine(t *testing.T) {
	t.Parallel()
	const no = pay.SessionStatus("-")
	inputs := []pay.SessionInput{pay.SessionGetsPaid, pay.SessionExpires, pay.SessionCancels}
	table := []struct {
		from pay.SessionStatus
		to   []pay.SessionStatus // after each of inputs
	}{
		//                     paid                 expires             cancels
		{pay.SessionOpen, []pay.SessionStatus{pay.SessionPaid, pay.SessionExpired, pay.SessionCanceled}},
		{pay.SessionPaid, []pay.SessionStatus{no, no, no}},
		{pay.SessionExpired, []pay.SessionStatus{pay.SessionPaidLate, no, no}},
		{pay.SessionCanceled, []pay.SessionStatus{pay.SessionPaidLate, no, no}},
		{pay.SessionPaidLate, []pay.SessionStatus{no, no, no}},
		{"nonsense", []pay.SessionStatus{no, no, no}},
	}
	rows := map[pay.SessionStatus]bool{}
	for _, row := range table {
		rows[row.from] = true
		for i, in := range inputs {
			t.Run(string(row.from)+"-"+string(in), func(t *testing.T) {
				checkNext(t, row.from.Next, in, row.to[i], no)
			})
		}
	}
	checkComplete(t, rows, pay.SessionStatuses)
	if len(inputs) != len(pay.SessionInputs) {
		t.Errorf("the table has %d inputs, the machine %d", len(inputs), len(pay.SessionInputs))
	}
}

func TestAttemptMachine(t *testing.T) {
	t.Parallel()
	const no = pay.AttemptState("-")
	inputs := []pay.AttemptInput{pay.AttemptAccepted, pay.AttemptRefused, pay.AttemptWins, pay.AttemptExceeds, pay.AttemptCloses}
	table := []struct {
		from pay.AttemptState
		to   []pay.AttemptState // after each of inputs
	}{
		//                        accepted             refused            wins                  exceeds             closes
		{pay.AttemptSubmitting, []pay.AttemptState{pay.AttemptAwaiting, pay.AttemptFailed, pay.AttemptSucceeded, pay.AttemptSurplus, pay.AttemptClosed}},
		{pay.AttemptAwaiting, []pay.AttemptState{no, no, pay.AttemptSucceeded, pay.AttemptSurplus, pay.AttemptClosed}},
		{pay.AttemptSucceeded, []pay.AttemptState{no, no, no, no, no}},
		{pay.AttemptSurplus, []pay.AttemptState{no, no, no, no, no}},
		{pay.AttemptClosed, []pay.AttemptState{no, no, pay.AttemptSucceeded, pay.AttemptSurplus, no}},
		{pay.AttemptFailed, []pay.AttemptState{no, no, pay.AttemptSucceeded, pay.AttemptSurplus, no}},
		{"nonsense", []pay.AttemptState{no, no, no, no, no}},
	}
	rows := map[pay.AttemptState]bool{}
	for _, row := range table {
		rows[row.from] = true
		for i, in := range inputs {
			t.Run(string(row.from)+"-"+string(in), func(t *testing.T) {
				checkNext(t, row.from.Next, in, row.to[i], no)
			})
		}
	}
	checkComplete(t, rows, pay.AttemptStates)
	if len(inputs) != len(pay.AttemptInputs) {
		t.Errorf("the table has %d inputs, the machine %d", len(inputs), len(pay.AttemptInputs))
	}
}

// TestRefundMachine: a refund has no inputs but the provider's word, which
// evidence brings.
func TestRefundMachine(t *testing.T) {
	t.Parallel()
	const no = pay.RefundStatus("-")
	words := []pay.RefundStatus{pay.RefundPending, pay.RefundSucceeded, pay.RefundFailed, "", "nonsense"}
	table := []struct {
		from pay.RefundStatus
		to   []pay.RefundStatus // after each of words
	}{
		//                      pending succeeded            failed            "" nonsense
		{pay.RefundPending, []pay.RefundStatus{no, pay.RefundSucceeded, pay.RefundFailed, no, no}},
		{pay.RefundSucceeded, []pay.RefundStatus{no, no, no, no, no}},
		{pay.RefundFailed, []pay.RefundStatus{no, pay.RefundSucceeded, no, no, no}},
	}
	for _, row := range table {
		for i, word := range words {
			t.Run(string(row.from)+"-"+string(word), func(t *testing.T) {
				checkNext(t, refundNext(t, row.from), word, row.to[i], no)
			})
		}
	}
}

// refundNext returns the status to which a statement of the provider takes a
// refund.
func refundNext(t *testing.T, from pay.RefundStatus) func(pay.RefundStatus) (pay.RefundStatus, bool) {
	return func(word pay.RefundStatus) (pay.RefundStatus, bool) {
		l := wonLedger(t)
		must(t, l.AddRefund(pay.Refund{ID: "r1", AttemptID: ids[0], Number: "R1", Amount: price}, opened))
		_ = l.Apply(refundEvidence(0, "R1", from), opened)
		was := l.Session.LastEvent
		_ = l.Apply(refundEvidence(0, "R1", word), opened)
		return l.Refund("r1").Status, l.Session.LastEvent > was
	}
}

func checkNext[S ~string, I ~string](t *testing.T, next func(I) (S, bool), in I, want, no S) {
	t.Helper()
	got, ok := next(in)
	if want == no {
		if ok {
			t.Errorf("%s leads to %s, want nothing", in, got)
		}
		return
	}
	if !ok || got != want {
		t.Errorf("%s leads to %q, %t, want %s", in, got, ok, want)
	}
}

func checkComplete[S ~string](t *testing.T, rows map[S]bool, states []S) {
	t.Helper()
	for _, s := range states {
		if !rows[s] {
			t.Errorf("the table has no row for %s", s)
		}
	}
	if len(rows) != len(states)+1 {
		t.Errorf("the table has %d rows, the machine %d states", len(rows)-1, len(states))
	}
}

func TestPredicates(t *testing.T) {
	t.Parallel()
	paid := map[pay.SessionStatus]bool{pay.SessionPaid: true, pay.SessionPaidLate: true}
	for _, s := range pay.SessionStatuses {
		if s.Paid() != paid[s] {
			t.Errorf("%s.Paid() is %t", s, s.Paid())
		}
	}
	payable := map[pay.AttemptState]bool{pay.AttemptSubmitting: true, pay.AttemptAwaiting: true}
	received := map[pay.AttemptState]bool{pay.AttemptSucceeded: true, pay.AttemptSurplus: true}
	for _, s := range pay.AttemptStates {
		if s.Payable() != payable[s] || s.Received() != received[s] {
			t.Errorf("%s: payable %t, received %t", s, s.Payable(), s.Received())
		}
	}
}
