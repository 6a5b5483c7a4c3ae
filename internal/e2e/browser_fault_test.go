package e2e_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/providersim"
)

// sights are what the payer's page says, by the fault's row.
var sights = map[providersim.Sight]string{
	providersim.ShowsCode:   has("svg[data-qr]") + ` || ` + is("paid"),
	providersim.ShowsReason: has(`.notice`) + ` && ` + has(".card.methods button"),
}

// Whatever the provider does, whoever has tapped sees what the fault's row says: a
// code, or a reason and the other ways to pay. Here without scripts; with them it is a
// matter of scenarios. The server counts the seconds, so a page that is loaded later says
// what it would have said. Each has a server of its own, so that the fault strikes the
// order and nothing else.
func faultsWithoutScript(t *testing.T, _ *demotest.Demo, browser *browsertest.Browser) {
	for _, fault := range providersim.Faults() {
		if sights[fault.Shows] == "" {
			continue
		}
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel() // most of the time goes into waiting for the page's refresh
			s := demotest.Start(t)
			open := s.Open(t, demotest.Order{})
			if err := s.Sim.Inject(providersim.Rule{Fault: fault.Name, Operation: "prepay", Session: open.ID, Next: 1}); err != nil {
				t.Fatal(err)
			}
			tab := show(t, browser, demotest.Desktop)
			tab.Allow("502 (Bad Gateway)") // what says that the provider refused
			tab.Run(emulation.SetScriptExecutionDisabled(true))
			load(tab, open.URL, false)
			tap(tab, wayUnder(fault))
			tab.Wait(`!` + is("select") + ` || ` + has(`.notice`))
			tab.Wait(sights[fault.Shows])
			if now := s.Look(t, open); len(now.Attempts) != 1 {
				t.Errorf("the attempts are %+v", now.Attempts)
			}
		})
	}
}

// wayUnder is what a payer taps whom a fault can strike.
func wayUnder(fault providersim.Fault) string {
	for _, way := range []struct {
		company  providersim.Wallet
		selector string
	}{{providersim.WeChat, wallet + `form[data-rail="qr"] button`}, {providersim.Alipay, `[data-method="alipay"] form[data-rail="qr"] button`}} {
		if fault.Concerns(way.company) {
			return way.selector
		}
	}
	return `[data-method="jd_pay"] form button`
}

// A provider that says nothing at all: the payer hears so, and trying again takes up
// the same order. The server is its own: that of the other tests has attempts to ask
// about, which would have the provider taken for down.
func silentProvider(t *testing.T, _ *demotest.Demo, browser *browsertest.Browser) {
	s := demotest.Start(t)
	if err := s.Sim.Inject(providersim.Rule{Fault: "hang", Percent: 100}); err != nil {
		t.Fatal(err)
	}
	open := s.Open(t, demotest.Order{})
	tab := show(t, browser, demotest.Desktop)
	tab.Go(open.URL)
	tab.Wait(ready)
	tap(tab, wallet+`form[data-rail="qr"] button`)
	tab.Wait(is("submitting"))
	tab.Wait(has(`.notice form button.main`))
	number := s.Look(t, open).Attempts[0].OutTradeNo
	s.Sim.Calm()
	tap(tab, `.notice button.side`)
	tab.Wait(has(`svg[data-qr]`))
	if now := s.Look(t, open); len(now.Attempts) != 1 || now.Attempts[0].OutTradeNo != number {
		t.Errorf("the attempts are %+v", now.Attempts)
	}
}

// Who says that they have paid keeps the code, and hears that nothing was found.
func saysPaid(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for _, scripts := range []bool{true, false} {
		open := s.Open(t, demotest.Order{})
		tab := show(t, browser, demotest.Desktop)
		if !scripts {
			tab.Run(emulation.SetScriptExecutionDisabled(true))
		}
		load(tab, open.URL, scripts)
		tap(tab, wallet+`form[data-rail="qr"] button`)
		tab.Wait(has(`svg[data-qr]`))
		tap(tab, `[data-check] button`)
		tab.Wait(has(`[data-check] .note`) + `.textContent && ` + has(`svg[data-qr]`))
	}
}
