package cli_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

// How far payers got is read from the store: one looked, one paid, and one was offered
// nothing.
func TestFunnel(t *testing.T) {
	data := t.TempDir()
	s := demotest.Start(t, func(c *demo.Config) { c.Data = data })
	desktop := []string{"Accept", "text/html", "User-Agent", demotest.Desktop}
	s.Get(t, s.Open(t, demotest.Order{}).URL, desktop...)
	open := s.Open(t, demotest.Order{})
	s.Get(t, open.URL, desktop...)
	s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", s.Form(t, open, "wechat_pay", pay.RailQR).Encode(),
		append(desktop, "Content-Type", "application/x-www-form-urlencoded")...))
	s.UntilPaid(t, open, func() { s.Phone(t, "approve", s.Payments(t, "codes")[0].ID) })

	const counts = `(?m)^all +2 +1 +1 +0 +1 +50\.00 % +9\.45 % to 90\.55 % +- +-$`
	report, giveUp := "", time.Now().Add(time.Minute)
	for !regexp.MustCompile(counts).MatchString(report) { // visits are kept in the background
		if time.Now().After(giveUp) {
			t.Fatalf("there is no %s in\n%s", counts, report)
		}
		report = told(t, "funnel", "--data", data, "--since", "1h")
	}
	if !strings.Contains(report, ": 2 sessions, 1 of them still open, 0 offered no method") {
		t.Error(report)
	}
	for by, line := range map[string]string{"method": `(?m)^wechat_pay +2 +1 +1 +0 +1 `, "device": `(?m)^desktop browser +2 `, "merchant": `(?m)^bench +2 `} {
		if got := told(t, "funnel", "--data", data, "--since", "1h", "--by", by); !regexp.MustCompile(line).MatchString(got) {
			t.Errorf("by %s there is no %s in\n%s", by, line, got)
		}
	}
	if got := told(t, "funnel", "--data", data, "--merchant", "flagship"); !strings.Contains(got, ": 0 sessions") {
		t.Error(got)
	}
	for name, args := range map[string][]string{
		"since when unpaid sessions are gone": {"--since", "31d"},
		"since the end":                       {"--since", "1h", "--until", "2h"},
		"since no time":                       {"--since", "yesterday"},
		"by what there is not":                {"--by", "weather"},
	} {
		if err := run(t, append([]string{"funnel", "--data", data}, args...)...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
