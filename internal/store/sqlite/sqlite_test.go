package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"morepay/internal/checkout"
	"morepay/internal/store"
	"morepay/internal/store/fresh"
	"morepay/internal/store/sqlite"
	"morepay/internal/store/sqlstore"
	"morepay/internal/store/storetest"
	"morepay/internal/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(tb testing.TB, notify checkout.Notifier) storetest.Stores {
	tb.Helper()
	folder := tb.TempDir()
	if err := fresh.Lay(folder); err != nil {
		tb.Fatal(err)
	}
	return stores(mustOpen(tb, filepath.Join(folder, store.FileName), notify))
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
		Ledgers: db.Ledgers, Books: db.Ledgers, Desk: db.Ledgers, Marks: db.Marks, Visits: db.Visits, Replies: db.Replies, Documents: db.Documents,
		Queue: db.Outbox, Log: db.Outbox, Told: db.Outbox, Endpoints: db.Endpoints, Reconciliations: db.Reconciliations, Retention: db.Retention,
		Fingerprints: db.Fingerprints, KeyUses: db.KeyUses, Close: db.Close,
	}
}

func TestStore(t *testing.T) { storetest.Exercise(t, open) }

func BenchmarkStore(b *testing.B) { storetest.Bench(b, open) }

// Tables that a later program has changed are left alone.
func TestOlderProgramRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "morepay.db")
	if err := mustOpen(t, path, nil).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path, webhook.NewMessage, nil); err == nil || !strings.Contains(err.Error(), "schema 99") {
		t.Errorf("got %v", err)
	}
}

// What is pending can be told without changing anything.
func TestSchemaStatus(t *testing.T) {
	s, err := sqlite.Schema(filepath.Join(t.TempDir(), "morepay.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 2 {
		if status, err := s.Status(t.Context()); err != nil || status.Version != 0 || len(status.Pending) < 4 {
			t.Errorf("before: %+v, %v", status, err)
		}
	}
	if err := s.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, err := s.Status(t.Context()); err != nil || status.Version != status.Newest || len(status.Pending) != 0 {
		t.Errorf("after: %+v, %v", status, err)
	}
}
