package account

import (
	"context"
	"errors"
)

// How much of one account is done in the background at once, so that one that
// answers slowly holds up nobody else's work.
const (
	backgroundCalls   = 8
	backgroundWaiting = 16
)

// ErrCrowded is the error of work on an account of which enough is being done and
// waiting already: come back later.
var ErrCrowded = errors.New("enough is being done for this account")

// InBackground does work that nobody waits for, at the pace that the provider is
// to be asked. Fails with ErrCrowded at once if there is no place, and when ctx
// ends; work is not done then. A nil account has places without end.
func (a *Account) InBackground(ctx context.Context, work func() error) error {
	if a == nil {
		return work()
	}
	select {
	case a.waiting <- struct{}{}:
	default:
		return ErrCrowded
	}
	defer func() { <-a.waiting }()
	select {
	case a.working <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-a.working }()
	if err := a.rate.Wait(ctx); err != nil {
		return err
	}
	return work()
}
