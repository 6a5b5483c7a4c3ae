package webhook_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"morepay/internal/pay"
	"morepay/internal/store/sqlite"
	"morepay/internal/store/sqlstore"
	"morepay/internal/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const merchant = "shop"

func secret(fill byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32))
}

// bench is a dispatcher on a real store, with a clock of its own.
type bench struct {
	*testing.T
	db   *sqlstore.DB
	d    *webhook.Dispatcher
	news chan struct{}

	mu        sync.Mutex
	now       time.Time
	endpoints []webhook.Endpoint
	sessions  int
}

func newBench(t *testing.T, endpoints ...webhook.Endpoint) *bench {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "morepay.db"), webhook.NewMessage, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, db: db, now: time.Now().UTC().Truncate(time.Millisecond), endpoints: endpoints}
	b.d = b.dispatcher()
	t.Cleanup(func() { db.Close() })
	return b
}

func (b *bench) dispatcher() *webhook.Dispatcher {
	return webhook.New(webhook.Config{
		Queue: b.db.Outbox, News: b.news, Loopback: true, Log: slog.New(slog.DiscardHandler),
		Endpoints: func(string) []webhook.Endpoint {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.endpoints
		},
		Now: func() time.Time {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.now
		},
	})
}

func (b *bench) configure(endpoints ...webhook.Endpoint) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endpoints = endpoints
}

func (b *bench) setNow(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = now
}

// cancel stores a session and cancels it: one message.
func (b *bench) cancel() {
	b.Helper()
	b.sessions++
	id := fmt.Sprint("cs_", b.sessions)
	l := pay.Open(pay.Session{
		ID: id, Merchant: merchant, TokenHash: id, Amount: pay.Money{Currency: "CNY", Value: 5980},
		CreatedAt: b.now, ExpiresAt: b.now.Add(time.Hour),
	})
	b.must(b.db.Ledgers.Create(b.Context(), l))
	_, err := b.db.Ledgers.Update(b.Context(), id, func(l *pay.Ledger) error { return l.Cancel(b.now) })
	b.must(err)
}

func (b *bench) once() { b.Helper(); b.must(b.d.Once(b.Context())) }

// state returns the state of the only endpoint.
func (b *bench) state() webhook.EndpointState {
	b.Helper()
	list, err := b.db.Outbox.Endpoints(b.Context(), merchant)
	b.must(err)
	if len(list) != 1 {
		b.Fatalf("there are %d endpoints, want 1", len(list))
	}
	return list[0]
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// delivery is one request that a receiver got.
type delivery struct {
	header http.Header
	body   string
}

func (d delivery) id() string { return d.header.Get("webhook-id") }

// receiver is a merchant's server. answer may be nil for 204.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got []delivery
}

func newReceiver(t testing.TB, answer func(w http.ResponseWriter, n int)) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.got = append(r.got, delivery{q.Header, string(body)})
		n := len(r.got)
		r.mu.Unlock()
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, n)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) deliveries() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) ids() []string {
	var ids []string
	for _, d := range r.deliveries() {
		ids = append(ids, d.id())
	}
	return ids
}

func (r *receiver) endpoint(secrets ...string) webhook.Endpoint {
	if len(secrets) == 0 {
		secrets = []string{secret(1)}
	}
	return webhook.Endpoint{URL: r.URL, Secrets: secrets}
}

// newSignalling makes a receiver that tells of up to n deliveries.
func newSignalling(t *testing.T, n int) (*receiver, <-chan struct{}) {
	arrived := make(chan struct{}, n)
	r := newReceiver(t, func(w http.ResponseWriter, _ int) {
		w.WriteHeader(http.StatusNoContent)
		arrived <- struct{}{}
	})
	return r, arrived
}

func await(t *testing.T, arrived <-chan struct{}, n int) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for i := range n {
		select {
		case <-arrived:
		case <-timeout:
			t.Fatalf("only %d of %d messages arrived", i, n)
		}
	}
}

func status(code int) func(http.ResponseWriter, int) {
	return func(w http.ResponseWriter, _ int) { w.WriteHeader(code) }
}

