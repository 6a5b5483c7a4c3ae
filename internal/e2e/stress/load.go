package stress

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load is the number of calls that went, and their speed.
type load struct {
	took    []time.Duration // sorted
	elapsed time.Duration
}

// flood calls f for each of 0 to n-1, workers at once. It ends at the first
// error, and with ctx.
func flood(ctx context.Context, workers, n int, f func(ctx context.Context, i int) error) (load, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	took := make([]time.Duration, n)
	var next atomic.Int64
	var all sync.WaitGroup
	start := time.Now()
	for range workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				begin := time.Now()
				if err := f(ctx, i); err != nil {
					cancel(err)
					return
				}
				took[i] = time.Since(begin)
			}
		})
	}
	all.Wait()
	l := load{took: took, elapsed: time.Since(start)}
	slices.Sort(l.took)
	return l, context.Cause(ctx)
}

// rate returns the number of calls a second.
func (l load) rate() float64 { return float64(len(l.took)) / l.elapsed.Seconds() }

// p99 is the time that one call in a hundred exceeds.
func (l load) p99() time.Duration {
	if len(l.took) == 0 {
		return 0
	}
	return l.took[len(l.took)*99/100].Round(100 * time.Microsecond)
}

// want returns an error unless ok.
func want(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// fast demands speed, which only counts at full scale: small runs share
// the machine with other tests.
func (e *Env) fast(ok bool, format string, args ...any) error {
	return want(ok || e.Quick, format, args...)
}

// until calls done again and again until it says so, or ctx ends. It is for
// what another process does.
func until(ctx context.Context, what string, done func() bool) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("not in time: %s", what), context.Cause(ctx))
		case <-tick.C:
		}
	}
	return nil
}
