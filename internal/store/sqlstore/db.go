package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// Querier runs single statements, whose parameters are written ?. The text of a
// statement is constant, so an engine may prepare each once.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Engine runs transactions on one kind of database.
type Engine interface {
	// Write runs fn in a transaction that is durable when Write returns nil. fn
	// may run more than once; if it fails, nothing is stored and its error is
	// returned.
	Write(ctx context.Context, fn func(Querier) error) error

	// Snapshot runs fn so that all its reads see one moment.
	Snapshot(ctx context.Context, fn func(Querier) error) error

	// Read runs fn, whose reads may each see another moment.
	Read(ctx context.Context, fn func(Querier) error) error

	// Ready fails if the database can't be reached, or would refuse a write.
	Ready(ctx context.Context) error

	// Close waits for writes that have begun and ends the rest.
	Close() error
}

// Dialect holds the SQL fragments in which PostgreSQL and SQLite differ.
type Dialect struct {
	Numbered   bool   // parameters are $1, $2, … instead of ?
	LockRow    string // after a SELECT: lock what it finds until the end of the transaction
	SkipLocked string // the same, without what others have locked
	Exclusive  string // statement that waits for the lock with a number, from 1, and holds it until the transaction ends, or ""

	// Duplicate reports whether err is a violation of a unique key.
	Duplicate func(err error) bool
}

// DB is a database and the stores on it.
type DB struct {
	Ledgers   *Ledgers
	Replies   *Replies
	Documents *Documents
	Outbox    *Outbox
	Marks     *Marks
	Endpoints *Endpoints
	Visits    *Visits

	Reconciliations *Reconciliations
	Retention       *Retention
	Fingerprints    *Fingerprints
	KeyUses         *KeyUses

	base
}

// MakeMessage makes the message to a merchant about an event, from the ledger
// that is stored with it.
type MakeMessage func(*pay.Ledger, pay.Event) (webhook.Message, error)

// New makes the stores on an engine whose database has the newest schema.
// notify may be nil; it is called after each transaction that added events.
func New(e Engine, d Dialect, message MakeMessage, notify checkout.Notifier) *DB {
	if notify == nil {
		notify = func(string) {}
	}
	b := base{engine: e, dialect: d, numbered: &sync.Map{}}
	outbox := &Outbox{base: b, news: make(chan struct{}, 1)}
	return &DB{
		Ledgers:   &Ledgers{base: b, message: message, notify: notify, written: outbox.tell},
		Replies:   &Replies{base: b},
		Documents: &Documents{base: b},
		Marks:     &Marks{b},
		Visits:    &Visits{b},
		Outbox:    outbox,
		Endpoints: &Endpoints{base: b, tell: outbox.tell},

		Reconciliations: &Reconciliations{b},
		Retention:       &Retention{b},
		Fingerprints:    &Fingerprints{b},
		KeyUses:         &KeyUses{b},

		base: b,
	}
}

// Close ends all work on the database. Every later call fails with
// store_unavailable.
func (db *DB) Close() error { return db.engine.Close() }

// Ready fails with store_unavailable if nothing can be stored at present.
func (db *DB) Ready(ctx context.Context) error { return db.base.bound(ctx, db.engine.Ready) }

// base holds what every store needs.
type base struct {
	engine   Engine
	dialect  Dialect
	numbered *sync.Map // statement → the same with its parameters numbered
}

// answerWithin bounds every call, so that a database that hangs is an answer too:
// whoever waits here has somebody waiting for them.
const answerWithin = 3500 * time.Millisecond

var errSlow = pay.Errorf(pay.CodeStoreDown, "", "the store did not answer in time")

func (b base) write(ctx context.Context, fn func(Querier) error) error {
	return b.run(ctx, b.engine.Write, fn)
}

func (b base) snapshot(ctx context.Context, fn func(Querier) error) error {
	return b.run(ctx, b.engine.Snapshot, fn)
}

func (b base) read(ctx context.Context, fn func(Querier) error) error {
	return b.run(ctx, b.engine.Read, fn)
}

