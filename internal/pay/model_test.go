package pay_test

import (
	"math/rand/v2"
	"testing"

	"morepay/internal/pay"
)

func TestModelHoldsEveryInvariant(t *testing.T) {
	t.Parallel()
	if raceDetector {
		t.Skip("the model is one goroutine: there is nothing to race")
	}
	m := newModel(2, mutant{})
	if c := m.explore(""); c != nil {
		t.Fatalf("counter-example:\n%s", c)
	}
	t.Logf("%d states, %d ledgers", len(m.nodes), len(m.ledgers))

	// A model in which something can't happen proves nothing about it.
	for i, n := range m.taken {
		if n == 0 {
			t.Errorf("it never happened that %q", rules[i].text)
		}
	}
	sessions, attempts := map[pay.SessionStatus]bool{}, map[pay.AttemptState]bool{}
	for _, l := range m.ledgers {
		sessions[l.Session.Status] = true
		for _, a := range l.Attempts {
			attempts[a.State] = true
		}
	}
	for _, s := range pay.SessionStatuses {
		if !sessions[s] {
			t.Errorf("no session was ever %s", s)
		}
	}
	for _, s := range pay.AttemptStates {
		if !attempts[s] {
			t.Errorf("no attempt was ever %s", s)
		}
	}
}

// TestModelWithThreeAttempts walks at random, from fixed seeds, where there is
// too much to visit all of it.
func TestModelWithThreeAttempts(t *testing.T) {
	t.Parallel()
	if raceDetector {
		t.Skip("the model is one goroutine: there is nothing to race")
	}
	m := newModel(mostAttempts, mutant{})
	for seed := range uint64(2000) {
		if c := m.walk(rand.New(rand.NewPCG(seed, 0)), 120); c != nil {
			t.Fatalf("counter-example of seed %d:\n%s", seed, c)
		}
	}
	t.Logf("%d states, %d ledgers", len(m.seen), len(m.ledgers))
	for _, l := range m.ledgers {
		if len(l.Refunds) == mostAttempts { // one payment kept or refunded by the merchant, the others surplus
			return
		}
	}
	t.Error("no walk came to three payments, all of them refunded")
}

// mutants are the mistakes that the model must see, each with an invariant that
// it must find broken.
var mutants = []struct {
	name   string
	wrong  mutant
	breaks string
}{
	{"acknowledge-before-commit", mutant{acknowledgeFirst: true}, "I1"},
	{"drop-late-success", mutant{dropLateSuccess: true}, "money"},
	{"never-query", mutant{neverQuery: true}, "money"},
	{"no-compare-and-set", mutant{noCompareAndSet: true}, "I4"},
	{"close-locally-only", mutant{closeLocally: true}, "money"},
	{"insert-the-attempt-after-the-call", mutant{insertLate: true}, "money"},
	{"reply-overwrites-success", mutant{replyOverwrites: true}, "I2"},
	{"trust-not-found-at-once", mutant{trustAbsence: true}, "money"},
	{"take-an-unscanned-code-for-absent", mutant{forgetUnscanned: true}, "money"},
	{"believe-the-refusal-of-a-repeat", mutant{believeRefusal: true}, "money"},
	{"new-number-for-each-refund-try", mutant{newRefundNumber: true}, "I10"},
	{"request-outlives-its-attempt", mutant{requestOutlives: true}, "I7"},
}

func TestModelFindsEveryMutant(t *testing.T) {
	t.Parallel()
	for _, mutant := range mutants {
		t.Run(mutant.name, func(t *testing.T) {
			m := newModel(2, mutant.wrong)
			c := m.explore(mutant.breaks)
			if c == nil {
				t.Fatalf("no break of %s in %d states", mutant.breaks, len(m.nodes))
			}
			t.Logf("after %d states:\n%s", len(m.nodes), c)
		})
	}
}
