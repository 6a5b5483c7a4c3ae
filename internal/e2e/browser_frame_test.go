package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/providersim"
)

// A shop's page that lets in only what says so (COEP), as those do that share memory
// between threads, shows the frame, in which the client runs and a code comes.
func frameInIsolation(t *testing.T, _ *demotest.Demo, browser *browsertest.Browser) {
	var body string
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Embedder-Policy", r.URL.Query().Get("policy"))
		fmt.Fprint(w, body)
	}))
	t.Cleanup(shop.Close)
	origin := strings.Replace(shop.URL, "127.0.0.1", "localhost", 1)
	s := demotest.Start(t, func(c *demo.Config) { c.Origins = []string{origin} })
	for _, policy := range []string{"require-corp", "credentialless"} {
		t.Run(policy, func(t *testing.T) {
			open := s.Open(t, demotest.Order{Merchant: "icons"})
			body = `<!doctype html><link rel=icon href=data:,><iframe style="width:800px;height:1200px" src="` + open.URL + `?parent=` + origin + `"></iframe>`
			tab := show(t, browser, demotest.Desktop)
			tab.Go(origin + "/?policy=" + policy)
			if got := tab.Text(`String(crossOriginIsolated)`); got != "true" {
				t.Fatalf("the shop's page is isolated: %s", got)
			}
			frame := tab.Frame(open.URL)
			frame.Wait(ready)
			tap(frame, wallet+`form[data-rail="qr"] button`)
			frame.Wait(has(`svg[data-qr]`))
			frame.Wait(`[...document.images].every((i) => i.naturalWidth > 0)`)
		})
	}
}

// Without the client, what a framed page does leaves the history of the shop's tab
// alone: the shop's Back button leads out of the shop's page, as it does with it.
func frameWithoutClient(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	tab := show(t, browser, demotest.Desktop)
	tab.Go(s.Origin + "/demo/")
	tab.Eval(`const frame = document.createElement("iframe");
		frame.src = "`+strings.Replace(open.URL, s.Origin, s.Other, 1)+`?parent=`+s.Origin+`"; frame.width = 800; frame.height = 1200;
		document.body.replaceChildren(frame)`, nil)
	frame := tab.Frame(s.Other + "/pay/")
	frame.Wait(ready) // and then the client is taken from it
	frame.Run(early(`delete window.WebAssembly`))
	frame.Eval(`location.replace(location.href)`, nil)
	frame.Wait(`!window.WebAssembly && ` + has(`html[data-live]`))
	length := tab.Text(`String(history.length)`)
	for _, step := range []struct{ press, then string }{
		{wallet + `form[data-rail="qr"] button`, has(`svg[data-qr]`)},
		{`form[data-check] button`, `location.search.includes("asked=1")`},
		{`form[data-inline="choose"] button`, is("select")},
		{`a[hreflang]`, `location.search.includes("lang=")`},
		{wallet + `form[data-rail="qr"] button`, has(`svg[data-qr]`)},
	} {
		tap(frame, step.press)
		frame.Wait(step.then)
	}
	if got := tab.Text(`String(history.length)`); got != length {
		t.Errorf("the history of the shop's tab grew from %s to %s", length, got)
	}
	if now := s.Look(t, open); len(now.Attempts) != 1 {
		t.Errorf("the attempts are %+v", now.Attempts)
	}
}

// framed shows an address of ours in a frame of the storefront's page, which is
// of another site and keeps what it hears.
func framed(s *demotest.Demo, tab *browsertest.Tab, address, query string) *browsertest.Tab {
	return framedUntil(s, tab, address, query, "ready")
}

// framedUntil waits until the page in the frame has sent a message of that type: chromedp
// can't take up a frame that is on its way to another page.
func framedUntil(s *demotest.Demo, tab *browsertest.Tab, address, query, message string) *browsertest.Tab {
	tab.Go(s.Origin + "/demo/")
	tab.Eval(`window.said = [];
		const frame = document.createElement("iframe");
		addEventListener("message", (e) => { if (e.source === frame.contentWindow) said.push(e.data) }); // not the storefront's own
		frame.src = "`+strings.Replace(address, s.Origin, s.Other, 1)+`?parent=`+s.Origin+query+`"; frame.width = 800; frame.height = 1200;
		document.body.replaceChildren(frame)`, nil)
	tab.Wait(`said.some((m) => m.type === "` + message + `")`)
	return tab.Frame(s.Other)
}

