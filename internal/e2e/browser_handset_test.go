package e2e_test

import (
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/providersim"
)

// handsets taps a wallet on phones that open it, or don't, in every way. Where nothing
// opens, our page stays and offers other ways; where the wallet opens late or once the
// payer has agreed, it opens.
func handsets(t *testing.T, _ *demotest.Demo, browser *browsertest.Browser) {
	const launched, offersHelp = `[data-result="launched"]`, `.fallback`
	for _, c := range []struct {
		phone providersim.Installation
		shows []string
	}{
		{providersim.Installation{Opens: providersim.OpensAtOnce}, []string{launched}},
		{providersim.Installation{Opens: providersim.OpensNever}, []string{offersHelp}},
		{providersim.Installation{Opens: providersim.OpensNot}, []string{offersHelp}},
		{providersim.Installation{Opens: providersim.OpensLate, After: 5}, []string{launched}},
		{providersim.Installation{Opens: providersim.OpensAsked}, []string{`[data-result="asks"]`, launched}},
	} {
		t.Run(string(c.phone.Opens), func(t *testing.T) {
			s := demotest.Start(t)
			if err := s.Sim.Install(providersim.WeChat, c.phone); err != nil {
				t.Fatal(err)
			}
			tab := show(t, browser, demotest.Android)
			tab.Allow("Failed to launch 'weixin:") // as on any phone without the app
			tab.Go(s.Open(t, demotest.Order{}).URL)
			tab.Wait(ready)
			gate(tab, wayBack)
			tap(tab, wallet+`form[data-rail="deep_link"] button`)
			for i, shows := range c.shows {
				if i > 0 {
					tap(tab, "#open")
				}
				tab.Wait(has(shows))
			}
			if path := tab.Text("location.pathname"); (c.shows[0] == offersHelp) != (path[:5] == "/pay/") {
				t.Errorf("the browser stands at %s", path)
			}
		})
	}
}
