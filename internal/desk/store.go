package desk

import (
	"context"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// Books is the part of the store of ledgers that the desk needs. A missing
// entry is *pay.Error not_found.
type Books interface {
	// Find and Ledger are those of [checkout.Store].
	Find(ctx context.Context, key checkout.Key) (sessionID string, err error)
	Ledger(ctx context.Context, sessionID string) (*pay.Ledger, error)

	// Sessions is that of [checkout.Store].
	Sessions(ctx context.Context, f checkout.SessionFilter) (checkout.SessionPage, error)

	// Unresolved returns the number of entries that wait for a person or for
	// their money to go back.
	Unresolved(ctx context.Context) (int, error)

	// WaitingRefunds lists refunds that need a person, oldest first, by
	// pay.Ledger.NeedsPerson. CountWaitingRefunds counts all of them.
	WaitingRefunds(ctx context.Context, limit int) ([]WaitingRefund, error)
	CountWaitingRefunds(ctx context.Context) (n int, oldest time.Time, err error)

	// Overdue returns the number of sessions of which something is due at now, and since
	// when the oldest is; zero if none is.
	Overdue(ctx context.Context, now time.Time) (n int, oldest time.Time, err error)

	// Needs lists the accounts that payable attempts and pending refunds need, those of
	// the desk too, some of them several times.
	Needs(ctx context.Context) ([]Need, error)
}

// WaitingRefund names a refund that needs a person.
type WaitingRefund struct {
	SessionID string
	RefundID  string
	Since     time.Time // when it was made
}

// Need is an account that must be there for money to be followed to its end.
type Need struct {
	Provider string
	Account  string
	Merchant string // whose sessions need it, or "" if the desk does not know
	Attempts int    // that can still be paid
	Refunds  int    // that are pending
}
