package checkout_test

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/providersim"
)

// patience limits how long anything may take on a machine under load before a
// test gives up on it.
const patience = 15 * time.Second

// fen is the price of everything.
const fen = 5980

var price = pay.Money{Currency: "CNY", Value: fen}

// way is one way to pay.
type way struct {
	method pay.Method
	rail   pay.Rail
}

// fixture is a running server with simulated providers and one clock for all,
// which the test moves. Nothing is swept unless the test says so.
type fixture struct {
	*harness.Harness
	tb      testing.TB
	heard   chan heard
	logged  logbook
	atPoint atomic.Pointer[func(checkout.Point)] // called at every point of the service, nil for nobody
}

// heard is one try of a notification, and how it was answered.
type heard struct {
	harness.Notification
	status int
}

func newFixture(tb testing.TB) *fixture {
	tb.Helper()
	fx := &fixture{tb: tb, heard: make(chan heard, 1000)}
	courier := &harness.Courier{Heard: func(n harness.Notification, status int) {
		select {
		case fx.heard <- heard{n, status}:
		default: // nobody listens in this test
		}
	}}
	var err error
	fx.Harness, err = harness.Start(harness.Options{
		Config:  program.Config{Data: tb.TempDir(), SweepEvery: program.Never, Reached: fx.reached, Log: slog.New(&fx.logged)},
		Courier: courier, Seed: 1, RetryScale: 0.001, RefundAfter: time.Millisecond,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := fx.Harness.Close(); err != nil {
			tb.Errorf("the harness did not end well: %v", err)
		}
	})
	return fx
}

func (fx *fixture) reached(p checkout.Point) {
	if f := fx.atPoint.Load(); f != nil {
		(*f)(p)
	}
}

// onPoint has f called at every point.
func (fx *fixture) onPoint(f func(checkout.Point)) { fx.atPoint.Store(&f) }

func (fx *fixture) must(err error) {
	fx.tb.Helper()
	if err != nil {
		fx.tb.Fatal(err)
	}
}

func (fx *fixture) ctx() context.Context { return fx.tb.Context() }

// open opens a session and returns its id.
func (fx *fixture) open() string {
	fx.tb.Helper()
	l, _, err := fx.Open(fx.ctx(), fen)
	fx.must(err)
	return l.Session.ID
}

// choose makes an attempt, which must succeed, and returns it.
func (fx *fixture) choose(id string, m pay.Method, r pay.Rail) pay.Attempt {
	fx.tb.Helper()
	l, err := fx.Choose(fx.ctx(), id, m, r)
	fx.must(err)
	return *l.Current()
}

// pay has the payer approve an attempt on the phone.
func (fx *fixture) pay(a pay.Attempt) {
	fx.tb.Helper()
	fx.postForm(a)
	fx.must(fx.Approve(&a))
}

func (fx *fixture) inject(fault string, next int) {
	fx.tb.Helper()
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: fault, Next: next}))
}

func (fx *fixture) ledger(id string) *pay.Ledger {
	fx.tb.Helper()
	l, err := fx.Stores().Ledgers.Ledger(fx.ctx(), id)
	fx.must(err)
	return l
}

func (fx *fixture) events(id string) []pay.Event {
	fx.tb.Helper()
	list, err := fx.Stores().Ledgers.Events(fx.ctx(), id, 0)
	fx.must(err)
	return list
}

// types returns the types of a session's events, in order.
func (fx *fixture) types(id string) []pay.EventType {
	fx.tb.Helper()
	var list []pay.EventType
	for _, e := range fx.events(id) {
		list = append(list, e.Type)
	}
	return list
}

func (fx *fixture) count(id string, t pay.EventType) (n int) {
	fx.tb.Helper()
	for _, got := range fx.types(id) {
		if got == t {
			n++
		}
	}
	return n
}

func (fx *fixture) quarantined() []checkout.Quarantined {
	fx.tb.Helper()
	list, err := fx.Stores().Ledgers.Quarantined(fx.ctx(), checkout.QuarantineFilter{Limit: 1000})
	fx.must(err)
	return list
}

// next waits for the next try of a notification.
func (fx *fixture) next() heard {
	fx.tb.Helper()
	select {
	case h := <-fx.heard:
		return h
	case <-time.After(patience):
		fx.tb.Fatal("no notification came")
		return heard{}
	}
}

// await waits until a session's ledger is as wanted, looking again at each of
// its events.
func (fx *fixture) await(id, what string, wanted func(*pay.Ledger) bool) *pay.Ledger {
	fx.tb.Helper()
	news, stop := fx.Service().Hub().Wait(id)
	defer stop()
	giveUp := time.After(patience)
	for {
		l := fx.ledger(id)
		if wanted(l) {
			return l
		}
		select {
		case <-news:
		case <-giveUp:
			fx.tb.Fatalf("not %s: the session is %s, events %v, refunds %+v", what, l.Session.Status, fx.types(id), l.Refunds)
		}
	}
}

func (fx *fixture) awaitStatus(id string, want pay.SessionStatus) *pay.Ledger {
	fx.tb.Helper()
	return fx.await(id, string(want), func(l *pay.Ledger) bool { return l.Session.Status == want })
}

// still has the clock stand but for what a test moves it on, where seconds count. What the
// provider was to send again by then doesn't come.
func (fx *fixture) still() { fx.Sim.Freeze(true) }

// later moves the clock and sweeps until nothing is due.
func (fx *fixture) later(d time.Duration) {
	fx.tb.Helper()
	fx.Advance(d)
	for range 100 {
		if fx.Service().SweepOnce(fx.ctx()) == 0 {
			return
		}
	}
	fx.tb.Fatal("there is always something due: the sweeper would never rest")
}

// settle moves the clock on, sweeping, until a session's ledger is as wanted.
func (fx *fixture) settle(id, what string, wanted func(*pay.Ledger) bool) *pay.Ledger {
	fx.tb.Helper()
	for range 20 {
		if l := fx.ledger(id); wanted(l) {
			return l
		}
		fx.later(5 * time.Minute)
	}
	l := fx.ledger(id)
	fx.tb.Fatalf("not %s: the session is %s, due %v, refunds %+v", what, l.Session.Status, l.Due(), l.Refunds)
	return nil
}

// code demands an error of a code about a field.
func (fx *fixture) code(err error, code pay.Code, field, rule string) {
	fx.tb.Helper()
	checkCode(fx.tb, err, code, field, rule)
}

func checkCode(tb testing.TB, err error, code pay.Code, field, rule string) {
	tb.Helper()
	if err == nil || pay.CodeOf(err) != code || fieldOf(err) != field {
		tb.Errorf("%s: got %v, want %s about %q", rule, err, code, field)
	}
}

// calls counts what the simulator was asked about a payment.
func (fx *fixture) calls(number, name string) (n int) {
	for _, e := range fx.Sim.History("", number) {
		if !e.Out && e.Name == name {
			n++
		}
	}
	return n
}

// order returns a payment in the simulator's books; nil if there is none.
func (fx *fixture) order(number string) *providersim.Payment {
	orders := fx.Sim.Orders()
	i := slices.IndexFunc(orders, func(p providersim.Payment) bool { return p.Number == number })
	if i < 0 {
		return nil
	}
	return &orders[i]
}
