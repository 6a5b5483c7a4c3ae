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
	"io"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
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
	return open(ctx, path, message, notify, false)
}

// OpenAlone is [Open] for a server: it fails if another one has the file's folder,
// or if the database is damaged, and keeps other servers away until it is closed.
func OpenAlone(ctx context.Context, path string, message sqlstore.MakeMessage, notify checkout.Notifier) (*sqlstore.DB, error) {
	return open(ctx, path, message, notify, true)
}

func open(ctx context.Context, path string, message sqlstore.MakeMessage, notify checkout.Notifier, alone bool) (*sqlstore.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	e := &engine{}
	if err := e.open(ctx, path, alone); err != nil {
		return nil, fmt.Errorf("sqlite %s: %w", path, errors.Join(err, e.release()))
	}
	return sqlstore.New(e, dialect, message, notify), nil
}

// open opens the file. After an error release must be called.
func (e *engine) open(ctx context.Context, path string, alone bool) error {
	if alone {
		held, err := lock(path)
		if err != nil {
			return err
		}
		e.held = append(e.held, held)
	}
	write, err := e.pool(path, url.Values{})
	if err != nil {
		return err
	}
	read, err := e.pool(path, url.Values{"_query_only": {"1"}})
	if err != nil {
		return err
	}
	if alone {
		if err := check(ctx, write, "quick_check"); err != nil {
			return err
		}
	}
	return e.start(ctx, write, read, path)
}

// pool opens connections to the file.
func (e *engine) pool(path string, query url.Values) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path, query))
	if err == nil {
		e.held = append(e.held, db)
	}
	return db, err
}

// start brings the database up to date and the engine to work on two pools of
// connections to it. path is its file, or "" if it isn't one of this machine's.
func (e *engine) start(ctx context.Context, write, read *sql.DB, path string) error {
	write.SetMaxOpenConns(1)
	tables, err := tables(write)
	if err != nil {
		return err
	}
	if err := tables.Up(ctx); err != nil {
		return err
	}
	e.writer, err = newWriter(write, path)
	e.readers = newReaders(read, path, maxReaders)
	return err
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
	damage damage
	held   []io.Closer // the pools, and the lock before them
	once   sync.Once
}

// Write implements [sqlstore.Engine].
func (e *engine) Write(ctx context.Context, fn func(sqlstore.Querier) error) error {
	if err := e.damage.err(); err != nil {
		return err
	}
	return e.damage.see(e.writer.Write(ctx, fn))
}

// Read implements [sqlstore.Engine].
func (e *engine) Read(ctx context.Context, fn func(sqlstore.Querier) error) error {
	return e.damage.see(e.with(ctx, func(c *connection) error { return fn(c) }))
}

// Snapshot implements [sqlstore.Engine].
func (e *engine) Snapshot(ctx context.Context, fn func(sqlstore.Querier) error) error {
	return e.damage.see(e.with(ctx, func(c *connection) error { return c.snapshot(fn) }))
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
		err = e.release()
	})
	return err
}

// release gives back what is held, the lock last.
func (e *engine) release() (err error) {
	for _, held := range slices.Backward(e.held) {
		err = errors.Join(err, held.Close())
	}
	return err
}
