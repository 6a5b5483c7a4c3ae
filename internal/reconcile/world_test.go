package reconcile_test

import (
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/providersim"
	"morepay/internal/reconcile"
)

// world is a running server with a simulated provider that writes bills. Nothing
// is swept.
type world struct {
	*harness.Harness
	*testing.T
}

func newWorld(t *testing.T) *world {
	t.Helper()
	h, err := harness.Start(harness.Options{
		Config: program.Config{Data: t.TempDir(), SweepEvery: program.Never}, Seed: 1,
		RetryScale: 0.001, RefundAfter: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("the server did not end well: %v", err)
		}
	})
	return &world{h, t}
}

func (w *world) reconciler() *reconcile.Reconciler {
	ledgers := w.Stores().Ledgers
	return &reconcile.Reconciler{Books: ledgers, Accounts: w.Accounts(), Recorder: checkout.NewRecorder(checkout.Config{Store: ledgers, Now: w.Now, Log: w.Harness.Log})}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// open opens a session and returns its id.
func (w *world) open() string {
	w.Helper()
	l, _, err := w.Open(w.Context(), 5980)
	w.must(err)
	return l.Session.ID
}

// choose makes an attempt with the provider that writes bills.
func (w *world) choose(id string) pay.Attempt {
	w.Helper()
	l, err := w.Choose(w.Context(), id, "wechat_pay", pay.RailQR)
	w.must(err)
	return *l.Current()
}

func (w *world) pay(a pay.Attempt) {
	w.Helper()
	w.must(w.Approve(&a))
}

// unnoticed keeps the next notification from being sent.
func (w *world) unnoticed() {
	w.Helper()
	w.must(w.Sim.Inject(providersim.Rule{Fault: "notify-never", Next: 1}))
}

// paid returns the id of a session that is paid.
func (w *world) paid() string {
	w.Helper()
	id := w.open()
	news, stop := w.Service().Hub().Wait(id)
	defer stop()
	w.pay(w.choose(id))
	giveUp := time.After(15 * time.Second)
	for {
		if w.ledger(id).Session.Status == pay.SessionPaid {
			return id
		}
		select {
		case <-news:
		case <-giveUp:
			w.Fatalf("the session is %s", w.ledger(id).Session.Status)
		}
	}
}

func (w *world) refund(id string, fen int64) {
	w.Helper()
	amount := &pay.Money{Currency: "CNY", Value: fen}
	_, _, err := w.Service().Refund(w.Context(), harness.Merchant, id, checkout.NewRefund{Amount: amount, Reason: "late"})
	w.must(err)
}

func (w *world) ledger(id string) *pay.Ledger {
	w.Helper()
	l, err := w.Stores().Ledgers.Ledger(w.Context(), id)
	w.must(err)
	return l
}

// messages counts what is in the outbox about a session.
func (w *world) messages(id string) (n int) {
	w.Helper()
	list, err := w.Stores().Outbox.Messages(w.Context(), harness.Merchant, "", 1000)
	w.must(err)
	for _, m := range list {
		if m.SessionID == id {
			n++
		}
	}
	return n
}
