package program_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"morepay/internal/demo/merchants"
	"morepay/internal/merchant/folder"
	"morepay/internal/program"
	"morepay/internal/secret"
)

// config returns the configuration of a program in test mode whose providers
// nobody can reach.
func config(t *testing.T) program.Config {
	return program.Config{
		Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Data: t.TempDir(), SimURL: "http://127.0.0.1:1",
		Merchants: func(string, bool) ([]folder.Merchant, error) { return folder.LoadDocuments(merchants.FS) },
		Log:       slog.New(slog.DiscardHandler),
	}
}

// free fails the test if somebody still listens on an address.
func free(t *testing.T, addresses ...string) {
	t.Helper()
	for _, a := range addresses {
		l, err := net.Listen("tcp", a)
		if err != nil {
			t.Error(err)
			continue
		}
		l.Close()
	}
}

// A program that is closed leaves nothing behind, whether it ran, still runs or
// was never run, and can be opened again at its address with its database.
func TestClose(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	c := config(t)
	for _, test := range []struct {
		name string
		use  func(*program.Program) error
	}{
		{"never-ran", func(p *program.Program) error { return p.Close() }},
		{"closed-twice", func(p *program.Program) error { return errors.Join(p.Close(), p.Close()) }},
		{"ran", func(p *program.Program) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return errors.Join(p.Run(ctx), p.Close())
		}},
		{"runs", func(p *program.Program) error {
			done := make(chan error, 1)
			go func() { done <- p.Run(context.Background()) }()
			for !answers(p.BaseURL + "/readyz") {
			}
			return errors.Join(p.Close(), <-done)
		}},
		{"closed-before-it-ran", func(p *program.Program) error {
			return errors.Join(p.Close(), p.Run(context.Background()))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := program.Open(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if err := test.use(p); err != nil {
				t.Errorf("it did not end well: %v", err)
			}
			free(t, p.Listen, p.AdminListen)
			c.Listen = p.Listen
		})
	}
}

func answers(url string) bool { return status(url) == http.StatusOK }

// status returns the status of an answer, 0 if there is none.
func status(url string) int {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(url)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// A socket that was handed over takes the place of an address, and is closed with
// the program.
func TestSockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := config(t)
	c.Listen, c.Sockets = "192.0.2.1:1", program.Sockets{program.PublicSocket: l} // an address that can't be listened at
	p, err := program.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if p.Listen != l.Addr().String() || p.AdminListen == p.Listen {
		t.Errorf("it listens at %s and %s, want %s and another", p.Listen, p.AdminListen, l.Addr())
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	free(t, p.Listen, p.AdminListen)
}

// A server that is to stop says so at both addresses, and serves on meanwhile.
func TestDrain(t *testing.T) {
	c := config(t)
	c.Drain = time.Hour
	p, err := program.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	addresses := []string{p.BaseURL, "http://" + p.AdminListen}
	for _, a := range addresses {
		for !answers(a + "/readyz") {
		}
	}
	stop()
	for _, a := range addresses {
		for answers(a + "/readyz") {
		}
		if got := status(a + "/readyz"); got != http.StatusServiceUnavailable {
			t.Errorf("%s/readyz answers %d, want 503", a, got)
		}
		if !answers(a + "/healthz") {
			t.Errorf("%s does not answer while it drains", a)
		}
	}
	if err := errors.Join(p.Close(), <-done); err != nil {
		t.Error(err)
	}
}

// text returns a secret, in base64.
func text(b byte) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, secret.Min))
}

// servedWith has a server with a secret on the database of c, once.
func servedWith(t *testing.T, c *program.Config, list string) {
	t.Helper()
	before := *c
	before.Listen, before.Secret = "127.0.0.1:0", list
	p, err := program.Open(t.Context(), before)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// What can't be opened leaves nothing behind either.
func TestOpenFails(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	for name, spoil := range map[string]func(*program.Config){
		"address-taken":     func(c *program.Config) { c.AdminListen = address }, // by Listen
		"money-without-tls": func(c *program.Config) { c.SimURL = "" },
		"no-merchants":      func(c *program.Config) { c.Merchants = program.Folder(t.TempDir()) },
		"short-secret":      func(c *program.Config) { c.Secret = "aGVsbG8=" },
		"admin-key":         func(c *program.Config) { c.AdminKey = folder.HashKey("") },
		"database":          func(c *program.Config) { c.Database, c.Secret = "postgres://127.0.0.1:1/nothing", text(1) },
		"no-common-secret":  func(c *program.Config) { c.Database = "postgres://127.0.0.1:1/nothing" },
		"foreign-secret":    func(c *program.Config) { servedWith(t, c, text(1)); c.Secret = text(2) },
		"secret-gone":       func(c *program.Config) { servedWith(t, c, text(1)); c.Secret = "" },
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t)
			c.Listen = address
			spoil(&c)
			p, err := program.Open(t.Context(), c)
			if err == nil {
				t.Fatalf("it was opened: %v", p.Close())
			}
			free(t, address)
		})
	}
}

// Two servers on one folder would each wake only their own payers.
func TestOneServerAFolder(t *testing.T) {
	c := config(t)
	first, err := program.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := program.Open(t.Context(), c); err == nil {
		t.Errorf("a second server was opened: %v", second.Close())
	} else if !strings.Contains(err.Error(), c.Data) || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("%q names neither the folder nor who has it", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := program.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
