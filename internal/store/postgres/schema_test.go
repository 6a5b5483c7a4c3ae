package postgres_test

import (
	"database/sql"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/reconcile"
	"morepay/internal/store/pgtest"
	"morepay/internal/webhook"
)

// column is a column of a table, or an index.
type column struct{ table, name string }

// query lists what a query finds, two texts a row.
func query(t *testing.T, db *sql.DB, statement string) map[column]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[column]string{}
	for rows.Next() {
		var c column
		var value string
		if err := rows.Scan(&c.table, &c.name, &value); err != nil {
			t.Fatal(err)
		}
		found[c] = value
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// migrated makes a database with the newest schema.
func migrated(t *testing.T) *sql.DB {
	t.Helper()
	dsn := pgtest.DSN(t)
	mustOpen(t, dsn, nil)
	return side(t, dsn)
}

// Text is compared byte by byte, so that an index doesn't go wrong when the system's
// collations change.
func TestTextHasNoCollation(t *testing.T) {
	t.Parallel()
	for c, collation := range query(t, migrated(t), `SELECT table_name, column_name, COALESCE(collation_name, 'of the database')
		FROM information_schema.columns WHERE table_schema = 'public' AND data_type IN ('text', 'character varying')`) {
		if collation != "C" {
			t.Errorf(`%s.%s has the collation %s: new columns are TEXT COLLATE "C"`, c.table, c.name, collation)
		}
	}
}

// Without an index a deleted or changed row makes PostgreSQL read all that could
// refer to it.
func TestForeignKeysHaveIndexes(t *testing.T) {
	t.Parallel()
	missing := query(t, migrated(t), `SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint f
		WHERE contype = 'f' AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = f.conrelid AND i.indpred IS NULL
			AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey)`)
	for c, key := range missing {
		t.Errorf("%s: %s has no index", c.table, key)
	}
}

func texts[T ~string](values ...T) []string {
	var list []string
	for _, v := range values {
		list = append(list, string(v))
	}
	return slices.Sorted(slices.Values(list))
}

// A status that the program doesn't know is no bug to be found years later.
func TestStatusesAreChecked(t *testing.T) {
	t.Parallel()
	want := map[column][]string{
		{"sessions", "status"}:        texts(pay.SessionStatuses...),
		{"events", "session_status"}:  texts(pay.SessionStatuses...),
		{"attempts", "state"}:         texts(pay.AttemptStates...),
		{"refunds", "status"}:         texts(pay.RefundPending, pay.RefundSucceeded, pay.RefundFailed),
		{"quarantine", "status"}:      texts(checkout.QuarantineStatuses...),
		{"deliveries", "state"}:       texts(webhook.Pending, webhook.Delivered, webhook.Failed, webhook.Skipped),
		{"reconciliations", "result"}: texts(append([]reconcile.Outcome{""}, reconcile.Outcomes...)...),
	}
	db := migrated(t)
	for c := range query(t, db, `SELECT table_name, column_name, '' FROM information_schema.columns WHERE table_schema = 'public'
		AND data_type = 'text' AND (column_name LIKE '%status' OR column_name = 'state')`) {
		if want[c] == nil {
			t.Errorf("what may %s.%s be?", c.table, c.name)
		}
	}
	checked := query(t, db, `SELECT c.conrelid::regclass::text, a.attname, pg_get_constraintdef(c.oid) FROM pg_constraint c
		JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.contype = 'c'`)
	quoted := regexp.MustCompile(`'(\w*)'`)
	got := map[column][]string{}
	for c, check := range checked {
		for _, match := range quoted.FindAllStringSubmatch(check, -1) {
			got[c] = append(got[c], match[1])
		}
		slices.Sort(got[c])
	}
	maps.DeleteFunc(got, func(c column, _ []string) bool { return want[c] == nil })
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(column{})); diff != "" {
		t.Errorf("what the database lets in (-program +database):\n%s", diff)
	}
}

// Other programs use the same database, and the same small numbers.
func TestForeignLocksAreNotOurs(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	db := mustOpen(t, dsn, nil)
	tx, err := side(t, dsn).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(t.Context(), "SELECT pg_advisory_xact_lock(n) FROM generate_series(0, 9) AS n"); err != nil {
		t.Fatal(err)
	}
	cancel(t, db, "cs_1")
	if n := len(events(t, db, webhook.Place{}).Messages); n != 1 {
		t.Errorf("%d events are numbered, want 1", n)
	}
}
