// Package pgtest gives tests a real PostgreSQL: a private cluster for each test
// binary, started when the first test asks for it, and a fresh database for each
// test.
//
// What must not live here: anything that a program needs outside of tests.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"morepay/internal/needs"
)

// startWithin bounds how long a cluster may take to make and to start.
const startWithin = 2 * time.Minute

var (
	once    sync.Once
	shared  *cluster
	failure error
	count   atomic.Int64
)

// Run runs a package's tests and stops the cluster if one was started. Call it
// from TestMain: os.Exit(pgtest.Run(m)).
func Run(m *testing.M) int {
	code := m.Run()
	for _, c := range []*cluster{sharedPooler, shared} {
		if c != nil {
			c.stop()
		}
	}
	return code
}

// DSN makes an empty database that is dropped when the test ends.
func DSN(tb testing.TB) string {
	tb.Helper()
	bin := needs.Postgres(tb)
	once.Do(func() { shared, failure = start(bin) })
	if failure != nil {
		tb.Fatalf("pgtest: %v", failure)
	}
	name := fmt.Sprintf("test_%d", count.Add(1))
	shared.exec(tb, "CREATE DATABASE "+name)
	tb.Cleanup(func() { shared.exec(tb, "DROP DATABASE "+name+" WITH (FORCE)") })
	return shared.dsn(name)
}

// Durable makes the cluster wait for the disk until the test ends, as a real one
// does. Without it tests are ten times as fast, and only power cuts matter.
func Durable(tb testing.TB) {
	tb.Helper()
	set := func(value string) {
		shared.exec(tb, "ALTER SYSTEM SET fsync = "+value)
		shared.exec(tb, "SELECT pg_reload_conf()")
		for shared.show(tb, "fsync") != value {
			time.Sleep(time.Millisecond) // the server takes it up when it gets the signal
		}
	}
	set("on")
	tb.Cleanup(func() { set("off") })
}

// Restored copies a test's database into a cluster that has just been made, as
// after a move to another machine, and returns where it is. It is gone when the
// test ends.
func Restored(tb testing.TB, dsn string) string {
	tb.Helper()
	bin := needs.Postgres(tb)
	fresh, err := start(bin)
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(fresh.stop)
	dump, err := exec.Command(filepath.Join(bin, "pg_dump"), "--no-owner", "--dbname", dsn).Output()
	if err != nil {
		tb.Fatalf("pg_dump: %v", err)
	}
	restore := exec.Command(filepath.Join(bin, "psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", fresh.dsn("postgres"))
	restore.Stdin = bytes.NewReader(dump)
	if out, err := restore.CombinedOutput(); err != nil {
		tb.Fatalf("psql: %v\n%s", err, out)
	}
	return fresh.dsn("postgres")
}

// Busy leaves a transaction of another database open that has written, until the
// test ends.
func Busy(tb testing.TB) {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), shared.dsn("postgres"))
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() { conn.Close(context.Background()) })
	if _, err := conn.Exec(tb.Context(), "BEGIN; SELECT pg_current_xact_id()"); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
}

