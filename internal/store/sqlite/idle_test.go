package sqlite

import (
	"context"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/store/sqlstore"
	"morepay/internal/webhook"
)

// counting counts how its engine is used.
type counting struct {
	sqlstore.Engine
	reads, transactions int
}

func (c *counting) Read(ctx context.Context, fn func(sqlstore.Querier) error) error {
	c.reads++
	return c.Engine.Read(ctx, fn)
}

func (c *counting) Write(ctx context.Context, fn func(sqlstore.Querier) error) error {
	c.transactions++
	return c.Engine.Write(ctx, fn)
}

func (c *counting) Snapshot(ctx context.Context, fn func(sqlstore.Querier) error) error {
	c.transactions++
	return c.Engine.Snapshot(ctx, fn)
}

// Every server looks all the time for what is to be done. Where nothing is, a look is
// one statement, and no transaction.
func TestLooksAreCheap(t *testing.T) {
	s := newTestStore(t)
	c := &counting{Engine: s.engine}
	db := sqlstore.New(c, dialect, webhook.NewMessage, nil)
	now := time.Now()
	for name, look := range map[string]func(context.Context) (int, error){
		"sweep": func(ctx context.Context) (int, error) {
			due, err := db.Ledgers.Claim(ctx, now, now, 1)
			return len(due), err
		},
		"desk": func(ctx context.Context) (int, error) {
			list, err := db.Ledgers.Quarantined(ctx, checkout.QuarantineFilter{Status: checkout.QuarantineRefunding, Limit: 1})
			return len(list), err
		},
		"outbox": func(ctx context.Context) (int, error) {
			busy, err := db.Outbox.Busy(ctx, now)
			if busy {
				return 1, err
			}
			return 0, err
		},
		"documents": func(ctx context.Context) (int, error) {
			changes, err := db.Documents.Changes(ctx, 0, 1)
			return len(changes), err
		},
	} {
		c.reads, c.transactions = 0, 0
		if n, err := look(t.Context()); n != 0 || err != nil {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		if c.reads != 1 || c.transactions != 0 {
			t.Errorf("%s: %d statements, %d transactions", name, c.reads, c.transactions)
		}
	}
}
