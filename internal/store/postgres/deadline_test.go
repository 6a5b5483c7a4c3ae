package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"morepay/internal/pay"
	"morepay/internal/store/pgtest"
)

// side is a connection of somebody else to the same database.
func side(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// One locked row is an answer for who wants it, and nothing for anybody else,
// however many want it.
func TestLockedRow(t *testing.T) {
	dsn := pgtest.DSN(t)
	db := mustOpen(t, dsn, nil)
	for _, id := range []string{"cs_locked", "cs_free"} {
		if err := db.Ledgers.Create(t.Context(), newLedger(id)); err != nil {
			t.Fatal(err)
		}
	}
	tx, err := side(t, dsn).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(t.Context(), "SELECT 1 FROM sessions WHERE id = 'cs_locked' FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	cancel := func(id string) error {
		_, err := db.Ledgers.Update(t.Context(), id, func(l *pay.Ledger) error { return l.Cancel(l.Session.CreatedAt) })
		return err
	}
	waiting := make(chan error)
	for range 16 {
		go func() { waiting <- cancel("cs_locked") }()
	}
	for i := range 50 { // while they wait
		if err := db.Ledgers.Create(t.Context(), newLedger(fmt.Sprint("cs_new_", i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := cancel("cs_free"); err != nil {
		t.Error(err)
	}
	for range 16 {
		if err := <-waiting; pay.CodeOf(err) != pay.CodeStoreDown {
			t.Errorf("the locked one: %v", err)
		}
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := cancel("cs_locked"); err != nil {
		t.Errorf("when it is free again: %v", err)
	}
}

// A database that does not answer at all is an answer too, and is used again when it
// does.
func TestFrozenBackends(t *testing.T) {
	dsn := pgtest.DSN(t)
	db := mustOpen(t, dsn, nil)
	if err := db.Ledgers.Create(t.Context(), newLedger("cs_1")); err != nil {
		t.Fatal(err)
	}
	rows, err := side(t, dsn).QueryContext(t.Context(), "SELECT pid FROM pg_stat_activity WHERE application_name = 'morepay' AND datname = current_database()")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	if err := rows.Close(); err != nil || len(pids) == 0 {
		t.Fatalf("backends %v, %v", pids, err)
	}
	signal := func(s syscall.Signal) {
		for _, pid := range pids {
			p, err := os.FindProcess(pid)
			if err == nil {
				err = p.Signal(s)
			}
			if err != nil {
				t.Logf("backend %d: %v", pid, err)
			}
		}
	}
	signal(syscall.SIGSTOP)
	defer signal(syscall.SIGCONT)
	calls := map[string]error{}
	_, calls["read"] = db.Ledgers.Ledger(context.Background(), "cs_1")
	calls["write"] = db.Ledgers.Create(context.Background(), newLedger("cs_2"))
	for name, err := range calls { // on a frozen connection, or already on a new one
		if err != nil && pay.CodeOf(err) != pay.CodeStoreDown {
			t.Errorf("%s: %v", name, err)
		}
	}
	signal(syscall.SIGCONT)
	if _, err := db.Ledgers.Ledger(t.Context(), "cs_1"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
