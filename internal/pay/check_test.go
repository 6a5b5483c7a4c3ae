package pay_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"morepay/internal/pay"
)

// longLedger returns a session of an hour, whose attempt expires with it.
func longLedger(t *testing.T) *pay.Ledger {
	t.Helper()
	l := openLedger()
	l.Session.ExpiresAt = opened.Add(time.Hour)
	a := newAttempt(0)
	a.ExpiresAt = l.Session.ExpiresAt
	must(t, l.Begin(a, opened))
	return l
}

// checksFrom returns the times after opened at which attempt 0 is asked about,
// when every check is made on time and settles nothing.
func checksFrom(l *pay.Ledger, most int) []time.Duration {
	var at []time.Duration
	for range most {
		now := l.Attempt(ids[0]).CheckAt
		at = append(at, now.Sub(opened))
		l.Checked(ids[0], now)
	}
	return at
}

func TestChecksOfAnAttempt(t *testing.T) {
	t.Parallel()
	const s, m, h = time.Second, time.Minute, time.Hour
	tests := []struct {
		name    string
		prepare func(*testing.T, *pay.Ledger)
		want    []time.Duration // after opened
	}{
		{
			"left-alone", func(*testing.T, *pay.Ledger) {},
			[]time.Duration{5 * s, 15 * s, 30 * s, m, 2 * m, 5 * m, 10 * m, 30 * m, 65 * m, 66*m + s, 66*m + s + (66*m+s)/2},
		},
		{"abandoned-after-20s", func(_ *testing.T, l *pay.Ledger) {
			l.Checked(ids[0], opened.Add(15*s))
			l.Abandon(opened.Add(20 * s))
		}, []time.Duration{30 * s, m, 2 * m, 5 * m, 6 * m, 7 * m, 8 * m, 9 * m, 10 * m, 11 * m, 12*m + 6*s}},
		{"abandoned-after-20m", func(_ *testing.T, l *pay.Ledger) {
			l.Checked(ids[0], opened.Add(10*m))
			l.Abandon(opened.Add(20 * m))
		}, []time.Duration{20 * m, 22 * m}},
		{"resumed-after-20m", func(t *testing.T, l *pay.Ledger) {
			l.Checked(ids[0], opened.Add(10*m))
			must(t, l.Resume(ids[0], opened.Add(20*m)))
		}, []time.Duration{20*m + 5*s, 20*m + 15*s, 20*m + 30*s, 21 * m, 22 * m, 25 * m, 30 * m, 50 * m, 65 * m, 66*m + s}},
		{
			"never-settled", func(_ *testing.T, l *pay.Ledger) { l.Checked(ids[0], opened.Add(100*h)) },
			[]time.Duration{106 * h, 112 * h},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := longLedger(t)
			test.prepare(t, l)
			if diff := cmp.Diff(test.want, checksFrom(l, len(test.want))); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChecksEndWithTheAttempt(t *testing.T) {
	t.Parallel()
	for _, state := range pay.AttemptStates {
		t.Run(string(state), func(t *testing.T) {
			l := ledgerWith(t, state)
			before := clone(l)
			l.Checked(ids[0], opened)
			a := l.Attempt(ids[0])
			if !state.Payable() {
				checkUnchanged(t, before, l)
			} else if a.Checks != 1 {
				t.Errorf("%d checks are counted, want 1", a.Checks)
			}
			if a.CheckAt.IsZero() == state.Payable() {
				t.Errorf("the next check is at %v", a.CheckAt)
			}
		})
	}
}

// TestAbandon: it is about live attempts only, and a second time about none.
func TestAbandon(t *testing.T) {
	t.Parallel()
	for _, state := range pay.AttemptStates {
		t.Run(string(state), func(t *testing.T) {
			l := openLedger()
			must(t, l.Begin(newAttempt(0), opened))
			l.Attempts[0].State = state
			before := clone(l)
			l.Abandon(opened)
			if !state.Payable() {
				checkUnchanged(t, before, clone(l))
				return
			}
			if !l.Attempts[0].Abandoned {
				t.Error("it is not abandoned")
			}
			l.Checked(ids[0], opened.Add(10*time.Minute))
			before = clone(l)
			l.Abandon(opened.Add(10 * time.Minute))
			checkUnchanged(t, before, clone(l))
		})
	}
}

// An attempt that was left is looked at as soon as it may be closed, not when its
// provider would have been asked anyway.
func TestAbandonIsSoon(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ at, want time.Duration }{
		"young": {time.Minute, pay.CloseDelay},
		"old":   {11 * time.Minute, 11 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger()
			must(t, l.Begin(newAttempt(0), opened))
			l.Attempts[0].CheckAt = opened.Add(30 * time.Minute)
			l.Abandon(opened.Add(c.at))
			if got := l.Attempts[0].CheckAt.Sub(opened); got != c.want {
				t.Errorf("looked at after %v, want %v", got, c.want)
			}
		})
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	// Nothing but a session: its expiry.
	l := openLedger()
	if got := l.Due(); !got.Equal(expiry) {
		t.Errorf("open: due at %v, want %v", got, expiry)
	}
	// An attempt: its next check.
	must(t, l.Begin(newAttempt(0), opened))
	if got, want := l.Due(), opened.Add(5*time.Second); !got.Equal(want) {
		t.Errorf("begun: due at %v, want %v", got, want)
	}
	// Paid: never again.
	pays(t, l, 0)
	if got := l.Due(); !got.IsZero() {
		t.Errorf("paid: due at %v, want never", got)
	}
	// A refund: at once, until it is settled.
	must(t, l.AddRefund(pay.Refund{ID: "r1", AttemptID: ids[0], Number: "R1", Amount: price}, opened))
	if got := l.Due(); !got.Equal(opened) {
		t.Errorf("refunding: due at %v, want %v", got, opened)
	}
	saysOfRefund(t, l, "R1", pay.RefundSucceeded, opened)
	if got := l.Due(); !got.IsZero() {
		t.Errorf("refunded: due at %v, want never", got)
	}
}
