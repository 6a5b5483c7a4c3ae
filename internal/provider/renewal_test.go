package provider_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"morepay/internal/provider"
)

// Who comes while a renewal is under way waits for it, and nobody makes another one within
// the pause.
func TestRenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := provider.Renewal{Now: time.Now}
		failure, asked := errors.New("no answer"), 0
		ask := func(context.Context) error {
			asked++
			time.Sleep(time.Second)
			return failure
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := r.Ask(t.Context(), time.Minute, ask); !errors.Is(err, failure) {
					t.Errorf("got %v, want what the one said", err)
				}
			})
		}
		all.Wait()
		if err := r.Ask(t.Context(), time.Minute, ask); !errors.Is(err, provider.ErrTooSoon) {
			t.Errorf("soon after: %v", err)
		}
		time.Sleep(time.Minute - time.Second)
		if err := r.Ask(t.Context(), time.Minute, ask); !errors.Is(err, failure) || asked != 2 {
			t.Errorf("a minute after the last began: %v, asked %d times", err, asked)
		}
	})
}

// Whoever leaves lets the others have what they wait for, and what hangs is given up.
func TestRenewalOutlivesWhoAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := provider.Renewal{Now: time.Now}
		ended := make(chan error, 1)
		hang := func(ctx context.Context) error {
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		began := time.Now()
		if err := r.Ask(ctx, 0, hang); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("who left: %v after %v", err, time.Since(began))
		}
		if <-ended; time.Since(began) != provider.CallTimeout {
			t.Errorf("given up after %v", time.Since(began))
		}
	})
}