func TestDeliversSignedInOrder(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	b := newBench(t, r.endpoint(secret(1), secret(2)))
	for range 5 {
		b.cancel()
	}
	b.once()
	b.once() // nothing is left
	if got, want := r.ids(), []string{"evt_cs_1_2", "evt_cs_2_2", "evt_cs_3_2", "evt_cs_4_2", "evt_cs_5_2"}; !slices.Equal(got, want) {
		t.Fatalf("delivered %v, want %v", got, want)
	}
	for _, d := range r.deliveries() {
		for _, key := range []string{secret(1), secret(2)} { // both, so that the receiver may change at any moment
			w, err := standardwebhooks.NewWebhook(key)
			if err == nil {
				err = w.Verify([]byte(d.body), d.header)
			}
			if err != nil {
				t.Errorf("%s: signature of the current secrets: %v", d.id(), err)
			}
		}
		w, _ := standardwebhooks.NewWebhook(secret(3))
		if w.Verify([]byte(d.body), d.header) == nil {
			t.Errorf("%s verifies with a foreign secret", d.id())
		}
		if !strings.Contains(d.body, `"type":"session.canceled"`) || d.header.Get("Content-Type") != "application/json" {
			t.Errorf("unexpected delivery %v %s", d.header, d.body)
		}
	}
}

// TestSchedule lets every try fail and reads the pauses off the store.
func TestSchedule(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, status(500))
	b := newBench(t, r.endpoint())
	begin := b.now
	b.cancel()
	b.cancel()
	planned := []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
		10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
	for i, want := range planned {
		b.once()
		b.once() // before its time nothing happens
		if n := len(r.deliveries()); n != i+1 {
			t.Fatalf("after %d pauses there were %d tries", i, n)
		}
		next := b.state().NextAt
		got := next.Sub(b.now)
		if got < want*9/10-time.Millisecond || got > want*11/10 {
			t.Errorf("pause %d is %v, want %v ± 10%%", i+1, got, want)
		}
		b.setNow(next)
	}
	if total := b.now.Sub(begin); total < 68*time.Hour || total > 84*time.Hour {
		t.Errorf("ten tries take %v, want about 75h35m", total)
	}
	b.once()
	ids := r.ids()
	if len(ids) != webhook.MaxTries+1 || ids[webhook.MaxTries-1] != "evt_cs_1_2" || ids[webhook.MaxTries] != "evt_cs_2_2" {
		t.Errorf("after ten tries of the first comes the second, got %v", ids)
	}
	deliveries, err := b.db.Outbox.Deliveries(t.Context(), merchant, "evt_cs_1_2")
	b.must(err)
	if len(deliveries) != 1 || deliveries[0].State != webhook.Failed || deliveries[0].Tries != 10 || deliveries[0].Status != 500 {
		t.Errorf("the receipt tells of ten tries: %+v", deliveries)
	}
	for _, d := range r.deliveries()[:webhook.MaxTries] {
		if d.body != r.deliveries()[0].body {
			t.Error("every try sends the same bytes")
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		answer     func(w http.ResponseWriter, n int)
		wantState  webhook.State
		wantStatus int
		wantPause  time.Duration // at least
		disabled   bool
	}{
		{"ok", status(200), webhook.Delivered, 200, 0, false},
		{"accepted", status(202), webhook.Delivered, 202, 0, false},
		{"bad-request-is-tried-again", status(400), webhook.Pending, 400, 4 * time.Second, false},
		{"gone-disables", status(410), webhook.Pending, 410, 0, true},
		{"retry-after-seconds", func(w http.ResponseWriter, _ int) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(503)
		}, webhook.Pending, 503, time.Hour, false},
		{"retry-after-shorter-than-planned", func(w http.ResponseWriter, _ int) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(429)
		}, webhook.Pending, 429, 4 * time.Second, false},
		{"retry-after-nonsense", func(w http.ResponseWriter, _ int) {
			w.Header().Set("Retry-After", "-1 soon")
			w.WriteHeader(503)
		}, webhook.Pending, 503, 4 * time.Second, false},
		{"redirect-is-not-followed", func(w http.ResponseWriter, _ int) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(307)
		}, webhook.Pending, 307, 4 * time.Second, false},
		{"endless-reply", func(w http.ResponseWriter, _ int) {
			w.WriteHeader(200)
			_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
		}, webhook.Delivered, 200, 0, false},
		{"connection-cut", func(w http.ResponseWriter, _ int) { panic(http.ErrAbortHandler) }, webhook.Pending, 0, 4 * time.Second, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newReceiver(t, test.answer)
			b := newBench(t, r.endpoint())
			b.cancel()
			b.once()
			if n := len(r.deliveries()); n != 1 {
				t.Fatalf("there were %d requests, want 1", n)
			}
			deliveries, err := b.db.Outbox.Deliveries(t.Context(), merchant, "evt_cs_1_2")
			b.must(err)
			if got := deliveries[0]; got.State != test.wantState || got.Status != test.wantStatus || got.Tries != 1 {
				t.Errorf("receipt %+v, want %s with status %d", got, test.wantState, test.wantStatus)
			}
			state := b.state()
			if state.DisabledAt.IsZero() == test.disabled {
				t.Errorf("endpoint disabled: %v, want %v", !state.DisabledAt.IsZero(), test.disabled)
			}
			if test.wantPause > 0 && state.NextAt.Sub(b.now) < test.wantPause {
				t.Errorf("the next try is in %v, want at least %v", state.NextAt.Sub(b.now), test.wantPause)
			}
			if test.wantPause > 0 && test.wantPause < time.Minute && state.NextAt.Sub(b.now) > time.Minute {
				t.Errorf("the next try is in %v, want as planned", state.NextAt.Sub(b.now))
			}
		})
	}
}

