package idempotency_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"morepay/internal/idempotency"
	"morepay/internal/pay"
	"morepay/internal/store/sqlite"
)

func newStore(t *testing.T) idempotency.Store {
	t.Helper()
	db, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "morepay.db"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db.Replies
}

var key = idempotency.Key{Scope: "shop POST /v1/sessions", Name: "k"}

// model holds the expectations that a merchant may have of one key.
type model struct {
	hash  string
	reply idempotency.Reply
	until time.Time
}

// TestDo runs random requests against a model that fits on a page.
func TestDo(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		scope := fmt.Sprint("shop ", round)
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		kept := map[string]model{}
		runs := 0
		steps := rapid.IntRange(1, 30).Draw(t, "steps")
		for range steps {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 3600, 23 * 3600}).Draw(t, "seconds")) * time.Second)
			name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
			hash := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "body")
			status := rapid.SampledFrom([]int{200, 201, 409, 499, 500, 503, 0}).Draw(t, "status") // 0 is an error
			m, isKept := kept[name]
			isKept = isKept && now.Before(m.until)
			before := runs
			failure := errors.New("it failed")
			fresh := idempotency.Reply{Status: status, ContentType: "text/plain", Body: fmt.Append(nil, "reply ", runs)}
			reply, err := idempotency.Do(context.Background(), store, idempotency.Key{Scope: scope, Name: name}, hash,
				func() time.Time { return now },
				func(context.Context) (idempotency.Reply, error) {
					runs++
					if status == 0 {
						return idempotency.Reply{}, failure
					}
					return fresh, nil
				})
			switch {
			case isKept && m.hash != hash:
				if pay.CodeOf(err) != pay.CodeIdempotency || runs != before {
					t.Fatalf("another body under the same key: %v, ran %d times", err, runs-before)
				}
			case isKept:
				if diff := cmp.Diff(m.reply, reply); err != nil || diff != "" || runs != before {
					t.Fatalf("a repeat gets the kept reply: %v, ran %d times\n%s", err, runs-before, diff)
				}
			case status == 0:
				if err != failure || runs != before+1 {
					t.Fatalf("an error comes back as it is and isn't kept: %v, ran %d times", err, runs-before)
				}
			default:
				if diff := cmp.Diff(fresh, reply); err != nil || diff != "" || runs != before+1 {
					t.Fatalf("a new request runs: %v, ran %d times\n%s", err, runs-before, diff)
				}
				if status < 500 {
					kept[name] = model{hash, fresh, now.Add(24 * time.Hour)}
				}
			}
		}
	})
}

// outcome is the result of one call of Do.
type outcome struct {
	reply idempotency.Reply
	err   error
}

// begin calls Do with a request that answers when it is told what.
func begin(ctx context.Context, store idempotency.Store, hash string) (answer chan<- string, result <-chan outcome) {
	answers, results := make(chan string), make(chan outcome, 1)
	go func() {
		reply, err := idempotency.Do(ctx, store, key, hash, time.Now, func(context.Context) (idempotency.Reply, error) {
			return idempotency.Reply{Status: 201, Body: []byte(<-answers)}, nil
		})
		results <- outcome{reply, err}
	}()
	synctest.Wait()
	return answers, results
}

func TestTwinWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore(t)
		answer, first := begin(t.Context(), store, "x")
		_, twin := begin(t.Context(), store, "x")
		_, other := begin(t.Context(), store, "y")
		if got := <-other; pay.CodeOf(got.err) != pay.CodeIdempotency {
			t.Errorf("another body while the first runs: %v", got.err)
		}
		time.Sleep(idempotency.Lease / 2)
		select {
		case got := <-twin:
			t.Fatalf("a twin waits, got %+v", got)
		default:
		}
		answer <- "made"
		for _, result := range []<-chan outcome{first, twin} {
			if got := <-result; got.err != nil || string(got.reply.Body) != "made" {
				t.Errorf("both get the one reply: %+v", got)
			}
		}
	})
}

func TestTwinTakesOverFromTheDead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore(t)
		slow, first := begin(t.Context(), store, "x")
		answer, twin := begin(t.Context(), store, "x")
		time.Sleep(idempotency.Lease + time.Second)
		answer <- "second"
		if got := <-twin; got.err != nil || string(got.reply.Body) != "second" {
			t.Errorf("when the lease has ended the twin runs: %+v", got)
		}
		slow <- "first, far too late"
		<-first
		_, repeat := begin(t.Context(), store, "x")
		if got := <-repeat; string(got.reply.Body) != "second" {
			t.Errorf("who came too late doesn't change the kept reply: %+v", got)
		}
	})
}

func TestCallerWhoLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore(t)
		ctx, cancel := context.WithCancel(t.Context())
		answer, first := begin(ctx, store, "x")
		_, twin := begin(ctx, store, "x")
		cancel()
		if got := <-twin; !errors.Is(got.err, context.Canceled) {
			t.Errorf("a twin that leaves: %+v", got)
		}
		answer <- "made"
		<-first
		_, repeat := begin(t.Context(), store, "x")
		if got := <-repeat; string(got.reply.Body) != "made" {
			t.Errorf("the reply is kept though its caller has left: %+v", got)
		}
	})
}

func TestPanicFreesTheKey(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	do := func(fn func(context.Context) (idempotency.Reply, error)) (idempotency.Reply, error) {
		return idempotency.Do(t.Context(), store, key, "x", time.Now, fn)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = do(func(context.Context) (idempotency.Reply, error) { panic("a bug") })
	}()
	reply, err := do(func(context.Context) (idempotency.Reply, error) { return idempotency.Reply{Status: 201}, nil })
	if err != nil || reply.Status != 201 {
		t.Errorf("after a panic a repeat runs: %+v, %v", reply, err)
	}
}
