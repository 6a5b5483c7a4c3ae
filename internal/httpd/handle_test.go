package httpd

import (
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/marked"
	"morepay/internal/openapi"
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

// TestCodesAreDescribed holds the codes of the API's description to the program's.
func TestCodesAreDescribed(t *testing.T) {
	t.Parallel()
	type row struct {
		Status          int
		Meaning, Remedy string
	}
	var described struct {
		Codes map[pay.Code]row `json:"x-error-codes"`
	}
	if err := json.Unmarshal(openapi.Document(), &described); err != nil {
		t.Fatal(err)
	}
	want := map[pay.Code]row{}
	for code, c := range codes {
		want[code] = row{c.status, c.meaning, c.remedy}
	}
	if diff := cmp.Diff(want, described.Codes); diff != "" {
		t.Errorf("internal/openapi/openapi.json (+) says other than the program (-):\n%s", diff)
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
