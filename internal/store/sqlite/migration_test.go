package sqlite

import (
	"context"
	"database/sql"
	"io/fs"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"morepay/internal/store/storetest"
	"morepay/internal/webhook"
)

// A database of an earlier program keeps its events and what waits.
func TestMigrationOfEvents(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "morepay.db")
	old, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path}).String())
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, old, folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(context.Background(), storetest.LegacyMigration); err != nil {
		t.Fatal(err)
	}
	for _, statement := range storetest.Legacy("x''") {
		if _, err := old.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	db, err := Open(t.Context(), path, webhook.NewMessage, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	storetest.CheckLegacy(t, storetest.Stores{Ledgers: db.Ledgers, Queue: db.Outbox, Log: db.Outbox, Endpoints: db.Endpoints})
	if _, err := provider.DownTo(context.Background(), storetest.LegacyMigration); err != nil {
		t.Errorf("the way back: %v", err)
	}
}
