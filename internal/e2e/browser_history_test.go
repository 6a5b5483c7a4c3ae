package e2e_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
)

// A payer who is faster than all scripts but the page's own gets the code in answer
// to the tap, and reload, Back and Forward show what they should.
func historyAfterEarlyTap(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	tab := show(t, browser, demotest.Desktop)
	arrive := gate(tab, bundle)
	tab.Go(open.URL)
	tap(tab, wallet+`form[data-rail="qr"] button`)
	tab.Wait(has(`svg[data-qr]`))
	if got := tab.Text(`performance.getEntriesByType("navigation")[0].redirectCount + " " + location.pathname + location.search`); got != "0 /pay/"+open.Token {
		t.Errorf("redirects and address are %s", got)
	}
	walkHistory(t, tab, open)
	if got := tab.Text(`location.search`); got != "" {
		t.Errorf("the code stands at %s", got)
	}
	arrive()
	tab.Wait(ready)
	onlyAttempt(t, s, open, "awaiting")
}

// Without scripts a redirect leads to the code, and no browser asks whether to send
// a form again.
func historyWithoutScript(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	tab := show(t, browser, demotest.Desktop, emulation.SetScriptExecutionDisabled(true))
	load(tab, open.URL, false)
	tap(tab, wallet+`form[data-rail="qr"] button`)
	tab.Wait(has(`svg[data-qr]`))
	walkHistory(t, tab, open)
	onlyAttempt(t, s, open, "awaiting")
}

// Back from a code leads to the list, Forward to the code, and titles tell them apart.
func goesBack(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	tab := show(t, browser, demotest.Desktop)
	tab.Go(open.URL)
	tab.Wait(ready)
	list := tab.Text(`document.title`)
	tap(tab, wallet+`form[data-rail="qr"] button`)
	tab.Wait(has(`svg[data-qr]`) + ` && document.title !== ` + "`" + list + "`")
	tab.Wait(`history.length === 3 && history.state === "code"`)
	travel(t, tab, -1)
	tab.Wait(is("select") + ` && document.title === ` + "`" + list + "`")
	travel(t, tab, 1)
	tab.Wait(has(`svg[data-qr]`))
	tab.Run(chromedp.KeyEvent(kb.Escape))
	tab.Wait(is("select") + ` && document.title === ` + "`" + list + "`")
	onlyAttempt(t, s, open, "awaiting")
}

// walkHistory reloads the page with the code, and goes to the list and back.
func walkHistory(t *testing.T, tab *browsertest.Tab, open demotest.Session) {
	t.Helper()
	tab.Eval(`document.title = "before"`, nil)
	tab.Run(page.Reload())
	tab.Wait(`document.title !== "before" && ` + has(`svg[data-qr]`))
	travel(t, tab, -1)
	tab.Wait(is("select"))
	if got := tab.Text(`location.href`); got != open.URL+"?choose=1" {
		t.Errorf("the list stands at %s", strings.TrimPrefix(got, open.URL))
	}
	if got := tab.Text(`document.querySelectorAll("button:disabled").length`); got != "0" {
		t.Errorf("%s buttons are disabled", got)
	}
	travel(t, tab, +1)
	tab.Wait(has(`svg[data-qr]`))
}

// travel goes so many entries on in the tab's history, as the browser's buttons do.
func travel(t *testing.T, tab *browsertest.Tab, by int64) {
	t.Helper()
	tab.Run(chromedp.ActionFunc(func(ctx context.Context) error {
		at, entries, err := entriesOf(ctx)
		if err != nil {
			return err
		}
		if to := at + by; to < 0 || to >= int64(len(entries)) {
			t.Fatalf("there is no entry %d in %d", to, len(entries))
		}
		return page.NavigateToHistoryEntry(entries[at+by].ID).Do(ctx)
	}))
}

// entriesOf returns the tab's history once the browser has heard of every entry that the
// page has made.
func entriesOf(ctx context.Context) (at int64, entries []*page.NavigationEntry, err error) {
	for {
		var made int
		if err := chromedp.Evaluate(`history.length`, &made).Do(ctx); err != nil {
			return 0, nil, err
		}
		if at, entries, err = page.GetNavigationHistory().Do(ctx); err != nil || len(entries) >= made {
			return at, entries, err
		}
	}
}
