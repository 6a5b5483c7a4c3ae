package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Source is another database with our tables.
type Source interface {
	Tables(ctx context.Context) ([]string, error) // each after those that its rows refer to
	Columns(ctx context.Context, table string) ([]string, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Copied is one table that was copied.
type Copied struct {
	Table string
	Rows  int64
	Sum   string // checksum of the rows, in whatever order, in hex
}

// Copy brings everything in another database into the one that a URL names, without
// a pooler between, which must have nothing of ours yet. Each table is read back and
// must have the same rows before anything is kept.
func Copy(ctx context.Context, source Source, url string) ([]Copied, error) {
	if err := prepare(ctx, url); err != nil {
		return nil, err
	}
	target, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	defer target.Close(context.WithoutCancel(ctx))
	var copied []Copied
	err = pgx.BeginFunc(ctx, target, func(tx pgx.Tx) error {
		copied, err = copyTables(ctx, source, tx)
		return err
	})
	return copied, err
}

// prepare brings the target's tables up to date.
func prepare(ctx context.Context, url string) error {
	s, err := Schema(ctx, url)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Up(ctx)
}

func copyTables(ctx context.Context, source Source, tx pgx.Tx) ([]Copied, error) {
	names, err := source.Tables(ctx)
	if err != nil {
		return nil, err
	}
	if err := takeEmpty(ctx, tx, names); err != nil {
		return nil, err
	}
	var copied []Copied
	for _, name := range names {
		c, err := copyTable(ctx, source, tx, name)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
		copied = append(copied, c)
	}
	return copied, nil
}

// takeEmpty locks the target's tables, and fails if one has rows.
func takeEmpty(ctx context.Context, tx pgx.Tx, names []string) error {
	for _, name := range names {
		if _, err := tx.Exec(ctx, "LOCK TABLE "+quoted(name)+" IN ACCESS EXCLUSIVE MODE"); err != nil {
			return err
		}
		var full bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM "+quoted(name)+")").Scan(&full); err != nil {
			return err
		}
		if full {
			return fmt.Errorf("the target has rows in %s: copy into a database that no server has used", name)
		}
	}
	return nil
}

// table is one that is copied: its columns by name, and which of them PostgreSQL has
// as booleans where SQLite has numbers.
type table struct {
	name    string
	columns []string
	boolean []bool
}

func copyTable(ctx context.Context, source Source, tx pgx.Tx, name string) (Copied, error) {
	t, err := describe(ctx, source, tx, name)
	if err != nil {
		return Copied{}, err
	}
	rows, err := source.QueryContext(ctx, t.query())
	if err != nil {
		return Copied{}, err
	}
	defer rows.Close()
	read := &sourceRows{Rows: rows, t: t}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{name}, t.columns, read); err != nil {
		return Copied{}, err
	}
	stored, err := t.readBack(ctx, tx)
	if err != nil {
		return Copied{}, err
	}
	if stored != read.total {
		return Copied{}, fmt.Errorf("%d rows with checksum %s became %d with %s", read.total.rows, read.total.hex(), stored.rows, stored.hex())
	}
	return Copied{name, stored.rows, stored.hex()}, t.continueNumbers(ctx, tx)
}

// describe compares a table of both databases, which must have the same columns.
func describe(ctx context.Context, source Source, tx pgx.Tx, name string) (*table, error) {
	t := &table{name: name}
	var err error
	if t.columns, err = source.Columns(ctx, name); err != nil {
		return nil, err
	}
	types := map[string]string{}
	rows, err := tx.Query(ctx, "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1", name)
	if err != nil {
		return nil, err
	}
	var column, kind string
	if _, err := pgx.ForEachRow(rows, []any{&column, &kind}, func() error { types[column] = kind; return nil }); err != nil {
		return nil, err
	}
	for _, c := range t.columns {
		if types[c] == "" {
			return nil, fmt.Errorf("the target has no column %s", c)
		}
		t.boolean = append(t.boolean, types[c] == "boolean")
	}
	if len(types) != len(t.columns) {
		return nil, fmt.Errorf("the target has %d columns, the source %d", len(types), len(t.columns))
	}
	return t, nil
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

func (t *table) query() string {
	list := make([]string, len(t.columns))
	for i, c := range t.columns {
		list[i] = quoted(c)
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + quoted(t.name)
}

// readBack sums up what the target has.
func (t *table) readBack(ctx context.Context, tx pgx.Tx) (total, error) {
	var sum total
	rows, err := tx.Query(ctx, t.query())
	if err != nil {
		return sum, err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return sum, err
		}
		sum.add(values)
	}
	return sum, rows.Err()
}

// continueNumbers has a column that numbers rows by itself go on after the greatest.
func (t *table) continueNumbers(ctx context.Context, tx pgx.Tx) error {
	for _, c := range t.columns {
		var sequence *string
		if err := tx.QueryRow(ctx, "SELECT pg_get_serial_sequence($1, $2)", quoted(t.name), c).Scan(&sequence); err != nil {
			return err
		}
		if sequence == nil {
			continue
		}
		greatest := "SELECT setval($1::text::regclass, MAX(" + quoted(c) + ")) FROM " + quoted(t.name) + " HAVING MAX(" + quoted(c) + ") IS NOT NULL"
		if _, err := tx.Exec(ctx, greatest, *sequence); err != nil {
			return err
		}
	}
	return nil
}

// sourceRows streams the rows of a table of SQLite, with the values that PostgreSQL
// takes, and sums them up.
type sourceRows struct {
	*sql.Rows
	t     *table
	total total
}

// Values implements pgx.CopyFromSource.
func (r *sourceRows) Values() ([]any, error) {
	values, into := make([]any, len(r.t.columns)), make([]any, len(r.t.columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := r.Scan(into...); err != nil {
		return nil, err
	}
	for i, v := range values {
		if n, ok := v.(int64); ok && r.t.boolean[i] {
			values[i] = n != 0
		}
	}
	r.total.add(values)
	return values, nil
}

// total sums rows up whatever their order: how many, and the exclusive or of their
// SHA-256.
type total struct {
	rows int64
	sum  [sha256.Size]byte
}

func (t *total) hex() string { return hex.EncodeToString(t.sum[:8]) }

func (t *total) add(values []any) {
	h := sha256.New()
	for _, v := range values {
		var text []byte
		switch v := v.(type) {
		case []byte:
			text = v
		case string:
			text = []byte(v)
		default:
			text = fmt.Append(nil, v)
		}
		kind := byte('v')
		if v == nil {
			kind = 'n'
		}
		h.Write(binary.BigEndian.AppendUint64([]byte{kind}, uint64(len(text))))
		h.Write(text)
	}
	t.rows++
	for i, b := range h.Sum(nil) {
		t.sum[i] ^= b
	}
}
