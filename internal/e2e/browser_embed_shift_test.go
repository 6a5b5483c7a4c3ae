package e2e_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/pay"
)

// shifts adds up what moves in the shop's page, on its own or after input.
const shifts = `window.shifted = 0;
new PerformanceObserver((list) => { for (const e of list.getEntries()) shifted += e.value }).observe({ type: "layout-shift", buffered: true });`

// settled waits until what was laid out is drawn.
const settled = `new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))`

// maxShift is how much may move while the page loads.
const maxShift = 0.02

// Around the element nothing moves: hardly while it loads, and not at all afterwards,
// whatever the frame comes to show. The window is so high that what is below is in view.
func embedMovesNothing(t *testing.T, s *shop, browser *browsertest.Browser) {
	for _, screen := range []struct {
		name, agent string
		width       int64
	}{
		{"desktop", demotest.Desktop, 1280},
		{"phone", demotest.Android, 390},
		{"narrow", demotest.Android, 320},
	} {
		for _, merchant := range []string{"demo", "bench", "instant"} {
			t.Run(screen.name+"-"+merchant, func(t *testing.T) {
				open := s.Open(t, demotest.Order{Merchant: merchant})
				s.body(`<style>more-payment-methods:not(:defined) { display: block; min-height: 884px }
					@media (max-width: 840px) { more-payment-methods:not(:defined) { min-height: 1080px } }</style>
					<h1>Your order</h1>` + s.element(open.Token, "") + `<p>What is below must not move.</p>`)
				tab := show(t, browser, screen.agent, early(shifts), emulation.SetDeviceMetricsOverride(screen.width, 1400, 1, screen.agent != demotest.Desktop))
				tab.Go(s.URL)
				frame := tab.Frame(s.Origin + "/pay/")
				frame.Wait(ready)
				moved := func() (share float64) {
					frame.Eval(settled, nil)
					tab.Eval(settled, nil)
					tab.Eval(`shifted`, &share)
					return share
				}
				loading := moved()
				if loading > maxShift {
					t.Errorf("while it loaded, %g of the page moved", loading)
				}
				steps := []struct{ name, do, until string }{
					{"other methods", `{ const more = document.querySelector("details"); if (more) more.open = true }`, `true`},
					{"code", `{ const code = document.querySelector("[data-state=select] form[data-rail$=qr] button"); if (code) code.click() }`, has(`svg[data-qr]`)},
				}
				for _, step := range steps {
					frame.Eval(step.do, nil)
					frame.Wait(step.until)
					if now := moved(); now != loading {
						t.Errorf("%s: %g of the page moved", step.name, now-loading)
					}
				}
				payOwn(t, s.Demo, open)
				frame.Wait(is("paid"))
				if now := moved(); now != loading {
					t.Errorf("paid: %g of the page moved", now-loading)
				}
			})
		}
	}
}

// payOwn pays by the code that a session's page shows, or by one that is ordered for it.
func payOwn(t *testing.T, s *demotest.Demo, open demotest.Session) {
	t.Helper()
	form := s.Form(t, open, "wechat_pay", pay.RailQR)
	s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", form.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "Accept", demotest.TypeJSON, "User-Agent", demotest.Desktop))
	for _, attempt := range s.Look(t, open).Attempts {
		for _, p := range s.Payments(t, "codes") {
			if p.Number == attempt.OutTradeNo {
				s.Phone(t, "approve", p.Text)
				return
			}
		}
	}
	t.Fatal("there is no code to pay by")
}