func TestDisabledEndpointGoesOnWhenEnabled(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(w http.ResponseWriter, n int) {
		w.WriteHeader(map[bool]int{true: 410, false: 204}[n == 1])
	})
	b := newBench(t, r.endpoint())
	b.cancel()
	b.once()
	b.cancel()
	b.setNow(b.now.Add(1000 * time.Hour))
	b.once()
	if n := len(r.deliveries()); n != 1 {
		t.Fatalf("a disabled endpoint is left alone, got %d requests", n)
	}
	b.must(b.db.Outbox.Enable(t.Context(), merchant, r.URL, b.now))
	b.once()
	if got, want := r.ids(), []string{"evt_cs_1_2", "evt_cs_1_2", "evt_cs_2_2"}; !slices.Equal(got, want) {
		t.Errorf("delivered %v, want %v", got, want)
	}
}

func TestRemovedEndpoint(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, status(500))
	b := newBench(t, r.endpoint())
	b.cancel()
	b.once()
	b.configure()
	b.setNow(b.state().NextAt)
	b.once()
	if n := len(r.deliveries()); n != 1 {
		t.Errorf("a removed endpoint gets nothing more, got %d requests", n)
	}
	if state := b.state(); state.Pending != 0 || !state.NextAt.IsZero() {
		t.Errorf("nothing waits for a removed endpoint: %+v", state)
	}
}

func TestRedelivery(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	b := newBench(t, r.endpoint())
	b.cancel()
	b.once()
	b.must(b.db.Outbox.Redeliver(t.Context(), merchant, "evt_cs_1_2", b.now))
	b.once()
	got := r.deliveries()
	if len(got) != 2 || got[0].id() != got[1].id() || got[0].body != got[1].body {
		t.Errorf("a redelivery is the same message again: %v", got)
	}
}

// TestDeadEndpointDelaysNobody holds one endpoint's request for as long as the
// other one needs.
func TestDeadEndpointDelaysNobody(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	release := sync.OnceFunc(func() { close(held) })
	t.Cleanup(release)
	dead := newReceiver(t, func(w http.ResponseWriter, _ int) { <-held })
	const messages = 20
	alive, arrived := newSignalling(t, messages)
	b := newBench(t, dead.endpoint(), alive.endpoint())
	for range messages {
		b.cancel()
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan struct{})
	go func() { defer close(ended); b.d.Run(ctx) }()
	await(t, arrived, messages)
	if n := len(dead.deliveries()); n != 1 {
		t.Errorf("the dead endpoint has one request open, got %d", n)
	}
	stop()
	release()
	<-ended
	for _, c := range must(b.db.Outbox.Claim(t.Context(), b.now, b.now, 10)) {
		if c.URL == dead.URL {
			return
		}
	}
	t.Error("a dispatcher that stops gives its endpoints back at once")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestSeveralServers lets four dispatchers work on one queue.
func TestSeveralServers(t *testing.T) {
	t.Parallel()
	const messages = 40
	r, arrived := newSignalling(t, messages)
	b := newBench(t, r.endpoint())
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	b.news = make(chan struct{}, 1)
	for range 4 {
		d := b.dispatcher()
		running.Go(func() { d.Run(ctx) })
	}
	var want []string
	for i := range messages {
		b.cancel()
		want = append(want, fmt.Sprintf("evt_cs_%d_2", i+1))
		select {
		case b.news <- struct{}{}:
		default:
		}
	}
	await(t, arrived, messages)
	stop()
	running.Wait()
	if got := r.ids(); !slices.Equal(got, want) {
		t.Errorf("four servers deliver each message once, in order:\ngot  %v\nwant %v", got, want)
	}
}
