package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/providersim"
)

// The page comes with a code, without a click and without a script, and is paid.
func instantWithoutScript(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{Merchant: "instant"})
	tab := show(t, browser, demotest.Desktop, emulation.SetScriptExecutionDisabled(true))
	tab.Go(open.URL)
	code := scan(t, tab)
	if !strings.HasPrefix(code, "weixin://wxpay/bizpayurl") || !offered(t, s, code) {
		t.Fatalf("the code on the screen says %q, which no wallet takes", code)
	}
	onlyAttempt(t, s, open, "awaiting")
	s.Phone(t, "approve", code)
	tab.Wait(is("paid"))
}

// The client takes such a page over, and nobody sees it.
func instantTakeover(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{Merchant: "instant"})
	tab := show(t, browser, demotest.Desktop)
	tab.Go(open.URL)
	tab.Wait(ready)
	checkDrift(t, tab)
	tab.Wait(is("waiting"))
	code := scan(t, tab)
	s.Phone(t, "approve", code)
	tab.Wait(is("paid"))
	onlyAttempt(t, s, open, "succeeded")
}

// A code that did not come leaves the list, which says so and can be used.
func instantRefused(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	if err := s.Sim.Inject(providersim.Rule{Fault: "prepay-refused", Next: 1}); err != nil {
		t.Fatal(err)
	}
	open := s.Open(t, demotest.Order{Merchant: "instant"})
	tab := show(t, browser, demotest.Desktop)
	tab.Go(open.URL)
	tab.Wait(is("failed"))
	tab.Wait(ready)
	checkDrift(t, tab)
	if title := tab.Text(`document.title`); strings.Contains(title, "等待") {
		t.Errorf("the title is %q", title)
	}
	tap(tab, `[data-method="alipay"] form[data-rail="qr"] button`)
	tab.Wait(has(`svg[data-qr]`))
}

// Where the provider does not answer, the list stands there in the end, and can be used.
// The server is its own: that of the other tests has attempts to ask about, and would
// take the provider for down.
func instantTooLate(t *testing.T, _ *demotest.Demo, browser *browsertest.Browser) {
	s := demotest.Start(t)
	if err := s.Sim.Inject(providersim.Rule{Fault: "hang", Percent: 100}); err != nil {
		t.Fatal(err)
	}
	open := s.Open(t, demotest.Order{Merchant: "instant"})
	tab := show(t, browser, demotest.Desktop)
	tab.Go(open.URL)
	tab.Wait(is("select"))
	tab.Wait(ready)
	checkDrift(t, tab)
	s.Sim.Calm()
	tap(tab, `[data-method="alipay"] form[data-rail="qr"] button`)
	tab.Wait(has(`svg[data-qr]`))
	if now := s.Look(t, open); len(now.Attempts) != 2 {
		t.Errorf("the attempts are %+v", now.Attempts)
	}
}

// A frame begins nothing before the payer sees it, and then comes with the code.
func instantInView(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	tab := show(t, browser, demotest.Desktop, early(`new MutationObserver((_, watch) => {
	const element = document.querySelector("more-payment-methods");
	if (!element) return;
	element.style.display = "none";
	watch.disconnect();
}).observe(document, { childList: true, subtree: true })`))
	tab.Go(s.Origin + "/demo/?merchant=instant")
	frame := tab.Frame(s.Other + "/pay/")
	frame.Wait(is("select"))
	if begun := frame.Text(`!!document.querySelector("[data-qr]")`); begun != "false" {
		t.Error("a frame that nobody sees has a code")
	}
	tab.Eval(`document.querySelector("more-payment-methods").style.display = "block"`, nil)
	frame = tab.Frame(s.Other + "/pay/")
	frame.Wait(is("waiting"))
	frame.Wait(has(`svg[data-qr]`))
	frame.Wait(`location.search.includes("seen=1")`)
}
