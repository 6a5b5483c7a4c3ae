package webhook_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// paidLate stores a session that is canceled and then paid: two messages.
func (b *bench) paidLate() string {
	b.Helper()
	b.sessions++
	id := fmt.Sprint("cs_", b.sessions)
	amount := pay.Money{Currency: "CNY", Value: 5980}
	l := pay.Open(pay.Session{ID: id, Merchant: merchant, TokenHash: id, Amount: amount, CreatedAt: b.now, ExpiresAt: b.now.Add(time.Hour)})
	b.must(l.Begin(pay.Attempt{ID: "at_" + id, Provider: "wechatpay", Account: "1", OutTradeNo: id, Amount: amount, ExpiresAt: b.now.Add(time.Hour)}, b.now))
	b.must(l.Cancel(b.now))
	b.must(l.Apply(pay.Evidence{ID: "n " + id, Provider: "wechatpay", Account: "1", OutTradeNo: id, Outcome: pay.OutcomePaid, Amount: amount, PaidAt: b.now}, b.now))
	b.must(b.db.Ledgers.Create(b.Context(), l))
	return id
}

// picky is a merchant's server that answers each message as answer says.
func picky(t *testing.T, answer func(id string) int) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.got = append(r.got, delivery{q.Header, string(body)})
		r.mu.Unlock()
		w.WriteHeader(answer(q.Header.Get("webhook-id")))
	}))
	t.Cleanup(r.Close)
	return r
}

// A message that its receiver never takes delays the later ones of its own
// session, and nobody else.
func TestPoisonDelaysItsSessionOnly(t *testing.T) {
	t.Parallel()
	var cured atomic.Bool
	r := picky(t, func(id string) int {
		if !cured.Load() && id == "evt_cs_1_3" {
			return 500
		}
		return 204
	})
	b := newBench(t, r.endpoint())
	b.paidLate()
	b.once()
	b.paidLate()
	b.cancel()
	b.once()
	// Events 1 and 2 of a session are its creation and its attempt.
	if got, want := r.sorted(), []string{"evt_cs_1_3", "evt_cs_2_3", "evt_cs_2_4", "evt_cs_3_2"}; !slices.Equal(got, want) {
		t.Fatalf("delivered %v, want %v", got, want)
	}
	if i := slices.Index(r.ids(), "evt_cs_2_3"); slices.Index(r.ids(), "evt_cs_2_4") < i {
		t.Errorf("a session's messages come in order: %v", r.ids())
	}
	cured.Store(true)
	b.setNow(b.state().NextAt)
	b.once()
	if got, want := r.ids()[4:], []string{"evt_cs_1_3", "evt_cs_1_4"}; !slices.Equal(got, want) {
		t.Errorf("then its session goes on: %v, want %v", got, want)
	}
}

// A receiver that hangs over one message still gets the others meanwhile.
func TestHangingMessageDelaysNobody(t *testing.T) {
	t.Parallel()
	const messages = 40
	held := make(chan struct{})
	release := sync.OnceFunc(func() { close(held) })
	t.Cleanup(release)
	arrived := make(chan struct{}, messages)
	r := picky(t, func(id string) int {
		if id == "evt_cs_1_2" {
			<-held
		}
		arrived <- struct{}{}
		return 204
	})
	b := newBench(t, r.endpoint())
	b.cancel()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { b.d.Run(ctx) })
	for range messages - 1 {
		b.cancel()
	}
	await(t, arrived, messages-1)
	release()
	await(t, arrived, 1)
	stop()
	running.Wait()
}

