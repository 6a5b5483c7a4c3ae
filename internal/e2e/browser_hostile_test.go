package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
)

// A page that the merchant did not register can't frame the checkout.
func hostileMerchant(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><link rel=icon href=data:,><script src="%s/embed.js"></script>`+
			`<more-payment-methods session="%s" endpoint="%s"></more-payment-methods>`, s.Origin, open.Token, s.Origin)
	}))
	defer shop.Close()
	tab := show(t, browser, demotest.Desktop, early(listen))
	tab.Go(strings.Replace(shop.URL, "127.0.0.1", "localhost", 1))
	tab.Expect("frame-ancestors")
	tab.Wait(`heard.length >= 2`)
	for _, e := range hear(tab) {
		if e.Detail["code"] != "origin_not_registered" {
			t.Errorf("the page hears %s", pretty(e))
		}
	}
	onlyOpen(t, s, open)
}

// onlyOpen checks that nothing has been done to a session.
func onlyOpen(t *testing.T, s *demotest.Demo, of demotest.Session) {
	t.Helper()
	if now := s.Look(t, of); now.Status != "open" || len(now.Attempts) != 0 {
		t.Errorf("the session is %s with attempts %+v", now.Status, now.Attempts)
	}
}

// A window that is not the checkout can't make the shop's page believe anything.
func hostileWindow(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	tab := show(t, browser, demotest.Desktop, early(listen+`window.received = [];
		addEventListener("message", (e) => received.push(e.origin + " " + e.data.type));`))
	tab.Go(s.Other + "/demo/") // so that both frames are foreign
	tab.Frame(s.Origin + "/pay/").Wait(ready)
	for name, window := range map[string]*browsertest.Tab{s.SimURL: tab.Frame(s.SimURL), s.Other: tab} {
		window.Eval(`parent.postMessage({ mpm: 1, type: "complete", detail: {} }, "*")`, nil)
		tab.Wait(`received.includes("` + name + ` complete")`)
	}
	for _, e := range hear(tab) {
		if e.Type == "complete" {
			t.Error("the shop's page believes a window that is not the checkout")
		}
	}
}

// What others wrote is text, whatever it looks like.
func hostileTexts(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for name, text := range map[string]string{
		"markup":  `"><img src=x onerror=alert(1)></p></main></script><script>alert(2)</script><!--`,
		"quotes":  "' \" ` \\ &quot; &lt; ${alert(3)} {merchant} {{.}} javascript:alert(4)",
		"foreign": "搪瓷杯（白底蓝边） كوب 👩\u200d👩\u200d👧 茶 ☕️",
		"true":    "true",
	} {
		t.Run(name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{Description: text})
			tab := show(t, browser, demotest.Desktop)
			tab.Go(open.URL)
			const shown = `document.querySelector(".what").textContent.trim()`
			before := tab.Text(shown)
			tab.Wait(ready)
			if after := tab.Text(shown); before != text || after != text {
				t.Errorf("the page says %q and then %q, want %q", before, after, text)
			}
			if got := tab.Text(`morepay.drift + " " + document.querySelectorAll("img, #checkout script").length`); got != "0 0" {
				t.Errorf("drift and foreign elements: %s", got)
			}
		})
	}
}