// Away makes a test's database unreachable until back is called.
func Away(tb testing.TB, dsn string) (back func()) {
	tb.Helper()
	allow := func(yes bool) {
		shared.exec(tb, fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS %t", database(tb, dsn), yes))
	}
	allow(false)
	Interrupt(tb, dsn)
	return func() { allow(true) }
}

// Interrupt ends every other connection to a test's database, as a restart of
// the server or a cut of the network would.
func Interrupt(tb testing.TB, dsn string) {
	tb.Helper()
	shared.exec(tb, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+database(tb, dsn)+"'")
}

// Work is what a cluster has done since it was made.
type Work struct {
	Writes int64 // transactions that wrote or notified
	WAL    int64 // bytes
}

// Worked returns what all databases together have had done.
func Worked(tb testing.TB) (w Work) {
	tb.Helper()
	shared.with(tb, shared.dsn("postgres"), func(ctx context.Context, conn *pgx.Conn) error {
		const query = `SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT),
			CAST(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS BIGINT)`
		return conn.QueryRow(ctx, query).Scan(&w.Writes, &w.WAL)
	})
	return w
}

// Checkpoint has the next change of each page write all of it to the log.
func Checkpoint(tb testing.TB) {
	tb.Helper()
	shared.exec(tb, "CHECKPOINT")
}

// AsRole makes a role that may read and write the tables of a test's database, which
// are made later, and nothing else. It returns the database's URL for that role.
func AsRole(tb testing.TB, dsn string) string {
	tb.Helper()
	role := "app_" + database(tb, dsn)
	u, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	for _, statement := range []string{
		"CREATE ROLE " + role + " LOGIN",
		"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO " + role,
	} {
		shared.in(tb, dsn, statement)
	}
	tb.Cleanup(func() { shared.in(tb, dsn, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	u.User = url.User(role)
	return u.String()
}

// ReadOnly has every new transaction of a test's database refuse writes, as one that
// has become a standby does, until writable is called.
func ReadOnly(tb testing.TB, dsn string) (writable func()) {
	tb.Helper()
	set := func(value string) {
		shared.exec(tb, "ALTER DATABASE "+database(tb, dsn)+" SET default_transaction_read_only = "+value)
	}
	set("on")
	return func() { set("off") }
}

func database(tb testing.TB, dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	return u.Path[1:]
}

// cluster is a PostgreSQL server, or a pooler, with its own folder. It listens on a
// socket in that folder only.
type cluster struct {
	folder string
	server *exec.Cmd
	ended  chan struct{}
}

func start(bin string) (*cluster, error) {
	c, credential, err := newCluster()
	if err != nil {
		return nil, err
	}
	if err := c.boot(bin, credential); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

// newCluster makes the folder of a server, and says whose it is.
func newCluster() (*cluster, *syscall.Credential, error) {
	credential, err := unprivileged()
	if err != nil {
		return nil, nil, err
	}
	folder, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, nil, err
	}
	if credential != nil {
		err = os.Chown(folder, int(credential.Uid), int(credential.Gid))
	}
	return &cluster{folder: folder, ended: make(chan struct{})}, credential, err
}

func (c *cluster) boot(bin string, credential *syscall.Credential) error {
	data := filepath.Join(c.folder, "data")
	initdb := c.command(credential, filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "postgres",
		"--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// In the file, not on the command line: Durable must be able to change it.
	settings := filepath.Join(data, "postgresql.auto.conf")
	if err := os.WriteFile(settings, []byte("fsync = 'off'\n"), 0o600); err != nil {
		return err
	}
	var log bytes.Buffer
	c.server = c.command(credential, filepath.Join(bin, "postgres"), "-D", data, "-k", c.folder,
		"-c", "listen_addresses=", "-c", "max_connections=200")
	c.server.Stdout, c.server.Stderr = &log, &log
	if err := c.launch(); err != nil {
		return err
	}
	return c.ready(c.dsn("postgres"), &log)
}

// launch starts the server.
func (c *cluster) launch() error {
	started := make(chan error)
	go func() {
		// The kernel ends the server together with the thread that started it, so
		// that a killed test leaves none behind: that thread must live as long.
		runtime.LockOSThread()
		defer close(c.ended)
		err := c.server.Start()
		started <- err
		if err == nil {
			_ = c.server.Wait()
		}
	}()
	return <-started
}

func (c *cluster) command(credential *syscall.Credential, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = c.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

// ready waits until the server takes connections.
func (c *cluster) ready(dsn string, log *bytes.Buffer) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, dsn)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-c.ended:
			return fmt.Errorf("it ended at once:\n%s", log)
		case <-ctx.Done():
			return fmt.Errorf("it takes no connections: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *cluster) stop() {
	if c.server != nil && c.server.Process != nil {
		_ = c.server.Process.Signal(syscall.SIGINT) // fast shutdown
		<-c.ended
	}
	_ = os.RemoveAll(c.folder)
}

func (c *cluster) dsn(database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.User("postgres"), Path: "/" + database,
		RawQuery: url.Values{"host": {c.folder}, "sslmode": {"disable"}}.Encode(),
	}).String()
}

func (c *cluster) exec(tb testing.TB, statement string) {
	tb.Helper()
	c.in(tb, c.dsn("postgres"), statement)
}

// in runs a statement in one of the cluster's databases.
func (c *cluster) in(tb testing.TB, dsn, statement string) {
	tb.Helper()
	c.with(tb, dsn, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement)
		return err
	})
}

func (c *cluster) show(tb testing.TB, setting string) (value string) {
	tb.Helper()
	c.with(tb, c.dsn("postgres"), func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SHOW "+setting).Scan(&value)
	})
	return value
}

func (c *cluster) with(tb testing.TB, dsn string, fn func(context.Context, *pgx.Conn) error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err == nil {
		err = errors.Join(fn(ctx, conn), conn.Close(ctx))
	}
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
}

// unprivileged returns the user that the server runs as if we are root, which
// it refuses to.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody")
}
