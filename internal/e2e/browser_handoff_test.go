package e2e_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/providersim"
)

// engines are what a page may have to do without.
var engines = map[string]chromedp.Action{
	"client":         early(``),
	"no-client":      early(`delete window.WebAssembly`),
	"without-script": emulation.SetScriptExecutionDisabled(true),
}

// A provider that answers after the payer has been shown that it is slow: the page has
// the wallet's button as soon as there is something to open, and one tap opens it.
func lateHandOff(t *testing.T, _ *demotest.Demo, browser *browsertest.Browser) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			s := demotest.Start(t)
			if err := s.Sim.Inject(providersim.Rule{Fault: "hang", Next: 1}); err != nil {
				t.Fatal(err)
			}
			open := s.Open(t, demotest.Order{})
			tab := show(t, browser, demotest.Android, engine)
			tab.Go(open.URL)
			if name == "client" {
				tab.Wait(ready)
			}
			tap(tab, wallet+`form[data-rail="deep_link"] button`)
			tab.Wait(is("submitting"))
			tab.Wait(is("waiting") + ` && ` + has(`.fallback form[data-rail="deep_link"] button.main`))
			gate(tab, wayBack)
			tap(tab, `.fallback form[data-rail="deep_link"] button.main`)
			tab.Wait(has(`[data-result="launched"]`))
			if now := s.Look(t, open); len(now.Attempts) != 1 {
				t.Errorf("the attempts are %+v", now.Attempts)
			}
		})
	}
}

// sandboxed puts the checkout into a frame that may not lead the window away, beside
// the shop's own, and keeps what it says.
const sandboxed = `window.said = [];
	addEventListener("message", (e) => said.push(e.data));
	const frame = document.createElement("iframe");
	frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms");
	frame.src = address;
	frame.width = 800;
	frame.height = 1200;
	document.body.replaceChildren(frame)`

// A hand-off that a sandbox swallows is told, to the payer and to the shop's page, with
// the client and without, and the list can be used.
func swallowedHandOff(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for _, name := range []string{"client", "no-client"} {
		t.Run(name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{})
			tab := show(t, browser, demotest.Desktop, engines[name])
			tab.Allow("Unsafe attempt to initiate navigation")
			tab.Go(s.Origin + "/demo/")
			tab.Eval(`const address = "`+open.URL+`?parent=`+s.Origin+`"; `+sandboxed, nil)
			const inside = `frames[0].document.`
			tab.Wait(inside + `querySelector("html[data-live]")`)
			if name == "client" {
				tab.Wait(`frames[0].morepay.ready`)
			}
			if got := tab.Text(inside + `getElementById("stuck").hidden`); got != "true" {
				t.Error("it is told before anything happened")
			}
			tab.Eval(inside+"querySelector(`[data-method=jd_pay] form[target=_top] button`).click()", nil)
			tab.Wait(`!` + inside + `getElementById("stuck").hidden && ` + inside + `querySelector("#stuck a[target=_blank]").href === "` + open.URL + `"`)
			tab.Wait(`said.some((m) => m.type === "error" && m.detail.code === "handoff_blocked" && m.detail.retryable)`)
			tab.Wait(`!` + inside + `querySelector("[aria-busy]")`)
			tab.Eval(inside+"querySelector(`"+wallet+`form[data-rail="qr"] button`+"`).click()", nil)
			tab.Wait(inside + `querySelector("svg[data-qr]")`)
			onlyAttempt(t, s, open, "awaiting")
		})
	}
}

// WeChat leaves a fragment behind the address of whom it has identified. The page is
// loaded again all the same, where no script does it.
func wechatWaitsWithoutScript(t *testing.T, _ *demotest.Demo, browser *browsertest.Browser) {
	s := demotest.Start(t)
	if err := s.Sim.Inject(providersim.Rule{Fault: "server-error", Next: 1}); err != nil {
		t.Fatal(err)
	}
	tab := show(t, browser, demotest.WeChat, engines["without-script"])
	tab.Go(s.Open(t, demotest.Order{}).URL)
	tap(tab, wallet+`form[data-rail="jsapi"] button`)
	tab.Wait(is("submitting") + ` && location.hash === "#wechat_redirect"`)
	tab.Wait(is("waiting"))
}
