package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/method"
	"morepay/internal/needs"
	"morepay/internal/pay"
	"morepay/internal/scenario/chromium"
)

// inApp is the web view of an app that we don't know.
const inApp = "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A.230803.041; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/134.0.6998.136 Mobile Safari/537.36"

// TestHosts tries what apps do to a page in their web view.
func TestHosts(t *testing.T) {
	t.Parallel()
	needs.Bundle(t)
	s, browser := demotest.Start(t), browsertest.Start(t)
	for _, host := range []struct {
		name string
		run  func(*testing.T, *demotest.Demo, *browsertest.Tab)
		app  []chromedp.Action
	}{
		{"forwards", hostForwards, nil},
		{"swallows", hostSwallows, nil},
		{"says-so", hostSaysSo, nil},
		{"takes-over", hostTakesOver, nil},
		{"takes-over-in-vain", hostTakesOverInVain, []chromedp.Action{early(noteOpening)}},
		{"asks-first", hostAsksFirst, []chromedp.Action{early(askFirst)}},
		{"no-wasm", hostReturns, []chromedp.Action{early(`delete window.WebAssembly`)}},
		{"no-script", hostReturns, []chromedp.Action{emulation.SetScriptExecutionDisabled(true)}},
		{"keeps-pages", hostKeepsPages, nil},
		{"sleeps", hostSleeps, nil},
		{"sleeps-without-wasm", hostSleeps, []chromedp.Action{early(`delete window.WebAssembly`)}},
		{"offline", hostOffline, nil},
		{"offline-without-wasm", hostOffline, []chromedp.Action{early(`delete window.WebAssembly`)}},
	} {
		t.Run(host.name, func(t *testing.T) {
			host.run(t, s, show(t, browser, inApp, append([]chromedp.Action{early(clock + chromium.Life)}, host.app...)...))
		})
	}
	t.Run("listens", func(t *testing.T) { hostListens(t, s, show(t, browser, inApp, early(apps))) })
	t.Run("blocks-storage", func(t *testing.T) {
		hostReturns(t, s, show(t, browsertest.Start(t, browsertest.BlockStorage()), inApp))
	})
}

const deepLink = wallet + `form[data-rail="deep_link"] button`

// opensApp has the simulated cashier open the wallet's link, and return by script, as
// WeChat's does.
const opensApp = `addEventListener("load", () => {
	if (!location.pathname.endsWith("/checkmweb")) return;
	location.href = "weixin://wap/pay?prepayid=wx1";
	setTimeout(() => location.assign(document.querySelector("#return").href), 5000);
})`

// linkOut has the cashier open the wallet's link, and returns a channel of the links that a
// page asked its app to open.
func linkOut(t *testing.T, tab *browsertest.Tab) <-chan string {
	t.Helper()
	links := make(chan string, 10)
	chromedp.ListenTarget(tab.Context(), func(event any) {
		e, ok := event.(*page.EventFrameRequestedNavigation)
		if !ok {
			return
		}
		for _, id := range method.IDs() {
			for _, scheme := range method.Schemes(id) {
				if strings.HasPrefix(e.URL, scheme+":") {
					links <- e.URL
				}
			}
		}
	})
	tab.Allow("Failed to launch 'weixin:") // nobody does here
	tab.Run(early(opensApp))
	return links
}

// heardOf waits until the app is asked to open a link.
func heardOf(t *testing.T, links <-chan string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), browsertest.Patience)
	defer cancel()
	select {
	case <-links:
	case <-ctx.Done():
		t.Fatal("the app was not asked to open the wallet")
	}
}