// run gives fn to the engine, for as long as a call may take.
func (b base) run(ctx context.Context, engine func(context.Context, func(Querier) error) error, fn func(Querier) error) error {
	return b.bound(ctx, func(ctx context.Context) error {
		return engine(ctx, func(q Querier) error { return fn(b.translated(ctx, q)) })
	})
}

// bound calls fn with the time that a call may take.
func (b base) bound(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerWithin, errSlow)
	defer cancel()
	return b.coded(ctx, fn(ctx))
}

// translated makes q take parameters that are written ?, and gives up at the end of
// ctx whatever the caller's own says.
func (b base) translated(ctx context.Context, q Querier) Querier {
	q = bounded{q, ctx}
	if !b.dialect.Numbered {
		return q
	}
	return numbering{q, b.numbered}
}

// bounded runs statements within the time of the whole call.
type bounded struct {
	Querier
	ctx context.Context
}

// ExecContext implements Querier.
func (q bounded) ExecContext(_ context.Context, query string, args ...any) (sql.Result, error) {
	return q.Querier.ExecContext(q.ctx, query, args...)
}

// QueryContext implements Querier.
func (q bounded) QueryContext(_ context.Context, query string, args ...any) (*sql.Rows, error) {
	return q.Querier.QueryContext(q.ctx, query, args...)
}

// coded wraps a database error in a *pay.Error; errors that already are one pass
// through.
func (b base) coded(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*pay.Error](err); ok {
		return err
	}
	if cause := context.Cause(ctx); errors.Is(cause, context.DeadlineExceeded) {
		return errSlow // the caller had less time than we
	} else if cause != nil {
		return cause
	}
	if b.dialect.Duplicate(err) {
		return pay.Wrap(pay.CodeConflict, err, "something of that name exists already")
	}
	return pay.Wrap(pay.CodeStoreDown, err, "the store can't be reached or written")
}

// exclusive lets one transaction at a time go on.
func (b base) exclusive(ctx context.Context, q Querier, lock int) error {
	if b.dialect.Exclusive == "" {
		return nil
	}
	_, err := exec(ctx, q, b.dialect.Exclusive, lock)
	return err
}

// checkText refuses text that PostgreSQL can't store, for every database alike.
func checkText(args []any) error {
	for _, arg := range args {
		if text, ok := arg.(string); ok && (!utf8.ValidString(text) || strings.ContainsRune(text, 0)) {
			return pay.Errorf(pay.CodeInvalid, "", "text must be UTF-8 without the character NUL")
		}
	}
	return nil
}

// list reads the rows of a single query.
func list[T any](ctx context.Context, b base, fields func(*T) []any, query string, args ...any) (items []T, err error) {
	err = b.read(ctx, func(q Querier) error {
		items, err = all(ctx, q, fields, query, args...)
		return err
	})
	return items, err
}

// get reads the only row of a single query; not_found, naming what, if there is
// none.
func get[T any](ctx context.Context, b base, what string, fields func(*T) []any, query string, args ...any) (item T, err error) {
	err = b.read(ctx, func(q Querier) error {
		item, err = one(ctx, q, fields, query, args...)
		return missing(err, what)
	})
	return item, err
}

// exec runs a statement and returns the number of rows that it changed.
func exec(ctx context.Context, q Querier, query string, args ...any) (int64, error) {
	if err := checkText(args); err != nil {
		return 0, err
	}
	result, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// all reads every row of a query. fields names where a row's columns go.
func all[T any](ctx context.Context, q Querier, fields func(*T) []any, query string, args ...any) ([]T, error) {
	if err := checkText(args); err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		var item T
		if err := rows.Scan(fields(&item)...); err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, rows.Err()
}

// one reads the only row of a query; sql.ErrNoRows if there is none.
func one[T any](ctx context.Context, q Querier, fields func(*T) []any, query string, args ...any) (T, error) {
	list, err := all(ctx, q, fields, query, args...)
	if err != nil || len(list) == 0 {
		var none T
		return none, cmp.Or(err, sql.ErrNoRows)
	}
	return list[0], nil
}

// scalar is the fields of a row that is one plain value.
func scalar[T any](v *T) []any { return []any{v} }

// missing turns "no rows" into not_found.
func missing(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return pay.Errorf(pay.CodeNotFound, "", "there is no such %s", what)
	}
	return err
}
