package e2e_test

import (
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
)

// watch notes every change of the checkout's nodes, and of the body that holds
// them, once they are there, and when the client says that it has taken over.
const watch = `window.changes = [];
new MutationObserver((list) => {
	for (const m of list) {
		const root = document.getElementById("checkout");
		if (m.target === document.documentElement && m.attributeName === "data-ready") changes.push("ready");
		if (root && document.readyState !== "loading" && (m.target === document.body || root.contains(m.target)))
			changes.push([m.type, m.target.nodeName, m.attributeName, m.target.textContent.slice(0, 40)].join(" "));
	}
}).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });`

// gate holds a file or a page back until the returned function is called, and lets the
// next of others pass that an earlier gate held.
func gate(tab *browsertest.Tab, pattern string) (open func()) {
	tab.Run(fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: pattern}}))
	return func() { tab.Run(fetch.Disable()) } // lets go what waits
}

const (
	bundle   = "*.wasm"
	shopPage = "*/demo/thanks*"
	wayBack  = "*/return/*" // from a wallet's page
)

// block has every request for the bundle fail.
func block(tab *browsertest.Tab) {
	chromedp.ListenTarget(tab.Context(), func(event any) {
		if e, ok := event.(*fetch.EventRequestPaused); ok {
			go chromedp.Run(tab.Context(), fetch.FailRequest(e.RequestID, network.ErrorReasonBlockedByClient)) // a listener must not wait
		}
	})
	tab.Run(fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: bundle}}))
}

// The client takes over in the middle of everything that a payer may be doing,
// and nobody sees it.
func takeover(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{Merchant: "demo"})
	tab := show(t, browser, demotest.Desktop, early(watch))
	arrive := gate(tab, bundle)
	tab.Go(open.URL)
	tap(tab, "summary")
	release := hold(tab, has(wallet+`form[data-rail="qr"] button`))
	tab.Eval(`document.querySelector("summary").focus()`, nil)
	tab.Eval(`changes.length = 0; window.nodes = [...document.querySelectorAll("#checkout, #checkout *")]; window.loaded = "once"`, nil)

	arrive()
	tab.Wait(ready)
	var changes []string
	tab.Eval(`changes`, &changes)
	if len(changes) != 1 || changes[0] != "ready" {
		t.Errorf("the takeover changed the page: %q", changes)
	}
	checkDrift(t, tab)
	if got := tab.Text(`[...document.querySelectorAll("#checkout, #checkout *")].every((n, i) => n === nodes[i])`); got != "true" {
		t.Error("some elements are not those that the server sent")
	}
	if got := tab.Text(`document.querySelector("details").open + " " + document.activeElement.localName`); got != "true summary" {
		t.Errorf("disclosure and focus are %s", got)
	}

	release()
	tab.Wait(has(`svg[data-qr]`))
	if got := tab.Text(`window.loaded`); got != "once" {
		t.Error("the page was loaded again")
	}
	onlyAttempt(t, s, open, "awaiting")
}

// Who is faster than the bundle pays without it, once.
func clickBeforeTakeover(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	tab := show(t, browser, demotest.Desktop)
	arrive := gate(tab, bundle)
	tab.Go(open.URL)
	tap(tab, wallet+`form[data-rail="qr"] button`)
	tab.Wait(has(`svg[data-qr]`))
	onlyAttempt(t, s, open, "awaiting")
	code := scan(t, tab)
	arrive()
	tab.Wait(ready)
	tab.Eval(`window.loaded = "once"`, nil)
	s.Phone(t, "approve", code)
	tab.Wait(is("paid"))
	if got := tab.Text(`window.loaded`); got != "once" {
		t.Error("the page was loaded again")
	}
	onlyAttempt(t, s, open, "succeeded")
}

// checkDrift checks that the client drew what the server had sent.
func checkDrift(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	if got := tab.Text(`morepay.drift`); got != "0" {
		t.Errorf("%s nodes differed", got)
	}
}
