package postgres_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	neturl "net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/store/pgtest"
	"morepay/internal/store/postgres"
	"morepay/internal/webhook"
)

// wakes is a log that wakes its test at the first line.
type wakes struct {
	bytes.Buffer
	first chan struct{}
}

func (w *wakes) Write(line []byte) (int, error) {
	select {
	case w.first <- struct{}{}:
	default:
	}
	return w.Buffer.Write(line)
}

// relay returns a URL of a database at which nobody listens before start.
func relay(t *testing.T, dsn string) (url string, start func()) {
	t.Helper()
	u, err := neturl.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	to, folder := q.Get("host"), t.TempDir()
	q.Set("host", folder)
	u.RawQuery = q.Encode()
	const socket = "/.s.PGSQL.5432"
	return u.String(), func() {
		l, err := net.Listen("unix", folder+socket)
		if err != nil {
			t.Fatal(err)
		}
		var relaying sync.WaitGroup
		t.Cleanup(relaying.Wait)
		t.Cleanup(func() { l.Close() })
		relaying.Go(func() {
			for {
				from, err := l.Accept()
				if err != nil {
					return
				}
				into, err := net.Dial("unix", to+socket)
				if err != nil {
					from.Close()
					continue
				}
				relaying.Go(func() { defer into.Close(); io.Copy(into, from) })
				relaying.Go(func() { defer from.Close(); io.Copy(from, into) })
			}
		})
	}
}

// A database that starts later than we do is waited for, if that is wanted; one that
// will never let us in is not.
func TestDatabaseThatStartsLater(t *testing.T) {
	config := func(dsn string, wait time.Duration) (postgres.Config, *wakes) {
		log := &wakes{first: make(chan struct{}, 1)}
		return postgres.Config{URL: dsn, Message: webhook.NewMessage, Wait: wait, Log: slog.New(slog.NewTextHandler(log, nil))}, log
	}
	nowhere := strings.Replace(pgtest.DSN(t), "host=", "host=%2Fnowhere", 1)
	c, log := config(nowhere, 0)
	if _, err := postgres.Open(t.Context(), c); err == nil || log.Len() > 0 {
		t.Errorf("%v, and the log says %q", err, log)
	}
	c, log = config(nowhere, time.Second)
	if _, err := postgres.Open(t.Context(), c); err == nil || !strings.Contains(log.String(), "level=WARN") {
		t.Errorf("%v, and the log says %q", err, log)
	}
	c, log = config(strings.Replace(pgtest.DSN(t), "/test_", "/other_", 1), time.Hour)
	if _, err := postgres.Open(t.Context(), c); err == nil || log.Len() > 0 {
		t.Errorf("a database that isn't there: %v, and the log says %q", err, log)
	}

	later, start := relay(t, pgtest.DSN(t))
	c, log = config(later, time.Hour)
	opened := make(chan error)
	go func() {
		db, err := postgres.Open(t.Context(), c)
		if err == nil {
			err = db.Close()
		}
		opened <- err
	}()
	<-log.first
	start()
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

// A primary that has become a standby is not ready, and what is there in its place
// is found as soon as it takes writes.
func TestReadOnlyDatabase(t *testing.T) {
	dsn := pgtest.DSN(t)
	db := mustOpen(t, dsn, nil)
	if err := db.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	writable := pgtest.ReadOnly(t, dsn)
	pgtest.Interrupt(t, dsn)
	write := func() error { return db.Ledgers.Create(t.Context(), newLedger("cs_1")) }
	ready := func() error { return db.Ready(t.Context()) }
	// The second of each meets a connection that was read-only from its beginning, and
	// the last leaves one behind for the write that follows.
	for i, call := range []func() error{write, write, ready, ready} {
		if err := call(); pay.CodeOf(err) != pay.CodeStoreDown {
			t.Errorf("call %d: %v, want store_unavailable", i, err)
		}
	}
	writable()
	if err := db.Ledgers.Create(t.Context(), newLedger("cs_1")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if err := db.Ready(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Once the tables are there, the role of a server needs no more than to read and
// write rows; before, it is told what to do.
func TestRoleWithoutDDL(t *testing.T) {
	owner := pgtest.DSN(t)
	app := pgtest.AsRole(t, owner)
	_, err := postgres.Open(t.Context(), postgres.Config{URL: app, Message: webhook.NewMessage})
	if err == nil || !strings.Contains(err.Error(), "morepay migrate") {
		t.Errorf("an empty database: %v", err)
	}
	s, err := postgres.Schema(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if status, err := s.Status(t.Context()); err != nil || status.Version != 0 || len(status.Pending) < 4 {
		t.Errorf("before: %+v, %v", status, err)
	}
	if err := s.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, err := s.Status(t.Context()); err != nil || status.Version != status.Newest || len(status.Pending) != 0 {
		t.Errorf("after: %+v, %v", status, err)
	}
	db := mustOpen(t, app, func(string) {})
	cancel(t, db, "cs_1")
	if n := len(events(t, db, webhook.Place{}).Messages); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	if _, err := side(t, app).ExecContext(t.Context(), "CREATE TABLE mine (id INT)"); err == nil {
		t.Error("the role may make tables: this test shows nothing")
	}
}

// Tables that a later program has changed are left alone.
func TestOlderProgramRefuses(t *testing.T) {
	dsn := pgtest.DSN(t)
	mustOpen(t, dsn, nil)
	if _, err := side(t, dsn).ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, TRUE)"); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.Open(t.Context(), postgres.Config{URL: dsn, Message: webhook.NewMessage})
	if err == nil || !strings.Contains(err.Error(), "schema 99") {
		t.Errorf("got %v", err)
	}
}
