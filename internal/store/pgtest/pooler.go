package pgtest

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"morepay/internal/needs"
)

// poolerPort is in the name of a pooler's socket, each of which has a folder of its
// own.
const poolerPort = "6432"

const poolerSettings = `[databases]
* = host=%s port=5432 user=postgres

[pgbouncer]
pool_mode = transaction
listen_addr =
listen_port = ` + poolerPort + `
unix_socket_dir = %s
auth_type = any
max_client_conn = 300
default_pool_size = 20
`

var (
	poolerOnce    sync.Once
	sharedPooler  *cluster
	poolerFailure error
)

// Pooled returns where a test's database is behind pgbouncer in transaction mode.
func Pooled(tb testing.TB, dsn string) string {
	tb.Helper()
	program := needs.Pgbouncer(tb)
	poolerOnce.Do(func() { sharedPooler, poolerFailure = startPooler(program) })
	if poolerFailure != nil {
		tb.Fatalf("pgtest: %v", poolerFailure)
	}
	return sharedPooler.reached(tb, dsn)
}

// reached returns the URL of a database through a pooler.
func (c *cluster) reached(tb testing.TB, dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	q := u.Query()
	q.Set("host", c.folder)
	q.Set("port", poolerPort)
	u.RawQuery = q.Encode()
	return u.String()
}

func startPooler(program string) (*cluster, error) {
	p, credential, err := newCluster()
	if err != nil {
		return nil, err
	}
	settings := filepath.Join(p.folder, "pgbouncer.ini")
	if err := os.WriteFile(settings, fmt.Appendf(nil, poolerSettings, shared.folder, p.folder), 0o644); err != nil {
		return nil, err
	}
	var log bytes.Buffer
	p.server = p.command(credential, program, "--quiet", settings)
	p.server.Stderr = &log
	if err := p.launch(); err != nil {
		return nil, err
	}
	ready := p.dsn("postgres") + "&port=" + poolerPort
	if err := p.ready(ready, &log); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}
