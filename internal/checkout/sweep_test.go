package checkout_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/providersim"
)

func TestExpiry(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.still()
	id := fx.open()
	a := fx.choose(id, wechat, pay.RailQR)
	fx.later(30*time.Minute - time.Second)
	if got := fx.ledger(id).Session.Status; got != pay.SessionOpen {
		t.Fatalf("a second before its end the session is %s", got)
	}
	fx.later(2 * time.Second)
	l := fx.ledger(id)
	if l.Session.Status != pay.SessionExpired || fx.count(id, pay.EventSessionExpired) != 1 || fx.messages(id) != 1 {
		t.Fatalf("the session is %s, events %v", l.Session.Status, fx.types(id))
	}
	if l.Attempts[0].State != pay.AttemptClosed || fx.order(a.OutTradeNo).State != "closed" {
		t.Errorf("the attempt is %s, the order %s", l.Attempts[0].State, fx.order(a.OutTradeNo).State)
	}
	if !l.Due().IsZero() {
		t.Errorf("what is over is due again at %v", l.Due())
	}
}

// A session without attempts is expired, and never looked at again.
func TestExpiryOfAnUntouchedSession(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	fx.later(31 * time.Minute)
	if l := fx.ledger(id); l.Session.Status != pay.SessionExpired || !l.Due().IsZero() {
		t.Errorf("the session is %s, due %v", l.Session.Status, l.Due())
	}
}

// lateWays are the ways to hear of a payment that was made in time, when its
// session is over.
var lateWays = []struct {
	name string
	hear func(fx *fixture, id string, a pay.Attempt)
}{
	{"notification", func(fx *fixture, id string, a pay.Attempt) {
		told := fx.held(a)
		fx.must(fx.Sim.Inject(providersim.Rule{Fault: "server-error", Percent: 100})) // no query tells
		fx.later(31 * time.Minute)
		if got := fx.ledger(id).Session.Status; got != pay.SessionExpired {
			fx.tb.Fatalf("before it is told the session is %s", got)
		}
		if status, err := told.Post(fx.ctx(), fx.Client); err != nil || status/100 != 2 {
			fx.tb.Fatalf("answered %d, %v", status, err)
		}
	}},
	{"query", func(fx *fixture, _ string, a pay.Attempt) {
		fx.inject("notify-never", 1)
		fx.pay(a)
		fx.later(31 * time.Minute)
	}},
	{"closing", func(fx *fixture, id string, _ pay.Attempt) {
		fx.must(fx.Sim.Inject(
			providersim.Rule{Fault: "close-race", Next: 1}, // pays just before the provider closes
			providersim.Rule{Fault: "notify-never", Next: 1}))
		fx.later(29 * time.Minute)
		_, err := fx.Service().Cancel(fx.ctx(), harness.Merchant, id)
		fx.must(err)
		fx.later(time.Second)
	}},
}

// Money that arrives for a session that is over makes it paid_late, once.
func TestLateSuccess(t *testing.T) {
	t.Parallel()
	for _, way := range lateWays {
		t.Run(way.name, func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			a := fx.choose(id, wechat, pay.RailQR)
			way.hear(fx, id, a)
			l := fx.awaitStatus(id, pay.SessionPaidLate)
			if l.Session.Winner != a.ID || fx.count(id, pay.EventSessionPaidLate) != 1 || fx.messages(id) != 2 {
				t.Errorf("winner %q, events %v, messages %d", l.Session.Winner, fx.types(id), fx.messages(id))
			}
			fx.later(24 * time.Hour)
			if got := fx.ledger(id); got.Session.Status != pay.SessionPaidLate || !got.Due().IsZero() {
				t.Errorf("a day later it is %s, due %v", got.Session.Status, got.Due())
			}
		})
	}
}

// The provider is asked at the times of the schedule, and no more often.
func TestScheduleOfChecks(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.still()
	order := fx.Order(fen)
	order.ExpiresIn = int64((2 * time.Hour).Seconds())
	l, _, err := fx.Service().Create(t.Context(), harness.Merchant, order)
	fx.must(err)
	a := fx.choose(l.Session.ID, wechat, pay.RailQR)
	begun := fx.Now()
	query := "GET /v3/pay/transactions/out-trade-no/" + a.OutTradeNo
	asked := 0
	for _, at := range []time.Duration{
		5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute,
		2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	} {
		fx.later(begun.Add(at).Sub(fx.Now()) - 2*time.Second)
		if n := fx.calls(a.OutTradeNo, query); n != asked {
			t.Errorf("two seconds before %v: asked %d times, want %d", at, n, asked)
		}
		fx.later(begun.Add(at).Sub(fx.Now()) + time.Second)
		asked++
		if n := fx.calls(a.OutTradeNo, query); n != asked {
			t.Errorf("at %v: asked %d times, want %d", at, n, asked)
		}
	}
}

