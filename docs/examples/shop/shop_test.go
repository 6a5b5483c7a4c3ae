package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// fakeCheckout answers the API as long as it is up.
func fakeCheckout(t *testing.T, up *bool) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !*up || r.Header.Get("Authorization") != "Bearer sk_test_key" {
			http.Error(w, `{"error":{"code":"store_unavailable"}}`, http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, `{"id":"cs_1","token":"the-payers-token","status":"open"}`)
	}))
	t.Cleanup(server.Close)
	return server
}

// What goes wrong is answered in the shop's own words, and nobody learns the key.
func TestShop(t *testing.T) {
	t.Parallel()
	up := true
	s := &shop{Key: "sk_test_key", Origin: "http://localhost:5173", Loader: "/embed.js", Checkout: fakeCheckout(t, &up).URL}
	handler := s.handler()
	var order string
	for _, test := range []struct {
		name, method, path string
		up                 bool
		status             int
		says               string
	}{
		{"goods", "GET", "/", true, 200, "¥59.80"},
		{"buy", "POST", "/orders", true, 303, ""},
		{"order", "GET", "ORDER", true, 200, `session="the-payers-token"`},
		{"for-front-ends", "POST", "/api/orders", true, 201, `"session":"the-payers-token"`},
		{"status", "GET", "/apiORDER", true, 200, `"status":"open"`},
		{"guessed", "GET", "/orders/1", true, 404, "there is no such order"},
		{"guessed-status", "GET", "/api/orders/1", true, 404, "there is no such order"},
		{"buy-by-link", "GET", "/orders", true, 405, ""},
		{"checkout-down", "POST", "/orders", false, 502, "try again"},
		{"checkout-down-later", "GET", "ORDER", false, 502, "try again"},
	} {
		up = test.up
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(test.method, strings.Replace(test.path, "ORDER", order, 1), nil))
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) {
			t.Errorf("%s: got %d, want %d and %q: %s", test.name, w.Code, test.status, test.says, w.Body)
		}
		for _, secret := range []string{s.Key, "cs_1"} {
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s tells %s", test.name, secret)
			}
		}
		if test.name == "buy" {
			order = w.Header().Get("Location")
		}
	}
}

// The strict policy holds on every page that the shop draws.
func TestStrict(t *testing.T) {
	t.Parallel()
	up := true
	s := &shop{Strict: true, Checkout: fakeCheckout(t, &up).URL}
	w := httptest.NewRecorder()
	s.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self' "+s.Checkout+";") || !strings.Contains(policy, "trusted-types 'none'") {
		t.Errorf("the policy is %q", policy)
	}
}
