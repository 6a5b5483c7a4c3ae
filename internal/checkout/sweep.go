package checkout

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"morepay/internal/account"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// How the sweeper works.
const (
	SweepEvery   = 500 * time.Millisecond // pause between rounds, unless a test wants another
	DeskEvery    = 2 * time.Second        // pause between looks for what people have decided, unless a test wants another
	sweepBatch   = 64
	sweepMost    = 4096             // sessions in work at once
	claimFor     = 15 * time.Second // renewed while the work lasts
	maxClockJump = 5 * time.Minute

	// A session whose provider has no place free comes back a second later, and the
	// next ones that much later: so that very many of them don't come back together.
	crowdedFor    = time.Second
	crowdedSpread = 20 * time.Millisecond
)

// Sweep looks after everything that is due until ctx ends: sessions to expire,
// attempts whose provider must be asked or told, requests and refunds to send. Any
// number of servers may sweep one store: each claims what it works on for as long
// as that lasts, and what a crashed one had claimed is free again after claimFor.
// Rounds start at this pace, and none waits for the work of the one before.
func (s *Service) Sweep(ctx context.Context, pace time.Duration) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	w := newSweep(s)
	var renewing sync.WaitGroup
	renewing.Go(func() { w.renew(ctx) })
	defer renewing.Wait()
	defer w.wait()
	last, since := s.now(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// What the wall clock went on by, and what passed by the monotonic one.
		now, passed := s.now(), time.Since(since)
		jump := now.Sub(last) - passed
		last, since = now, since.Add(passed)
		if jump.Abs() > maxClockJump {
			s.log.WarnContext(ctx, "the wall clock jumped: nothing is expired until the next round")
			continue
		}
		w.round(ctx)
		// Servers that were started together drift apart.
		sleep(ctx, rand.N(pace/5))
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// sweep is one server's work on what is due.
type sweep struct {
	*Service
	places chan struct{} // one for each session that may be in work
	done   sync.WaitGroup

	mu     sync.Mutex
	inWork map[string]time.Time // sessions and until when they are claimed
}

func newSweep(s *Service) *sweep {
	return &sweep{Service: s, places: make(chan struct{}, sweepMost), inWork: map[string]time.Time{}}
}

func (w *sweep) wait() { w.done.Wait() }

// round begins the work on everything that is due and that nobody works on, and
// returns how many sessions that were.
func (w *sweep) round(ctx context.Context) (begun int) {
	for {
		now := w.now()
		ids, err := w.store.Claim(ctx, now, now.Add(claimFor), sweepBatch)
		if err != nil {
			w.log.ErrorContext(ctx, "sweep: claim", "err", err)
			return begun
		}
		for _, id := range ids {
			begun++
			back := crowdedFor + time.Duration(begun)*crowdedSpread
			if !w.begin(ctx, id, now.Add(claimFor), back) {
				return begun // shutting down: the claims run out
			}
		}
		if len(ids) < sweepBatch {
			return begun
		}
	}
}

// begin works on one claimed session in the background, and reports whether there
// is still somebody to do so. back is when it comes back if its provider has no
// place free.
func (w *sweep) begin(ctx context.Context, id string, until time.Time, back time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case w.places <- struct{}{}:
	}
	w.mu.Lock()
	w.inWork[id] = until
	w.mu.Unlock()
	w.done.Go(func() {
		defer func() {
			w.mu.Lock()
			delete(w.inWork, id)
			w.mu.Unlock()
			<-w.places
		}()
		err := w.advance(ctx, id)
		if errors.Is(err, account.ErrCrowded) {
			w.log.DebugContext(ctx, "sweep: put off", "session", id, "err", err)
			err = w.store.Hold(ctx, []string{id}, w.now().Add(back))
		}
		if err != nil && ctx.Err() == nil {
			w.log.ErrorContext(ctx, "sweep", "session", id, "err", err)
		}
	})
	return true
}

// renew keeps the claims of sessions in work from running out.
func (w *sweep) renew(ctx context.Context) {
	ticker := time.NewTicker(claimFor / 5)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := w.now()
		if ids := w.endingBefore(now.Add(claimFor/2), now.Add(claimFor)); len(ids) > 0 {
			if err := w.store.Hold(ctx, ids, now.Add(claimFor)); err != nil && ctx.Err() == nil {
				w.log.ErrorContext(ctx, "sweep: renew claims", "err", err)
			}
		}
	}
}

// endingBefore lists the sessions in work whose claim ends before at, and notes
// that it is renewed until then.
func (w *sweep) endingBefore(at, renewed time.Time) (ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, until := range w.inWork {
		if until.Before(at) {
			ids = append(ids, id)
			w.inWork[id] = renewed
		}
	}
	return ids
}

