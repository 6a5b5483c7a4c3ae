package account_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"morepay/internal/account"
)

// Work on one account has so many places, and whoever finds none is told at once.
func TestInBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		acc := registry(t).Of("shop", "wechatpay")
		release, results := make(chan struct{}), make(chan error, 100)
		var begun atomic.Int32
		for range 100 {
			go func() {
				results <- acc.InBackground(t.Context(), func() error { begun.Add(1); <-release; return nil })
			}()
			synctest.Wait()
		}
		crowded := 0
		for len(results) > 0 {
			if err := <-results; !errors.Is(err, account.ErrCrowded) {
				t.Errorf("got %v", err)
			}
			crowded++
		}
		if n := begun.Load(); n < 2 || n > 20 || crowded != 100-24 {
			t.Errorf("%d are being done, %d were sent away", n, crowded)
		}
		close(release)
		for range 100 - crowded {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if err := acc.InBackground(t.Context(), func() error { return nil }); err != nil {
			t.Errorf("after that: %v", err)
		}
	})
}

func TestInBackgroundEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	acc := registry(t).Of("shop", "wechatpay")
	for range 100 { // no place leaks
		if err := acc.InBackground(ctx, func() error { return nil }); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	var none *account.Account
	done := false
	if err := none.InBackground(t.Context(), func() error { done = true; return nil }); err != nil || !done {
		t.Errorf("without an account: %v, done: %t", err, done)
	}
}
