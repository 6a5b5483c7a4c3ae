package sqlite_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"morepay/internal/checkout"
	"morepay/internal/store/sqlite"
	"morepay/internal/store/sqlstore"
	"morepay/internal/store/storetest"
	"morepay/internal/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(tb testing.TB, notify checkout.Notifier) storetest.Stores {
	return stores(mustOpen(tb, filepath.Join(tb.TempDir(), "morepay.db"), notify))
}

func mustOpen(tb testing.TB, path string, notify checkout.Notifier) *sqlstore.DB {
	tb.Helper()
	db, err := sqlite.Open(tb.Context(), path, webhook.NewMessage, notify)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

func stores(db *sqlstore.DB) storetest.Stores {
	return storetest.Stores{
		Ledgers: db.Ledgers, Books: db.Ledgers, Desk: db.Ledgers, Marks: db.Marks, Replies: db.Replies, Documents: db.Documents,
		Queue: db.Outbox, Log: db.Outbox, Endpoints: db.Endpoints, Reconciliations: db.Reconciliations, Close: db.Close,
	}
}

func TestStore(t *testing.T) { storetest.Exercise(t, open) }

func BenchmarkStore(b *testing.B) { storetest.Bench(b, open) }
