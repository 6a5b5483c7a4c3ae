package httpd_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/merchant/folder"
	"morepay/internal/program"
)

// overHTTP2 serves a program's public routes over TLS, as --tls-cert does, and
// returns the server, whose client trusts it.
func overHTTP2(t *testing.T, key string) *httptest.Server {
	t.Helper()
	front := httptest.NewUnstartedServer(nil)
	front.EnableHTTP2 = true
	p, err := program.Open(t.Context(), program.Config{
		Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Data: t.TempDir(), BaseURL: "https://pay.example", Log: slog.New(slog.DiscardHandler),
		Merchants: program.Folder(merchantFolder(t, folder.ModeLive, key)),
		Front:     func(h http.Handler) http.Handler { front.Config.Handler = h; return h },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	front.StartTLS()
	t.Cleanup(func() {
		stop() // streams end with the program
		err := errors.Join(<-done, p.Close())
		front.Close()
		if err != nil {
			t.Error(err)
		}
	})
	return front
}

// TestStreamOverHTTP2: where a connection is shared the stream is an answer of its own, which
// tells the same, and ends with the program.
func TestStreamOverHTTP2(t *testing.T) {
	t.Parallel()
	const key = "sk_live_http2"
	front := overHTTP2(t, key)
	call := func(method, path, body string, headers ...string) *http.Response {
		t.Helper()
		res, err := front.Client().Do(demotest.Request(t, method, front.URL+path, body, headers...))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		if res.ProtoMajor != 2 || res.TLS.Version < tls.VersionTLS12 {
			t.Errorf("%s %s: HTTP/%d.%d", method, path, res.ProtoMajor, res.ProtoMinor)
		}
		return res
	}
	merchant := []string{"Authorization", "Bearer " + key, "Content-Type", "application/json", "Idempotency-Key"}
	order := `{"merchant_reference":"h2","amount":{"currency":"CNY","value":1234},"description":"Mug","return_url":"https://shop.example/orders/1"}`
	var open demotest.Session
	if err := json.NewDecoder(call(http.MethodPost, "/v1/sessions", order, append(merchant, "a")...).Body).Decode(&open); err != nil {
		t.Fatal(err)
	}
	stream := call(http.MethodGet, "/pay/"+open.Token+"/events", "", "Accept", "text/event-stream")
	if got := stream.Header.Get("Content-Type"); stream.StatusCode != http.StatusOK || !strings.HasPrefix(got, "text/event-stream") || stream.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, %v", stream.StatusCode, stream.Header)
	}
	lines := bufio.NewScanner(stream.Body)
	next(t, lines, "event: beat")
	if res := call(http.MethodPost, "/v1/sessions/"+open.ID+"/cancel", "{}", append(merchant, "b")...); res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("status %d: %s", res.StatusCode, body)
	}
	next(t, lines, "event: live")
	page := call(http.MethodGet, "/pay/"+open.Token, "", "Accept", "text/html")
	if page.Header.Get("Strict-Transport-Security") == "" {
		t.Error("browsers are not told to come back by https")
	}
}

// next reads a stream until a line.
func next(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	for lines.Scan() {
		if lines.Text() == want {
			return
		}
	}
	t.Fatalf("the stream ended without %q: %v", want, lines.Err())
}
