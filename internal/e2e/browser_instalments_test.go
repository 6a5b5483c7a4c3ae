package e2e_test

import (
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/pay"
)

// Instalments are chosen beside the method, and go with its tap: with the client running
// and in a browser without scripts. A code that is renewed, or come back to, keeps them.
func instalments(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for _, way := range []struct {
		name, agent string
		rail        pay.Rail
	}{
		{"code-on-a-desktop", demotest.Desktop, pay.RailQR},
		{"app-on-a-phone", demotest.Android, pay.RailDeepLink},
	} {
		t.Run(way.name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{Merchant: "everything"})
			tab := show(t, browser, way.agent)
			tab.Go(open.URL)
			tab.Wait(ready)
			tab.Eval(has(`[data-method="alipay"] select`)+`.value = "6"`, nil)
			tap(tab, `[data-method="alipay"] form[data-rail="`+string(way.rail)+`"] button`)
			if way.rail == pay.RailQR {
				tab.Wait(has(`svg[data-qr]`) + ` && ` + has(`[aria-current] [name="instalments"][value="6"]`))
			} else {
				tab.Wait(has(`[data-result="confirm"]`))
			}
			onlyAttempt(t, s, open, pay.AttemptAwaiting)
			if got := s.Look(t, open).Attempts[0].Instalments; got != 6 {
				t.Errorf("the attempt is in %d instalments", got)
			}
		})
	}
}
