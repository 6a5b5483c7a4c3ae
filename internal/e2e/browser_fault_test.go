package e2e_test

import (
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/providersim"
)

// payable is true when the payer has a code, or a sentence with a way on.
const payable = `document.querySelector("svg[data-qr], .notice button, .card.methods button")`

// afterTheOrder are the faults that strike once a code is there: notifications,
// closing and refunds.
var afterTheOrder = regexp.MustCompile(`^(notify|refund|close|closed|cancel|console|abnormal|unknown-trade)-`)

// Whatever the provider does, whoever has tapped sees something to pay with, or a
// sentence with a way to try again, with scripts and without. The server counts the
// seconds, so a page that is loaded later says what it would have said.
// Each has a server of its own, so that the fault strikes the order and nothing else.
func faultsOnThePage(t *testing.T, _ *demotest.Demo, browser *browsertest.Browser) {
	for _, fault := range providersim.Faults() {
		if afterTheOrder.MatchString(fault.Name) {
			continue
		}
		for _, scripts := range []bool{true, false} {
			name := fault.Name
			if !scripts {
				name += "-without-script"
			}
			t.Run(name, func(t *testing.T) {
				s := demotest.Start(t)
				if err := s.Sim.Inject(providersim.Rule{Fault: fault.Name, Next: 1}); err != nil {
					t.Fatal(err)
				}
				open := s.Open(t, demotest.Order{})
				tab := show(t, browser, demotest.Desktop)
				if !scripts {
					tab.Run(emulation.SetScriptExecutionDisabled(true))
				}
				load(tab, open.URL, scripts)
				tap(tab, wallet+`form[data-rail="qr"] button`)
				tab.Wait(`!` + is("select") + ` || ` + has(`[role=alert]`))
				tab.Wait(payable + ` || ` + is("paid"))
				if now := s.Look(t, open); len(now.Attempts) != 1 {
					t.Errorf("the attempts are %+v", now.Attempts)
				}
			})
		}
	}
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
	tapAway(tab, `.notice button.side`)
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
		tapAway(tab, `[data-check] button`)
		tab.Wait(has(`[data-check] .note`) + `.textContent && ` + has(`svg[data-qr]`))
	}
}
