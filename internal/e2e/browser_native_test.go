package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"morepay/internal/demo/demotest"
	"morepay/internal/device"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
	"morepay/internal/pay"
	"morepay/internal/scenario/chromium"
)

// What a shop's own app, and a mini program, say of themselves.
const (
	appSays  = "?host=forwards.wechat_pay.8.0"
	miniSays = "?host=wechat_pay"
)

const (
	byApp         = wallet + `form[data-rail="app"] button`
	byMiniProgram = wallet + `form[data-rail="mini_program"] button`
	handedToApp   = `toAndroid.find((m) => m.type === "pay")`
)

// miniBridge is what WeChat gives a page in a mini program: the page can have the mini
// program open one of its own.
const miniBridge = `window.WeixinJSBridge = { invoke: (name, args, answer) => {
	sessionStorage.calls = 1 + (sessionStorage.calls | 0);
	window.asked = { name, args };
	answer({ err_msg: "invokeMiniProgramAPI:ok" });
} };`

// TestNativeHosts hands payments over to a shop's own app and to its mini program, which
// the test plays.
func TestNativeHosts(t *testing.T) {
	t.Parallel()
	needs.Bundle(t)
	s, browser := demotest.Start(t), browsertest.Start(t)
	sample, _ := device.SampleOf("wechat-mini-program-android")
	noWASM := early(`delete window.WebAssembly`)
	for _, host := range []struct {
		name  string
		agent string
		run   func(*testing.T, *demotest.Demo, *browsertest.Tab)
		as    []chromedp.Action
	}{
		{"app", inApp, appPays, []chromedp.Action{early(apps)}},
		{"app-without-wasm", inApp, appPays, []chromedp.Action{early(apps), noWASM}},
		{"app-says-nothing", inApp, appSaysNothing, []chromedp.Action{early(apps)}},
		{"app-turns-back", inApp, appTurnsBack, []chromedp.Action{early(apps)}},
		{"app-turns-back-without-wasm", inApp, appTurnsBack, []chromedp.Action{early(apps), noWASM}},
		{"app-does-not-listen", inApp, appDoesNotListen, nil},
		{"app-alipay", inApp, appPaysByAlipay, []chromedp.Action{early(apps)}},
		{"app-alipay-without-wasm", inApp, appPaysByAlipay, []chromedp.Action{early(apps), noWASM}},
		{"app-on-the-phone", inApp, appOnThePhone, nil},
		{"mini-program", sample.UserAgent, miniProgramPays, []chromedp.Action{early(miniBridge)}},
		{"mini-program-late", sample.UserAgent, miniProgramPays, []chromedp.Action{early(`addEventListener("load", () => setTimeout(() => {` + miniBridge + `
			document.dispatchEvent(new Event("WeixinJSBridgeReady"));
		}))`)}},
		{"mini-program-without-wasm", sample.UserAgent, miniProgramPays, []chromedp.Action{early(miniBridge), noWASM}},
		{"mini-program-has-no-such-page", sample.UserAgent, miniProgramHasNoPage, nil},
	} {
		t.Run(host.name, func(t *testing.T) {
			host.run(t, s, show(t, browser, host.agent, append([]chromedp.Action{early(clock + chromium.Life)}, host.as...)...))
		})
	}
}

// handedOver is the message by which an app is handed a payment.
type handedOver struct {
	MPM     int
	Session string
	Detail  struct {
		Attempt, Method string
		Params          map[string]string
	}
}

// tapsInApp has the payer choose WeChat Pay in the shop's own app, and returns what that is
// handed.
func tapsInApp(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) (open demotest.Session, m handedOver) {
	t.Helper()
	open = s.Open(t, demotest.Order{Merchant: "demo"})
	tab.Go(open.URL + appSays)
	tap(tab, byApp)
	tab.Wait(is("waiting") + ` && ` + handedToApp)
	tab.Eval(handedToApp, &m)
	if m.MPM != 1 || m.Session != open.ID || m.Detail.Method != "wechat_pay" || m.Detail.Attempt == "" || tab.Text(`location.hash`) != "" {
		t.Fatalf("the app is handed %+v at %q", m, tab.Text(`location.href`))
	}
	return open, m
}

// sdk hands what the page has handed over to WeChat's SDK.
func sdk(t *testing.T, s *demotest.Demo, m handedOver, do, want string) {
	t.Helper()
	if said := askPhone(t, s, "/phone/sdk", m.Detail.Params, do); !strings.Contains(said, want) {
		t.Fatalf("the SDK says %s, want %s", said, want)
	}
}

// askPhone asks the simulator what an app or a mini program asks of WeChat.
func askPhone(t *testing.T, s *demotest.Demo, path string, params map[string]string, do string) string {
	t.Helper()
	params["user"], params["do"] = "ming", do
	body, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	return s.Do(t, demotest.Request(t, http.MethodPost, s.SimURL+path, string(body), "Content-Type", demotest.TypeJSON)).Body
}

// answers hands the page what the app says of an attempt.
func answers(tab *browsertest.Tab, m handedOver, paid string) {
	tab.Eval(`morepay.answered("`+m.Detail.Attempt+`", `+paid+`)`, nil)
}

