package reconcile

import (
	"context"
	"time"
)

// Journal keeps what came of each account and day, and who compares it now.
type Journal interface {
	// Claim takes an account's day until a time, for one server alone, and returns
	// how often it has been taken. 0 if its outcome is final, or somebody else's
	// claim has not ended at now.
	Claim(ctx context.Context, key Key, now, until time.Time) (tries int, err error)

	// Finish stores what came of a day that was claimed.
	Finish(ctx context.Context, r Record) error

	// Since lists the records from a day on, without their differences.
	Since(ctx context.Context, day string) ([]Record, error)
}

// Key names an account's day.
type Key struct{ Provider, Account, Day string }

// Key returns what names a result.
func (r *Result) Key() Key { return Key{r.Provider, r.Account, r.Day} }

// Record is a result as the store keeps it.
type Record struct {
	Result                 // Outcome is "" before the first has come
	ClaimedUntil time.Time // when it may be taken (again): it is being compared, or waits
	Tries        int
	FinishedAt   time.Time // of the newest try; zero before the first
}

// Filter narrows a list of records; zero values take all.
type Filter struct {
	Provider, Account string
	Outcome           Outcome
	After             Key // the last record of the page before
	Limit             int
}
