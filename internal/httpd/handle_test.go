package httpd

import (
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/marked"
	"morepay/internal/pay"
)

func TestEveryCodeHasAStatus(t *testing.T) {
	t.Parallel()
	for _, code := range pay.Codes {
		if row := codes[code]; row.status < 400 || row.meaning == "" || row.remedy == "" {
			t.Errorf("%s has the row %+v", code, row)
		}
	}
	if len(codes) != len(pay.Codes) {
		t.Errorf("%d rows for %d codes", len(codes), len(pay.Codes))
	}
}

var update = flag.Bool("update", false, "rewrite the table of codes in docs/api.md")

// TestCodesAreDocumented holds the table in docs/api.md to the program's.
func TestCodesAreDocumented(t *testing.T) {
	t.Parallel()
	table := marked.Row("`code`", "status", "meaning", "what to do") + "|---|---|---|---|\n"
	for _, code := range pay.Codes {
		row := codes[code]
		table += marked.Row("`"+string(code)+"`", strconv.Itoa(row.status), row.meaning, row.remedy)
	}
	marked.Hold(t, "../../docs/api.md", map[string]string{"codes": table}, *update)
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
