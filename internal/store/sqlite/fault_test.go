package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	driver "modernc.org/sqlite"

	"morepay/internal/pay"
	"morepay/internal/store/sqlstore"
	"morepay/internal/webhook"
)

// testStore is a store, with the engine below it.
type testStore struct {
	*testing.T
	*sqlstore.DB
	engine *engine
	path   string
	made   int
}

func newTestStore(t *testing.T) *testStore {
	t.Helper()
	s := &testStore{T: t, path: filepath.Join(t.TempDir(), "data", "morepay.db")}
	if err := os.Mkdir(filepath.Dir(s.path), 0o700); err != nil {
		t.Fatal(err)
	}
	write, err1 := sql.Open("sqlite", dsn(s.path, map[string][]string{}))
	read, err2 := sql.Open("sqlite", dsn(s.path, map[string][]string{"_query_only": {"1"}}))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	s.engine = &engine{held: []io.Closer{write, read}}
	if err := s.engine.start(t.Context(), write, read, s.path); err != nil {
		t.Fatal(err)
	}
	s.DB = sqlstore.New(s.engine, dialect, webhook.NewMessage, nil)
	t.Cleanup(func() { s.DB.Close() })
	return s
}

// create stores a session with a description of some size.
func (s *testStore) create(size int) (string, error) {
	s.made++
	id := fmt.Sprint("cs_", s.made)
	now := time.Now()
	return id, s.Ledgers.Create(s.Context(), pay.Open(pay.Session{
		ID: id, Merchant: "shop", TokenHash: id, Amount: pay.Money{Currency: "CNY", Value: 1},
		Description: strings.Repeat("x", size), CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}))
}

// pragma sets something on the writer's connection, which is idle.
func (s *testStore) pragma(text string) {
	s.Helper()
	if err := s.engine.writer.exec("PRAGMA " + text); err != nil {
		s.Fatal(err)
	}
}

// unavailable demands that nothing can be stored, and that nobody is told so.
func (s *testStore) unavailable(when string, size int) {
	s.Helper()
	id, err := s.create(size)
	if pay.CodeOf(err) != pay.CodeStoreDown {
		s.Errorf("%s: got %v, want store_unavailable", when, err)
	}
	if _, err := s.Ledgers.Ledger(s.Context(), id); err == nil {
		s.Errorf("%s: it has been stored all the same", when)
	}
}

// available demands that the store works, with all it held.
func (s *testStore) available(when string, ids ...string) {
	s.Helper()
	id, err := s.create(10)
	if err != nil {
		s.Errorf("%s: %v", when, err)
	}
	for _, id := range append(ids, id) {
		if _, err := s.Ledgers.Ledger(s.Context(), id); err != nil {
			s.Errorf("%s: session %s: %v", when, id, err)
		}
	}
}

// It runs alone: hooks are the driver's, for all databases of the process.
func TestDiskFull(t *testing.T) {
	// The limit must hold for new connections too: after some failures the writer
	// takes one.
	var pages atomic.Int64
	pages.Store(1 << 20)
	s := newTestStore(t)
	driver.RegisterConnectionHook(func(conn driver.ExecQuerierContext, dsn string) error {
		if !strings.Contains(dsn, filepath.Dir(s.path)) {
			return nil
		}
		_, err := conn.ExecContext(context.Background(), fmt.Sprint("PRAGMA max_page_count = ", pages.Load()), nil)
		return err
	})
	first, err := s.create(10)
	if err != nil {
		t.Fatal(err)
	}
	pages.Store(100) // the schema takes about 40
	s.engine.writer.disconnect()
	for range 3 {
		s.unavailable("disk full", 1<<20)
	}
	s.available("disk full, but for small changes", first)
	pages.Store(1 << 20)
	s.engine.writer.disconnect()
	if _, err := s.create(1 << 20); err != nil {
		t.Errorf("after space was made: %v", err)
	}
	s.available("after space was made", first)
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	first, err := s.create(10)
	if err != nil {
		t.Fatal(err)
	}
	s.pragma("query_only = 1")
	s.unavailable("read-only", 10)
	if _, err := s.Ledgers.Ledger(t.Context(), first); err != nil {
		t.Errorf("read-only, reading: %v", err)
	}
	if err := s.Ready(t.Context()); pay.CodeOf(err) != pay.CodeStoreDown {
		t.Errorf("read-only, and ready: %v", err)
	}
	s.pragma("query_only = 0")
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("writable again, and not ready: %v", err)
	}
	s.available("writable again", first)
}

func TestDatabaseDeletedAndRestored(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	first, err := s.create(10)
	if err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	if err := s.engine.writer.exec("VACUUM INTO '" + backup + "'"); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(s.path)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.unavailable("folder deleted", 10)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	s.unavailable("empty folder", 10)
	if _, err := os.Stat(s.path); err == nil {
		t.Error("an empty database was made in place of the lost one")
	}
	if err := os.Rename(backup, s.path); err != nil {
		t.Fatal(err)
	}
	s.available("restored from a backup", first)
}

func TestDatabaseMovedAwayAndBack(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	first, err := s.create(10)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(s.path)
	if err := os.Rename(folder, folder+"-away"); err != nil {
		t.Fatal(err)
	}
	s.unavailable("folder moved away", 10)
	if err := os.Rename(folder+"-away", folder); err != nil {
		t.Fatal(err)
	}
	s.available("folder moved back", first)
}
