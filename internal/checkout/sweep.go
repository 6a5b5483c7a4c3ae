package checkout

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// How the sweeper works.
const (
	SweepEvery   = 500 * time.Millisecond // pause between rounds, unless a test wants another
	sweepBatch   = 64
	sweepWorkers = 8
	claimFor     = 30 * time.Second // longer than everything one session may need from its provider
	maxClockJump = 5 * time.Minute
)

// Sweep looks after everything that is due until ctx ends: sessions to expire,
// attempts whose provider must be asked or told, refunds to send. Any number of
// servers may sweep one store: each claims what it works on, and what a crashed
// one had claimed is free again after claimFor. Rounds start at this pace.
func (s *Service) Sweep(ctx context.Context, pace time.Duration) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		jumped := clockJump(last, now) > maxClockJump
		last = now
		if jumped {
			s.log.WarnContext(ctx, "the wall clock jumped: nothing is expired until the next round")
			continue
		}
		for s.sweepOnce(ctx) == sweepBatch {
		}
		// Servers that were started together drift apart.
		sleep(ctx, rand.N(pace/5))
	}
}

// clockJump is by how much the wall clock differs from the monotonic one over a
// span.
func clockJump(from, to time.Time) time.Duration {
	wall := to.Round(0).Sub(from.Round(0))
	return (wall - to.Sub(from)).Abs()
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// sweepOnce works through one claim and tells how many sessions it held.
func (s *Service) sweepOnce(ctx context.Context) int {
	now := s.now()
	ids, err := s.store.Claim(ctx, now, now.Add(claimFor), sweepBatch)
	if err != nil {
		s.log.ErrorContext(ctx, "sweep: claim", "err", err)
		return 0
	}
	work := make(chan string)
	var wg sync.WaitGroup
	for range min(sweepWorkers, len(ids)) {
		wg.Go(func() {
			for id := range work {
				if err := s.advance(ctx, id); err != nil {
					s.log.ErrorContext(ctx, "sweep", "session", id, "err", err)
				}
			}
		})
	}
	for _, id := range ids {
		work <- id
	}
	close(work)
	wg.Wait()
	return len(ids)
}

// advance does what is due for one session.
func (s *Service) advance(ctx context.Context, sessionID string) error {
	l, err := s.store.Ledger(ctx, sessionID)
	if err != nil {
		return err
	}
	if l.StatusAt(s.now()) != l.Session.Status {
		l, err = s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
			l.Expire(s.now())
			return nil
		})
		if err != nil {
			return err
		}
	}
	var errs []error
	for _, a := range l.Attempts {
		if !a.CheckAt.IsZero() && !a.CheckAt.After(s.now()) {
			_, err := s.checkAndClose(ctx, l, a.ID)
			errs = append(errs, err)
		}
	}
	for _, r := range l.Refunds {
		if !r.CheckAt.IsZero() && !r.CheckAt.After(s.now()) {
			errs = append(errs, s.sendRefund(ctx, sessionID, r.ID))
		}
	}
	return errors.Join(errs...)
}

// checkAndClose asks what became of an attempt, and closes it at the provider
// when nobody may pay it any more.
func (s *Service) checkAndClose(ctx context.Context, l *pay.Ledger, attemptID string) (*pay.Ledger, error) {
	acc := s.accounts.Named(l.Attempt(attemptID).Provider, l.Attempt(attemptID).Account)
	if acc == nil {
		return l, s.postpone(ctx, l.Session.ID, attemptID)
	}
	if err := acc.Pace(ctx); err != nil {
		return l, err
	}
	l, err := s.check(ctx, l, attemptID)
	if err != nil {
		return l, err
	}
	a := l.Attempt(attemptID)
	closer, ok := acc.Provider.(provider.Closer)
	if !ok || !a.State.Payable() || !mayClose(l, a, s.now()) {
		return l, nil
	}
	var ev pay.Evidence
	err = acc.Call(ctx, "close", func(ctx context.Context) (err error) {
		ev, err = closer.Close(ctx, provider.CloseOrder{OutTradeNo: a.OutTradeNo, Rail: a.Rail, ExpiresAt: a.ExpiresAt})
		return err
	})
	s.reached(PointClosed)
	if errors.Is(err, provider.ErrPaid) {
		return s.check(ctx, l, attemptID) // the payer was faster
	}
	if err != nil {
		return l, nil // unknown: the next check is planned already
	}
	return s.recorder.Apply(ctx, acc, ev)
}

// mayClose: providers ask that an order is not closed in its first minutes.
func mayClose(l *pay.Ledger, a *pay.Attempt, now time.Time) bool {
	return (a.Abandoned || l.Session.Status != pay.SessionOpen) && !now.Before(a.CreatedAt.Add(pay.CloseDelay))
}

func (s *Service) postpone(ctx context.Context, sessionID, attemptID string) error {
	_, err := s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		l.Checked(attemptID, s.now())
		return nil
	})
	return err
}

// check asks the provider what became of an attempt and applies the answer. An
// unknown answer changes nothing but the time of the next check.
func (s *Service) check(ctx context.Context, l *pay.Ledger, attemptID string) (*pay.Ledger, error) {
	a := l.Attempt(attemptID)
	acc := s.accounts.Named(a.Provider, a.Account)
	if acc == nil {
		return l, nil
	}
	ev, err := s.query(ctx, acc, a.OutTradeNo)
	if err != nil {
		s.log.WarnContext(ctx, "the provider did not say what became of an attempt", "attempt", a.ID, "err", err)
		return l, s.postpone(ctx, l.Session.ID, attemptID)
	}
	if ev.Outcome == pay.OutcomePending {
		return l, s.postpone(ctx, l.Session.ID, attemptID)
	}
	applied, err := s.recorder.Apply(ctx, acc, ev)
	if err != nil {
		return l, err
	}
	if applied == nil { // quarantined
		return l, s.postpone(ctx, l.Session.ID, attemptID)
	}
	if applied.Attempt(attemptID).State.Payable() { // absence that proves nothing yet
		return applied, s.postpone(ctx, l.Session.ID, attemptID)
	}
	return applied, nil
}

// Check asks the providers of a session's live attempts at once, because its
// payer says that they have paid or came back from the wallet. Asked again
// within two seconds it answers from the store.
func (s *Service) Check(ctx context.Context, sessionID string) (*pay.Ledger, error) {
	l, err := s.store.Ledger(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	if l.Session.Status.Paid() || !s.asked.allow(sessionID, s.now()) {
		return l, nil
	}
	ctx = context.WithoutCancel(ctx)
	for _, a := range l.Attempts {
		if !a.State.Payable() {
			continue
		}
		if l, err = s.check(ctx, l, a.ID); err != nil {
			return nil, err
		}
	}
	return l, nil
}
