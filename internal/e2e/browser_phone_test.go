package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/pay"
)

// launch opens a session on a phone and taps WeChat Pay: the browser stands on
// the provider's page then, which has looked at where it came from. It stays there: the
// page's own way back, after some seconds, is held back until the next gate.
func launch(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) demotest.Session {
	t.Helper()
	open := s.Open(t, demotest.Order{})
	tab.Go(open.URL)
	tab.Wait(ready)
	gate(tab, wayBack)
	tap(tab, wallet+`form[data-rail="deep_link"] button`)
	tab.Wait(has(`[data-result="launched"]`))
	return open
}

func phonePays(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	tab := show(t, browser, demotest.Android)
	open := launch(t, s, tab)
	tap(tab, "#open")
	tab.Wait(has(`[data-result="confirm"]`))
	tap(tab, `button[value="approve"]`)
	tab.Wait(has(`[data-result="paid"]`))
	onward := gate(tab, shopPage)
	tap(tab, "#return")
	tab.Wait(is("paid"))
	if got, want := tab.Text(`location.pathname`), "/pay/"+open.Token; got != want {
		t.Errorf("the payer came back to %s, want %s", got, want)
	}
	onlyAttempt(t, s, open, "succeeded")
	onward()
	tab.Wait(has(`[data-status]`)) // who has paid is brought on to the shop
	if got := tab.Text(has(`[data-status]`) + `.textContent`); got != "paid" {
		t.Errorf("the shop's server says %q", got)
	}
}

// Other wallets and cashiers take the payer away and bring them back in the same
// way: their rails are rows here.
func payElsewhere(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for _, way := range []struct {
		name, agent, merchant string
		method                pay.Method
		rail                  pay.Rail
	}{
		{"alipay-on-a-phone", demotest.Android, "bench", "alipay", pay.RailDeepLink},
		{"alipay-on-a-desktop", demotest.Desktop, "bench", "alipay", pay.RailRedirect},
		{"jd-on-a-desktop", demotest.Desktop, "bench", "jd_pay", pay.RailRedirect},
		{"union-on-a-phone", demotest.Android, "bench", "unionpay", pay.RailRedirect},
		{"union-itself-on-a-phone", demotest.Android, "quickpass", "unionpay", pay.RailRedirect},
		{"union-itself-on-a-desktop", demotest.Desktop, "quickpass", "unionpay", pay.RailRedirect},
		{"jd-app-on-a-phone", demotest.Android, "everything", "jd_pay", pay.RailDeepLink},
		{"old-cashier-on-a-desktop", demotest.Desktop, "icons", "unionpay", pay.RailRedirect},
	} {
		t.Run(way.name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{Merchant: way.merchant})
			tab := show(t, browser, way.agent)
			tab.Go(open.URL + "?visible=9")
			tap(tab, fmt.Sprintf(`[data-method="%s"] form[data-rail="%s"] button`, way.method, way.rail))
			tab.Wait(has(`[data-result="confirm"]`))
			onlyAttempt(t, s, open, pay.AttemptAwaiting)
			tap(tab, `button[value="approve"]`)
			tab.Wait(has(`[data-result="paid"]`))
			tap(tab, "#return")
			tab.Wait(wasPaid)
			onlyAttempt(t, s, open, pay.AttemptSucceeded)
		})
	}
}

// Who turns back in the wallet is not told that it is paid, and finds the list.
func phoneCancels(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	tab := show(t, browser, demotest.Android)
	open := launch(t, s, tab)
	tap(tab, "#open")
	tab.Wait(has(`[data-result="confirm"]`))
	tap(tab, `button[value="cancel"]`)
	tab.Wait(`location.search.includes("did=cancel")`)
	gate(tab, shopPage)
	tap(tab, "#return")
	tab.Wait(is("waiting") + ` && location.search.includes("returned")`)
	tab.Wait(ready)
	if got := s.Look(t, open).Status; got != "open" {
		t.Errorf("the session is %s", got)
	}
	tap(tab, `form[data-inline="choose"] button`)
	tab.Wait(is("select"))
	onlyAttempt(t, s, open, "awaiting")
}

// The page that stays behind offers the other ways, and the same tap again does
// not pay twice.
func phoneStays(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	tab := show(t, browser, demotest.Android)
	open := launch(t, s, tab)
	travel(t, tab, -1)
	tab.Wait(has(`.fallback form[data-rail="deep_link"]`) + ` && ` + ready)
	tap(tab, `.fallback form[data-rail="deep_link"] button`)
	tab.Wait(has(`[data-result="launched"]`))
	onlyAttempt(t, s, open, "awaiting")
	travel(t, tab, -1)
	tab.Wait(has(`.fallback form[data-rail="page_qr"]`) + ` && ` + ready)
	if got := tab.Text(`document.getElementById("link").value`); got != open.URL {
		t.Errorf("the link to share is %s, want %s", got, open.URL)
	}
	tap(tab, `.fallback form[data-rail="page_qr"] button`)
	tab.Wait(has(`svg[data-qr="page_qr"]`))
	tab.Eval(`document.querySelector("svg[data-qr]").scrollIntoView({ block: "center" })`, nil)
	if got := scan(t, tab); got != open.URL {
		t.Errorf("the code says %s, want %s", got, open.URL)
	}
	onlyAttempt(t, s, open, "awaiting")
}

// WeChat launches from the merchant's registered pages only.
func phoneFromForeignPage(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	tab := show(t, browser, demotest.Android)
	launch(t, s, tab)
	link := tab.Text(`location.href`)
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><link rel=icon href=data:,><a href="%s">pay</a>`, strings.ReplaceAll(link, "&", "&amp;"))
	}))
	defer foreign.Close()
	tab.Go(foreign.URL)
	tap(tab, "a")
	tab.Wait(has(`[data-result="refused"]`))
	if got := tab.Text(has("h1") + `.textContent`); got != "商家存在未配置的参数，请联系商家解决" {
		t.Errorf("WeChat says %q", got)
	}
}
