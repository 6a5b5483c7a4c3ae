package run_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"morepay/internal/run"
)

func TestKnownHosts(t *testing.T) {
	t.Parallel()
	answer := run.KnownHosts(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "metrics.example")
	for host, want := range map[string]int{
		"127.0.0.1:8082": 200, "127.0.0.1": 200, "[::1]:8082": 200, "[::1]": 200, "10.1.2.3:80": 200,
		"localhost:8082": 200, "LOCALHOST": 200, "shop.localhost:1": 200, "metrics.example": 200, "Metrics.Example:8082": 200,
		"evil.example": 421, "evil.example:8082": 421, "metrics.example.evil.example": 421, "notlocalhost": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		answer.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d, want %d", host, w.Code, want)
		}
	}
}
