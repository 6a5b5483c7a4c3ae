package demo_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"morepay/internal/demo"
	"morepay/internal/site"
)

const desktop = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36"

// shop is the storefront of a running site.
func shop(t *testing.T) (*demo.Storefront, *site.Site) {
	t.Helper()
	s, err := site.Start(site.Options{Data: t.TempDir(), Courier: &site.Courier{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("the site did not end well: %v", err)
		}
	})
	storefront, err := demo.NewStorefront(s.Shops, s.URL, s.SimURL)
	if err != nil {
		t.Fatal(err)
	}
	return storefront, s
}

func visit(t *testing.T, storefront *demo.Storefront, s *site.Site, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	answer := httptest.NewRecorder()
	storefront.ServeHTTP(answer, r)
	return answer
}

// What a visitor chose reaches the session: over the form, over the link to the
// checkout alone, into the decision.
func TestChoicesReachTheCheckout(t *testing.T) {
	storefront, s := shop(t)
	for name, c := range map[string]struct {
		query   string
		offered bool
	}{
		"allowed-goods":  {"?merchant=excluded&category=cups", true},
		"excluded-goods": {"?merchant=excluded&category=gold&payer=a%26b", false},
	} {
		t.Run(name, func(t *testing.T) {
			page := visit(t, storefront, s, "/demo/"+c.query)
			if page.Code != http.StatusOK {
				t.Fatalf("%d %s", page.Code, page.Body)
			}
			alone := link(t, page.Body, "/demo/pay?")
			created := visit(t, storefront, s, alone)
			if created.Code != http.StatusSeeOther {
				t.Fatalf("%s: %d %s", alone, created.Code, created.Body)
			}
			if got := strings.Contains(checkout(t, s.URL+created.Header().Get("Location")), `data-method="wechat_pay"`); got != c.offered {
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

func checkout(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", desktop)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", answer.StatusCode, err)
	}
	return string(body)
}

func TestStorefrontRefuses(t *testing.T) {
	storefront, s := shop(t)
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
			if got := visit(t, storefront, s, c.path); got.Code != c.want {
				t.Errorf("%d %s, want %d", got.Code, got.Body, c.want)
			}
		})
	}
}
