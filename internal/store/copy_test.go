package store_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"morepay/internal/store"
	"morepay/internal/store/pgtest"
)

// A table that a later migration brings, to either database, is copied too.
func TestCopyForgetsNoTable(t *testing.T) {
	t.Parallel()
	url, folder := pgtest.DSN(t), t.TempDir()
	db, err := store.Open(t.Context(), folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	copied, err := store.Copy(t.Context(), folder, url)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range copied {
		names = append(names, c.Table)
	}
	slices.Sort(names)

	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() AND tablename <> $1", goose.DefaultTablename)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	if len(want) == 0 || !slices.Equal(names, want) {
		t.Errorf("copied were %v, the target has %v", names, want)
	}
}
