package stress

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/store/sqlstore"
)

// connections is the number of connections of a storm.
const connections = 64

// notificationStorm tells of many payments as fast as the server takes it.
func notificationStorm(ctx context.Context, e *Env) (string, error) {
	var list []waiting
	dep, err := e.deploy(func(s *harness.Harness) (err error) {
		list, err = purchases(ctx, s, e.scale(100, 5000))
		return err
	})
	if err != nil {
		return "", err
	}
	defer dep.Close()
	c, err := dep.serve(ctx)
	if err != nil {
		return "", err
	}
	defer c.kill()
	l, err := flood(ctx, connections, len(list), func(ctx context.Context, i int) error {
		return accepted(list[i].told.Post(ctx, dep.Client))
	})
	if err != nil {
		return "", err
	}
	memory, err := c.resident()
	if err != nil {
		return "", err
	}
	if _, err := c.stop(ctx); err != nil {
		return "", err
	}
	seen := fmt.Sprintf("%d told, %.0f/s, p99 %v, RSS %d MB", len(list), l.rate(), l.p99(), memory>>20)
	return seen, errors.Join(
		allPaid(ctx, dep, list),
		e.fast(l.rate() >= 1500, "%.0f/s", l.rate()),
		e.fast(l.p99() < 500*time.Millisecond, "p99 %v", l.p99()),
		e.fast(memory < 200<<20, "%d MB", memory>>20))
}

// accepted demands that a notification was.
func accepted(status int, err error) error {
	if err == nil && status/100 != 2 {
		return fmt.Errorf("a genuine notification was answered %d", status)
	}
	return err
}

// allPaid demands that every session of a deployment without a server is paid once.
func allPaid(ctx context.Context, dep *deployment, list []waiting) error {
	return books(ctx, dep.Data, func(db *sqlstore.DB) error {
		messages, err := outbox(ctx, db)
		if err != nil {
			return err
		}
		for _, w := range list {
			if err := paidOnce(ctx, db, messages, w.session); err != nil {
				return err
			}
		}
		return nil
	})
}

// alone starts a harness in this process with one notification to be told.
func (e *Env) alone(ctx context.Context, n int) (*harness.Harness, []waiting, error) {
	s, err := harness.Start(harness.Options{Config: program.Config{Data: e.temp(), SweepEvery: program.Never}, Seed: e.Seed, Courier: &harness.Courier{}})
	if err != nil {
		return nil, nil, err
	}
	list, err := purchases(ctx, s, n)
	return s, list, closing(err, s)
}

// duplicateStorm tells of one payment many times at once.
func duplicateStorm(ctx context.Context, e *Env) (string, error) {
	s, list, err := e.alone(ctx, 1)
	if err != nil {
		return "", err
	}
	defer s.Close()
	n := e.scale(300, 10_000)
	l, err := flood(ctx, connections, n, func(ctx context.Context, _ int) error {
		return accepted(list[0].told.Post(ctx, s.Client))
	})
	if err != nil {
		return "", err
	}
	events, err := s.Stores().Ledgers.Events(ctx, list[0].session, 0)
	if err != nil {
		return "", err
	}
	paid := len(slices.DeleteFunc(events, func(e pay.Event) bool { return e.Type != pay.EventSessionPaid }))
	quarantined, err := s.Stores().Ledgers.Quarantined(ctx, checkout.QuarantineFilter{Limit: 1})
	return fmt.Sprintf("%d told at %.0f/s, p99 %v, %d event", n, l.rate(), l.p99(), paid),
		errors.Join(err, want(paid == 1, "%d paid events", paid), want(len(quarantined) == 0, "something was quarantined"))
}

// forgedStorm sends forgeries while genuine notifications come in.
func forgedStorm(ctx context.Context, e *Env) (string, error) {
	genuine := e.scale(10, 300)
	s, list, err := e.alone(ctx, genuine+1)
	if err != nil {
		return "", err
	}
	defer s.Close()
	untold, list := list[0], list[1:]
	forged := untold.told
	forged.Body = slices.Clone(forged.Body)
	forged.Body[len(forged.Body)/2] ^= 1
	var all sync.WaitGroup
	var storm, honest load
	var stormErr, honestErr error
	all.Go(func() {
		storm, stormErr = flood(ctx, connections, e.scale(300, 20_000), func(ctx context.Context, _ int) error {
			status, err := forged.Post(ctx, s.Client)
			return errors.Join(err, want(status == http.StatusUnauthorized, "a forgery was answered %d", status))
		})
	})
	all.Go(func() {
		honest, honestErr = flood(ctx, 1, genuine, func(ctx context.Context, i int) error {
			return accepted(list[i].told.Post(ctx, s.Client))
		})
	})
	all.Wait()
	if err := errors.Join(stormErr, honestErr); err != nil {
		return "", err
	}
	l, err := s.Stores().Ledgers.Ledger(ctx, untold.session)
	if err != nil {
		return "", err
	}
	quarantined, err := s.Stores().Ledgers.Quarantined(ctx, checkout.QuarantineFilter{Limit: 1})
	return fmt.Sprintf("%d refused at %.0f/s, genuine p99 %v", len(storm.took), storm.rate(), honest.p99()), errors.Join(err,
		want(l.Session.LastEvent == untold.seen && len(quarantined) == 0, "a forgery was written down"),
		e.fast(storm.rate() >= 5000, "%.0f/s", storm.rate()),
		e.fast(honest.p99() < time.Second, "genuine p99 %v", honest.p99()))
}
