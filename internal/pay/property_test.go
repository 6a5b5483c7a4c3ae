package pay_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"morepay/internal/pay"
	"pgregory.net/rapid"
)

// actor calls the methods of one ledger in any order, with any arguments, as
// time goes on.
type actor struct {
	ledger  *pay.Ledger
	now     time.Time
	paid    int // paid events so far
	refunds int
}

// change runs one method as a transaction and checks every invariant.
func (a *actor) change(t *rapid.T, method func(*pay.Ledger) error) {
	after := clone(a.ledger)
	err := method(after)
	if err != nil {
		if diff := cmp.Diff(clone(a.ledger), after); diff != "" {
			t.Fatalf("it failed with %v and changed (-before +after):\n%s", err, diff)
		}
		return
	}
	if err := checkCommit(a.ledger, after); err != nil {
		t.Fatal(err)
	}
	a.paid += paidEvents(after.Events)
	if err := checkLedger(after, a.paid); err != nil {
		t.Fatal(err)
	}
	a.ledger = clone(after)
}

func (a *actor) begin(t *rapid.T) {
	a.change(t, func(l *pay.Ledger) error {
		n := len(l.Attempts)
		if n >= len(ids) {
			t.Skip("there are no more names")
		}
		fresh := newAttempt(n)
		if i := len(l.Invitations); i > 0 && rapid.Bool().Draw(t, "by a friend") {
			fresh.Invitation = l.Invitations[rapid.IntRange(0, i-1).Draw(t, "invitation")].ID
		}
		return l.Begin(fresh, a.now)
	})
}

func (a *actor) invite(t *rapid.T) {
	fresh := invitation
	fresh.ID = fmt.Sprint("in_", len(a.ledger.Invitations))
	fresh.ExpiresAt = a.now.Add(time.Duration(rapid.Int64Range(0, int64(2*sessionLife)).Draw(t, "lasts")))
	a.change(t, func(l *pay.Ledger) error { return l.Invite(fresh, a.now) })
}

func (a *actor) revoke(t *rapid.T) {
	a.change(t, func(l *pay.Ledger) error {
		l.Revoke(a.now)
		return nil
	})
}

// anyID returns the id of an attempt, begun or not.
func (a *actor) anyID(t *rapid.T) string { return rapid.SampledFrom(ids[:]).Draw(t, "attempt") }

func (a *actor) resume(t *rapid.T) {
	id := a.anyID(t)
	a.change(t, func(l *pay.Ledger) error { return l.Resume(id, a.now) })
}

func (a *actor) reply(t *rapid.T) {
	id, accepted := a.anyID(t), rapid.Bool().Draw(t, "accepted")
	a.change(t, func(l *pay.Ledger) error {
		if accepted {
			l.Accept(id, pay.Action{Kind: pay.ActionAwait}, a.now)
		} else {
			l.Refuse(id, a.now)
		}
		return nil
	})
}

func (a *actor) apply(t *rapid.T) {
	outcomes := []pay.Outcome{pay.OutcomePending, pay.OutcomePaid, pay.OutcomeClosed, pay.OutcomeAbsent, "nonsense"}
	ev := evidence(rapid.IntRange(0, len(ids)-1).Draw(t, "n"), pay.SourceQuery, rapid.SampledFrom(outcomes).Draw(t, "outcome"))
	a.change(t, func(l *pay.Ledger) error { return l.Apply(ev, a.now) })
	// A repeat changes nothing, whenever it comes.
	repeated := clone(a.ledger)
	_ = repeated.Apply(ev, a.now)
	if diff := cmp.Diff(clone(a.ledger), clone(repeated)); diff != "" || len(repeated.Events) > 0 {
		t.Fatalf("the repeat changed (-before +after):\n%s", diff)
	}
}

// contradict applies a success that is wrong in one or more ways.
func (a *actor) contradict(t *rapid.T) {
	ev := evidence(rapid.IntRange(0, len(ids)-1).Draw(t, "n"), pay.SourceNotification, pay.OutcomePaid)
	ev.Amount.Value += rapid.Int64().Draw(t, "more")
	ev.Amount.Currency = rapid.SampledFrom([]string{"CNY", "JPY", ""}).Draw(t, "currency")
	ev.App = rapid.SampledFrom([]string{"wx1", "wx2"}).Draw(t, "app")
	ev.Account = rapid.SampledFrom([]string{"1900000001", "1900000002"}).Draw(t, "account")
	if ev.Amount == price && ev.App == "wx1" && ev.Account == "1900000001" {
		t.Skip("it contradicts nothing")
	}
	a.change(t, func(l *pay.Ledger) error {
		err := l.Apply(ev, a.now)
		if err == nil {
			t.Fatalf("I5, I8: evidence %+v was taken", ev)
		}
		return err
	})
}

