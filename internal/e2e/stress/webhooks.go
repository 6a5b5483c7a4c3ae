package stress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"morepay/internal/pay"
	"morepay/internal/seal"
	"morepay/internal/store"
	"morepay/internal/store/sqlstore"
	"morepay/internal/webhook"
)

// backEnd is a merchant's server that takes its time over messages.
type backEnd struct {
	*httptest.Server
	down   atomic.Bool // it answers 500
	poison string      // the id of a message that it never takes

	mu    sync.Mutex
	taken map[string]time.Time // when, by the message's id
}

const thinks = 100 * time.Millisecond

func newBackEnd() *backEnd {
	b := &backEnd{taken: map[string]time.Time{}}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("webhook-id")
		select {
		case <-time.After(thinks):
		case <-r.Context().Done():
			return
		}
		if b.down.Load() || id == b.poison {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		b.mu.Lock()
		b.taken[id] = time.Now()
		b.mu.Unlock()
	}))
	return b
}

// took waits until n messages were taken, and returns when each was, in order.
func (b *backEnd) took(ctx context.Context, n int) (times []time.Time, err error) {
	err = until(ctx, fmt.Sprintf("%d messages are taken", n), func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		times = slices.SortedFunc(maps.Values(b.taken), time.Time.Compare)
		return len(times) >= n
	})
	return times, err
}

// telling is a store whose only merchant is told at a back end.
type telling struct {
	db         *sqlstore.DB
	to         *backEnd
	dispatcher *webhook.Dispatcher
	sessions   int
}

func (e *Env) tell(ctx context.Context) (*telling, error) {
	db, err := store.Open(ctx, filepath.Join(e.temp(), "db"), nil)
	if err != nil {
		return nil, err
	}
	box, err := seal.New([]byte("the server's secret"))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	t := &telling{db: db, to: newBackEnd()}
	log := slog.New(slog.DiscardHandler)
	d := &webhook.Directory{Store: db.Endpoints, Box: box, Loopback: true, Now: time.Now, Log: log}
	if _, err := d.Add(ctx, "shop", "stress", webhook.Endpoint{ID: "shop", URL: t.to.URL}); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	t.dispatcher = webhook.New(webhook.Config{Queue: db.Outbox, Secrets: d.Secrets, Loopback: true, Log: log})
	return t, nil
}

// Close ends what tell began.
func (t *telling) Close() error {
	t.to.Close()
	return t.db.Close()
}

// cancel makes n sessions that are canceled: a message each.
func (t *telling) cancel(ctx context.Context, n int) error {
	first, now := t.sessions, time.Now()
	t.sessions += n
	_, err := flood(ctx, connections, n, func(ctx context.Context, i int) error {
		id := fmt.Sprint("cs_", first+i)
		l := pay.Open(pay.Session{ID: id, Merchant: "shop", TokenHash: id, CreatedAt: now, ExpiresAt: now.Add(time.Hour)})
		if err := l.Cancel(now); err != nil {
			return err
		}
		return t.db.Ledgers.Create(ctx, l)
	})
	return err
}

// webhooks tells one slow back end of many sessions, one of which it never takes,
// and looks how soon it is told after it was down.
func webhooks(ctx context.Context, e *Env) (string, error) {
	t, err := e.tell(ctx)
	if err != nil {
		return "", err
	}
	defer t.Close()
	n := e.scale(64, 5000)
	t.to.poison = "evt_cs_0_2"
	if err := t.cancel(ctx, n+1); err != nil {
		return "", err
	}
	running, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	begin := time.Now()
	all.Go(func() { t.dispatcher.Run(running) })
	times, err := t.to.took(ctx, n)
	if err != nil {
		return "", err
	}
	rate := float64(n) / times[n-1].Sub(begin).Seconds()
	t.to.down.Store(true)
	const down = 10
	if err := t.cancel(ctx, down); err != nil {
		return "", err
	}
	select {
	case <-time.After(time.Duration(e.scale(2, 20)) * time.Second): // the outage
	case <-ctx.Done():
		return "", ctx.Err()
	}
	t.to.down.Store(false)
	back := time.Now()
	if times, err = t.to.took(ctx, n+down); err != nil {
		return "", err
	}
	first, last := times[n].Sub(back), times[n+down-1].Sub(back)
	seen := []string{
		fmt.Sprintf("%.0f/s to a back end of %v", rate, thinks),
		fmt.Sprintf("after an outage the first in %v, all %d in %v", first.Round(time.Millisecond), down, last.Round(time.Millisecond)),
	}
	return strings.Join(seen, "; "), errors.Join(e.fast(rate >= 250, "%.0f/s", rate), e.fast(first <= 2500*time.Millisecond, "first after %v", first))
}
