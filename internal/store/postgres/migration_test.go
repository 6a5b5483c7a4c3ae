package postgres

import (
	"context"
	"database/sql"
	"io/fs"
	"testing"

	"github.com/pressly/goose/v3"

	"morepay/internal/store/pgtest"
	"morepay/internal/store/storetest"
	"morepay/internal/webhook"
)

// A database of an earlier program keeps its events and what waits.
func TestMigrationOfEvents(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	old, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	old.SetMaxOpenConns(1)
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, old, folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(context.Background(), storetest.LegacyMigration); err != nil {
		t.Fatal(err)
	}
	for _, statement := range append([]string{"SET session_replication_role = replica"}, storetest.Legacy("''")...) {
		if _, err := old.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	db, err := Open(t.Context(), Config{URL: dsn, Message: webhook.NewMessage})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	storetest.CheckLegacy(t, storetest.Stores{Ledgers: db.Ledgers, Queue: db.Outbox, Log: db.Outbox, Endpoints: db.Endpoints})
	if _, err := provider.DownTo(context.Background(), storetest.LegacyMigration); err != nil {
		t.Errorf("the way back: %v", err)
	}
}
