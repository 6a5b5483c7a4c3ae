package httpd_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

// elsewhere are metrics that only a server on PostgreSQL, one that compares bills or one
// to which something has happened has. They are named here so that a misspelt one is not
// taken for one of them.
var elsewhere = []string{
	"morepay_listening", "morepay_reconciled_timestamp_seconds", "morepay_reconciliations",
	"morepay_method_hidden_total", "morepay_fallback_total", "morepay_rail_not_granted_learnt_timestamp_seconds", "morepay_provider_requests_total",
}

var (
	metricName = regexp.MustCompile(`\b(morepay|go|process)_[a-z_]+`)
	selector   = regexp.MustCompile(`(morepay_[a-z_]+)\{([a-z]+)=~?"([^"]+)"\}`)
	runbook    = regexp.MustCompile(`runbook: "docs/operate.md#([a-z-]+)"`)
)

// readDoc returns a file of docs.
func readDoc(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "docs"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// expressions reads those of the alerts and the dashboard.
func expressions(t *testing.T) (list []string) {
	t.Helper()
	for line := range strings.Lines(readDoc(t, "operate", "alerts.yaml")) {
		if expr, ok := strings.CutPrefix(strings.TrimSpace(line), "expr: "); ok {
			list = append(list, expr)
		}
	}
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal([]byte(readDoc(t, "operate", "grafana.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			list = append(list, target.Expr)
		}
	}
	return list
}

// What alerts and the dashboard ask for is what a server tells that has seen a payment,
// and every metric is told of in docs/operate.md.
func TestMetricsAreWatched(t *testing.T) {
	t.Parallel()
	s := start(t)
	paidOnAPhone(t, s)
	metrics := untilCounted(t, s, `morepay_funnel_total{container="browser",method="alipay",rail="deep_link",step="shown"} 1`)
	events := append(slices.Clone(pay.WebhookEvents), pay.EventSessionCreated)
	exprs := expressions(t)
	if len(exprs) < 30 {
		t.Errorf("only %d expressions were found", len(exprs))
	}
	for _, expr := range exprs {
		if strings.Count(expr, "(") != strings.Count(expr, ")") || strings.Count(expr, "{") != strings.Count(expr, "}") {
			t.Errorf("parentheses: %s", expr)
		}
		for _, name := range metricName.FindAllString(expr, -1) {
			family := strings.TrimSuffix(strings.TrimSuffix(name, "_count"), "_bucket")
			if !strings.Contains(metrics, "\n# TYPE "+family+" ") && !slices.Contains(elsewhere, name) {
				t.Errorf("no server tells %s: %s", name, expr)
			}
		}
		for _, m := range selector.FindAllStringSubmatch(expr, -1) {
			if name, label := m[1], m[2]; !slices.Contains(elsewhere, name) && !regexp.MustCompile(`(?m)^`+name+`\{.*\b`+label+`="`).MatchString(metrics) {
				t.Errorf("%s has no label %s: %s", name, label, expr)
			}
			for _, event := range strings.Split(strings.TrimSuffix(m[3], ".*"), "|") {
				if m[2] == "event" && !slices.ContainsFunc(events, func(t pay.EventType) bool { return strings.HasPrefix(string(t), event) }) {
					t.Errorf("there is no event %s: %s", event, expr)
				}
			}
		}
	}
	doc := readDoc(t, "operate.md")
	for _, m := range runbook.FindAllStringSubmatch(readDoc(t, "operate", "alerts.yaml"), -1) {
		if heading := strings.ReplaceAll(m[1], "-", " "); !strings.Contains(strings.ToLower(doc), "# "+heading+"\n") {
			t.Errorf("docs/operate.md has nothing on %q", heading)
		}
	}
	for _, name := range regexp.MustCompile(`(?m)^# TYPE (morepay_[a-z_]+)`).FindAllStringSubmatch(metrics, -1) {
		if !strings.Contains(doc, name[1]) {
			t.Errorf("docs/operate.md does not tell of %s", name[1])
		}
	}
}

// paidOnAPhone has a payer pay on a phone and come back.
func paidOnAPhone(t *testing.T, s *harness) {
	t.Helper()
	open := s.Open(t, demotest.Order{})
	phone := []string{"User-Agent", demotest.Android}
	for range 2 { // loaded again, it counts once
		if a := s.Get(t, open.URL, phone...); a.Status != http.StatusOK {
			t.Fatalf("status %d", a.Status)
		}
	}
	form := s.Form(t, open, "alipay", pay.RailDeepLink)
	a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", form.Encode(), append(phone, "Content-Type", "application/x-www-form-urlencoded")...))
	if a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	s.Get(t, a.Header.Get("Location"), phone...) // the wallet's page, which opens its app
	s.UntilPaid(t, open, func() { s.Phone(t, "approve", s.Payments(t, "launched")[0].ID) })
	u, err := url.Parse(open.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.Path += "/return"
	s.Get(t, u.String(), phone...)
}

// untilCounted returns the metrics as soon as they have a line: what pages showed is
// kept in the background.
func untilCounted(t *testing.T, s *harness, line string) (metrics string) {
	t.Helper()
	again, giveUp := time.NewTicker(50*time.Millisecond), time.After(time.Minute)
	defer again.Stop()
	for {
		if metrics = s.Get(t, s.Admin+"/metrics").Body; strings.Contains(metrics, line+"\n") {
			return metrics
		}
		select {
		case <-again.C:
		case <-giveUp:
			t.Fatalf("there is no %s in\n%s", line, metrics)
		}
	}
}
