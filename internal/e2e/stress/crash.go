package stress

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/store/sqlstore"
)

// killStorm kills the program at random moments of a storm of notifications.
// What it had acknowledged must be there, whole.
func killStorm(ctx context.Context, e *Env) (string, error) {
	cycles, each := cmp.Or(e.Cycles, e.scale(3, 100)), 50
	var list []waiting
	dep, err := e.deploy(func(s *harness.Harness) (err error) {
		list, err = purchases(ctx, s, cycles*each)
		return err
	})
	if err != nil {
		return "", err
	}
	defer dep.Close()
	random := rand.New(rand.NewPCG(e.Seed, 1))
	var acknowledged []waiting
	left := list
	for range cycles {
		c, err := dep.serve(ctx)
		if err != nil {
			return "", err
		}
		var heard []waiting
		heard, left = killAfter(ctx, dep, c, left, time.Duration(random.IntN(20_000))*time.Microsecond)
		if err := allPaid(ctx, dep, heard); err != nil {
			return "", fmt.Errorf("acknowledged, then lost: %w", err)
		}
		acknowledged = append(acknowledged, heard...)
	}
	// What was not acknowledged may have been stored or not, but never in part.
	err = books(ctx, dep.Data, func(db *sqlstore.DB) error { return wholeOrNot(ctx, db, left) })
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d kills, %d acknowledged, 0 lost, 0 paid without outbox row", cycles, len(acknowledged)), allPaid(ctx, dep, acknowledged)
}

// killAfter tells of payments until it kills the server, and returns those that
// the server had acknowledged and the rest.
func killAfter(ctx context.Context, dep *deployment, c *child, list []waiting, d time.Duration) (heard, left []waiting) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	taken := make([]atomic.Bool, len(list))
	var storm sync.WaitGroup
	storm.Go(func() {
		_, _ = flood(ctx, 16, len(list), func(ctx context.Context, i int) error {
			status, err := list[i].told.Post(ctx, dep.Client)
			taken[i].Store(err == nil && status/100 == 2)
			return accepted(status, err) // the first failure is the server's death
		})
	})
	time.Sleep(d) // the moment of death is the experiment
	c.kill()
	cancel()
	storm.Wait()
	for i := range list {
		if taken[i].Load() {
			heard = append(heard, list[i])
		} else {
			left = append(left, list[i])
		}
	}
	return heard, left
}

// wholeOrNot demands that each session is paid with all that belongs to it, or
// open.
func wholeOrNot(ctx context.Context, db *sqlstore.DB, list []waiting) error {
	messages, err := outbox(ctx, db)
	if err != nil {
		return err
	}
	for _, w := range list {
		l, err := db.Ledgers.Ledger(ctx, w.session)
		if err != nil {
			return err
		}
		if l.Session.Status == pay.SessionOpen && messages[w.session] == 0 {
			continue
		}
		if err := paidOnce(ctx, db, messages, w.session); err != nil {
			return err
		}
	}
	return nil
}

// death is one named point, with how the program is brought there and where
// everything must end.
type death struct {
	point   checkout.Point
	prepare func(context.Context, *harness.Harness) (waiting, error) // before the program starts
	provoke func(context.Context, *deployment, waiting) error        // what makes it reach the point
	then    func(context.Context, *deployment, waiting) error        // what happens after the next start
	done    func(*pay.Ledger) bool
}

func paid(l *pay.Ledger) bool { return l.Session.Status == pay.SessionPaid }

// deaths has a row for each point.
var deaths = []death{
	{checkout.PointProviderAnswered, opened, choose, approve, paid},
	{checkout.PointEvidenceVerified, chosen, approve, nothing, paid},
	{checkout.PointApplied, chosen, approve, nothing, paid},
	{checkout.PointRefundAnswered, bought, refund, nothing, func(l *pay.Ledger) bool {
		return len(l.Refunds) == 1 && l.Refunds[0].Status == pay.RefundSucceeded
	}},
	{checkout.PointClosed, abandoned, nothing, nothing, func(l *pay.Ledger) bool { return l.Attempts[0].State == pay.AttemptClosed }},
}

// faultPoints kills the program at every named point, many times.
func faultPoints(ctx context.Context, e *Env) (string, error) {
	kills := e.scale(1, 20)
	for _, d := range deaths {
		for n := range kills {
			if err := d.die(ctx, e); err != nil {
				return "", fmt.Errorf("%s, kill %d: %w", d.point, n+1, err)
			}
		}
	}
	return fmt.Sprintf("%d points × %d kills, all settled by the next server", len(deaths), kills), nil
}

// die brings the program to a point, where it kills itself. A new server, whose
// clock has moved on until everything is due, must bring the session to its end.
func (d death) die(ctx context.Context, e *Env) error {
	var w waiting
	dep, err := e.deploy(func(s *harness.Harness) (err error) {
		w, err = d.prepare(ctx, s)
		return err
	})
	if err != nil {
		return err
	}
	defer dep.Close()
	c, err := dep.serve(ctx, "MOREPAY_CRASH_AT="+string(d.point))
	if err != nil {
		return err
	}
	if err := d.provoke(ctx, dep, w); err != nil {
		c.kill()
		return err
	}
	if err := c.wait(ctx); err != nil {
		return fmt.Errorf("it was not reached: %w", err)
	}
	if got := c.ProcessState.String(); got != "signal: killed" {
		return fmt.Errorf("the program ended by itself: %s", got)
	}
	dep.SweepEvery = checkout.SweepEvery
	if err := dep.Return(); err != nil {
		return err
	}
	if err := d.then(ctx, dep, w); err != nil {
		return err
	}
	dep.Advance(pay.CloseDelay)
	limited, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return until(limited, "settled", func() bool {
		l, err := dep.Stores().Ledgers.Ledger(ctx, w.session)
		return err == nil && d.done(l)
	})
}
