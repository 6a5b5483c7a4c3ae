package postgres

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// maxPending bounds how many sessions wait to be announced; above it everybody
	// is told to look again at everything.
	maxPending = 10_000

	announceAgain  = 200 * time.Millisecond // after a failure
	announceWithin = 2 * time.Second        // of closing
)

// announcer tells other servers which sessions have new events, many at once,
// right after they were stored. A NOTIFY inside the transactions themselves would
// make them commit one after the other: PostgreSQL holds a lock for all of them,
// and half to three quarters of the throughput is gone. The price: a server that
// dies between COMMIT and here tells nobody, and waiters elsewhere see the events
// when they next look by themselves.
type announcer struct {
	db     *sql.DB
	server string

	mu      sync.Mutex
	pending map[string]struct{}

	wake  chan struct{}
	stop  context.CancelFunc
	ended chan struct{}
}

func startAnnouncer(db *sql.DB, server string) *announcer {
	ctx, stop := context.WithCancel(context.Background())
	a := &announcer{
		db: db, server: server, pending: map[string]struct{}{},
		wake: make(chan struct{}, 1), stop: stop, ended: make(chan struct{}),
	}
	go a.run(ctx)
	return a
}

// add announces sessions soon. It never blocks.
func (a *announcer) add(sessions ...string) {
	a.mu.Lock()
	for _, session := range sessions {
		a.pending[session] = struct{}{}
	}
	if len(a.pending) > maxPending {
		a.pending = map[string]struct{}{"": {}}
	}
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// close announces what is left, as far as that works.
func (a *announcer) close() {
	a.stop()
	<-a.ended
}

func (a *announcer) run(ctx context.Context) {
	defer close(a.ended)
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), announceWithin)
			_ = a.flush(last)
			cancel()
			return
		case <-a.wake:
		}
		if a.flush(ctx) == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(announceAgain):
		}
	}
}

// flush announces everything that is pending; after a failure it still is.
func (a *announcer) flush(ctx context.Context) error {
	a.mu.Lock()
	sessions := slices.Collect(maps.Keys(a.pending))
	clear(a.pending)
	a.mu.Unlock()
	if len(sessions) == 0 {
		return nil
	}
	_, err := a.db.ExecContext(ctx, "SELECT pg_notify($1, $2 || ' ' || session) FROM unnest($3::text[]) AS session", channel, a.server, sessions)
	if err != nil {
		a.add(sessions...)
	}
	return err
}

// call notifies this server, and means nothing to others.
func (a *announcer) call(ctx context.Context) error {
	_, err := a.db.ExecContext(ctx, "SELECT pg_notify($1, $2)", channel, a.server)
	return err
}
