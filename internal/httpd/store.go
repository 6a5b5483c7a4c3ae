package httpd

import (
	"context"

	"morepay/internal/merchant"
	"morepay/internal/reconcile"
)

// Revisions keeps the documents that operators read and replace. What isn't
// there is *pay.Error not_found.
type Revisions interface {
	merchant.Putter
	merchant.Lister

	// Get returns a merchant's newest revision.
	Get(ctx context.Context, merchant string) (merchant.Revision, error)
}

// Reconciliations lists what came of comparing the providers' bills.
type Reconciliations interface {
	// List returns the records that a filter takes, newest day first.
	List(ctx context.Context, f reconcile.Filter) ([]reconcile.Record, error)
}
