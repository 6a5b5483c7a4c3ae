package httpd

import (
	"context"
	"time"

	"morepay/internal/merchant"
	"morepay/internal/reconcile"
	"morepay/internal/webhook"
)

// Revisions keeps the documents that operators read and replace. What isn't
// there is *pay.Error not_found.
type Revisions interface {
	merchant.Putter

	// Get returns a merchant's newest revision.
	Get(ctx context.Context, merchant string) (merchant.Revision, error)

	// Position fails if the store can't be reached.
	Position(ctx context.Context) (int64, error)
}

// Outbox holds what merchants have been or will be told. What isn't there is
// *pay.Error not_found.
type Outbox interface {
	// Messages lists a merchant's messages after the one with an id ("" for all),
	// in the order of their commits.
	Messages(ctx context.Context, merchant, after string, limit int) ([]webhook.Message, error)

	// Redeliver sends a message again to every endpoint that it was assigned to,
	// starting now.
	Redeliver(ctx context.Context, merchant, id string, now time.Time) error
}

// Reconciliations lists what came of comparing the providers' bills.
type Reconciliations interface {
	// List returns the records that a filter takes, newest day first.
	List(ctx context.Context, f reconcile.Filter) ([]reconcile.Record, error)
}
