package webhook_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"morepay/internal/pay"
	"morepay/internal/seal"
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
	db        *sqlstore.DB
	directory *webhook.Directory
	d         *webhook.Dispatcher
	log       *lines

	mu       sync.Mutex
	now      time.Time
	sessions int
}

func newBench(t *testing.T, endpoints ...webhook.Endpoint) *bench {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "morepay.db"), webhook.NewMessage, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, db: db, now: time.Now().UTC().Truncate(time.Millisecond), log: &lines{}}
	b.directory = directory(t, db, b.clock, b.log)
	b.configure(endpoints...)
	b.d = b.dispatcher()
	t.Cleanup(func() { db.Close() })
	return b
}

// directory returns where the merchants of a store are told.
func directory(tb testing.TB, db *sqlstore.DB, now func() time.Time, log io.Writer) *webhook.Directory {
	tb.Helper()
	box, err := seal.New([]byte("the server's secret"))
	if err != nil {
		tb.Fatal(err)
	}
	return &webhook.Directory{Store: db.Endpoints, Box: box, Loopback: true, Now: now, Log: slog.New(slog.NewTextHandler(log, nil))}
}

// lines is a log that tests read.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// with returns the lines that hold a text.
func (l *lines) with(text string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) dispatcher() *webhook.Dispatcher {
	return webhook.New(webhook.Config{
		Queue: b.db.Outbox, Secrets: b.directory.Secrets, Loopback: true, Log: b.directory.Log, Now: b.clock,
	})
}

// configure does the work of a server that starts with a file of these
// endpoints. Without an id it is their place.
func (b *bench) configure(endpoints ...webhook.Endpoint) {
	b.Helper()
	list := []webhook.Endpoint{}
	for i, e := range endpoints {
		e.ID = cmp.Or(e.ID, strconv.Itoa(i+1))
		list = append(list, e)
	}
	b.must(b.directory.Learn(b.Context(), merchant, list))
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
	list, err := b.directory.List(b.Context(), merchant)
	b.must(err)
	if len(list) != 1 {
		b.Fatalf("there are %d endpoints, want 1", len(list))
	}
	return list[0]
}

// receipt returns what became of the only delivery of a message.
func (b *bench) receipt(id string) webhook.DeliveryState {
	b.Helper()
	list, err := b.db.Outbox.Deliveries(b.Context(), merchant, id)
	b.must(err)
	if len(list) != 1 {
		b.Fatalf("there are %d deliveries of %s, want 1", len(list), id)
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

// sorted returns ids in their own order, for messages of several sessions.
func (r *receiver) sorted() []string { return slices.Sorted(slices.Values(r.ids())) }

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

func TestDeliversSigned(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	b := newBench(t, r.endpoint(secret(1), secret(2)))
	for range 5 {
		b.cancel()
	}
	b.once()
	b.once() // nothing is left
	if got, want := r.sorted(), []string{"evt_cs_1_2", "evt_cs_2_2", "evt_cs_3_2", "evt_cs_4_2", "evt_cs_5_2"}; !slices.Equal(got, want) {
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
	b.setNow(b.now.Add(1000 * time.Hour))
	b.once()
	if n := len(r.deliveries()); n != webhook.MaxTries {
		t.Errorf("there were %d tries, want ten", n)
	}
	if got := b.receipt("evt_cs_1_2"); got.State != webhook.Failed || got.Tries != 10 || got.Status != 500 {
		t.Errorf("the receipt tells of ten tries: %+v", got)
	}
	given := b.log.with("message given up")
	if len(given) != 1 {
		t.Fatalf("giving up is said once: %q", given)
	}
	for _, part := range []string{"level=ERROR", "merchant=shop", "endpoint=1", "message=evt_cs_1_2"} {
		if !strings.Contains(given[0], part) {
			t.Errorf("giving up names %s: %s", part, given[0])
		}
	}
	for _, d := range r.deliveries() {
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
			w.WriteHeader(500)
		}, webhook.Pending, 500, 4 * time.Second, false},
		{"nobody-behind-a-proxy", status(503), webhook.Pending, 503, time.Second, false},
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
			if got := b.receipt("evt_cs_1_2"); got.State != test.wantState || got.Status != test.wantStatus || got.Tries != 1 {
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
	b.must(b.directory.Enable(t.Context(), merchant, "ann", "1"))
	b.once()
	if got, want := r.sorted(), []string{"evt_cs_1_2", "evt_cs_1_2", "evt_cs_2_2"}; !slices.Equal(got, want) {
		t.Errorf("delivered %v, want %v", got, want)
	}
}

func TestRedelivery(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	b := newBench(t, r.endpoint())
	b.cancel()
	b.once()
	must(b.db.Outbox.Redeliver(t.Context(), webhook.Redelivery{Merchant: merchant, Message: "evt_cs_1_2"}, b.now))
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
	stop()
	release()
	<-ended
	for _, c := range must(b.db.Outbox.Claim(t.Context(), "another", b.now, b.now, 10)) {
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
	for range 4 {
		d := b.dispatcher()
		running.Go(func() { d.Run(ctx) })
	}
	var want []string
	for i := range messages {
		b.cancel()
		want = append(want, fmt.Sprintf("evt_cs_%d_2", i+1))
	}
	await(t, arrived, messages)
	stop()
	running.Wait()
	slices.Sort(want)
	if got := r.sorted(); !slices.Equal(got, want) {
		t.Errorf("four servers deliver each message once:\ngot  %v\nwant %v", got, want)
	}
}
