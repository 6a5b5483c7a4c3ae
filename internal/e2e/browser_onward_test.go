package e2e_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
)

// touch has the payer touch a page as soon as it says that it goes on to the shop.
const touch = `new MutationObserver(() =>
	document.querySelector(".onward:not([hidden])")?.dispatchEvent(new Event("touchstart", { bubbles: true }))
).observe(document, { childList: true, subtree: true })`

// Who came back from the wallet before it was paid is led on to the shop when it is,
// and a touch ends that.
func paidAfterReturn(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for _, touches := range []bool{false, true} {
		tab := show(t, browser, demotest.Android)
		if touches {
			tab.Run(early(touch))
		}
		open := launch(t, s, tab)
		onward := gate(tab, shopPage)
		tab.Go(open.URL + "/return")
		tab.Wait(is("waiting") + ` && location.search.includes("returned") && ` + ready)
		number := s.Look(t, open).Attempts[0].OutTradeNo
		s.UntilPaid(t, open, func() { s.Phone(t, "approve", number) })
		if touches {
			tab.Wait(has(`.onward`) + `.hidden && ` + is("paid"))
			continue
		}
		tab.Wait(has(`.onward`))
		onward()
		tab.Wait(has(`[data-status]`))
	}
}

// Without scripts too, unless they follow the link to the same page.
func paidWithoutScript(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for _, stays := range []bool{false, true} {
		open := s.Open(t, demotest.Order{})
		tab := show(t, browser, demotest.Android, emulation.SetScriptExecutionDisabled(true))
		tab.Go(open.URL)
		tap(tab, `[data-method="alipay"] form[data-rail="deep_link"] button`)
		tab.Wait(has(`[data-result="confirm"]`))
		tap(tab, `button[value="approve"]`)
		tab.Wait(has(`[data-result="paid"]`))
		if !stays {
			tap(tab, "#return")
			tab.Wait(has(`[data-status]`))
			continue
		}
		gate(tab, shopPage)
		tap(tab, "#return")
		tap(tab, `.onward a`)
		tab.Wait(is("paid") + ` && !` + has(`.onward`) + ` && !` + has(`noscript meta`))
	}
}
