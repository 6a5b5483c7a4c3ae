package provider_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"morepay/internal/provider"
)

func TestTestTransport(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		io.WriteString(w, r.Method+" "+r.Host+r.RequestURI+" "+r.Header.Get("X-A")+" "+string(body))
	}))
	defer server.Close()
	request, err := http.NewRequest(http.MethodPost, "https://api.mch.weixin.qq.com/v3/a%7Cb?c=%2A", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-A", "header")
	resp, err := provider.NewHTTPClient(provider.TestTransport(server.URL)).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if want := "POST api.mch.weixin.qq.com/v3/a%7Cb?c=%2A header body"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if request.URL.Host != "api.mch.weixin.qq.com" {
		t.Error("the caller's request was changed")
	}
}

func TestTestTransportNeedsAnOrigin(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"", "127.0.0.1:8081", "http://", "http://a b"} {
		resp, err := provider.NewHTTPClient(provider.TestTransport(origin)).Get("https://api.mch.weixin.qq.com/")
		if err == nil {
			resp.Body.Close()
			t.Errorf("%q: got an answer", origin)
		}
	}
}

func TestClientLimitsReplies(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat("x", provider.MaxReply+1))
	}))
	defer server.Close()
	read := func(allow int64) error {
		ctx := t.Context()
		if allow > 0 {
			ctx = provider.AllowReply(ctx, allow)
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := provider.NewHTTPClient(provider.Transport()).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
		return err
	}
	var tooLong *http.MaxBytesError
	if err := read(0); !errors.As(err, &tooLong) {
		t.Errorf("got %v, want a *http.MaxBytesError", err)
	}
	if err := read(provider.MaxReply + 1); err != nil {
		t.Errorf("with leave: %v", err)
	}
}

func TestClientRefusesRedirects(t *testing.T) {
	t.Parallel()
	var followed atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			followed.Store(true)
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	resp, err := provider.NewHTTPClient(provider.Transport()).Post(server.URL, "text/plain", strings.NewReader("secret"))
	if err == nil {
		resp.Body.Close()
	}
	if err == nil || followed.Load() {
		t.Errorf("got %v, followed %v", err, followed.Load())
	}
}

// A connection that breaks after the request has been read must not make
// net/http send it again: the second copy of a signed request is refused.
func TestClientSendsOnce(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 1 {
			panic(http.ErrAbortHandler)
		}
		if body, err := io.ReadAll(r.Body); err != nil || len(body) != 0 || len(r.TransferEncoding) != 0 {
			t.Errorf("got the body %q, %v, encoded as %v", body, err, r.TransferEncoding)
		}
	}))
	defer server.Close()
	client := provider.NewHTTPClient(provider.Transport())
	for try := range 2 { // the second on the connection of the first
		resp, err := client.Get(server.URL)
		if (err == nil) != (try == 0) {
			t.Fatalf("try %d: %v", try, err)
		}
		if err == nil {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("the server was asked %d times, want 2", n)
	}
}
