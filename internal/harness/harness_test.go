package harness_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
)

// A harness can be restarted, left and taken over again with what it knew, and
// leaves nothing running at its end.
func TestHarness(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s, err := harness.Start(harness.Options{Config: program.Config{Data: t.TempDir()}, RetryScale: 0.001})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	l, _, err := s.Open(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	if l, err = s.Choose(t.Context(), l.Session.ID, "wechat_pay", pay.RailQR); err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{s.Restart, s.Leave, s.Return} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	news, stop := s.Service().Hub().Wait(l.Session.ID)
	defer stop()
	if err := s.Approve(&l.Attempts[0]); err != nil {
		t.Fatal(err)
	}
	select {
	case <-news:
	case <-time.After(15 * time.Second):
		t.Fatal("the server that came back hears of no payment")
	}
	if l, err = s.Stores().Ledgers.Ledger(t.Context(), l.Session.ID); err != nil || l.Session.Status != pay.SessionPaid {
		t.Errorf("the session is %v, %v", l, err)
	}
}
