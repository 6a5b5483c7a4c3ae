package tracing_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"morepay/internal/tracing"
)

// collector keeps what it is sent.
type collector struct {
	*httptest.Server

	mu   sync.Mutex
	sent bytes.Buffer
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		if r.Method == http.MethodPost && r.URL.Path == "/v1/traces" {
			c.sent.Write(body)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// has reports whether a text was sent: texts are written as they are.
func (c *collector) has(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Contains(c.sent.String(), text)
}

// A request and what is asked of a provider for it are spans of the caller's trace.
func TestSpans(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	traces, err := tracing.Open(t.Context(), c.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	const trace = "0af7651916cd43dd8448eb211c80319c"
	r := httptest.NewRequest(http.MethodPost, "/pay/secret/attempts?also=secret", nil)
	r.Header.Set("Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	r.Header.Set("Tracestate", "theirs=secret")
	r, end := traces.Request(r, http.MethodPost, "/pay/{token}/attempts")
	if parent := tracing.Parent(r.Context()); !strings.HasPrefix(parent, "00-"+trace+"-") || strings.Contains(parent, "b7ad6b7169203331") {
		t.Errorf("others are told %q", parent)
	}
	_, ended := tracing.Call(r.Context(), "alipay", "query")
	ended("unknown")
	end(http.StatusBadGateway)
	if err := traces.Close(); err != nil {
		t.Fatal(err)
	}
	id, _ := hex.DecodeString(trace)
	for _, want := range []string{"POST /pay/{token}/attempts", "alipay query", "unknown", "morepay", string(id)} {
		if !c.has(want) {
			t.Errorf("%q was not sent", want)
		}
	}
	if c.has("secret") {
		t.Error("a path was sent")
	}
}

// Without an endpoint there is nothing, and nobody has to ask.
func TestNoTraces(t *testing.T) {
	t.Parallel()
	traces, err := tracing.Open(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r, end := traces.Request(r, http.MethodGet, "/")
	_, ended := tracing.Call(r.Context(), "alipay", "query")
	ended("ok")
	end(http.StatusOK)
	if parent := tracing.Parent(r.Context()); parent != "" || traces.Close() != nil {
		t.Errorf("others are told %q", parent)
	}
}

// A collector that is not there costs no more than a warning.
func TestAbsentCollector(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	c.Close()
	traces, err := tracing.Open(t.Context(), c.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, end := traces.Request(httptest.NewRequest(http.MethodGet, "/", nil), http.MethodGet, "/")
	end(http.StatusOK)
	_ = traces.Close() // it may say so, and ends
}