// advance does what is due for one session, side by side. The error is
// account.ErrCrowded if some of it must wait because enough of the same account is
// being done already.
func (s *Service) advance(ctx context.Context, sessionID string) error {
	l, err := s.store.Ledger(ctx, sessionID)
	if err != nil {
		return err
	}
	now := s.now()
	if l.StatusAt(now) != l.Session.Status {
		l, err = s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
			l.Expire(s.now())
			return nil
		})
		if err != nil {
			return err
		}
	}
	tasks := s.due(ctx, l, now)
	if len(tasks) == 0 {
		return s.store.Hold(ctx, []string{sessionID}, now) // another server was faster
	}
	return together(tasks)
}

// due lists what is to be done for a session at now.
func (s *Service) due(ctx context.Context, l *pay.Ledger, now time.Time) (tasks []func() error) {
	isDue := func(t time.Time) bool { return !t.IsZero() && !t.After(now) }
	add := func(acc *account.Account, do func() error) {
		tasks = append(tasks, func() error { return acc.InBackground(ctx, do) })
	}
	for _, a := range l.Attempts {
		acc := s.accountOf(l, &a)
		if isDue(a.SendAt) {
			add(acc, func() error { return s.sendAgain(ctx, l, acc, a.ID) })
		}
		if isDue(a.CheckAt) {
			add(acc, func() error {
				_, err := s.checkAndClose(ctx, l, acc, a.ID)
				return err
			})
		}
	}
	for _, r := range l.Refunds {
		if isDue(r.CheckAt) {
			add(s.accountOf(l, l.Attempt(r.AttemptID)), func() error { return s.sendRefund(ctx, l.Session.ID, r.ID) })
		}
	}
	return tasks
}

// accountOf finds the account that an attempt was made with, as the session's merchant
// has it; nil if it is gone.
func (s *Service) accountOf(l *pay.Ledger, a *pay.Attempt) *account.Account {
	return s.accounts.Named(a.Provider, a.Account).For(l.Session.Merchant)
}

// together runs tasks side by side and joins their errors.
func together(tasks []func() error) error {
	errs := make([]error, len(tasks))
	var all sync.WaitGroup
	for i, task := range tasks {
		all.Go(func() { errs[i] = task() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// checkAndClose asks what became of an attempt, and closes it at the provider
// when nobody may pay it any more.
func (s *Service) checkAndClose(ctx context.Context, l *pay.Ledger, acc *account.Account, attemptID string) (*pay.Ledger, error) {
	if acc == nil {
		return l, s.postpone(ctx, l.Session.ID, attemptID)
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
		ev, err = closer.Close(ctx, provider.CloseOrder{OutTradeNo: a.OutTradeNo, Rail: a.Rail, RunOut: !s.now().Before(a.ExpiresAt)})
		return err
	})
	s.reached(PointClosed)
	if errors.Is(err, provider.ErrPaid) {
		return s.check(ctx, l, attemptID) // the payer was faster
	}
	if err != nil { // the next check is planned already
		s.unanswered(ctx, acc, "it is unknown whether an order is closed", err, "attempt", a.ID)
		return l, nil
	}
	return s.recorder.Apply(ctx, acc, ev)
}

// mayClose: providers ask that an order is not closed in its first minutes.
func mayClose(l *pay.Ledger, a *pay.Attempt, now time.Time) bool {
	return (a.Abandoned || l.Session.Status != pay.SessionOpen) && !now.Before(a.CreatedAt.Add(pay.CloseDelay))
}

func (s *Service) postpone(ctx context.Context, sessionID, attemptID string) error {
	return s.change(ctx, sessionID, func(l *pay.Ledger) { l.Checked(attemptID, s.now()) })
}

// check asks the provider what became of an attempt and applies the answer. An
// unknown answer changes nothing but the time of the next check.
func (s *Service) check(ctx context.Context, l *pay.Ledger, attemptID string) (*pay.Ledger, error) {
	a := l.Attempt(attemptID)
	acc := s.accountOf(l, a)
	if acc == nil {
		return l, nil
	}
	ev, err := query(ctx, acc, orderOf(a))
	if err != nil {
		s.unanswered(ctx, acc, "the provider did not say what became of an attempt", err, "attempt", a.ID)
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

// Check asks the providers of a session's payable attempts at once, side by side,
// because its payer says that they have paid or came back from the wallet. Asked
// again within two seconds it answers from the store.
func (s *Service) Check(ctx context.Context, sessionID string) (*pay.Ledger, error) {
	l, err := s.store.Ledger(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	if l.Session.Status.Paid() || !s.asked.allow(sessionID, s.now()) {
		return l, nil
	}
	background := context.WithoutCancel(ctx)
	var asked []func() error
	for _, a := range l.Attempts {
		if a.State.Payable() {
			asked = append(asked, func() error {
				_, err := s.check(background, l, a.ID)
				return err
			})
		}
	}
	if err := together(asked); err != nil {
		return nil, err
	}
	return s.store.Ledger(ctx, sessionID)
}
