package main

import (
	"bufio"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/httpd"
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
	binary := filepath.Join(t.TempDir(), "morepay")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	first, second := "http://"+freeAddress(t), "http://"+freeAddress(t)
	sim := providersim.New(providersim.Options{Origin: "http://sim.test", RetryScale: 0.1})
	t.Cleanup(sim.Close)
	go sim.Run(t.Context())
	simulator := httptest.NewServer(sim.Handler())
	t.Cleanup(simulator.Close)

	shops, err := demo.Furnish("", sim, second) // so providers notify the second
	if err != nil {
		t.Fatal(err)
	}
	folder, database, secret := t.TempDir(), pgtest.DSN(t), base64.StdEncoding.EncodeToString(httpd.NewSecret())
	for _, shop := range shops {
		if err := shop.Export(folder); err != nil {
			t.Fatal(err)
		}
	}
	for _, origin := range []string{first, second} {
		serveProcess(t, binary, origin, "--base-url", second, "--sim-url", simulator.URL,
			"--merchants", folder, "--database", database, "--secret", secret)
	}

	s := &stage{Demo: &demo.Demo{Program: &program.Program{Config: program.Config{SimURL: simulator.URL}}, Shops: shops}, origin: second, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	created := s.open(t, order{})
	created.URL = strings.Replace(created.URL, second, first, 1)
	news := eventStream(t, created.URL+"/events")
	form := s.form(t, created, "wechat_pay", pay.RailQR)
	if a := s.do(t, request(t, http.MethodPost, created.URL+"/attempts", form.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", desktop)); a.status != http.StatusSeeOther {
		t.Fatalf("attempt: %d %s", a.status, a.body)
	}
	code := s.payments(t, "codes")[0].Text
	if _, err := sim.Scan(providersim.Ming, code, providersim.ByCamera); err != nil {
		t.Fatal(err)
	}
	s.phone(t, "approve", code)
	for news.Scan() {
		if strings.HasPrefix(news.Text(), "data:") && strings.Contains(news.Text(), `"status":"paid"`) {
			return
		}
	}
	t.Fatalf("the payer at the first server never saw what the second had heard: %v", news.Err())
}

// freeAddress is a loopback address that nobody listens on at the moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// serveProcess starts a server and returns when it answers. It is stopped, and
// must stop well, at the end of the test.
func serveProcess(t *testing.T, binary, origin string, flags ...string) {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"serve", "--listen", strings.TrimPrefix(origin, "http://"),
		"--admin-listen", "127.0.0.1:0", "--data", t.TempDir()}, flags...)...)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log := bufio.NewScanner(out)
	var lines strings.Builder
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		for log.Scan() {
			lines.WriteString(log.Text() + "\n")
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s did not stop well: %v", origin, err)
		}
		if t.Failed() {
			t.Logf("log of %s:\n%s", origin, lines.String())
		}
	})
	for log.Scan() {
		lines.WriteString(log.Text() + "\n")
		if strings.Contains(log.Text(), "msg=serving") {
			return
		}
	}
	t.Fatalf("%s did not start:\n%s", origin, lines.String())
}

// eventStream opens an event stream.
func eventStream(t *testing.T, url string) *bufio.Scanner {
	t.Helper()
	resp, err := http.DefaultClient.Do(request(t, http.MethodGet, url, "", "Accept", "text/event-stream"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("event stream: %d", resp.StatusCode)
	}
	return bufio.NewScanner(resp.Body)
}