// An endpoint is told of several sessions at once, and of not more than it can take.
func TestInFlight(t *testing.T) {
	t.Parallel()
	const most = 32
	var open, seen atomic.Int64
	full := make(chan struct{})
	r := newReceiver(t, func(w http.ResponseWriter, _ int) {
		if n := open.Add(1); n == most {
			close(full)
		} else if n > most {
			seen.Store(n)
		}
		<-full
		w.WriteHeader(204)
		open.Add(-1)
	})
	b := newBench(t, r.endpoint())
	for range most {
		b.cancel()
	}
	b.once()
	if n := len(r.deliveries()); n != most || seen.Load() != 0 {
		t.Errorf("%d deliveries, at most %d at once", n, max(seen.Load(), most))
	}
}

// An endpoint that fails for everybody is left alone but for a probe now and then,
// and told everything as soon as one is taken.
func TestOutage(t *testing.T) {
	t.Parallel()
	const sessions = 100
	down := atomic.Bool{}
	down.Store(true)
	r := newReceiver(t, func(w http.ResponseWriter, _ int) {
		w.WriteHeader(map[bool]int{true: 500, false: 204}[down.Load()])
	})
	b := newBench(t, r.endpoint())
	for range sessions {
		b.cancel()
	}
	b.once()
	first := len(r.deliveries())
	if first > 32+16+webhook.DownAfter-1 { // in flight, waiting, and in the places of the failures before the one that counts
		t.Errorf("%d tries were made before it counted as down", first)
	}
	begin := b.now
	probes := 0
	for b.now.Sub(begin) < time.Hour {
		wait := b.state().NextAt.Sub(b.now)
		if wait <= 0 || wait > 30*time.Second || b.now.Sub(begin) < time.Minute && wait > 2*time.Second {
			t.Fatalf("after %v the next probe is in %v", b.now.Sub(begin), wait)
		}
		b.setNow(b.state().NextAt)
		b.once()
		if probes++; len(r.deliveries()) != first+probes {
			t.Fatalf("%d probes made %d tries", probes, len(r.deliveries())-first)
		}
	}
	b.cancel()
	b.once()
	if wait := b.state().NextAt.Sub(b.now); wait > 5*time.Second {
		t.Errorf("a new message is a reason to look again soon, not in %v", wait)
	}
	down.Store(false)
	b.setNow(b.state().NextAt)
	b.once()
	if s := b.state(); s.Pending != 0 || s.Failing != 0 {
		t.Errorf("once it answers it is told everything: %+v", s)
	}
	if n := len(b.log.with("message given up")); n != 0 {
		t.Errorf("an outage of an hour gave %d messages up", n)
	}
}

// What was tried before an outage, and failed for its own sake, keeps to its schedule.
func TestOutageKeepsSchedules(t *testing.T) {
	t.Parallel()
	down := atomic.Bool{}
	r := picky(t, func(id string) int {
		if down.Load() || id == "evt_cs_1_2" {
			return 500
		}
		return 204
	})
	b := newBench(t, r.endpoint())
	b.cancel()
	b.once()
	b.setNow(b.state().NextAt)
	b.once()
	poison := b.receipt("evt_cs_1_2")
	b.cancel()
	b.once() // delivered: the endpoint is fine
	down.Store(true)
	for range webhook.DownAfter {
		b.cancel()
	}
	b.once()
	down.Store(false)
	b.setNow(b.state().NextAt)
	b.once()
	if got := b.receipt("evt_cs_1_2"); got.Tries != poison.Tries || !got.DueAt.Equal(poison.DueAt) {
		t.Errorf("the outage changed its schedule: %+v, was %+v", got, poison)
	}
	if s := b.state(); s.Pending != 1 {
		t.Errorf("the others are delivered: %+v", s)
	}
}

