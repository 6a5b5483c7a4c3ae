package e2e_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/pay"
)

const toUnionPay = `[data-method="unionpay"] form[data-rail="redirect"] button`

// Without a script the page that posts a payer's browser to a provider has a button, and
// says whom and how much they pay.
func postsWithoutScript(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for name, agent := range map[string]string{"phone": demotest.Android, "desktop": demotest.Desktop} {
		t.Run(name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{Merchant: "quickpass", Locale: "en"})
			tab := show(t, browser, agent, emulation.SetScriptExecutionDisabled(true))
			tab.Go(open.URL + "?visible=9")
			tap(tab, toUnionPay)
			tab.Wait(`location.pathname.startsWith("/form/") && ` + whole)
			if got := tab.Text(has("#onward button") + `.textContent`); got != "Pay CN¥12.34 with Cloud QuickPass" {
				t.Errorf("the button says %q", got)
			}
			tap(tab, "#onward button")
			tab.Wait(has(`[data-result="confirm"]`))
			tap(tab, `button[value="approve"]`)
			tab.Wait(has(`[data-result="paid"]`))
			tap(tab, "#return")
			tab.Wait(has(`[data-result="back"]`))
			tap(tab, "form[data-post] button")
			tab.Wait(is("paid"))
			onlyAttempt(t, s, open, pay.AttemptSucceeded)
		})
	}
}

// Who goes back from the provider's page with the browser's own button stays, and can pay
// there or choose another way.
func goesBackToForm(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{Merchant: "quickpass"})
	tab := show(t, browser, demotest.Android)
	tab.Go(open.URL + "?visible=9")
	tap(tab, toUnionPay)
	tab.Wait(has(`[data-result="confirm"]`))
	tab.Run(chromedp.Evaluate(`history.back()`, nil))
	tab.Wait(`!document.querySelector("[data-result]") && (location.pathname.startsWith("/form/") || location.pathname.startsWith("/pay/"))`)
	tab.Run(chromedp.Evaluate(`history.forward()`, nil))
	tab.Wait(has(`[data-result="confirm"]`))
	onlyAttempt(t, s, open, pay.AttemptAwaiting)
}