// hostForwards opens the wallet, which covers the page until it is paid. The cashier
// returns below it.
func hostForwards(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{})
	links := linkOut(t, tab)
	tab.Go(open.URL)
	tab.Wait(ready)
	tap(tab, deepLink)
	heardOf(t, links)
	tab.Wait(is("waiting") + ` && location.search.includes("returned") && ` + ready)
	tab.Eval(`front(false)`, nil)
	payLaunched(t, s, open)
	tab.Eval(`front(true)`, nil)
	tab.Wait(wasPaid)
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// hostSaysSo claims to forward links: what is offered to browsers only is offered there too.
func hostSaysSo(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{})
	tab.Go(open.URL + "?host=forwards.8.0")
	tap(tab, `[data-method="jd_pay"] form[data-rail="redirect"] button`)
	tab.Wait(has(`[data-result="confirm"]`))
	tap(tab, `button[value="approve"]`)
	tab.Wait(has(`[data-result="paid"]`))
	tap(tab, "#return")
	tab.Wait(wasPaid)
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// hostSwallows opens nothing. The payer is brought back by the cashier and pays with
// another device.
func hostSwallows(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{})
	links := linkOut(t, tab)
	tab.Go(open.URL)
	tab.Wait(ready)
	tap(tab, deepLink)
	heardOf(t, links)
	tab.Wait(is("waiting") + ` && location.search.includes("returned") && ` + ready)
	// For some seconds the page only says that it checks, and each news brings its clock
	// back, maybe within the click, whose button is gone then. The mouse won't do:
	// Chromium's own question about the link lies over the page.
	again, code := has(`form[data-rail="page_qr"] button`), has(`svg[data-qr="page_qr"]`)
	tab.Wait(code + ` || (skip(1000), ` + again + `?.click(), null)`)
	payByCode(t, s, open)
	tab.Wait(wasPaid)
}

// intercept has the app take the cashier's page over from the web view, where the
// checkout stays, and returns a function that waits for its address.
func intercept(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) func() string {
	t.Helper()
	taken := make(chan string, 1)
	chromedp.ListenTarget(tab.Context(), func(event any) {
		e, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		go func() { // a listener must not wait
			if chromedp.Run(tab.Context(), fetch.FulfillRequest(e.RequestID, http.StatusNoContent)) == nil {
				taken <- e.Request.URL
			}
		}()
	})
	tab.Run(fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: s.SimURL + "/*", ResourceType: network.ResourceTypeDocument}}))
	return func() string {
		ctx, cancel := context.WithTimeout(t.Context(), browsertest.Patience)
		defer cancel()
		select {
		case url := <-taken:
			return url
		case <-ctx.Done():
			t.Fatal("the cashier was not asked for")
			return ""
		}
	}
}

// handOver taps, and returns the cashier's address that the app has taken over.
func handOver(t *testing.T, s *demotest.Demo, tab *browsertest.Tab, open demotest.Session) string {
	t.Helper()
	address := intercept(t, s, tab)
	tab.Go(open.URL)
	tab.Wait(`typeof WebAssembly === "undefined" || ` + ready)
	tap(tab, deepLink)
	url := address()
	tab.Eval(`typeof WebAssembly === "undefined" && skip(10000)`, nil) // so long nothing touches the tap, without the client
	tab.Wait(is("waiting"))
	return url
}

// openWallet does what an app does with a cashier's address that it has kept from its
// web view.
func openWallet(t *testing.T, s *demotest.Demo, url string) {
	t.Helper()
	if a := s.Get(t, url, "Referer", s.Origin+"/", "User-Agent", inApp); !strings.Contains(a.Body, `data-result="launched"`) {
		t.Fatalf("the cashier opens no wallet: %d %s", a.Status, a.Body)
	}
}

const otherWays = `document.querySelector('.fallback form[data-rail="page_qr"]')`

// patient lets a page's timers see the time that has passed.
const patient = `new Promise((done) => setTimeout(done, 60000))`

// hostTakesOver opens the wallet from outside the web view: the page finds out that
// it is hidden, offers no help, and knows after ten minutes.
func hostTakesOver(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{})
	url := handOver(t, s, tab, open)
	tab.Eval(`front(false); skip(600000)`, nil)
	openWallet(t, s, url)
	payLaunched(t, s, open)
	tab.Eval(`front(true)`, nil)
	tab.Wait(is("paid"))
}

// noteOpening has window.opening say whether the page was seen to wait without offering
// help, which it does not do for long.
var noteOpening = `new MutationObserver(() => { window.opening ||= ` + is("waiting") + ` && !` + otherWays + ` })
	.observe(document, { childList: true, subtree: true, attributes: true })`

