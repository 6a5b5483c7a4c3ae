package e2e_test

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/providersim"
	"morepay/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// TestClusterOnPostgres runs two servers, each a process of its own, on one
// PostgreSQL. A session is made on the first; its provider notifies the second;
// a payer who waits at the first sees it paid.
func TestClusterOnPostgres(t *testing.T) {
	database := pgtest.DSN(t)
	testCluster(t, database, "--database", database)
}

// Behind a pooler they hear of each other just the same.
func TestClusterBehindPooler(t *testing.T) {
	database := pgtest.DSN(t)
	testCluster(t, database, "--database", pgtest.Pooled(t, database), "--listen-database", database)
}

func testCluster(t *testing.T, database string, flags ...string) {
	binary := filepath.Join(t.TempDir(), "morepay")
	if out, err := exec.Command("go", "build", "-o", binary, "morepay").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	h, err := harness.Start(harness.Options{Config: program.Config{Data: t.TempDir(), Database: database}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := h.Leave(); err != nil { // its address and secret are the two servers' now
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, shop := range h.Shops {
		if err := shop.Export(folder); err != nil {
			t.Fatal(err)
		}
	}
	first, second := "http://"+freeAddress(t), h.BaseURL // providers notify the second
	for _, origin := range []string{first, second} {
		serveProcess(t, binary, origin, append(flags, "--base-url", second, "--sim-url", h.SimURL,
			"--merchants", folder, "--data", h.Data, "--secret", h.Secret)...)
	}

	s := &demotest.Demo{Demo: &demo.Demo{Program: &program.Program{Config: h.Config}, Shops: h.Shops}, Origin: second, Client: h.Client}
	created := s.Open(t, demotest.Order{})
	created.URL = strings.Replace(created.URL, second, first, 1)
	form := s.Form(t, created, "wechat_pay", pay.RailQR)
	if a := s.Do(t, demotest.Request(t, http.MethodPost, created.URL+"/attempts", form.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Desktop)); a.Status != http.StatusSeeOther {
		t.Fatalf("attempt: %d %s", a.Status, a.Body)
	}
	code := s.Payments(t, "codes")[0].Text
	if _, err := h.Sim.Scan(providersim.Ming, code, providersim.ByCamera); err != nil {
		t.Fatal(err)
	}
	s.UntilPaid(t, created, func() { s.Phone(t, "approve", code) })
}

// freeAddress returns a loopback address that nobody listens on at the moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// process is a server in a process of its own.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	log    *bufio.Scanner
	lines  strings.Builder
	killed bool
	end    func() // waits until it is gone
}

// serveProcess starts a server and returns when it answers. It is stopped, and
// must stop well, at the end of the test at the latest.
func serveProcess(t *testing.T, binary, origin string, flags ...string) *process {
	t.Helper()
	p := &process{t: t}
	p.cmd = exec.Command(binary, append([]string{
		"serve", "--listen", strings.TrimPrefix(origin, "http://"),
		"--admin-listen", "127.0.0.1:0", "--drain", "0s",
	}, flags...)...)
	out, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.log = bufio.NewScanner(out)
	p.end = sync.OnceFunc(func() {
		for p.log.Scan() {
			p.lines.WriteString(p.log.Text() + "\n")
		}
		if err := p.cmd.Wait(); err != nil && !p.killed {
			t.Errorf("%s did not stop well: %v", origin, err)
		}
	})
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("log of %s:\n%s", origin, p.lines.String())
		}
	})
	for p.log.Scan() {
		p.lines.WriteString(p.log.Text() + "\n")
		if strings.Contains(p.log.Text(), "msg=serving") {
			return p
		}
	}
	t.Fatalf("%s did not start:\n%s", origin, p.lines.String())
	return nil
}

// stop asks a server to stop and waits until it has.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may be gone already
	p.end()
}

// kill ends a server as a power switch does.
func (p *process) kill() {
	p.killed = true
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	p.end()
}
