package storetest

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"morepay/internal/pay"
)

// sameMillisecond compares times as far as a store keeps them.
var sameMillisecond = cmp.Comparer(func(a, b time.Time) bool { return a.UnixMilli() == b.UnixMilli() })

// likePure makes the same random changes to a stored ledger and to one in
// memory: after each, both must be equal.
func likePure(fx *fixture) {
	rapid.Check(fx.T, func(t *rapid.T) {
		now := start.UTC().Truncate(time.Millisecond)
		session := newLedger().Session
		session.CreatedAt, session.ExpiresAt, session.LastEvent = now, now.Add(30*time.Minute), 0
		pure := pay.Open(session)
		fx.must(fx.Ledgers.Create(fx.Context(), pay.Open(session)))
		events := pure.Events
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 600_000).Draw(t, "ms")) * time.Millisecond)
			change := randomChange(t, pure, now)
			changed := &pay.Ledger{Session: pure.Session, Attempts: slices.Clone(pure.Attempts), Refunds: slices.Clone(pure.Refunds)}
			wantErr := change(changed)
			_, err := fx.Ledgers.Update(fx.Context(), session.ID, change)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("the stored ledger answers %v, the pure one %v", err, wantErr)
			}
			if err == nil {
				events = append(events, changed.Events...)
				pure = changed
			}
			pure.Events, pure.Evidence = nil, nil
			if diff := cmp.Diff(pure, fx.ledger(session.ID), sameMillisecond); diff != "" {
				t.Fatalf("the stored ledger differs (-pure +stored):\n%s", diff)
			}
		}
		if diff := cmp.Diff(events, fx.events(session.ID), sameMillisecond); diff != "" {
			t.Fatalf("the stored events differ (-pure +stored):\n%s", diff)
		}
	})
}

// randomChange returns anything that may happen to a ledger at now.
func randomChange(t *rapid.T, l *pay.Ledger, now time.Time) func(*pay.Ledger) error {
	fresh := newAttempt()
	fresh.ExpiresAt = now.Add(10 * time.Minute)
	a := fresh // one that the ledger doesn't know, until there is one to choose
	if len(l.Attempts) > 0 {
		a = rapid.SampledFrom(l.Attempts).Draw(t, "attempt")
	}
	refundID := "none"
	if len(l.Refunds) > 0 {
		refundID = rapid.SampledFrom(l.Refunds).Draw(t, "refund").ID
	}
	evidence := func(outcome pay.Outcome) func(*pay.Ledger) error {
		ev := paid(a)
		ev.Outcome, ev.PaidAt, ev.ReceivedAt = outcome, now, now
		return func(l *pay.Ledger) error { return l.Apply(ev, now) }
	}
	always := func(change func(*pay.Ledger)) func(*pay.Ledger) error {
		return func(l *pay.Ledger) error { change(l); return nil }
	}
	changes := map[string]func(*pay.Ledger) error{
		"begin":  func(l *pay.Ledger) error { return l.Begin(fresh, now) },
		"resume": func(l *pay.Ledger) error { return l.Resume(a.ID, now) },
		"accept": always(func(l *pay.Ledger) {
			l.Accept(a.ID, pay.Action{Kind: pay.ActionBridge, Params: map[string]string{"a": "b"}, ExpiresAt: now}, now)
		}),
		"refuse":  always(func(l *pay.Ledger) { l.Refuse(a.ID, now) }),
		"checked": always(func(l *pay.Ledger) { l.Checked(a.ID, now) }),
		"abandon": always(func(l *pay.Ledger) { l.Abandon(now) }),
		"expire":  always(func(l *pay.Ledger) { l.Expire(now) }),
		"cancel":  func(l *pay.Ledger) error { return l.Cancel(now) },
		"extend":  func(l *pay.Ledger) error { return l.Extend(now.Add(time.Hour), now) },
		"early":   func(l *pay.Ledger) error { return l.ExpireEarly(now) },
		"paid":    evidence(pay.OutcomePaid),
		"closed":  evidence(pay.OutcomeClosed),
		"absent":  evidence(pay.OutcomeAbsent),
		"refund": func(l *pay.Ledger) error {
			r := pay.Refund{ID: "rf " + fresh.ID, AttemptID: a.ID, Number: fresh.OutTradeNo, Amount: pay.Money{Currency: "CNY", Value: 100}}
			return l.AddRefund(r, now)
		},
		"send":  func(l *pay.Ledger) error { return l.SendRefund(refundID, now) },
		"tried": always(func(l *pay.Ledger) { l.RefundTried(refundID, pay.FailureBalance, now) }),
		"fail":  always(func(l *pay.Ledger) { l.FailRefund(refundID, pay.FailureTooLate, now) }),
		"returned": func(l *pay.Ledger) error {
			ev := paid(a)
			ev.ID, ev.Outcome, ev.PaidAt, ev.ReceivedAt = "refund "+fresh.ID, pay.OutcomeRefund, now, now
			ev.Returned = &pay.Returned{Number: fresh.OutTradeNo, Status: pay.RefundSucceeded, Amount: pay.Money{Currency: "CNY", Value: 1}}
			return l.Apply(ev, now)
		},
		"unanswered": always(func(l *pay.Ledger) { l.Unanswered(a.ID, time.Second, now) }),
	}
	names := make([]string, 0, len(changes))
	for name := range changes {
		names = append(names, name)
	}
	slices.Sort(names)
	return changes[rapid.SampledFrom(names).Draw(t, "change")]
}
