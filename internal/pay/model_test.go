package pay_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"morepay/internal/needs"
	"morepay/internal/pay"
)

func TestModelHoldsEveryInvariant(t *testing.T) {
	t.Parallel()
	m := exploreAll(t, paying)
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

// TestModelOfAFriend visits what can follow when a friend pays too.
func TestModelOfAFriend(t *testing.T) {
	t.Parallel()
	needs.Time(t)
	m := exploreAll(t, inviting)
	seen := map[string]bool{}
	for _, l := range m.ledgers {
		won := l.Attempt(l.Session.Winner)
		if won == nil {
			continue
		}
		seen[fmt.Sprintf("friend %t, revoked %t, surplus %t", won.Invitation != "", !l.Invitations[0].RevokedAt.IsZero(), len(l.Refunds) > 0)] = true
	}
	for _, want := range []string{
		"friend true, revoked false, surplus false", "friend true, revoked true, surplus true",
		"friend false, revoked false, surplus true", "friend false, revoked true, surplus true",
	} {
		if !seen[want] {
			t.Errorf("no session was ever paid with %s", want)
		}
	}
}

// TestModelOfReturnedMoney visits what can follow when money goes back by any hand.
func TestModelOfReturnedMoney(t *testing.T) {
	t.Parallel()
	m := exploreAll(t, returning)
	seen := map[string]bool{}
	for _, l := range m.ledgers {
		for _, r := range l.Refunds {
			seen[fmt.Sprintf("%s %s %s", r.Origin, r.Status, r.Failure)] = true
		}
	}
	for _, want := range []string{
		"surplus succeeded ", "surplus pending payer_account", "surplus pending refused", "surplus failed refused", "surplus failed exceeds",
		"merchant succeeded ", "merchant failed refused", "provider succeeded ",
	} {
		if !seen[want] {
			t.Errorf("no refund was ever %s", want)
		}
	}
}

// exploreAll visits every state of a scene, and demands that each of its rules led
// somewhere: a model in which something can't happen proves nothing about it.
func exploreAll(t *testing.T, s scene) *model {
	t.Helper()
	if raceDetector {
		t.Skip("the model is one goroutine: there is nothing to race")
	}
	m := newModel(s, 2, mutant{})
	if c := m.explore(""); c != nil {
		t.Fatalf("counter-example:\n%s", c)
	}
	t.Logf("%d states, %d ledgers", len(m.nodes), len(m.ledgers))
	for i, n := range m.taken {
		if n == 0 && m.has(rules[i]) {
			t.Errorf("it never happened that %q", rules[i].text)
		}
	}
	return m
}

// TestModelWithThreeAttempts walks at random, from fixed seeds, where there is
// too much to visit all of it.
func TestModelWithThreeAttempts(t *testing.T) {
	t.Parallel()
	needs.Time(t)
	if raceDetector {
		t.Skip("the model is one goroutine: there is nothing to race")
	}
	m := newModel(everywhere, mostAttempts, mutant{})
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
	scene  scene
	wrong  mutant
	breaks string
}{
	{"acknowledge-before-commit", paying, mutant{acknowledgeFirst: true}, "I1"},
	{"drop-late-success", paying, mutant{dropLateSuccess: true}, "money"},
	{"never-query", paying, mutant{neverQuery: true}, "money"},
	{"no-compare-and-set", paying, mutant{noCompareAndSet: true}, "I4"},
	{"close-locally-only", paying, mutant{closeLocally: true}, "money"},
	{"insert-the-attempt-after-the-call", paying, mutant{insertLate: true}, "money"},
	{"reply-overwrites-success", paying, mutant{replyOverwrites: true}, "I2"},
	{"trust-not-found-at-once", paying, mutant{trustAbsence: true}, "money"},
	{"take-an-unscanned-code-for-absent", paying, mutant{forgetUnscanned: true}, "money"},
	{"believe-the-refusal-of-a-repeat", paying, mutant{believeRefusal: true}, "money"},
	{"new-number-for-each-refund-try", paying, mutant{newRefundNumber: true}, "I10"},
	{"drop-returned-money", returning, mutant{dropReturned: true}, "I11"},
	{"count-our-own-refund-twice", returning, mutant{countTwice: true}, "I10"},
	{"take-abnormal-for-failed", returning, mutant{abnormalIsFinal: true}, "I10"},
	{"believe-the-absence-of-a-refused-repeat", returning, mutant{believeAbsence: true}, "I10"},
	{"acknowledge-refund-notices-unheard", returning, mutant{acknowledgeFirst: true}, "I12"},
	{"drop-the-refund-of-an-unknown-payment", returning, mutant{dropEarlyNotice: true}, "I12"},
	{"take-a-cancel-that-refunds-for-closed", returning, mutant{cancelIsClosed: true}, "money"},
	{"ignore-that-a-link-was-taken-back", inviting, mutant{ignoreRevoked: true}, "I6"},
	{"request-outlives-its-attempt", paying, mutant{requestOutlives: true}, "I7"},
}

func TestModelFindsEveryMutant(t *testing.T) {
	t.Parallel()
	for _, mutant := range mutants {
		t.Run(mutant.name, func(t *testing.T) {
			m := newModel(mutant.scene, 2, mutant.wrong)
			c := m.explore(mutant.breaks)
			if c == nil {
				t.Fatalf("no break of %s in %d states", mutant.breaks, len(m.nodes))
			}
			t.Logf("after %d states:\n%s", len(m.nodes), c)
		})
	}
}
