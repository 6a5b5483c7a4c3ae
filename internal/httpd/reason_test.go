package httpd_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
)

// TestReason: a shop's page learns why its frame stays empty, by its own origin, and
// nothing of the order.
func TestReason(t *testing.T) {
	t.Parallel()
	s := start(t)
	open, over := s.Open(t, demotest.Order{}), s.Open(t, demotest.Order{})
	a := s.Do(t, s.merchantPost(t, over.Key, "over", "/v1/sessions/"+over.ID+"/cancel", "{}"))
	if a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	for _, test := range []struct{ name, token, origin, want string }{
		{"ok", open.Token, s.Other, `{"reason":"ok","origin":"` + s.Other + `"}`},
		{"own-page", open.Token, "", `{"reason":"ok","origin":"` + s.Origin + `"}`},
		{"over", over.Token, s.Other, `{"reason":"session_over","origin":"` + s.Other + `"}`},
		{"origin", open.Token, "https://other.example", `{"reason":"origin_not_registered","origin":"https://other.example"}`},
		{"origin-of-a-file", over.Token, "null", `{"reason":"origin_not_registered","origin":"null"}`},
		{"unknown", strings.Repeat("x", 30), s.Other, `{"reason":"session_unknown","origin":"` + s.Other + `"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var headers []string
			if test.origin != "" {
				headers = []string{"Origin", test.origin}
			}
			a := s.Get(t, s.Origin+"/pay/"+test.token+"/reason", headers...)
			if a.Status != http.StatusOK || strings.TrimSpace(a.Body) != test.want {
				t.Errorf("status %d: %s, want %s", a.Status, a.Body, test.want)
			}
			if h := a.Header; h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", h)
			}
		})
	}
}

// Whoever guesses tokens is stopped here as on the page, and can read that.
func TestReasonCountsGuesses(t *testing.T) {
	t.Parallel()
	s := start(t, behindProxy)
	s.allowance(t, 60, time.Minute, func() *http.Request {
		return demotest.Request(t, http.MethodGet, s.Origin+"/pay/"+strings.Repeat("x", 30)+"/reason", "", "Origin", s.Other, from, "203.0.113.9")
	})
	a := s.Get(t, s.Origin+"/pay/"+strings.Repeat("x", 30)+"/reason", from, "203.0.113.9")
	if a.Status != http.StatusTooManyRequests || a.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("status %d, headers %v", a.Status, a.Header)
	}
}