func (a *actor) checked(t *rapid.T) {
	id := a.anyID(t)
	a.change(t, func(l *pay.Ledger) error {
		l.Checked(id, a.now)
		return nil
	})
}

func (a *actor) abandon(t *rapid.T) {
	a.change(t, func(l *pay.Ledger) error {
		l.Abandon(a.now)
		return nil
	})
}

func (a *actor) expire(t *rapid.T) {
	a.change(t, func(l *pay.Ledger) error {
		l.Expire(a.now)
		return nil
	})
}

func (a *actor) cancel(t *rapid.T) {
	a.change(t, func(l *pay.Ledger) error { return l.Cancel(a.now) })
}

func (a *actor) expireEarly(t *rapid.T) {
	a.change(t, func(l *pay.Ledger) error { return l.ExpireEarly(a.now) })
}

func (a *actor) extend(t *rapid.T) {
	until := a.now.Add(time.Duration(rapid.Int64Range(-1, int64(2*sessionLife)).Draw(t, "extends")))
	a.change(t, func(l *pay.Ledger) error {
		before, status := l.Session.ExpiresAt, l.StatusAt(a.now)
		err := l.Extend(until, a.now)
		if l.Session.ExpiresAt.Before(before) || (status == pay.SessionOpen) != (err == nil) {
			t.Fatalf("a session that is %s until %v is extended until %v: %v", status, before, l.Session.ExpiresAt, err)
		}
		return err
	})
}

func (a *actor) addRefund(t *rapid.T) {
	a.refunds++
	r := pay.Refund{
		ID: fmt.Sprintf("r%d", a.refunds), Number: fmt.Sprintf("R%d", a.refunds), AttemptID: a.anyID(t),
		Amount: cny(rapid.Int64Range(-1, price.Value+1).Draw(t, "value")), Origin: pay.RefundByMerchant,
	}
	a.change(t, func(l *pay.Ledger) error {
		left := l.Refundable(r.AttemptID).Value
		err := l.AddRefund(r, a.now)
		if fits := r.Amount.Value >= 1 && r.Amount.Value <= left; fits != (err == nil) {
			t.Fatalf("a refund of %d of the %d that are left: %v", r.Amount.Value, left, err)
		}
		return err
	})
}

// followRefund does what the service does with a refund of any status.
func (a *actor) followRefund(t *rapid.T) {
	if len(a.ledger.Refunds) == 0 {
		t.Skip("there is no refund")
	}
	r := a.ledger.Refunds[rapid.IntRange(0, len(a.ledger.Refunds)-1).Draw(t, "refund")]
	failure := rapid.SampledFrom(append(pay.RefundFailures, "")).Draw(t, "failure")
	steps := map[string]func(l *pay.Ledger) error{
		"send":  func(l *pay.Ledger) error { return l.SendRefund(r.ID, a.now) },
		"tried": func(l *pay.Ledger) error { l.RefundTried(r.ID, failure, a.now); return nil },
		"fail":  func(l *pay.Ledger) error { l.FailRefund(r.ID, failure, a.now); return nil },
		"retry": func(l *pay.Ledger) error { _, err := l.RetryRefund(r.ID, "ann", a.now); return err },
		"by-hand": func(l *pay.Ledger) error {
			a.refunds++
			return l.RecordRefund(pay.Refund{
				ID: fmt.Sprintf("h%d", a.refunds), AttemptID: r.AttemptID, Amount: r.Amount, Author: "ann", Note: "by bank",
			}, rapid.SampledFrom([]string{"", r.ID}).Draw(t, "instead of"), a.now)
		},
	}
	a.change(t, steps[rapid.SampledFrom(slices.Sorted(maps.Keys(steps))).Draw(t, "step")])
}

