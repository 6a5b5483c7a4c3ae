package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"

	"morepay/internal/store/sqlstore"
)

// maxBatch bounds how many changes share a commit. A commit waits for the disk
// once, so a batch of 128 costs hardly more than one change; beyond that the wait
// of the first caller grows without a gain in throughput.
const maxBatch = 128

var errClosed = errors.New("the database is closed")

// writer runs every change on one connection, in batches: all that wait when a
// commit ends go into the next one. Each change has a savepoint of its own, so
// that one which fails takes nothing with it; callers are answered after COMMIT.
type writer struct {
	connection

	jobs    chan *job
	closing chan struct{} // closed to end the writer after the batch that is under way
	ended   chan struct{}
}

// job is one change that waits for its answer.
type job struct {
	ctx  context.Context
	run  func(sqlstore.Querier) error
	err  error         // the answer, once done is closed
	done chan struct{} // closed after COMMIT
}

func newWriter(pool *sql.DB, path string) (*writer, error) {
	w := &writer{
		connection: connection{pool: pool, path: path},
		jobs:       make(chan *job), closing: make(chan struct{}), ended: make(chan struct{}),
	}
	if err := w.connect(); err != nil {
		return nil, err
	}
	go w.loop()
	return w, nil
}

// Write runs a change and returns once it is durable. A change whose ctx ends while
// it waits for its turn isn't run; one that has begun is finished.
func (w *writer) Write(ctx context.Context, fn func(sqlstore.Querier) error) error {
	j := &job{ctx: ctx, run: fn, done: make(chan struct{})}
	select {
	case <-w.closing:
		return errClosed
	default:
	}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return errClosed
	}
	<-j.done
	if p, ok := errors.AsType[*panicked](j.err); ok {
		panic(p)
	}
	return j.err
}

func (w *writer) loop() {
	defer close(w.ended)
	defer w.disconnect()
	for {
		select {
		case <-w.closing:
			return
		case first := <-w.jobs:
			w.commit(w.collect(first))
		}
	}
}

// collect takes what waits already, without waiting for more.
func (w *writer) collect(first *job) []*job {
	batch := []*job{first}
	for len(batch) < maxBatch {
		select {
		case j := <-w.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch and answers everyone in it.
func (w *writer) commit(batch []*job) {
	err := w.transaction(batch)
	for _, j := range batch {
		if err != nil {
			j.err = err // also where the change itself was fine: nothing has been stored
		}
		close(j.done)
	}
}

// transaction stores every change of a batch that doesn't fail by itself. After
// an error nothing has been stored.
func (w *writer) transaction(batch []*job) error {
	if err := w.connect(); err != nil {
		return err
	}
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, j := range batch {
		if j.err = j.ctx.Err(); j.err != nil {
			continue
		}
		if err := w.savepoint(j); err != nil {
			return errors.Join(err, w.rollback())
		}
	}
	if err := w.exec("COMMIT"); err != nil {
		return errors.Join(err, w.rollback())
	}
	if err := w.lost(); err != nil {
		w.disconnect()
		return err
	}
	return nil
}

// savepoint runs one change; what it did is undone if it fails. The error is of
// the transaction, not of the change: SQLite has rolled it back by itself, as it
// does when the disk is full, and what follows would run outside of it.
func (w *writer) savepoint(j *job) error {
	if err := w.exec("SAVEPOINT change"); err != nil {
		return err
	}
	if j.err = protect(j.run, inBatch{&w.connection}); j.err != nil {
		if err := w.exec("ROLLBACK TO change"); err != nil {
			return errors.Join(j.err, err)
		}
	}
	return w.exec("RELEASE change")
}

// rollback ends a transaction that failed. Where that fails too, because SQLite
// has rolled back already or something worse, the connection is given up.
func (w *writer) rollback() error {
	err := w.exec("ROLLBACK")
	if err != nil {
		w.disconnect()
	}
	return err
}

// inBatch runs statements that belong to a transaction with other callers'
// changes. They can't be canceled: SQLite answers an interrupted change by
// rolling back all of them.
type inBatch struct{ *connection }

func (q inBatch) ExecContext(_ context.Context, query string, args ...any) (sql.Result, error) {
	return q.connection.ExecContext(context.Background(), query, args...)
}

func (q inBatch) QueryContext(_ context.Context, query string, args ...any) (*sql.Rows, error) {
	return q.connection.QueryContext(context.Background(), query, args...)
}

// panicked carries a panic of a change to its caller: there it can do less harm
// than in the goroutine that everybody's changes need.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

func protect(run func(sqlstore.Querier) error, q sqlstore.Querier) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{v, debug.Stack()}
		}
	}()
	return run(q)
}
