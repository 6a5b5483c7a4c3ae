package storetest

import (
	"slices"
	"sync"
	"time"

	"morepay/internal/pay"
)

var claimCases = []testCase{
	{"most-overdue-first", claimMostOverdueFirst},
	{"excludes-until-it-ends", claimExcludes},
	{"never-overlap", claimsNeverOverlap},
	{"hold", claimHold},
}

// due stores sessions that expire one minute apart, the first at start.
func (fx *fixture) due(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		l := newLedger()
		l.Session.ExpiresAt = start.Add(time.Duration(i) * time.Minute)
		fx.must(fx.Ledgers.Create(fx.Context(), l))
		ids[i] = l.Session.ID
	}
	return ids
}

func (fx *fixture) claim(now, until time.Time, limit int) []string {
	fx.Helper()
	ids, err := fx.Ledgers.Claim(fx.Context(), now, until, limit)
	fx.must(err)
	return ids
}

func claimMostOverdueFirst(fx *fixture) {
	ids := fx.due(6)
	now := start.Add(4 * time.Minute)
	until := now.Add(time.Minute)
	if got := fx.claim(now, until, 3); !slices.Equal(got, ids[:3]) {
		fx.Errorf("the most overdue come first: got %v, want %v", got, ids[:3])
	}
	if got := fx.claim(now, until, 3); !slices.Equal(got, ids[3:5]) {
		fx.Errorf("then the next that are due, not those that aren't: got %v, want %v", got, ids[3:5])
	}
	if got := fx.claim(now, until, 3); len(got) != 0 {
		fx.Errorf("then none: got %v", got)
	}
}

func claimExcludes(fx *fixture) {
	id := fx.due(1)[0]
	now, until := start, start.Add(time.Minute)
	if got := fx.claim(now, until, 9); len(got) != 1 {
		fx.Fatalf("a due session can be claimed: %v", got)
	}
	if got := fx.claim(until.Add(-time.Millisecond), until.Add(time.Minute), 9); len(got) != 0 {
		fx.Errorf("a claim excludes others until it ends: %v", got)
	}
	if got := fx.claim(until, until.Add(time.Minute), 9); len(got) != 1 {
		fx.Errorf("a claim ends at its time: %v", got)
	}
	fx.update(id, func(*pay.Ledger) error { return nil })
	if got := fx.claim(until, until.Add(time.Minute), 9); len(got) != 1 {
		fx.Errorf("a claim ends with an update, even one that changes nothing: %v", got)
	}
	fx.update(id, func(l *pay.Ledger) error { l.Expire(start); return nil })
	if got := fx.claim(until.Add(time.Hour), until.Add(2*time.Hour), 9); len(got) != 0 {
		fx.Errorf("a ledger with nothing left to do is never due: %v", got)
	}
}

func claimHold(fx *fixture) {
	ids := fx.due(3)
	now := start.Add(time.Hour)
	until := now.Add(time.Minute)
	if got := fx.claim(now, until, 9); len(got) != 3 {
		fx.Fatalf("claimed %v", got)
	}
	longer := until.Add(time.Minute)
	fx.must(fx.Ledgers.Hold(fx.Context(), []string{ids[1], ids[0], "cs_unknown"}, longer))
	if got := fx.claim(until, longer, 9); !slices.Equal(got, ids[2:]) {
		fx.Errorf("what is held stays claimed, and nothing else: got %v, want %v", got, ids[2:])
	}
	fx.must(fx.Ledgers.Hold(fx.Context(), ids[:1], now))
	if got := fx.claim(now, until, 9); !slices.Equal(got, ids[:1]) {
		fx.Errorf("what is let go can be claimed: got %v, want %v", got, ids[:1])
	}
	fx.must(fx.Ledgers.Hold(fx.Context(), nil, until))
}

func claimsNeverOverlap(fx *fixture) {
	ids := fx.due(100)
	now, until := start.Add(100*time.Minute), start.Add(200*time.Minute)
	taken, overlap := map[string]int{}, false
	var mu sync.Mutex
	claim := func() (more bool) {
		got, err := fx.Ledgers.Claim(fx.Context(), now, until, 10)
		if err != nil {
			fx.Errorf("claim: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, id := range got {
			taken[id]++
			overlap = overlap || taken[id] > 1 // then there may always be more
		}
		return len(got) > 0 && !overlap
	}
	for round := range 5 {
		var all sync.WaitGroup
		together := make(chan struct{})
		for range 16 {
			all.Go(func() {
				<-together
				for claim() {
				}
			})
		}
		close(together)
		all.Wait()
		for _, id := range ids {
			if taken[id] != 1 {
				fx.Fatalf("round %d: session %s was claimed %d times, want once", round, id, taken[id])
			}
			fx.update(id, func(*pay.Ledger) error { return nil }) // ends the claim
		}
		clear(taken)
	}
}