// One message alone says nothing about its endpoint. If nobody was there to read
// it, though, it needn't wait for minutes.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	there := r.endpoint()
	r.Close()
	b := newBench(t, there)
	b.cancel()
	b.once()
	begin := b.now
	for b.now.Sub(begin) < 4*time.Minute {
		if wait := b.state().NextAt.Sub(b.now); wait > 2*time.Second {
			t.Fatalf("after %v the next try is in %v", b.now.Sub(begin), wait)
		}
		b.setNow(b.state().NextAt)
		b.once()
	}
	if got := b.receipt("evt_cs_1_2"); got.Tries != 2 {
		t.Errorf("only tries of the schedule count: %+v", got)
	}
	b.setNow(begin.Add(6 * time.Minute))
	b.once()
	if wait := b.state().NextAt.Sub(b.now); wait < 20*time.Minute {
		t.Errorf("then it keeps to the schedule: the next try is in %v", wait)
	}
}

// watched is a queue that tells of claims and rounds.
type watched struct {
	webhook.Queue
	leases chan time.Duration
}

func (w watched) Claim(ctx context.Context, holder string, now, until time.Time, limit int) ([]webhook.Claim, error) {
	w.leases <- until.Sub(now)
	return w.Queue.Claim(ctx, holder, now, until, limit)
}

func (w watched) Round(ctx context.Context, r webhook.Round) (webhook.Claim, []webhook.Delivery, error) {
	w.leases <- r.Until.Sub(r.Now)
	return w.Queue.Round(ctx, r)
}

// A server that is killed holds its endpoints for a few seconds; one that lives
// renews its claims for as long as its receivers take.
func TestLeases(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	release := sync.OnceFunc(func() { close(held) })
	t.Cleanup(release)
	r := newReceiver(t, func(w http.ResponseWriter, _ int) { <-held; w.WriteHeader(204) })
	b := newBench(t, r.endpoint())
	b.cancel()
	queue := watched{b.db.Outbox, make(chan time.Duration, 1000)}
	d := webhook.New(webhook.Config{Queue: queue, Secrets: b.directory.Secrets, Loopback: true, Log: b.directory.Log, Now: b.clock})
	var running sync.WaitGroup
	running.Go(func() { b.must(d.Once(t.Context())) })
	for range 4 { // the claim, the first round, and two more while the receiver thinks
		if lease := <-queue.leases; lease > 15*time.Second {
			t.Errorf("a lease of %v", lease)
		}
	}
	release()
	running.Wait()
	if s := b.state(); s.Pending != 0 {
		t.Errorf("it was delivered: %+v", s)
	}
}

// A server that can't open an endpoint's secrets leaves it to others.
func TestOtherSecret(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	b := newBench(t, r.endpoint())
	b.cancel()
	stranger := webhook.New(webhook.Config{
		Queue: b.db.Outbox, Loopback: true, Log: b.directory.Log, Now: b.clock,
		Secrets: func([]byte) ([]string, error) { return nil, io.ErrUnexpectedEOF },
	})
	b.must(stranger.Once(t.Context()))
	if got := b.receipt("evt_cs_1_2"); len(r.deliveries()) != 0 || got.State != webhook.Pending || got.Tries != 0 {
		t.Errorf("nothing was tried: %+v", got)
	}
	if n := len(b.log.with("can't be opened")); n != 1 {
		t.Errorf("it says so %d times", n)
	}
	b.setNow(b.state().NextAt)
	b.once()
	if n := len(r.deliveries()); n != 1 {
		t.Errorf("who can open them delivers: %d", n)
	}
}

// Giving a message up by hand lets its session go on.
func TestSkip(t *testing.T) {
	t.Parallel()
	r := picky(t, func(id string) int {
		if strings.HasSuffix(id, "_3") {
			return 500
		}
		return 204
	})
	b := newBench(t, r.endpoint())
	id := b.paidLate()
	b.once()
	if n := must(b.db.Outbox.Skip(t.Context(), merchant, "evt_"+id+"_3", "", "ann", b.now)); n != 1 {
		t.Errorf("%d deliveries were skipped", n)
	}
	b.once()
	if got, want := r.ids(), []string{"evt_cs_1_3", "evt_cs_1_4"}; !slices.Equal(got, want) {
		t.Errorf("delivered %v, want %v", got, want)
	}
}