// order sends the page in the frame what the element would, once that page listens.
func order(tab, frame *browsertest.Tab, message string) {
	frame.Wait(whole)
	tab.Eval(`document.querySelector("iframe").contentWindow.postMessage({ mpm: 1, `+message+` }, "*")`, nil)
}

// A shop's page opens a method's panel, and leaves methods out: that stays so wherever
// the payer goes in the frame, and begins nothing before a tap.
func frameOpens(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for _, name := range []string{"client", "no-client"} {
		t.Run(name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{})
			tab := show(t, browser, demotest.Desktop, engines[name])
			frame := framed(s, tab, open.URL, "&open=wechat_pay&remove=jd_pay&lang=en")
			settled := func() {
				if name == "client" {
					frame.Wait(ready)
				}
			}
			settled()
			if rows := frame.Text(`[...document.querySelectorAll("[data-method]")].map((e) => e.dataset.method).join(" ")`); rows != "wechat_pay" {
				t.Errorf("the panel has %s", rows)
			}
			onlyOpen(t, s, open)
			order(tab, frame, `type: "cancel"`)
			frame.Wait(has(`[data-method="alipay"]`))
			order(tab, frame, `type: "open", method: "alipay"`)
			frame.Wait(has(`[data-method="alipay"] .main`) + ` && !` + has(wallet))
			settled()
			tap(frame, `form[data-inline="choose"] button`)
			frame.Wait(has(wallet))
			if frame.Text(`String(`+has(`[data-method="jd_pay"]`)+` === null)`) != "true" {
				t.Error("a method is back that the shop's page left out")
			}
			tap(frame, wallet+`form[data-rail="qr"] button`)
			frame.Wait(has(`svg[data-qr]`))
			order(tab, frame, `type: "check"`)
			frame.Wait(`document.querySelector("form[data-check] .note").textContent !== ""`)
			onlyAttempt(t, s, open, "awaiting")
		})
	}
}

// What the payer has chosen on the shop's page before there was an order goes on by
// itself in place, at the amount that they saw; else it waits for their tap.
func frameGoesOn(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for _, name := range []string{"client", "no-client"} {
		t.Run(name, func(t *testing.T) {
			tab := show(t, browser, demotest.Desktop, engines[name])
			other := s.Open(t, demotest.Order{})
			frame := framed(s, tab, other.URL, "&open=wechat_pay&go=1&was=1")
			frame.Wait(has(`html[data-live] [data-method="wechat_pay"] .main`))
			open := s.Open(t, demotest.Order{})
			frame = framedUntil(s, tab, open.URL, "&open=wechat_pay&go=1&was=1234", "action")
			frame.Wait(has(`svg[data-qr]`))
			frame.Eval(`location.reload()`, nil)
			frame.Wait(has(`svg[data-qr]`))
			onlyAttempt(t, s, open, "awaiting")
			onlyOpen(t, s, other)
		})
	}
}

// A list without an order asks the shop's page to make one, and sends nothing.
func frameOffers(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	tab := show(t, browser, demotest.Desktop)
	frame := framed(s, tab, s.Origin+"/offer", "&merchant=bench&amount=4321&remove=alipay&lang=en")
	frame.Wait(`!` + has(`[data-method="alipay"]`))
	tap(frame, `[data-method="jd_pay"] form[data-rail="redirect"] button`)
	frame.Wait(has(`[data-method="jd_pay"] button[aria-busy]`))
	tab.Wait(`said.some((m) => m.type === "createsession" && JSON.stringify(m.detail) === '{"method":"jd_pay","rail":"redirect","amount":4321,"currency":"CNY"}')`)
	if types := tab.Text(`said.map((m) => m.type).filter((t) => /select|redirect|action/.test(t)).join(" ")`); types != "" {
		t.Errorf("the shop's page hears %s besides", types)
	}
	if at := frame.Text(`location.pathname`); at != "/offer" {
		t.Errorf("the frame went to %s", at)
	}
	order(tab, frame, `type: "open", method: "wechat_pay"`)
	frame.Wait(has(wallet+`.main`) + ` && !` + has(`[data-method="jd_pay"]`) + ` && ` + has(`html[lang="en"]`))
	tab = show(t, browser, demotest.Desktop, emulation.SetScriptExecutionDisabled(true))
	tab.Go(s.Origin + "/offer?merchant=bench&amount=4321&lang=en")
	if said := tab.Text(`document.querySelector("noscript .notice").textContent`); said != "Go on with the shop's own pay button." {
		t.Errorf("without scripts it says %q", said)
	}
}

