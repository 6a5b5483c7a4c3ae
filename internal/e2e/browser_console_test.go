package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/pay"
)

// unlabelled lists the fields of a page that nothing names, and what is wider than a
// narrow phone.
const unlabelled = `[...document.querySelectorAll("input:not([type=hidden]),select,textarea,button")]
	.filter((e) => !(e.labels && e.labels.length) && !e.getAttribute("aria-label") && !e.textContent.trim())
	.map((e) => e.outerHTML).concat(document.documentElement.scrollWidth > innerWidth ? ["the page is " + document.documentElement.scrollWidth + " wide"] : [])
	.join("; ")`

// focusable counts what Tab should lead to: of radio buttons, one of each group.
const focusable = `String([...document.querySelectorAll("a[href],button,select,textarea,summary,[tabindex='0'],input:not([type=hidden])")]
	.filter((e) => e.checkVisibility() && !(e.type === "radio" && !e.checked)).length)`

// focused says what has the focus and whether that can be seen; "" if it had it before, as
// at the end of a round.
const focused = `(() => { const e = document.activeElement, s = getComputedStyle(e), before = window.stops ||= new Set();
	return before.has(e) || !before.add(e) || e === document.body ? "" : s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 ? "seen" : "unseen " + e.outerHTML.slice(0, 200); })()`

// worksByKeyboard goes through every page of the tester's with the Tab key, on a narrow
// screen: each field has a name, each stop is seen, and nothing is out of sight.
func worksByKeyboard(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{Merchant: "bench"})
	s.Do(t, demotest.Request(t, "POST", open.URL+"/attempts", s.Form(t, open, "wechat_pay", pay.RailQR).Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Desktop))
	s.Get(t, s.Origin+"/demo/pay?merchant=bench")
	tab := show(t, browser, demotest.Desktop, emulation.SetDeviceMetricsOverride(360, 740, 1, false))
	for _, path := range []string{
		"/qa/matrix?merchant=bench&device=wechat-iphone", "/qa/cell?merchant=bench&device=wechat-iphone&method=alipay", "/qa/sessions", "/qa/faults",
		"/qa/payments", "/qa/state", "/qa/network", "/qa/phones", "/qa/device", "/qa/scenarios", "/phone?user=hong",
	} {
		tab.Go(s.SimURL + path)
		if strings.HasPrefix(path, "/qa/device") {
			tab.Wait(`location.pathname.startsWith("/qa/device/") && ` + whole)
		}
		if strings.HasPrefix(path, "/qa/cell") { // Tab leads through the checkout in its frame
			named(t, tab, path)
			continue
		}
		byKeyboard(t, tab, path)
	}
}

// named demands that each field of the page has a name, and that nothing is out of sight.
func named(t *testing.T, tab *browsertest.Tab, path string) {
	t.Helper()
	if list := tab.Text(unlabelled); list != "" {
		t.Errorf("%s: %s", path, list)
	}
}

// byKeyboard goes through a page with the Tab key: each stop is seen.
func byKeyboard(t *testing.T, tab *browsertest.Tab, path string) {
	t.Helper()
	named(t, tab, path)
	stops := 0
	for {
		tab.Run(chromedp.KeyEvent(kb.Tab))
		at := tab.Text(focused)
		if at == "" {
			break
		}
		stops++
		if strings.HasPrefix(at, "unseen") {
			t.Errorf("%s: %s", path, at)
		}
	}
	if want := tab.Text(focusable); stops < 3 || fmt.Sprint(stops) != want {
		t.Errorf("%s: Tab stops %d times, of %s", path, stops, want)
	}
}