// returned applies anything a provider may say about returned money, also what
// contradicts our books. A repeat changes nothing.
func (a *actor) returned(t *rapid.T) {
	n := rapid.IntRange(0, len(ids)-1).Draw(t, "n")
	numbers := []string{"", "c1", "c2"}
	for _, r := range a.ledger.Refunds {
		numbers = append(numbers, r.Number)
	}
	amount := func(name string) pay.Money { return cny(rapid.Int64Range(0, price.Value+1).Draw(t, name)) }
	ev := evidence(n, pay.SourceQuery, rapid.SampledFrom([]pay.Outcome{pay.OutcomePaid, pay.OutcomeRefund}).Draw(t, "outcome"))
	ev.Returned = &pay.Returned{
		Number:  rapid.SampledFrom(numbers).Draw(t, "number"),
		Status:  rapid.SampledFrom([]pay.RefundStatus{"", pay.RefundPending, pay.RefundSucceeded, pay.RefundFailed}).Draw(t, "status"),
		Failure: rapid.SampledFrom(append(pay.RefundFailures, "")).Draw(t, "failure"),
		Amount:  amount("amount"), Total: amount("total"), Unknown: rapid.Bool().Draw(t, "unknown"),
	}
	a.change(t, func(l *pay.Ledger) error { return l.Apply(ev, a.now) })
	repeated := clone(a.ledger)
	_ = repeated.Apply(ev, a.now)
	if diff := cmp.Diff(clone(a.ledger), clone(repeated)); diff != "" || len(repeated.Events) > 0 {
		t.Fatalf("the repeat changed (-before +after):\n%s", diff)
	}
}

// sendAgain does what the service does with an attempt that got no answer.
func (a *actor) sendAgain(t *rapid.T) {
	id, pause := a.anyID(t), time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "pause"))
	if rapid.Bool().Draw(t, "ended") {
		a.change(t, func(l *pay.Ledger) error { l.Unanswered(id, pause, a.now); return nil })
		return
	}
	a.change(t, func(l *pay.Ledger) error { return l.Resend(id, a.now) })
}

func (a *actor) wait(t *rapid.T) {
	a.now = a.now.Add(time.Duration(rapid.Int64Range(0, int64(sessionLife)).Draw(t, "wait")))
}

// TestLedgerHoldsEveryInvariant holds I2, I3, I4, I5, I6, I8, I9 and I10 over
// any sequence of calls.
func TestLedgerHoldsEveryInvariant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := &actor{now: opened}
		a.ledger = clone(openLedger())
		t.Repeat(map[string]func(*rapid.T){
			"begin": a.begin, "resume": a.resume, "reply": a.reply, "apply": a.apply, "contradict": a.contradict,
			"invite": a.invite, "revoke": a.revoke, "checked": a.checked, "abandon": a.abandon, "expire": a.expire, "cancel": a.cancel, "early": a.expireEarly, "extend": a.extend,
			"add-refund": a.addRefund, "follow-refund": a.followRefund, "returned": a.returned, "send-again": a.sendAgain, "wait": a.wait,
		})
	})
}

// TestOrderOfSuccessesDecidesOnlyTheWinner: in whatever order payments are
// heard of, one is kept and the others are surplus, and the session ends alike.
func TestOrderOfSuccessesDecidesOnlyTheWinner(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		attempts := rapid.IntRange(1, pay.MaxAttempts).Draw(t, "attempts")
		l := openLedger()
		for n := range attempts {
			if err := l.Begin(newAttempt(n), opened); err != nil {
				t.Fatal(err)
			}
		}
		order := make([]int, attempts)
		for n := range order {
			order[n] = n
		}
		order = rapid.Permutation(order).Draw(t, "order")
		for _, n := range order {
			if err := l.Apply(evidence(n, pay.SourceNotification, pay.OutcomePaid), opened); err != nil {
				t.Fatal(err)
			}
		}
		if l.Session.Winner != ids[order[0]] || len(l.Refunds) != attempts-1 {
			t.Fatalf("winner %q of order %v, refunds %+v", l.Session.Winner, order, l.Refunds)
		}
		if err := checkLedger(l, paidEvents(l.Events)); err != nil {
			t.Fatal(err)
		}
		if err := checkCommit(&pay.Ledger{Session: pay.Session{Status: pay.SessionOpen}}, l); err != nil {
			t.Fatal(err)
		}
	})
}