// hostTakesOverInVain lets the page stand: it offers help by itself.
func hostTakesOverInVain(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	handOver(t, s, tab, s.Open(t, demotest.Order{}))
	tab.Wait(`window.opening`)
	tab.Eval(`skip(3000)`, nil)
	tab.Wait(otherWays)
}

// askFirst takes the focus from the page when it is left, for a question of the app's. Of
// Chromium's own focus the page hears nothing.
const askFirst = `for (const type of ["blur", "focus"])
	addEventListener(type, (e) => { if (e.isTrusted && e.target === window) e.stopImmediatePropagation() });
addEventListener("submit", () => {
	window.submitted = performance.now();
	setTimeout(() => dispatchEvent(new Event("blur")));
})`

// hostAsksFirst asks the payer, who hesitates, before it opens the wallet.
func hostAsksFirst(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{})
	url := handOver(t, s, tab, open)
	tab.Wait("!" + otherWays)
	tab.Eval(`skip(Math.max(0, 2600 - (performance.now() - submitted)))`, nil) // a page that wakes much later has slept
	tab.Eval(patient, nil)
	if got := tab.Text(otherWays); got != "null" {
		t.Error("the page offers help while the payer is asked")
	}
	tab.Eval(`front(false)`, nil)
	openWallet(t, s, url)
	payLaunched(t, s, open)
	tab.Eval(`front(true); dispatchEvent(new Event("focus"))`, nil)
	tab.Wait(is("paid"))
}

// apps are the channels that apps on Android and iOS open to a page.
const apps = `window.toAndroid = [];
	window.MorePayHost = { postMessage: (json) => toAndroid.push(JSON.parse(json)) };
	window.toApple = [];
	window.webkit = { messageHandlers: { morepay: { postMessage: (message) => toApple.push(message) } } };`

// hostListens hears the page, and a shop's page that holds the element, once each.
func hostListens(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	for _, url := range []string{s.Open(t, demotest.Order{}).URL, s.Origin + "/demo/?merchant=bench"} {
		tab.Go(url)
		for _, channel := range []string{"toAndroid", "toApple"} {
			tab.Wait(channel + `.some((m) => m.type === "methodschange" && m.detail.methods.includes("wechat_pay"))`)
			if got := tab.Text(channel + `.filter((m) => m.type === "ready" && m.mpm === 1 && /^cs_/.test(m.session)).length`); got != "1" {
				t.Errorf("%s of %s hears %s times that it is ready", channel, url, got)
			}
		}
	}
}

// hostReturns is paid in the wallet, and comes back through the cashier.
func hostReturns(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{})
	tab.Go(open.URL)
	tap(tab, deepLink)
	payLaunched(t, s, open)
	tab.Wait(wasPaid)
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// hostKeepsPages shows the list again as it left it, but that it is paid by now.
func hostKeepsPages(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{})
	tab.Go(open.URL)
	tab.Wait(ready)
	tab.Eval(`dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })); front(false)`, nil)
	payByCode(t, s, open)
	tab.Eval(`front(true); dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))`, nil)
	tab.Wait(is("paid"))
}

// hostSleeps puts the page away until it lets go of its stream. Then it is paid.
func hostSleeps(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{})
	handOver(t, s, tab, open)
	tab.Eval(`front(false)`, nil)
	wait(t, "the page has let go of its stream", func() bool {
		tab.Eval(`skip(5000)`, nil)
		return s.Metric(t, "morepay_event_streams") == "0"
	})
	payByCode(t, s, open)
	tab.Eval(`front(true)`, nil)
	tab.Wait(is("paid"))
}

// hostOffline loses the network while the payment is made.
func hostOffline(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	tab.Run(network.Enable())
	open := s.Open(t, demotest.Order{})
	handOver(t, s, tab, open)
	const says = `document.querySelector(".status").textContent`
	before := tab.Text(says)
	tab.Allow("ERR_INTERNET_DISCONNECTED")
	tab.Run(network.EmulateNetworkConditions(true, 0, -1, -1))
	tab.Wait(says + " !== `" + before + "`")
	payByCode(t, s, open)
	tab.Run(network.EmulateNetworkConditions(false, 0, -1, -1))
	tab.Wait(is("paid"))
}
