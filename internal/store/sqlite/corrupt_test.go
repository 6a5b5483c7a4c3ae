package sqlite

import (
	"os"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// damaged returns a store in whose file every page but the first few was
// overwritten, while it is open or after it was closed.
func damaged(t *testing.T, closed bool) *testStore {
	t.Helper()
	s := newTestStore(t)
	for range 50 {
		if _, err := s.create(4000); err != nil {
			t.Fatal(err)
		}
	}
	s.pragma("wal_checkpoint(TRUNCATE)")
	if closed {
		if err := s.DB.Close(); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	for at := int64(2 * page); at < info.Size(); at += page {
		if _, err := file.WriteAt(make([]byte, page), at); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestDamagedDatabaseDoesNotStart(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"pages": damaged(t, true).path, "garbage": t.TempDir() + "/morepay.db"} {
		if name == "garbage" {
			if err := os.WriteFile(path, []byte(strings.Repeat("no database", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := OpenAlone(t.Context(), path, webhook.NewMessage, nil)
		if err == nil || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Once a reader has met damage nothing is acknowledged any more: it would be lost
// when a backup takes the database's place.
func TestDamageStopsWrites(t *testing.T) {
	t.Parallel()
	s := damaged(t, false)
	if err := s.DB.Ready(t.Context()); err != nil {
		t.Fatalf("before anything was read: %v", err)
	}
	if _, err := s.Ledgers.Ledger(t.Context(), "cs_1"); pay.CodeOf(err) != pay.CodeStoreDown {
		t.Errorf("reading: %v", err)
	}
	_, err := s.create(10)
	for what, err := range map[string]error{"ready": s.DB.Ready(t.Context()), "a write": err} {
		if pay.CodeOf(err) != pay.CodeStoreDown || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