// An answer that can't be believed or understood changes nothing, and the
// provider is asked again.
func TestQueryFails(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"server-error", "rate-limited", "bad-gateway", "reply-lost", "reply-unsigned", "reply-forged", "unknown-trade-state"} {
		t.Run(fault, func(t *testing.T) {
			fx := newFixture(t)
			fx.still()
			id := fx.open()
			a := fx.choose(id, wechat, pay.RailQR)
			fx.inject("notify-never", 1)
			fx.pay(a)
			fx.inject(fault, 1)
			fx.unchanged(id, func() { fx.later(6 * time.Second) })
			fx.later(10 * time.Second)
			fx.awaitStatus(id, pay.SessionPaid)
		})
	}
}

// What was never stored at the provider is given up only when no request of
// ours can arrive any more.
func TestAbsenceProvesNothingAtFirst(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.still()
	id := fx.open()
	fx.inject("server-error", 1) // the order never gets there
	_, err := fx.Choose(t.Context(), id, wechat, pay.RailQR)
	fx.must(err)
	_, err = fx.Service().Cancel(t.Context(), harness.Merchant, id)
	fx.must(err)
	fx.later(pay.CloseDelay - 5*time.Second)
	if got := fx.ledger(id).Attempts[0].State; got != pay.AttemptSubmitting {
		t.Fatalf("before a request can no longer arrive the attempt is %s", got)
	}
	fx.later(pay.AbsenceDelay)
	if got := fx.ledger(id).Attempts[0].State; got != pay.AttemptClosed {
		t.Errorf("then it is %s", got)
	}
}

// Several servers sweep one store without doing anything twice, and what a
// crashed one had claimed is free again.
func TestManySweepers(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	var ids []string
	for range 40 {
		ids = append(ids, fx.open())
	}
	fx.Advance(31 * time.Minute)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for fx.Service().SweepOnce(t.Context()) > 0 {
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		if n := fx.count(id, pay.EventSessionExpired); n != 1 {
			t.Errorf("%s has %d expired events", id, n)
		}
	}
}

func TestClaimOfACrashedServer(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.still()
	id := fx.open()
	fx.Advance(31 * time.Minute)
	if ids, err := fx.Stores().Ledgers.Claim(t.Context(), fx.Now(), fx.Now().Add(checkout.ClaimFor), 10); err != nil || len(ids) != 1 {
		t.Fatalf("claimed %v, %v", ids, err)
	}
	fx.must(fx.Restart()) // the one that had claimed is gone
	fx.later(checkout.ClaimFor - time.Second)
	if got := fx.ledger(id).Session.Status; got != pay.SessionOpen {
		t.Errorf("another's claim was ignored: the session is %s", got)
	}
	fx.later(2 * time.Second)
	if got := fx.ledger(id).Session.Status; got != pay.SessionExpired {
		t.Errorf("the session is %s", got)
	}
}

// crashes are the moments at which a server is replaced by a new one. Each
// leaves the provider knowing something that we have not recorded.
var crashes = []struct {
	name  string
	leave func(fx *fixture, id string) // up to the crash
	after time.Duration                // by when the new server must have found out
	want  pay.SessionStatus
}{
	{"before-the-reply-was-recorded", func(fx *fixture, id string) {
		fx.crashAt(checkout.PointProviderAnswered, func() { fx.Choose(fx.ctx(), id, wechat, pay.RailQR) })
		fx.inject("notify-never", 1)
		fx.pay(fx.ledger(id).Attempts[0])
	}, 6 * time.Second, pay.SessionPaid},
	{"before-evidence-was-recorded", func(fx *fixture, id string) {
		a := fx.choose(id, wechat, pay.RailQR)
		fx.crashAt(checkout.PointEvidenceVerified, func() {
			fx.inject("notify-never", 1)
			fx.pay(a)
			fx.Service().Check(fx.ctx(), id)
		})
	}, 6 * time.Second, pay.SessionPaid},
	{"before-closing-was-recorded", func(fx *fixture, id string) {
		fx.choose(id, wechat, pay.RailQR)
		fx.later(29 * time.Minute)
		_, err := fx.Service().Cancel(fx.ctx(), harness.Merchant, id)
		fx.must(err)
		fx.crashAt(checkout.PointClosed, func() { fx.Service().SweepOnce(fx.ctx()) })
	}, 5 * time.Minute, pay.SessionCanceled},
}

// crashAt runs f on a server that loses its store when it gets to a point: from
// there on it can record nothing, like one that has been killed.
func (fx *fixture) crashAt(point checkout.Point, f func()) {
	fx.tb.Helper()
	var died atomic.Bool
	fx.onPoint(func(p checkout.Point) {
		if p == point && died.CompareAndSwap(false, true) {
			fx.must(fx.Stores().Close())
		}
	})
	f()
	if !died.Load() {
		fx.tb.Fatalf("the point %s was not reached", point)
	}
	fx.must(fx.Restart())
}