// An error is told once, and says of itself whether it can be mended, whatever the page
// is on its way to by then.
func frameErrors(t *testing.T, _ *demotest.Demo, browser *browsertest.Browser) {
	for _, name := range []string{"client", "no-client"} {
		t.Run(name, func(t *testing.T) {
			s := demotest.Start(t)
			if err := s.Sim.Inject(providersim.Rule{Fault: "prepay-refused", Next: 1}); err != nil {
				t.Fatal(err)
			}
			open := s.Open(t, demotest.Order{})
			tab := show(t, browser, demotest.Desktop, engines[name])
			frame := framed(s, tab, open.URL, "&lang=en")
			if name == "client" {
				frame.Wait(ready)
			}
			tap(frame, wallet+`form[data-rail="qr"] button`)
			frame.Wait(has(`svg[data-qr="page_qr"]`)) // which takes the place of what was refused
			order(tab, frame, `type: "cancel"`)
			frame.Wait(has(`[data-method="alipay"]`))
			tap(frame, `[data-method="alipay"] form[data-rail="qr"] button`)
			frame.Wait(has(`svg[data-qr="qr"]`))
			tab.Wait(`said.some((m) => m.type === "action" && m.detail.rail === "qr")`)
			var errors []string
			tab.Eval(`said.filter((m) => m.type === "error").map((m) => m.detail.code + " " + m.detail.retryable)`, &errors)
			for _, e := range errors {
				if e != "provider_refused true" {
					t.Errorf("the shop's page hears of %v", errors)
				}
			}
			if len(errors) > 1 {
				t.Errorf("the shop's page hears of it %d times", len(errors))
			}
			if sessions := tab.Text(`[...new Set(said.map((m) => m.session))].join(" ")`); sessions != open.ID {
				t.Errorf("the messages are of %s, want %s", sessions, open.ID)
			}
		})
	}
}

// The shop's page hears when nobody can be reached, and when somebody can again.
func frameConnection(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for _, name := range []string{"client", "no-client"} {
		t.Run(name, func(t *testing.T) {
			tab := show(t, browser, demotest.Desktop, engines[name])
			frame := framed(s, tab, s.Open(t, demotest.Order{}).URL, "")
			frame.Wait(has(`html[data-live]`))
			if name == "client" {
				frame.Wait(ready)
			}
			tab.Wait(`said.some((m) => m.type === "shown" && m.detail.methods.includes("wechat_pay"))`)
			frame.Allow("ERR_INTERNET_DISCONNECTED")
			for _, offline := range []bool{true, false} {
				frame.Run(network.Enable(), network.EmulateNetworkConditions(offline, 0, -1, -1))
				tab.Wait(fmt.Sprintf(`said.some((m) => m.type === "connection" && m.detail.online === %t)`, !offline))
			}
		})
	}
}

// Without scripts the panel of a method is there too, and forms hand on what the shop's
// page wishes.
func panelWithoutScript(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	tab := show(t, browser, demotest.Desktop, engines["without-script"])
	tab.Go(open.URL + "?open=alipay&remove=jd_pay&order=wechat_pay&lang=en")
	tab.Wait(has(`[data-method="alipay"] .main`) + ` && !` + has(wallet))
	tap(tab, `.links button`)
	tab.Wait(has(wallet) + ` && !` + has(`[data-method="jd_pay"]`))
	onlyOpen(t, s, open)
	tab.Go(open.URL + "?open=wechat_pay&remove=jd_pay&lang=en")
	tap(tab, wallet+`.main`)
	tab.Wait(has(`svg[data-qr="qr"]`) + ` && location.search.includes("remove=jd_pay") && !location.search.includes("open=")`)
	onlyAttempt(t, s, open, "awaiting")
}
