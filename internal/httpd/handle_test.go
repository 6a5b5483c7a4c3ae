package httpd

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/pay"
)

func TestEveryCodeHasAStatus(t *testing.T) {
	t.Parallel()
	for _, code := range pay.Codes {
		if statuses[code] < 400 {
			t.Errorf("%s has the status %d", code, statuses[code])
		}
	}
	if len(statuses) != len(pay.Codes) {
		t.Errorf("%d statuses for %d codes", len(statuses), len(pay.Codes))
	}
}

func TestPanicIsOneAnswer(t *testing.T) {
	t.Parallel()
	s := &Server{log: slog.New(slog.DiscardHandler), metrics: newMetrics(testRegistry())}
	h := s.handle("GET /", failJSON, func(http.ResponseWriter, *http.Request) error { panic("boom") })
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "boom") {
		t.Errorf("answer is %d %s", w.Code, w.Body)
	}
}

func testRegistry() *prometheus.Registry { return prometheus.NewRegistry() }
