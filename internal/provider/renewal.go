package provider

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrTooSoon is a renewal that was not made, because the last one was not long ago.
var ErrTooSoon = errors.New("the provider was asked for its keys a short time ago")

// Renewal asks a provider for its keys. Messages name keys that there are not, and whoever
// sends such messages must not make us ask for each: it asks one thing at a time, and not
// sooner after the last than it is told.
type Renewal struct {
	Now func() time.Time

	mu    sync.Mutex
	asked time.Time // when the last one began; zero for never
	way   *underWay // the one that is under way, or nil
}

// underWay is a renewal for which several may wait.
type underWay struct {
	done chan struct{} // closed when err is known
	err  error
}

// Ask has ask ask the provider, for up to [CallTimeout], and waits for it as long as ctx
// lasts. Who comes while another one is under way waits for that one instead. Fails with
// ErrTooSoon if the last one began less than pause ago.
func (r *Renewal) Ask(ctx context.Context, pause time.Duration, ask func(context.Context) error) error {
	way := r.begin(ctx, pause, ask)
	if way == nil {
		return ErrTooSoon
	}
	select {
	case <-way.done:
		return way.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin returns the renewal that is under way, or begins one; nil if it is too soon.
func (r *Renewal) begin(ctx context.Context, pause time.Duration, ask func(context.Context) error) *underWay {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	switch {
	case r.way != nil:
		return r.way
	case !r.asked.IsZero() && now.Sub(r.asked) < pause:
		return nil
	}
	r.way, r.asked = &underWay{done: make(chan struct{})}, now
	go r.run(context.WithoutCancel(ctx), r.way, ask)
	return r.way
}

// Forget has the next one made whenever the last one was.
func (r *Renewal) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = time.Time{}
}

func (r *Renewal) run(ctx context.Context, way *underWay, ask func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	way.err = ask(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.way = nil
	close(way.done)
}
