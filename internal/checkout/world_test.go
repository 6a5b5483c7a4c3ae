package checkout_test

import (
	"context"
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

// patience is how long anything may take on a machine under load before a test
// gives up on it.
const patience = 15 * time.Second

// fen is the price of everything.
const fen = 5980

var price = pay.Money{Currency: "CNY", Value: fen}

// way is how a payer pays.
type way struct {
	method pay.Method
	rail   pay.Rail
}

// world is a running server with simulated providers and one clock for all,
// which the test moves. Nothing is swept unless the test says so.
type world struct {
	*harness.Harness
	tb      testing.TB
	heard   chan heard
	atPoint atomic.Pointer[func(checkout.Point)] // called at every point of the service, nil for nobody
}

// heard is one try of a notification, and how it was answered.
type heard struct {
	harness.Notification
	status int
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{tb: tb, heard: make(chan heard, 1000)}
	courier := &harness.Courier{Heard: func(n harness.Notification, status int) {
		select {
		case w.heard <- heard{n, status}:
		default: // nobody listens in this test
		}
	}}
	var err error
	w.Harness, err = harness.Start(harness.Options{
		Config:  program.Config{Data: tb.TempDir(), SweepEvery: program.Never, Reached: w.reached},
		Courier: courier, Seed: 1, RetryScale: 0.001, RefundAfter: time.Millisecond,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := w.Harness.Close(); err != nil {
			tb.Errorf("the harness did not end well: %v", err)
		}
	})
	return w
}

func (w *world) reached(p checkout.Point) {
	if f := w.atPoint.Load(); f != nil {
		(*f)(p)
	}
}

// onPoint has f called at every point.
func (w *world) onPoint(f func(checkout.Point)) { w.atPoint.Store(&f) }

func (w *world) must(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

func (w *world) ctx() context.Context { return w.tb.Context() }

// open opens a session and returns its id.
func (w *world) open() string {
	w.tb.Helper()
	l, _, err := w.Open(w.ctx(), fen)
	w.must(err)
	return l.Session.ID
}

// choose makes an attempt, which must succeed, and returns it.
func (w *world) choose(id string, m pay.Method, r pay.Rail) pay.Attempt {
	w.tb.Helper()
	l, err := w.Choose(w.ctx(), id, m, r)
	w.must(err)
	return *l.Current()
}

// pay has the payer approve an attempt on the phone.
func (w *world) pay(a pay.Attempt) {
	w.tb.Helper()
	w.must(w.Approve(&a))
}

func (w *world) inject(fault string, next int) {
	w.tb.Helper()
	w.must(w.Sim.Inject(providersim.Rule{Fault: fault, Next: next}))
}

func (w *world) ledger(id string) *pay.Ledger {
	w.tb.Helper()
	l, err := w.Stores().Ledgers.Ledger(w.ctx(), id)
	w.must(err)
	return l
}

func (w *world) events(id string) []pay.Event {
	w.tb.Helper()
	list, err := w.Stores().Ledgers.Events(w.ctx(), id, 0)
	w.must(err)
	return list
}

// types are the types of a session's events, in order.
func (w *world) types(id string) []pay.EventType {
	w.tb.Helper()
	var list []pay.EventType
	for _, e := range w.events(id) {
		list = append(list, e.Type)
	}
	return list
}

func (w *world) count(id string, t pay.EventType) (n int) {
	w.tb.Helper()
	for _, got := range w.types(id) {
		if got == t {
			n++
		}
	}
	return n
}

func (w *world) quarantined() []checkout.Quarantined {
	w.tb.Helper()
	list, err := w.Stores().Ledgers.Quarantined(w.ctx(), 1000)
	w.must(err)
	return list
}

// next waits for the next try of a notification.
func (w *world) next() heard {
	w.tb.Helper()
	select {
	case h := <-w.heard:
		return h
	case <-time.After(patience):
		w.tb.Fatal("no notification came")
		return heard{}
	}
}

// await waits until a session's ledger is as wanted, looking again at each of
// its events.
func (w *world) await(id, what string, wanted func(*pay.Ledger) bool) *pay.Ledger {
	w.tb.Helper()
	news, stop := w.Service().Hub().Wait(id)
	defer stop()
	giveUp := time.After(patience)
	for {
		l := w.ledger(id)
		if wanted(l) {
			return l
		}
		select {
		case <-news:
		case <-giveUp:
			w.tb.Fatalf("not %s: the session is %s, events %v, refunds %+v", what, l.Session.Status, w.types(id), l.Refunds)
		}
	}
}

func (w *world) awaitStatus(id string, want pay.SessionStatus) *pay.Ledger {
	w.tb.Helper()
	return w.await(id, string(want), func(l *pay.Ledger) bool { return l.Session.Status == want })
}

// later moves the clock and sweeps until nothing is due.
func (w *world) later(d time.Duration) {
	w.tb.Helper()
	w.Advance(d)
	for range 100 {
		if w.Service().SweepOnce(w.ctx()) == 0 {
			return
		}
	}
	w.tb.Fatal("there is always something due: the sweeper would never rest")
}

// settle moves the clock on, sweeping, until a session's ledger is as wanted.
func (w *world) settle(id, what string, wanted func(*pay.Ledger) bool) *pay.Ledger {
	w.tb.Helper()
	for range 20 {
		if l := w.ledger(id); wanted(l) {
			return l
		}
		w.later(5 * time.Minute)
	}
	l := w.ledger(id)
	w.tb.Fatalf("not %s: the session is %s, due %v, refunds %+v", what, l.Session.Status, l.Due(), l.Refunds)
	return nil
}

// code demands an error of a code about a field.
func (w *world) code(err error, code pay.Code, field, rule string) {
	w.tb.Helper()
	checkCode(w.tb, err, code, field, rule)
}

func checkCode(tb testing.TB, err error, code pay.Code, field, rule string) {
	tb.Helper()
	if err == nil || pay.CodeOf(err) != code || fieldOf(err) != field {
		tb.Errorf("%s: got %v, want %s about %q", rule, err, code, field)
	}
}

// calls counts what the simulator was asked about a payment.
func (w *world) calls(number, name string) (n int) {
	for _, e := range w.Sim.History("", number) {
		if !e.Out && e.Name == name {
			n++
		}
	}
	return n
}

// order is a payment in the simulator's books; nil if there is none.
func (w *world) order(number string) *providersim.Payment {
	orders := w.Sim.Orders()
	i := slices.IndexFunc(orders, func(p providersim.Payment) bool { return p.Number == number })
	if i < 0 {
		return nil
	}
	return &orders[i]
}
