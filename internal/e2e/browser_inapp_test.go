package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/pay"
)

// walletApp is a wallet's own app with its browser, which pays by the app's bridge.
type walletApp struct {
	name   string
	agent  string
	shop   string // a sample merchant that has the rail
	method pay.Method
	bridge string // the object that the app gives the page
	invoke string // its function
	call   string // what the page is to ask of it
	path   string // where the simulator plays it
	forge  map[string]string

	paid, canceled string // what it answers, in JSON
}

// walletApps has one row an app.
var walletApps = []walletApp{
	{
		"wechat", demotest.WeChat, "bench", "wechat_pay", "WeixinJSBridge", "invoke", "getBrandWCPayRequest", "/phone/bridge",
		map[string]string{"package": "prepay_id=wx0000"},
		`{"err_msg":"get_brand_wcpay_request:ok"}`, `{"err_msg":"get_brand_wcpay_request:cancel"}`,
	},
	{
		"alipay", demotest.Alipay, "demo", "alipay", "AlipayJSBridge", "call", "tradePay", "/phone/tradepay",
		map[string]string{"user": "hong"},
		`{"resultCode":"9000"}`, `{"resultCode":"6001"}`,
	},
	// The same by the merchant's own cashier, whose acquirer has both wallets.
	{
		"wechat-by-acquirer", demotest.WeChat, "oneacquirer", "wechat_pay", "WeixinJSBridge", "invoke", "getBrandWCPayRequest", "/phone/bridge",
		map[string]string{"nonceStr": "another"},
		`{"err_msg":"get_brand_wcpay_request:ok"}`, `{"err_msg":"get_brand_wcpay_request:cancel"}`,
	},
	{
		"alipay-by-acquirer", demotest.Alipay, "oneacquirer", "alipay", "AlipayJSBridge", "call", "tradePay", "/phone/tradepay",
		map[string]string{"user": "hong"},
		`{"resultCode":"9000"}`, `{"resultCode":"6001"}`,
	},
}

// inApps runs a test in every wallet's app.
func inApps(test func(*testing.T, *demotest.Demo, *browsertest.Browser, walletApp)) func(*testing.T, *demotest.Demo, *browsertest.Browser) {
	return func(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
		for _, app := range walletApps {
			t.Run(app.name, func(t *testing.T) { test(t, s, browser, app) })
		}
	}
}

// around returns the script that stands for the app: it keeps what the page asks of it,
// and counts how often.
func (a walletApp) around() string {
	return fmt.Sprintf(`window.%s = { %s: (name, params, answer) => {
	sessionStorage.calls = 1 + (sessionStorage.calls | 0);
	window.asked = { name, params, answer };
} };`, a.bridge, a.invoke)
}

func (a walletApp) button() string {
	return fmt.Sprintf(`[data-method="%s"] form[data-rail="jsapi"] button`, a.method)
}

// asked returns what the page asks of the app.
func (a walletApp) asked(t *testing.T, tab *browsertest.Tab) map[string]string {
	t.Helper()
	tab.Wait(`window.asked`)
	var call struct {
		Name   string
		Params map[string]string
	}
	tab.Eval(`asked`, &call)
	if call.Name != a.call {
		t.Fatalf("the page asks for %s", call.Name)
	}
	return call.Params
}

// answer hands the page what the app says.
func answer(tab *browsertest.Tab, said string) { tab.Eval(`asked.answer(`+said+`)`, nil) }

// decide hands a call of the page's to the wallet, with some parameters set, and
// returns what that says.
func (a walletApp) decide(t *testing.T, s *demotest.Demo, params, set map[string]string) string {
	t.Helper()
	call := map[string]string{"user": "ming", "do": "approve"}
	maps.Copy(call, params)
	maps.Copy(call, set)
	body, err := json.Marshal(call)
	if err != nil {
		t.Fatal(err)
	}
	said := s.Do(t, demotest.Request(t, http.MethodPost, s.SimURL+a.path, string(body), "Content-Type", demotest.TypeJSON))
	return strings.TrimSpace(said.Body)
}

