package e2e_test

import (
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/providersim"
)

// badNetworks pays through every mode of the demo's network that a payer needs no
// second try for: the page says paid by itself.
func badNetworks(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for _, m := range demo.Modes() {
		if m.Name == "drops" {
			continue // what is cut off is the payer's to ask for again
		}
		t.Run(m.Name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{})
			tab := show(t, browser, demotest.Desktop)
			tab.Allow("net::ERR_")                    // streams that are cut
			tab.Allow("Incorrect response MIME type") // and WebAssembly compiled the long way
			tab.Go(open.URL + "?via=" + m.Name)
			tab.Wait(has(wallet + `form[data-rail="qr"] button`))
			tap(tab, wallet+`form[data-rail="qr"] button`)
			tab.Wait(has(`svg[data-qr]`))
			if _, err := s.Sim.Approve(providersim.Ming, s.Look(t, open).Attempts[0].OutTradeNo); err != nil {
				t.Fatal(err)
			}
			tab.Wait(is("paid"))
		})
	}
}
