package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
)

// reportsItself opens the console's page about browsers on a tablet that calls itself a
// Mac: its script sends what only the browser knows, and the report says what it is.
func reportsItself(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	const mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15"
	tab := show(t, browser, mac, emulation.SetTouchEmulationEnabled(true).WithMaxTouchPoints(5))
	tab.Go(s.SimURL + "/qa/device")
	tab.Wait(`location.pathname.startsWith("/qa/device/") && ` + whole)
	text := tab.Text(`document.body.textContent`)
	for _, want := range []string{"safari-ipad", "390×844", "instantiateStreaming", "EventSource", "localStorage", "Hints: Hints{TouchPoints:"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "can't be told") || strings.Contains(text, "ran no script") {
		t.Errorf("something failed:\n%s", text)
	}
}
