package providersim_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"morepay/internal/providersim"
)

// TestControlRefuses: what can't be meant is a bad request that names the field, and moves
// nothing.
func TestControlRefuses(t *testing.T) {
	t.Parallel()
	sim := providersim.New(providersim.Options{Origin: "http://127.0.0.1:1", Log: slog.New(slog.DiscardHandler)})
	before := sim.Now()
	for _, c := range []struct{ path, body, field string }{
		{"scan", `{}`, "text"},
		{"scan", `{"text":"weixin://x","how":"telepathy"}`, "how"},
		{"approve", `{}`, "ref"},
		{"cancel", `{"user":"ming"}`, "ref"},
		{"user", `{"user":"nobody"}`, "user"},
		{"clock", `{}`, "advance_seconds"},
		{"clock", `{"advance_seconds":99999999999999}`, "advance_seconds"},
		{"clock", `{"advance_seconds":-99999999999999}`, "advance_seconds"},
		{"faults", `{"rules":[{"fault":"server-error","account":"nope","next":1}]}`, "account"},
		{"faults", `{"rules":[{"fault":"no-such-fault","next":1}]}`, "no-such-fault"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/control/"+c.path, strings.NewReader(c.body))
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("Content-Type", "application/json")
		sim.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), c.field) {
			t.Errorf("%s %s: %d %s", c.path, c.body, w.Code, w.Body)
		}
	}
	if moved := sim.Now().Sub(before); moved.Hours() > 1 {
		t.Errorf("the clock moved by %s", moved)
	}
}
