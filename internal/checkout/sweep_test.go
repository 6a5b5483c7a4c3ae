package checkout_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/providersim"
)

func TestExpiry(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	a := w.choose(id, wechat, pay.RailQR)
	w.later(30*time.Minute - time.Second)
	if got := w.ledger(id).Session.Status; got != pay.SessionOpen {
		t.Fatalf("a second before its end the session is %s", got)
	}
	w.later(2 * time.Second)
	l := w.ledger(id)
	if l.Session.Status != pay.SessionExpired || w.count(id, pay.EventSessionExpired) != 1 || w.messages(id) != 1 {
		t.Fatalf("the session is %s, events %v", l.Session.Status, w.types(id))
	}
	if l.Attempts[0].State != pay.AttemptClosed || w.order(a.OutTradeNo).State != "closed" {
		t.Errorf("the attempt is %s, the order %s", l.Attempts[0].State, w.order(a.OutTradeNo).State)
	}
	if !l.Due().IsZero() {
		t.Errorf("what is over is due again at %v", l.Due())
	}
}

// A session without attempts is expired, and never looked at again.
func TestExpiryOfAnUntouchedSession(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	w.later(31 * time.Minute)
	if l := w.ledger(id); l.Session.Status != pay.SessionExpired || !l.Due().IsZero() {
		t.Errorf("the session is %s, due %v", l.Session.Status, l.Due())
	}
}

// lateWays are the ways to hear of a payment that was made in time, when its
// session is over.
var lateWays = []struct {
	name string
	hear func(w *world, id string, a pay.Attempt)
}{
	{"notification", func(w *world, id string, a pay.Attempt) {
		told := w.held(a)
		w.must(w.Sim.Inject(providersim.Rule{Fault: "server-error", Percent: 100})) // no query tells
		w.later(31 * time.Minute)
		if got := w.ledger(id).Session.Status; got != pay.SessionExpired {
			w.tb.Fatalf("before it is told the session is %s", got)
		}
		if status, err := told.Post(w.ctx(), w.Client); err != nil || status/100 != 2 {
			w.tb.Fatalf("answered %d, %v", status, err)
		}
	}},
	{"query", func(w *world, _ string, a pay.Attempt) {
		w.inject("notify-never", 1)
		w.pay(a)
		w.later(31 * time.Minute)
	}},
	{"closing", func(w *world, id string, _ pay.Attempt) {
		w.must(w.Sim.Inject(
			providersim.Rule{Fault: "close-race", Next: 1}, // pays just before the provider closes
			providersim.Rule{Fault: "notify-never", Next: 1}))
		w.later(29 * time.Minute)
		_, err := w.Service().Cancel(w.ctx(), harness.Merchant, id)
		w.must(err)
		w.later(time.Second)
	}},
}

// Money that arrives for a session that is over makes it paid_late, once.
func TestLateSuccess(t *testing.T) {
	for _, way := range lateWays {
		t.Run(way.name, func(t *testing.T) {
			w := newWorld(t)
			id := w.open()
			a := w.choose(id, wechat, pay.RailQR)
			way.hear(w, id, a)
			l := w.awaitStatus(id, pay.SessionPaidLate)
			if l.Session.Winner != a.ID || w.count(id, pay.EventSessionPaidLate) != 1 || w.messages(id) != 2 {
				t.Errorf("winner %q, events %v, messages %d", l.Session.Winner, w.types(id), w.messages(id))
			}
			w.later(24 * time.Hour)
			if got := w.ledger(id); got.Session.Status != pay.SessionPaidLate || !got.Due().IsZero() {
				t.Errorf("a day later it is %s, due %v", got.Session.Status, got.Due())
			}
		})
	}
}

// The provider is asked at the times of the schedule, and no more often.
func TestScheduleOfChecks(t *testing.T) {
	w := newWorld(t)
	order := w.Order(fen)
	order.ExpiresIn = int64((2 * time.Hour).Seconds())
	l, _, err := w.Service().Create(t.Context(), harness.Merchant, order)
	w.must(err)
	a := w.choose(l.Session.ID, wechat, pay.RailQR)
	begun := w.Now()
	query := "GET /v3/pay/transactions/out-trade-no/" + a.OutTradeNo
	asked := 0
	for _, at := range []time.Duration{
		5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute,
		2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	} {
		w.later(begun.Add(at).Sub(w.Now()) - 2*time.Second)
		if n := w.calls(a.OutTradeNo, query); n != asked {
			t.Errorf("two seconds before %v: asked %d times, want %d", at, n, asked)
		}
		w.later(begun.Add(at).Sub(w.Now()) + time.Second)
		asked++
		if n := w.calls(a.OutTradeNo, query); n != asked {
			t.Errorf("at %v: asked %d times, want %d", at, n, asked)
		}
	}
}

// An answer that can't be believed or understood changes nothing, and the
// provider is asked again.
func TestQueryFails(t *testing.T) {
	for _, fault := range []string{"server-error", "rate-limited", "bad-gateway", "reply-lost", "reply-unsigned", "reply-forged", "unknown-trade-state"} {
		t.Run(fault, func(t *testing.T) {
			w := newWorld(t)
			id := w.open()
			a := w.choose(id, wechat, pay.RailQR)
			w.inject("notify-never", 1)
			w.pay(a)
			w.inject(fault, 1)
			w.unchanged(id, func() { w.later(6 * time.Second) })
			w.later(10 * time.Second)
			w.awaitStatus(id, pay.SessionPaid)
		})
	}
}

