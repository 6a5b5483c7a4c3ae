package demo_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"morepay/internal/demo"
	"morepay/internal/program"
)

const desktop = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36"

// open opens the demo and runs it until the test ends.
func open(t *testing.T) *demo.Demo {
	t.Helper()
	d, err := demo.Open(t.Context(), demo.Config{SimListen: "127.0.0.1:0", Config: program.Config{
		Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Data: t.TempDir(), Log: slog.New(slog.DiscardHandler),
	}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- d.Run(t.Context()) }()
	t.Cleanup(func() {
		if err := errors.Join(<-done, d.Close()); err != nil {
			t.Errorf("the demo did not end well: %v", err)
		}
	})
	return d
}

// visit asks for a path of the demo and follows no redirect.
func visit(t *testing.T, d *demo.Demo, path string) (answer *http.Response, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.BaseURL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", desktop)
	if answer, err = http.DefaultTransport.RoundTrip(r); err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

// What a visitor chose reaches the session: over the form, over the link to the
// checkout alone, into the decision.
func TestChoicesReachTheCheckout(t *testing.T) {
	t.Parallel()
	d := open(t)
	for name, c := range map[string]struct {
		query   string
		offered bool
	}{
		"allowed-goods":  {"?merchant=excluded&category=cups", true},
		"excluded-goods": {"?merchant=excluded&category=gold&payer=a%26b", false},
	} {
		t.Run(name, func(t *testing.T) {
			answer, page := visit(t, d, "/demo/"+c.query)
			if answer.StatusCode != http.StatusOK {
				t.Fatalf("%d %s", answer.StatusCode, page)
			}
			alone := link(t, strings.NewReader(page), "/demo/pay?")
			created, text := visit(t, d, alone)
			if created.StatusCode != http.StatusSeeOther {
				t.Fatalf("%s: %d %s", alone, created.StatusCode, text)
			}
			answer, page = visit(t, d, created.Header.Get("Location"))
			if answer.StatusCode != http.StatusOK {
				t.Fatalf("%d %s", answer.StatusCode, page)
			}
			if got := strings.Contains(page, `data-method="wechat_pay"`); got != c.offered {
				t.Errorf("WeChat Pay on the page: %v, want %v", got, c.offered)
			}
		})
	}
}

// link finds where the page's link with a prefix leads.
func link(t *testing.T, page io.Reader, prefix string) string {
	t.Helper()
	for tokens := html.NewTokenizer(page); tokens.Next() != html.ErrorToken; {
		for _, a := range tokens.Token().Attr {
			if a.Key == "href" && strings.HasPrefix(a.Val, prefix) {
				return a.Val
			}
		}
	}
	t.Fatalf("the page has no link to %s", prefix)
	return ""
}

func TestStorefrontRefuses(t *testing.T) {
	t.Parallel()
	d := open(t)
	for name, c := range map[string]struct {
		path string
		want int
	}{
		"unknown-merchant": {"/demo/?merchant=nobody", http.StatusBadRequest},
		"amount-in-yuan":   {"/demo/pay?amount=59.80", http.StatusBadRequest},
		"amount-zero":      {"/demo/pay?amount=0", http.StatusBadRequest},
		"unknown-page":     {"/demo/nothing", http.StatusNotFound},
		"unsigned-webhook": {"/demo/hook", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			if answer, text := visit(t, d, c.path); answer.StatusCode != c.want {
				t.Errorf("%d %s, want %d", answer.StatusCode, text, c.want)
			}
		})
	}
}