// appPays pays with WeChat's SDK, and says so. A page that is loaded again hands nothing
// over.
func appPays(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open, m := tapsInApp(t, s, tab)
	tab.Go(open.URL + appSays)
	tab.Wait(is("waiting") + ` && toAndroid.some((m) => m.type === "statuschange")`)
	if got := tab.Text(handedToApp); got != "undefined" {
		t.Errorf("loaded again, the page hands over %s", got)
	}
	sdk(t, s, m, "approve", `"errCode":0`)
	answers(tab, m, "true")
	tab.Wait(wasPaid)
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// appPaysByAlipay pays with Alipay's SDK, whose answer is a status and a string that
// nobody needs.
func appPaysByAlipay(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{Merchant: "flagship"})
	tab.Go(open.URL + "?host=forwards.alipay.8.0")
	tap(tab, `[data-method="alipay"] form[data-rail="app"] button`)
	tab.Wait(is("waiting") + ` && ` + handedToApp)
	var m handedOver
	tab.Eval(handedToApp, &m)
	if m.Session != open.ID || m.Detail.Method != "alipay" || m.Detail.Params["orderStr"] == "" || len(m.Detail.Params) != 1 {
		t.Fatalf("the app is handed %+v", m)
	}
	if said := askPhone(t, s, "/phone/alipaysdk", m.Detail.Params, "approve"); !strings.Contains(said, `"resultStatus":"9000"`) {
		t.Fatalf("the SDK says %s", said)
	}
	answers(tab, m, "true")
	tab.Wait(wasPaid)
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// appSaysNothing shows the page again, and that is all.
func appSaysNothing(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open, m := tapsInApp(t, s, tab)
	tab.Wait(ready)
	tab.Eval(`front(false)`, nil)
	sdk(t, s, m, "approve", `"errCode":0`)
	tab.Eval(`front(true)`, nil)
	tab.Wait(wasPaid)
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// appTurnsBack is handed the same payment again, as its payer asks.
func appTurnsBack(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open, m := tapsInApp(t, s, tab)
	sdk(t, s, m, "cancel", `"errCode":-2`)
	answers(tab, m, "false")
	onlyAttempt(t, s, open, pay.AttemptAwaiting)
	tab.Eval(`toAndroid.length = 0; window.before = true`, nil)
	tap(tab, `.fallback form[data-rail="app"] button`)
	tab.Wait(`!window.before && ` + is("waiting") + ` && ` + handedToApp)
	sdk(t, s, m, "approve", `"errCode":0`)
	answers(tab, m, "true")
	tab.Wait(wasPaid)
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// appDoesNotListen only says that it does. The payer finds the other ways.
func appDoesNotListen(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{Merchant: "demo"})
	tab.Go(open.URL + appSays)
	tap(tab, byApp)
	tab.Wait(is("waiting") + ` && ` + has(`.fallback`))
	tab.Wait(ready)
	tap(tab, `.fallback form[data-rail="page_qr"] button`)
	tab.Wait(has(`svg[data-qr="page_qr"]`))
	payByCode(t, s, open)
	tab.Wait(wasPaid)
}

// appOnThePhone is played by a browser that is taken for it: the simulated phone has the
// payment too.
func appOnThePhone(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{Merchant: "demo"})
	tab.Go(open.URL + "?device=app-iphone")
	tap(tab, byApp)
	tab.Wait(is("waiting") + ` && ` + has(`.fallback`))
	payLaunched(t, s, open)
	tab.Wait(is("paid"))
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// miniProgramPays does what the mini program's own page does, at the address that it is
// opened with: it says who pays, and gets what it pays with.
func miniProgramPays(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{Merchant: "demo"})
	tab.Go(open.URL + miniSays)
	tap(tab, byMiniProgram)
	tab.Wait(is("waiting") + ` && window.asked`)
	var asked struct {
		Name string
		Args struct {
			Name string
			Arg  struct{ URL string }
		}
	}
	tab.Eval(`asked`, &asked)
	to, err := url.Parse(asked.Args.Arg.URL)
	if err != nil || asked.Name != "invokeMiniProgramAPI" || asked.Args.Name != "navigateTo" || to.Path != "/pages/morepay/pay" {
		t.Fatalf("the page asks for %+v, %v", asked, err)
	}
	tab.Eval(`location.reload()`, nil)
	tab.Wait(is("waiting") + ` && !window.asked`)

	var settings struct {
		AppIDs map[string]string `json:"appids"`
	}
	if err := json.Unmarshal(s.Shop(t, "demo").Settings.Accounts["wechatpay"], &settings); err != nil {
		t.Fatal(err)
	}
	var login struct{ Code string }
	if err := json.Unmarshal([]byte(askPhone(t, s, "/phone/login", map[string]string{"appid": settings.AppIDs["mini_program"]}, "")), &login); err != nil {
		t.Fatal(err)
	}
	a := s.Get(t, s.Origin+"/identified/"+to.Query().Get("ticket")+"?code="+login.Code, "Accept", demotest.TypeJSON)
	var params map[string]string
	if err := json.Unmarshal([]byte(a.Body), &params); err != nil || a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	if said := askPhone(t, s, "/phone/requestpayment", params, "approve"); !strings.Contains(said, "requestPayment:ok") {
		t.Fatalf("wx.requestPayment says %s", said)
	}
	tab.Wait(is("paid"))
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
	if calls := tab.Text(`sessionStorage.calls`); calls != "1" {
		t.Errorf("the mini program was asked %s times", calls)
	}
}

// miniProgramHasNoPage has none of that address: nothing opens, and the payer finds the
// other ways.
func miniProgramHasNoPage(t *testing.T, s *demotest.Demo, tab *browsertest.Tab) {
	open := s.Open(t, demotest.Order{Merchant: "demo"})
	tab.Go(open.URL + miniSays)
	tap(tab, byMiniProgram)
	tab.Wait(is("waiting") + ` && ` + has(`.fallback`))
	tab.Wait(ready)
	tap(tab, `.fallback form[data-rail="page_qr"] button`)
	tab.Wait(has(`svg[data-qr="page_qr"]`))
	payByCode(t, s, open)
	tab.Wait(is("paid"))
}
