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
	"morepay/internal/webhook"
)

// fixture is a running server with a simulated provider that writes bills. Nothing
// is swept.
type fixture struct {
	*harness.Harness
	*testing.T
	provider string
	method   pay.Method
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return newFixtureWith(t, time.Millisecond)
}

// newFixtureWith is newFixture with a provider whose refunds take their time.
func newFixtureWith(t *testing.T, refundAfter time.Duration) *fixture {
	t.Helper()
	h, err := harness.Start(harness.Options{
		Config: program.Config{Data: t.TempDir(), SweepEvery: program.Never}, Seed: 1,
		RetryScale: 0.001, RefundAfter: refundAfter,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("the server did not end well: %v", err)
		}
	})
	fx := &fixture{h, t, "wechatpay", "wechat_pay"}
	fx.goTo(1, 12*time.Hour) // away from midnight
	return fx
}

var china = time.FixedZone("", 8*60*60)

// goTo moves the clocks to a time of a day in China, so many days from today.
func (fx *fixture) goTo(days int, at time.Duration) {
	now := fx.Now().In(china)
	midnight := time.Date(now.Year(), now.Month(), now.Day()+days, 0, 0, 0, 0, china)
	fx.Advance(midnight.Add(at).Sub(now))
}

func (fx *fixture) reconciler() *reconcile.Reconciler {
	ledgers := fx.Stores().Ledgers
	return &reconcile.Reconciler{Books: ledgers, Accounts: fx.Accounts(), Recorder: checkout.NewRecorder(checkout.Config{Store: ledgers, Desk: ledgers, Now: fx.Now, Log: fx.Harness.Log})}
}

func (fx *fixture) must(err error) {
	fx.Helper()
	if err != nil {
		fx.Fatal(err)
	}
}

// open opens a session and returns its id.
func (fx *fixture) open() string {
	fx.Helper()
	l, _, err := fx.Open(fx.Context(), 5980)
	fx.must(err)
	return l.Session.ID
}

// choose makes an attempt with the provider that writes bills.
func (fx *fixture) choose(id string) pay.Attempt {
	fx.Helper()
	l, err := fx.Choose(fx.Context(), id, fx.method, pay.RailQR)
	fx.must(err)
	return *l.Current()
}

func (fx *fixture) pay(a pay.Attempt) {
	fx.Helper()
	fx.must(fx.Approve(&a))
}

// unnoticed keeps the next notification from being sent.
func (fx *fixture) unnoticed() {
	fx.Helper()
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: "notify-never", Next: 1}))
}

// paid returns the id of a session that is paid.
func (fx *fixture) paid() string {
	fx.Helper()
	id := fx.open()
	fx.pay(fx.choose(id))
	fx.await(id, func(l *pay.Ledger) bool { return l.Session.Status == pay.SessionPaid })
	return id
}

// refunded refunds a session and waits for the notification that it succeeded.
func (fx *fixture) refunded(id string, fen int64) {
	fx.Helper()
	fx.refund(id, fen)
	fx.await(id, func(l *pay.Ledger) bool { return l.Refunds[0].Status == pay.RefundSucceeded })
}

// await waits for a notification that makes a session's ledger what it must be.
func (fx *fixture) await(id string, ok func(*pay.Ledger) bool) {
	fx.Helper()
	news, stop := fx.Service().Hub().Wait(id)
	defer stop()
	giveUp := time.After(15 * time.Second)
	for l := fx.ledger(id); !ok(l); l = fx.ledger(id) {
		select {
		case <-news:
		case <-giveUp:
			fx.Fatalf("the session is %s, its refunds %+v", l.Session.Status, l.Refunds)
		}
	}
}

func (fx *fixture) refund(id string, fen int64) {
	fx.Helper()
	amount := &pay.Money{Currency: "CNY", Value: fen}
	_, _, err := fx.Service().Refund(fx.Context(), harness.Merchant, id, checkout.NewRefund{Amount: amount, Reason: "late"})
	fx.must(err)
}

func (fx *fixture) ledger(id string) *pay.Ledger {
	fx.Helper()
	l, err := fx.Stores().Ledgers.Ledger(fx.Context(), id)
	fx.must(err)
	return l
}

// messages counts what is in the outbox about a session.
func (fx *fixture) messages(id string) (n int) {
	fx.Helper()
	page, err := fx.Stores().Outbox.Events(fx.Context(), harness.Merchant, webhook.Filter{Limit: 1000})
	fx.must(err)
	for _, m := range page.Messages {
		if m.SessionID == id {
			n++
		}
	}
	return n
}