func TestNewServerGoesOn(t *testing.T) {
	t.Parallel()
	for _, c := range crashes {
		t.Run(c.name, func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			c.leave(fx, id)
			fx.later(c.after)
			l := fx.awaitStatus(id, c.want)
			if l.Attempts[0].State.Payable() {
				t.Errorf("the attempt is %s", l.Attempts[0].State)
			}
			if n := len(fx.Sim.Orders()); n != 1 {
				t.Errorf("%d orders at the provider", n)
			}
		})
	}
}

// A wall clock that jumps expires nothing in the round that sees it: an operator, or
// a virtual machine that woke up, may set it back. Time that only passes is no jump.
func TestClockJump(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	var jumps atomic.Int32
	log := slog.New(slog.NewTextHandler(writer(func(line []byte) {
		if bytes.Contains(line, []byte("the wall clock jumped")) {
			jumps.Add(1)
		}
	}), nil))
	asked := make(chan struct{}, 1)
	var wall atomic.Int64
	now := func() time.Time {
		select {
		case asked <- struct{}{}:
		default:
		}
		return time.Now().Add(time.Duration(wall.Load()))
	}
	service := checkout.New(checkout.Config{Store: fx.Stores().Ledgers, Accounts: fx.Accounts(), Now: now, Log: log})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		service.Sweep(ctx, time.Millisecond)
		close(done)
	}()
	rounds := func(n int) {
		for range n {
			<-asked
		}
	}
	rounds(5)
	if n := jumps.Load(); n != 0 {
		t.Errorf("%d jumps while time only passed", n)
	}
	for i, jump := range []time.Duration{time.Hour, -time.Hour} {
		wall.Add(int64(jump))
		rounds(5)
		if n := jumps.Load(); n != int32(i)+1 {
			t.Errorf("%d jumps, want %d: the clock went by %v", n, i+1, jump)
		}
	}
	cancel()
	<-done
}

// writer is a function that takes what is written.
type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

func TestThrottle(t *testing.T) {
	var throttle checkout.Throttle
	at := time.Now()
	for i, c := range []struct {
		id    string
		after time.Duration
		want  bool
		kept  int
	}{
		{"a", 0, true, 1},
		{"a", time.Second, false, 1},
		{"b", time.Second, true, 2},
		{"a", 3 * time.Second, true, 2},
		{"c", 10 * time.Second, true, 1}, // the others are forgotten
	} {
		if got := throttle.Allow(c.id, at.Add(c.after)); got != c.want || throttle.Len() != c.kept {
			t.Errorf("step %d: %t with %d kept, want %t with %d", i, got, throttle.Len(), c.want, c.kept)
		}
	}
}

// The sweeper ends with its context.
func TestSweepEnds(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		fx.Service().Sweep(ctx, checkout.SweepEvery)
		close(done)
	}()
	cancel()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
}

// A link that nobody has opened is no order yet: there is nothing to close at the
// provider, so it can be opened and paid until it runs out, and is followed until then.
func TestLinkIsFollowedUntilItRunsOut(t *testing.T) {
	t.Parallel()
	for _, w := range []way{{alipay, pay.RailDeepLink}, {alipay, pay.RailRedirect}} {
		t.Run(string(w.rail), func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			link := fx.choose(id, w.method, w.rail)
			_, err := fx.Service().Cancel(t.Context(), harness.Merchant, id)
			fx.must(err)
			fx.later(pay.CloseDelay + time.Minute)
			if a := fx.ledger(id).Attempts[0]; a.State != pay.AttemptAwaiting {
				t.Fatalf("the attempt is %s, and its link can be opened", a.State)
			}
			fx.inject("notify-never", 1)
			fx.reachWallet(link)
			fx.pay(link)
			fx.settle(id, "paid late", func(l *pay.Ledger) bool { return l.Session.Status == pay.SessionPaidLate })
		})
	}
}

// A payer who is faster than the close is heard of at once: their order can't be
// closed any more because it is paid.
func TestPayerIsFasterThanTheClose(t *testing.T) {
	for _, m := range []pay.Method{wechat, alipay} {
		t.Run(string(m), func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			a := fx.choose(id, m, pay.RailQR)
			_, err := fx.Sim.Scan(providersim.Ming, a.Action.Payload, providersim.ByCamera)
			fx.must(err)
			_, err = fx.Service().Cancel(t.Context(), harness.Merchant, id)
			fx.must(err)
			fx.inject("notify-never", 1)
			fx.inject("close-race", 1)
			fx.later(pay.CloseDelay)
			if l := fx.ledger(id); l.Session.Status != pay.SessionPaidLate || l.Session.Winner != a.ID {
				t.Errorf("the session is %s, the attempt %s", l.Session.Status, l.Attempts[0].State)
			}
		})
	}
}