// In a wallet's app its own window opens over the page, for the payer whom the app has
// told us and for nobody else.
func inAppPays(t *testing.T, s *demotest.Demo, browser *browsertest.Browser, app walletApp) {
	open := s.Open(t, demotest.Order{Merchant: app.shop})
	tab := show(t, browser, app.agent)
	tab.Go(open.URL)
	tab.Wait(ready)
	tap(tab, app.button())
	tab.Wait(is("waiting") + ` && ` + ready)
	tab.Eval(app.around()+fmt.Sprintf(`document.dispatchEvent(new Event("%sReady"))`, app.bridge), nil) // late, as in the app
	params := app.asked(t, tab)
	onlyAttempt(t, s, open, pay.AttemptAwaiting)

	if forged := app.decide(t, s, params, app.forge); forged == app.paid {
		t.Error("the wallet took it from another payer, or with other parameters than were signed")
	}
	if said := app.decide(t, s, params, nil); said != app.paid {
		t.Fatalf("the wallet says %s", said)
	}
	answer(tab, app.paid)
	tab.Wait(wasPaid)
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// The same where the browser has no WebAssembly: the window opens once, however
// often the page is loaded, and again for who turned back and wants it. The page
// stands still under it.
func inAppPaysWithoutWASM(t *testing.T, s *demotest.Demo, browser *browsertest.Browser, app walletApp) {
	open := s.Open(t, demotest.Order{Merchant: app.shop})
	tab := show(t, browser, app.agent, early(`delete window.WebAssembly;`+app.around()))
	tab.Go(open.URL)
	tap(tab, app.button())
	params := app.asked(t, tab)
	answer(tab, app.canceled)
	tab.Go(open.URL)
	tab.Wait(is("waiting") + ` && ` + has(`[data-bridge]`))
	if got := tab.Text(`sessionStorage.calls + " " + !!window.asked`); got != "1 false" {
		t.Errorf("the payment window opened by itself: %s", got)
	}
	tap(tab, `[data-bridge]`)
	tab.Eval(`asked; window.loaded = "once"`, nil)
	s.UntilPaid(t, open, func() { app.decide(t, s, params, nil) })
	tab.Eval(`fetch(location.pathname + "/events").then((r) => r.text())`, nil) // later than the news
	if got := tab.Text(`window.loaded + " " + sessionStorage.calls`); got != "once 2" {
		t.Errorf("under the payment window: %s", got)
	}
	answer(tab, app.paid)
	tab.Wait(wasPaid)
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// Who turns back in the wallet's window finds the list, and may pay the same way after
// all: for another payer the order could not be used, so it is made anew.
func inAppTurnsBack(t *testing.T, s *demotest.Demo, browser *browsertest.Browser, app walletApp) {
	open := s.Open(t, demotest.Order{Merchant: app.shop})
	tab := show(t, browser, app.agent, early(app.around()))
	tab.Go(open.URL)
	tab.Wait(ready)
	tap(tab, app.button())
	first := app.asked(t, tab)
	if said := app.decide(t, s, first, map[string]string{"do": "cancel"}); said != app.canceled {
		t.Errorf("the wallet says %s", said)
	}
	answer(tab, app.canceled)
	tab.Wait(is("waiting") + ` && ` + has(`[data-bridge]`))
	onlyAttempt(t, s, open, pay.AttemptAwaiting)
	tap(tab, `form[data-inline="choose"] button`)
	tab.Wait(is("select"))
	tab.Eval(`delete window.asked`, nil)
	tap(tab, app.button())
	if said := app.decide(t, s, app.asked(t, tab), nil); said != app.paid {
		t.Fatalf("the wallet says %s", said)
	}
	answer(tab, app.paid)
	tab.Wait(wasPaid)
	if now := s.Look(t, open); len(now.Attempts) != 2 || now.Attempts[1].State != pay.AttemptSucceeded {
		t.Errorf("the attempts are %+v", now.Attempts)
	}
}

// slow has the bundle begin no sooner than arrive is called. A tap leads nowhere, and was
// just now for as long as the page is there.
const slow = `const start = WebAssembly.instantiate;
WebAssembly.instantiate = (...of) => new Promise((begin) => { window.arrive = () => begin(start(...of)); });
addEventListener("submit", (e) => e.preventDefault());
addEventListener("click", () => { const at = Date.now(); Date.now = () => at; }, true);`

// A page hears of an attempt while its payer's tap leads away from it: the window opens on
// the page that comes, where its answer is heard, though the client took over after the tap.
func inAppTapsEarly(t *testing.T, s *demotest.Demo, browser *browsertest.Browser, app walletApp) {
	open := s.Open(t, demotest.Order{Merchant: app.shop})
	tab, other := show(t, browser, app.agent, early(slow+app.around())), show(t, browser, app.agent, early(app.around()))
	tab.Go(open.URL)
	tab.Wait(`window.arrive`)
	tap(tab, app.button())
	tab.Eval(`arrive(); 0`, nil)
	tab.Wait(ready)

	other.Go(open.URL)
	tap(other, app.button())
	app.asked(t, other)
	tab.Wait(is("waiting"))
	if got := tab.Text(`!!window.asked`); got != "false" {
		t.Error("the payment window opened over a page that is being left")
	}
	tab.Go(open.URL)
	if said := app.decide(t, s, app.asked(t, tab), nil); said != app.paid {
		t.Fatalf("the wallet says %s", said)
	}
	answer(tab, app.paid)
	tab.Wait(wasPaid)
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// Where the app gives the page no bridge, as in a browser that only says that it is the
// app, the simulated phone has the payment too.
func inAppPaysOnThePhone(t *testing.T, s *demotest.Demo, browser *browsertest.Browser, app walletApp) {
	open := s.Open(t, demotest.Order{Merchant: app.shop})
	tab := show(t, browser, app.agent)
	tab.Go(open.URL)
	tab.Wait(ready)
	tap(tab, app.button())
	tab.Wait(is("waiting") + ` && ` + has(`[data-bridge]`))
	phone := show(t, browser, demotest.Android)
	phone.Go(s.SimURL + "/phone")
	tap(phone, `[data-number="`+s.Look(t, open).Attempts[0].OutTradeNo+`"] a.button`)
	phone.Wait(has(`[data-result="confirm"]`))
	tap(phone, `button[value="approve"]`)
	tab.Wait(is("paid"))
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}