// What was never stored at the provider is given up only when no request of
// ours can arrive any more.
func TestAbsenceProvesNothingAtFirst(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	w.inject("server-error", 1) // the order never gets there
	_, err := w.Choose(t.Context(), id, wechat, pay.RailQR)
	w.must(err)
	_, err = w.Service().Cancel(t.Context(), harness.Merchant, id)
	w.must(err)
	w.later(pay.CloseDelay - 5*time.Second)
	if got := w.ledger(id).Attempts[0].State; got != pay.AttemptSubmitting {
		t.Fatalf("before a request can no longer arrive the attempt is %s", got)
	}
	w.later(pay.AbsenceDelay)
	if got := w.ledger(id).Attempts[0].State; got != pay.AttemptClosed {
		t.Errorf("then it is %s", got)
	}
}

// Several servers sweep one store without doing anything twice, and what a
// crashed one had claimed is free again.
func TestManySweepers(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for range 40 {
		ids = append(ids, w.open())
	}
	w.Advance(31 * time.Minute)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for w.Service().SweepOnce(t.Context()) > 0 {
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		if n := w.count(id, pay.EventSessionExpired); n != 1 {
			t.Errorf("%s has %d expired events", id, n)
		}
	}
}

func TestClaimOfACrashedServer(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	w.Advance(31 * time.Minute)
	if ids, err := w.Stores().Ledgers.Claim(t.Context(), w.Now(), w.Now().Add(checkout.ClaimFor), 10); err != nil || len(ids) != 1 {
		t.Fatalf("claimed %v, %v", ids, err)
	}
	w.must(w.Restart()) // the one that had claimed is gone
	w.later(checkout.ClaimFor - time.Second)
	if got := w.ledger(id).Session.Status; got != pay.SessionOpen {
		t.Errorf("another's claim was ignored: the session is %s", got)
	}
	w.later(2 * time.Second)
	if got := w.ledger(id).Session.Status; got != pay.SessionExpired {
		t.Errorf("the session is %s", got)
	}
}

// crashes are the moments at which a server is replaced by a new one. Each
// leaves the provider knowing something that we have not recorded.
var crashes = []struct {
	name  string
	leave func(w *world, id string) // up to the crash
	after time.Duration             // by when the new server must have found out
	want  pay.SessionStatus
}{
	{"before-the-reply-was-recorded", func(w *world, id string) {
		w.crashAt(checkout.PointProviderAnswered, func() { w.Choose(w.ctx(), id, wechat, pay.RailQR) })
		w.inject("notify-never", 1)
		w.pay(w.ledger(id).Attempts[0])
	}, 6 * time.Second, pay.SessionPaid},
	{"before-evidence-was-recorded", func(w *world, id string) {
		a := w.choose(id, wechat, pay.RailQR)
		w.crashAt(checkout.PointEvidenceVerified, func() {
			w.inject("notify-never", 1)
			w.pay(a)
			w.Service().Check(w.ctx(), id)
		})
	}, 6 * time.Second, pay.SessionPaid},
	{"before-closing-was-recorded", func(w *world, id string) {
		w.choose(id, wechat, pay.RailQR)
		w.later(29 * time.Minute)
		_, err := w.Service().Cancel(w.ctx(), harness.Merchant, id)
		w.must(err)
		w.crashAt(checkout.PointClosed, func() { w.Service().SweepOnce(w.ctx()) })
	}, 5 * time.Minute, pay.SessionCanceled},
}

// crashAt runs f on a server that loses its store when it gets to a point: from
// there on it can record nothing, like one that has been killed.
func (w *world) crashAt(point checkout.Point, f func()) {
	w.tb.Helper()
	var died atomic.Bool
	w.onPoint(func(p checkout.Point) {
		if p == point && died.CompareAndSwap(false, true) {
			w.must(w.Stores().Close())
		}
	})
	f()
	if !died.Load() {
		w.tb.Fatalf("the point %s was not reached", point)
	}
	w.must(w.Restart())
}

func TestNewServerGoesOn(t *testing.T) {
	for _, c := range crashes {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			id := w.open()
			c.leave(w, id)
			w.later(c.after)
			l := w.awaitStatus(id, c.want)
			if l.Attempts[0].State.Payable() {
				t.Errorf("the attempt is %s", l.Attempts[0].State)
			}
			if n := len(w.Sim.Orders()); n != 1 {
				t.Errorf("%d orders at the provider", n)
			}
		})
	}
}

// Time that passes is no jump of the wall clock.
func TestClockJump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := time.Now()
		time.Sleep(time.Hour)
		if got := checkout.ClockJump(from, time.Now()); got != 0 {
			t.Errorf("an hour that passed is a jump of %v", got)
		}
	})
}

// The sweeper ends with its context.
func TestSweepEnds(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		w.Service().Sweep(ctx, checkout.SweepEvery)
		close(done)
	}()
	cancel()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
}
