// Package idempotency lets a merchant send the same POST again without its
// effect happening twice. The merchant names the request by a key; the first
// one with that key runs, and its reply is kept and given to every repeat.
//
// What must not live here: HTTP, and what a reply means. The reply's body is
// opaque (the caller seals it if it holds secrets).
package idempotency

import (
	"context"
	"crypto/rand"
	"time"

	"morepay/internal/pay"
)

// How long things last.
const (
	Keep  = 24 * time.Hour        // a reply is replayed for this long
	Lease = 30 * time.Second      // a request that has not finished by then may be run again: longer than any handler may take
	poll  = 50 * time.Millisecond // between looks at a twin's progress
)

// Key names a request. Scope is the merchant and the route, so that two
// merchants never meet; Name is the merchant's own Idempotency-Key.
type Key struct{ Scope, Name string }

// Reply is the answer to a request.
type Reply struct {
	Status      int // HTTP status; 0 while the request runs
	ContentType string
	Body        []byte
}

// Record is a request under a key, and its reply when there is one.
type Record struct {
	Key       Key
	BodyHash  string // of the request: a repeat must be the same
	Holder    string // who runs the request
	LeaseEnds time.Time
	KeptUntil time.Time
	Reply     Reply
}

// Store keeps records. All methods are safe for concurrent use; each fails with
// *pay.Error store_unavailable. Times keep millisecond precision.
type Store interface {
	// Begin stores r and returns nil, or returns the record that holds the key at
	// now. An unfinished record whose lease has ended and whose body is the same
	// is taken over; one past KeptUntil counts as none.
	Begin(ctx context.Context, r Record, now time.Time) (*Record, error)

	// Finish stores the reply, if r.Holder still holds the key.
	Finish(ctx context.Context, r Record) error

	// Abandon forgets an unfinished record, if r.Holder still holds the key.
	Abandon(ctx context.Context, r Record) error
}

// Do runs fn once per key, and gives its reply to every request with that key
// and the same body. A twin that arrives meanwhile waits for the first to
// finish. An error of fn, and a reply of 500 or above, is not kept: a repeat
// runs again.
//
// fn should be safe to run again: if its server dies after the effect and before
// the reply is kept, a repeat runs it after [Lease].
//
// Fails with idempotency_conflict if the body differs, with ctx's error, with
// store_unavailable, or as fn does.
func Do(ctx context.Context, s Store, key Key, bodyHash string, now func() time.Time, fn func(context.Context) (Reply, error)) (Reply, error) {
	r := Record{Key: key, BodyHash: bodyHash, Holder: rand.Text()}
	for {
		at := now()
		r.LeaseEnds, r.KeptUntil = at.Add(Lease), at.Add(Keep)
		found, err := s.Begin(ctx, r, at)
		if err != nil {
			return Reply{}, err
		}
		if found == nil {
			return run(ctx, s, r, fn)
		}
		if found.BodyHash != bodyHash {
			return Reply{}, pay.Errorf(pay.CodeIdempotency, "", "this Idempotency-Key was used with another request body")
		}
		if found.Reply.Status != 0 {
			return found.Reply, nil
		}
		if err := sleep(ctx, poll); err != nil {
			return Reply{}, err
		}
	}
}

// run runs fn as the holder of r, and keeps or forgets the outcome. That must
// happen even if the caller has gone away, or its repeat would wait for Lease.
func run(ctx context.Context, s Store, r Record, fn func(context.Context) (Reply, error)) (Reply, error) {
	finished := false
	defer func() {
		if !finished { // fn failed or panicked
			_ = s.Abandon(context.WithoutCancel(ctx), r) // if this fails too, the lease ends by itself
		}
	}()
	reply, err := fn(ctx)
	if err != nil || reply.Status >= 500 {
		return reply, err
	}
	r.Reply, finished = reply, true
	return reply, s.Finish(context.WithoutCancel(ctx), r)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
