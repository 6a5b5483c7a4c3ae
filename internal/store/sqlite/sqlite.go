// Package sqlite keeps everything in one file of SQLite: what a single server
// needs, with nothing to install.
//
// All changes go through one connection that commits many of them at once
// (writer.go); reads have a pool of their own and never wait for a change.
//
// What must not live here: statements and the mapping of rows (package sqlstore).
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"morepay/internal/checkout"
	"morepay/internal/store/schema"
	"morepay/internal/store/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// pragmas of every connection. busy_timeout comes first so that the others wait
// for a lock too. Who comes while a batch waits for a lock waits for that one and
// then for its own: twice 1.5 seconds leave time to answer a provider within four.
// Without synchronous=FULL a power cut loses transactions that were acknowledged.
var pragmas = []string{
	"busy_timeout(1500)",
	"journal_mode(WAL)",
	"synchronous(FULL)",
	"foreign_keys(1)",
	"journal_size_limit(67108864)", // bytes
}

// maxReaders is the number of connections that read: more would only wait for a processor.
var maxReaders = max(4, 2*runtime.GOMAXPROCS(0))

var dialect = sqlstore.Dialect{
	Duplicate: func(err error) bool {
		e, ok := errors.AsType[*driver.Error](err)
		return ok && (e.Code() == lib.SQLITE_CONSTRAINT_UNIQUE || e.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY)
	},
}

// Open opens the database in a file, makes it if there is none, and brings its
// schema up to date. notify may be nil; it hears of every session with new events.
func Open(ctx context.Context, path string, message sqlstore.MakeMessage, notify checkout.Notifier) (*sqlstore.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	write, err := sql.Open("sqlite", dsn(path, url.Values{}))
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	read, err := sql.Open("sqlite", dsn(path, url.Values{"_query_only": {"1"}}))
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", errors.Join(err, write.Close()))
	}
	e, err := start(ctx, write, read, path)
	if err != nil {
		return nil, fmt.Errorf("sqlite %s: %w", path, errors.Join(err, write.Close(), read.Close()))
	}
	return sqlstore.New(e, dialect, message, notify), nil
}

// start brings a database up to date and makes the engine on two pools of
// connections to it. path is its file, or "" if it isn't one of this machine's.
func start(ctx context.Context, write, read *sql.DB, path string) (*engine, error) {
	write.SetMaxOpenConns(1)
	tables, err := tables(write)
	if err != nil {
		return nil, err
	}
	if err := tables.Up(ctx); err != nil {
		return nil, err
	}
	w, err := newWriter(write, path)
	if err != nil {
		return nil, err
	}
	return &engine{writer: w, readers: newReaders(read, path, maxReaders), pools: []*sql.DB{write, read}}, nil
}

func tables(db *sql.DB) (*schema.Schema, error) {
	const exists = "SELECT COUNT(*) > 0 FROM sqlite_master WHERE name = '" + goose.DefaultTablename + "'"
	return schema.New(db, goose.DialectSQLite3, exists, migrations)
}

// Schema opens the tables of the database in a file. It must be closed.
func Schema(path string) (*schema.Schema, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	db, err := sql.Open("sqlite", dsn(path, url.Values{}))
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return tables(db)
}

func dsn(path string, query url.Values) string {
	query["_pragma"] = pragmas
	query.Set("_txlock", "immediate")
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

// engine runs transactions on SQLite.
type engine struct {
	*writer
	*readers
	pools []*sql.DB
	once  sync.Once
}

// Read implements [sqlstore.Engine].
func (e *engine) Read(ctx context.Context, fn func(sqlstore.Querier) error) error {
	return e.with(ctx, func(c *connection) error { return fn(c) })
}

// Snapshot implements [sqlstore.Engine].
func (e *engine) Snapshot(ctx context.Context, fn func(sqlstore.Querier) error) error {
	return e.with(ctx, func(c *connection) error { return c.snapshot(fn) })
}

// Ready implements [sqlstore.Engine]. A transaction that changes nothing takes the
// lock to write and touches no disk.
func (e *engine) Ready(ctx context.Context) error {
	return e.Write(ctx, func(sqlstore.Querier) error { return nil })
}

// Close implements [sqlstore.Engine].
func (e *engine) Close() (err error) {
	e.once.Do(func() {
		close(e.writer.closing)
		close(e.readers.closing)
		<-e.ended
		for range cap(e.free) {
			(<-e.free).disconnect()
		}
		for _, pool := range e.pools {
			err = errors.Join(err, pool.Close())
		}
	})
	return err
}
