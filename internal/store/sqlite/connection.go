package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"

	"morepay/internal/store/sqlstore"
)

// connection is one connection to the database file with its prepared
// statements: parsing takes SQLite longer than running most of ours. One
// goroutine uses it at a time.
type connection struct {
	pool *sql.DB
	path string // of the file, or "" if it isn't one of this machine's

	conn   *sql.Conn // nil before the first use and after the file was lost
	stmts  map[string]*sql.Stmt
	opened os.FileInfo // the file behind conn
}

// connect makes sure that there is a connection. After the file was lost there
// must be one again at the path: an empty database is not made in its place.
func (c *connection) connect() error {
	if c.conn != nil {
		return nil
	}
	before, err := c.stat()
	if err != nil {
		return err
	}
	conn, err := c.pool.Conn(context.Background())
	if err != nil {
		return err
	}
	c.conn, c.stmts, c.opened = conn, map[string]*sql.Stmt{}, before
	return nil
}

// disconnect gives the connection up for good.
func (c *connection) disconnect() {
	if c.conn == nil {
		return
	}
	for _, stmt := range c.stmts {
		_ = stmt.Close()
	}
	_ = c.conn.Raw(func(any) error { return driver.ErrBadConn }) // keeps the pool from using it again
	_ = c.conn.Close()
	c.conn = nil
}

// lost fails if the file that we have open is no longer the one at its path.
// SQLite itself goes on with a file that has been deleted, and what it says is
// stored there vanishes when the file is closed.
func (c *connection) lost() error {
	now, err := c.stat()
	if err == nil && c.path != "" && !os.SameFile(now, c.opened) {
		err = fmt.Errorf("the database file %s has been replaced", c.path)
	}
	return err
}

func (c *connection) stat() (os.FileInfo, error) {
	if c.path == "" {
		return nil, nil
	}
	info, err := os.Stat(c.path)
	if err != nil {
		return nil, fmt.Errorf("the database file is gone: %w", err)
	}
	return info, nil
}

// exec runs a statement without arguments that can't be canceled.
func (c *connection) exec(query string) error {
	_, err := c.ExecContext(context.Background(), query)
	return err
}

func (c *connection) prepare(query string) (*sql.Stmt, error) {
	if stmt, ok := c.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := c.conn.PrepareContext(context.Background(), query) // it outlives the call
	if err == nil {
		c.stmts[query] = stmt
	}
	return stmt, err
}

// ExecContext implements [sqlstore.Querier].
func (c *connection) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// QueryContext implements [sqlstore.Querier].
func (c *connection) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// readers are connections that only read.
type readers struct {
	free    chan *connection
	closing chan struct{}
}

func newReaders(pool *sql.DB, path string, n int) *readers {
	pool.SetMaxOpenConns(n)
	r := &readers{free: make(chan *connection, n), closing: make(chan struct{})}
	for range n {
		r.free <- &connection{pool: pool, path: path}
	}
	return r
}

// with lends a connection to fn.
func (r *readers) with(ctx context.Context, fn func(*connection) error) error {
	select {
	case <-r.closing:
		return errClosed
	default:
	}
	select {
	case <-r.closing:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	case c := <-r.free:
		defer func() { r.free <- c }()
		if c.conn != nil && c.lost() != nil {
			c.disconnect()
		}
		if err := c.connect(); err != nil {
			return err
		}
		return fn(c)
	}
}

// snapshot runs fn in a transaction that only reads.
func (c *connection) snapshot(fn func(sqlstore.Querier) error) error {
	if err := c.exec("BEGIN"); err != nil {
		return err
	}
	err := fn(c)
	if ended := c.exec("ROLLBACK"); ended != nil {
		c.disconnect()
		return errors.Join(err, ended)
	}
	return err
}
