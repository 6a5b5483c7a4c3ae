package demo_test

import (
	"net/http"
	"strings"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
)

// A shop on another port may be returned to and show the page, once the demo has
// been told of it.
func TestOriginsOfOtherShops(t *testing.T) {
	t.Parallel()
	const own, twin, stranger = "http://localhost:5173", "http://127.0.0.1:5174", "http://localhost:9999"
	s := demotest.Start(t, func(c *demo.Config) { c.Origins = []string{own, twin} })
	for _, test := range []struct {
		origin string
		status int
	}{{own, http.StatusCreated}, {twin, http.StatusCreated}, {stranger, http.StatusBadRequest}} {
		body := s.JSON(t, demotest.Order{}, map[string]any{"return_url": test.origin + "/orders/1"})
		a := s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+"/v1/sessions", body, "Content-Type", demotest.TypeJSON,
			"Authorization", "Bearer "+s.Shop(t, "bench").Key, "Idempotency-Key", test.origin))
		if a.Status != test.status {
			t.Errorf("%s: got %d, want %d: %s", test.origin, a.Status, test.status, a.Body)
		}
	}
	page := s.Get(t, s.Open(t, demotest.Order{}).URL+"?parent="+own, "Accept", "text/html")
	policy := page.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, own) || !strings.Contains(policy, twin) || strings.Contains(policy, stranger) {
		t.Errorf("the page may be framed by: %s", policy)
	}
}
