package stress

import (
	"context"
	"errors"
	"fmt"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/providersim"
)

// chaos makes payments on a rough day at the provider. Every one must end
// right, and the books must agree.
func chaos(ctx context.Context, e *Env) (string, error) {
	n := e.scale(40, 10_000)
	s, err := harness.Start(harness.Options{
		Config: program.Config{Data: e.temp(), SweepEvery: program.Never},
		Seed:   e.Seed, RetryScale: 0.001, RefundAfter: time.Millisecond,
	})
	if err != nil {
		return "", err
	}
	defer s.Close()
	if err := s.Sim.Inject(providersim.Chaos...); err != nil {
		return "", err
	}
	ids := make([]string, n)
	l, err := flood(ctx, 16, n, func(ctx context.Context, i int) (err error) {
		ids[i], err = payThrough(ctx, s)
		return err
	})
	if err != nil {
		return "", err
	}
	// What is not known yet is found out by the sweeper of the next server, on a
	// clock that has moved on.
	s.SweepEvery = checkout.SweepEvery
	if err := s.Restart(); err != nil {
		return "", err
	}
	s.Advance(pay.CloseDelay)
	for _, id := range ids {
		if err := settled(ctx, s, id); err != nil {
			return "", err
		}
	}
	taken, err := agree(ctx, s, ids)
	return fmt.Sprintf("%d payments in %v, all paid once, %d fen here and there", n, l.elapsed.Round(time.Second), taken),
		errors.Join(err, want(taken == int64(n)*fen, "the provider took %d fen of %d", taken, int64(n)*fen))
}

// payThrough does what a payer does when a code doesn't come: again.
func payThrough(ctx context.Context, s *harness.Harness) (string, error) {
	l, _, err := s.Open(ctx, fen)
	if err != nil {
		return "", err
	}
	id := l.Session.ID
	for range 50 {
		l, err = s.Choose(ctx, id, "wechat_pay", pay.RailQR)
		if code := pay.CodeOf(err); err != nil && code != pay.CodeProviderDown && code != pay.CodeMethodUnavailable {
			return "", err
		}
		if err == nil && l.Current().Action != nil {
			return id, s.Approve(l.Current())
		}
	}
	return "", fmt.Errorf("session %s never got a code", id)
}

// settled waits until nothing is left to do for a session.
func settled(ctx context.Context, s *harness.Harness, id string) error {
	return until(ctx, "session "+id+" is settled", func() bool {
		l, err := s.Stores().Ledgers.Ledger(ctx, id)
		return err == nil && l.Due().IsZero()
	})
}

// agree demands that every session is paid once, and every order of the
// simulator's books is one of ours. It returns what the provider kept, in fen.
func agree(ctx context.Context, s *harness.Harness, ids []string) (taken int64, err error) {
	messages, err := outbox(ctx, s.Stores())
	if err != nil {
		return 0, err
	}
	winners := map[string]bool{}
	for _, id := range ids {
		if err := paidOnce(ctx, s.Stores(), messages, id); err != nil {
			return 0, err
		}
		l, err := s.Stores().Ledgers.Ledger(ctx, id)
		if err != nil {
			return 0, err
		}
		winners[l.Attempt(l.Session.Winner).OutTradeNo] = true
	}
	for _, o := range s.Sim.Orders() {
		if (o.State == "paid") != winners[o.Number] {
			return 0, fmt.Errorf("the order %s is %s", o.Number, o.State)
		}
		if o.State == "paid" {
			taken += o.Fen
		}
	}
	return taken, nil
}
