// Package postgres keeps everything in PostgreSQL: for several servers on one
// database. What one of them stores wakes the waiters of the others through
// LISTEN and NOTIFY (listen.go, announce.go).
//
// What must not live here: statements and the mapping of rows (package sqlstore).
package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"morepay/internal/store/sqlstore"
)

// SQLSTATE codes (PostgreSQL manual, appendix A).
const (
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	readOnly             = "25006"
	notPermitted         = "42501"
	startingUp           = "57P03"
	tooManyConnections   = "53300"
	poolerHasNoServer    = "08P01" // of pgbouncer
)

// lockSpace is the first key of all our advisory locks ("mpay"): other programs may
// use the same database. The second keys are those of package sqlstore, and 0 for
// migrations.
const lockSpace = "1836081529"

var dialect = sqlstore.Dialect{
	Numbered:   true,
	LockRow:    " FOR UPDATE",
	SkipLocked: " FOR UPDATE SKIP LOCKED",
	Exclusive:  "SELECT pg_advisory_xact_lock(" + lockSpace + ", CAST($1 AS INT))",
	Duplicate:  func(err error) bool { return is(err, uniqueViolation) },
}

// is reports whether PostgreSQL answered with one of some codes.
func is(err error, codes ...string) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	for _, code := range codes {
		if e.Code == code {
			return true
		}
	}
	return false
}

// engine runs transactions on PostgreSQL.
type engine struct {
	pool      *pgxpool.Pool
	db        *sql.DB // on pool
	local     string  // statement that bounds the transaction it stands in
	announcer *announcer
	listener  *listener // nil if nobody here is to be told
}

// Rows are locked by the statements that need it, so the default isolation is
// enough to write; two transactions may still wait for each other.
const retryFor = 3 * time.Second

// again reports whether a transaction may be tried again: nothing was done, because
// it met another one, or because the database could not be reached.
func again(err error) bool {
	_, unreachable := errors.AsType[*pgconn.ConnectError](err)
	return unreachable || is(err, serializationFailure, deadlockDetected) || pgconn.SafeToRetry(err)
}

// Write implements [sqlstore.Engine]. A server that has become read-only stays so
// for the connections that we have, of which the pool may have made one a moment ago:
// a new one may find the server that took its place, and is asked at once.
func (e *engine) Write(ctx context.Context, fn func(sqlstore.Querier) error) error {
	write := func() error {
		return retry(ctx, func(ctx context.Context) error { return e.transaction(ctx, "BEGIN", fn) })
	}
	err := write()
	if is(err, readOnly) {
		e.pool.Reset()
		err = write()
	}
	return err
}

var errReadOnly = errors.New("the database takes no writes: it is a standby, or set to read only")

// Ready implements [sqlstore.Engine]. What an old connection says of itself is asked
// of a new one.
func (e *engine) Ready(ctx context.Context) error {
	refuses, err := e.refusesWrites(ctx)
	if err == nil && refuses {
		e.pool.Reset()
		refuses, err = e.refusesWrites(ctx)
	}
	if err == nil && refuses {
		err = errReadOnly
	}
	return err
}

func (e *engine) refusesWrites(ctx context.Context) (refuses bool, err error) {
	const query = "SELECT pg_is_in_recovery() OR CAST(current_setting('transaction_read_only') AS BOOLEAN)"
	err = retry(ctx, func(ctx context.Context) error { return e.db.QueryRowContext(ctx, query).Scan(&refuses) })
	return refuses, err
}

func retry(ctx context.Context, do func(context.Context) error) error {
	once := func() (struct{}, error) {
		err := do(ctx)
		if err != nil && !again(err) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}
	_, err := backoff.Retry(ctx, once, backoff.WithMaxElapsedTime(retryFor),
		backoff.WithBackOff(&backoff.ExponentialBackOff{
			InitialInterval: 5 * time.Millisecond, RandomizationFactor: 1, Multiplier: 2, MaxInterval: 200 * time.Millisecond,
		}))
	return err
}

// Snapshot implements [sqlstore.Engine].
func (e *engine) Snapshot(ctx context.Context, fn func(sqlstore.Querier) error) error {
	return retry(ctx, func(ctx context.Context) error {
		return e.transaction(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", fn)
	})
}

// Read implements [sqlstore.Engine].
func (e *engine) Read(ctx context.Context, fn func(sqlstore.Querier) error) error {
	return retry(ctx, func(context.Context) error { return fn(e.db) })
}

// transaction runs fn between begin and COMMIT. The bounds of a transaction are set
// in it, together with its begin: a setting of the connection would outlive it
// behind a pooler such as pgbouncer, which also refuses most settings at connect.
func (e *engine) transaction(ctx context.Context, begin string, fn func(sqlstore.Querier) error) error {
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := simple(ctx, conn, begin+"; "+e.local); err != nil {
		discard(conn)
		return err
	}
	if err := fn(conn); err != nil {
		rollback(ctx, conn)
		return err
	}
	if err := simple(ctx, conn, "COMMIT"); err != nil {
		discard(conn) // it may have been done or not
		return err
	}
	return nil
}

// rollbackWithin is for how long a connection is worth being kept.
const rollbackWithin = time.Second

func rollback(ctx context.Context, conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackWithin)
	defer cancel()
	if simple(ctx, conn, "ROLLBACK") != nil {
		discard(conn)
	}
}

// simple runs statements without parameters in one round trip.
func simple(ctx context.Context, conn *sql.Conn, statements string) error {
	return conn.Raw(func(driver any) error {
		_, err := driver.(*stdlib.Conn).Conn().PgConn().Exec(ctx, statements).ReadAll()
		return err
	})
}

// discard keeps a connection in an unknown state from being used again.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // which is what it returns
}

// Close implements [sqlstore.Engine].
func (e *engine) Close() error {
	e.announcer.close()
	if e.listener != nil {
		e.listener.close()
	}
	return e.disconnect()
}

func (e *engine) disconnect() error {
	err := e.db.Close()
	e.pool.Close()
	return err
}
