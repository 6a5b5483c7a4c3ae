package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"morepay/internal/e2e/browsertest"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// TestBrowserAdoptsEveryScreen: on every screen go-app finds the nodes that it
// would make, and the console stays quiet.
func TestBrowserAdoptsEveryScreen(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	for name, v := range testViews() {
		t.Run(name, func(t *testing.T) {
			v.Path = "/pay/token"
			s := serve(t, v) // ends after the tab
			tab := browser.Open(t)
			s.visit(tab)
			if name == "hostile" {
				tab.Expect("attribute d") // of the QR's path, which only our server draws
			}
			if drift := tab.Text(`morepay.drift`); drift != "0" {
				t.Errorf("%s nodes were made, changed or removed", drift)
			}
			for _, name := range []string{"open", "hidden"} { // which go-app sets as properties
				want := fmt.Sprint(strings.Count(HTML(v), " "+name+`="`))
				if got := tab.Text(`document.querySelectorAll("[` + name + `]").length`); got != want {
					t.Errorf("%s elements are %s, want %s", got, name, want)
				}
			}
			if onclick := tab.Text(`window.onclick`); onclick != "null" {
				t.Errorf("go-app still takes every link: %s", onclick)
			}
		})
	}
}

const (
	onScreen = `document.getElementById("checkout").dataset.state`
	heading  = `document.getElementById("title").textContent`
	says     = `document.querySelector(".status").textContent`
)

// TestBrowserWatchesLaunch: a hand-off that leaves our page standing shows that
// a wallet is opening, then offers the ways out, and concludes nothing.
func TestBrowserWatchesLaunch(t *testing.T) {
	t.Parallel()
	v := testView("en", phoneAgent, view.Progress{State: view.StateSelect})
	s := serve(t, v)
	s.post = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Sec-Fetch-Mode") != "navigate" {
			t.Errorf("the hand-off came by %s", r.Header.Get("Sec-Fetch-Mode"))
		}
		s.tell(waiting(payment("alipay", pay.RailDeepLink)))
		w.WriteHeader(http.StatusNoContent) // as a scheme that no app answers to: the page stays
	}
	tab := browsertest.Start(t).Open(t, emulation.SetUserAgentOverride(phoneAgent))
	s.visit(tab)
	tab.Run(chromedp.Click(`[data-method=alipay] button`, chromedp.ByQuery))
	tab.Wait(heading + ` === "Opening Alipay…"`)
	tab.Wait(heading + ` === "Pay in Alipay"`)
	if got := tab.Text(onScreen); got != "waiting" {
		t.Errorf("state %s: the launch changed it", got)
	}
	tab.Wait(`document.querySelector(".fallback h2").textContent === "Didn't Alipay open?"`)
}

// TestBrowserComesBackFromWallet: a page that was hidden after a hand-off asks
// the provider as soon as it is seen again.
func TestBrowserComesBackFromWallet(t *testing.T) {
	v := testView("en", phoneAgent, waiting(payment("alipay", pay.RailDeepLink)))
	s := serve(t, v)
	s.post = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/pay/token/return" || r.FormValue("form_token") != "form-token" {
			t.Errorf("asked %s with token %q", r.URL.Path, r.FormValue("form_token"))
		}
		progress := s.now().Progress
		returned := *progress.Payment
		returned.Returned = true
		progress.Payment = &returned
		answerJSON(t, w, http.StatusOK, progress)
	}
	tab := browsertest.Start(t).Open(t)
	s.visit(tab)
	hide(tab, true)
	hide(tab, false)
	tab.Wait(heading + ` === "We're checking your payment…"`)
	s.tell(waiting(payment("alipay", pay.RailDeepLink))) // news that don't know of the return
	tab.Wait(`document.querySelector("[name=form_token]").value === "newer-token"`)
	if got := tab.Text(heading); got != "We're checking your payment…" {
		t.Errorf("the page forgot that the payer came back: %s", got)
	}
	s.tell(view.Progress{State: view.StatePaid})
	tab.Wait(onScreen + ` === "paid"`)
}

// TestBrowserTellsEnds: who listens rather than looks is told of an end by the line that
// was there before, whoever has the focus.
func TestBrowserTellsEnds(t *testing.T) {
	t.Parallel()
	for state, want := range map[view.State]string{
		view.StatePaid: "Payment received", view.StateExpired: "Time is up", view.StateCanceled: "The shop canceled this checkout", view.StateFailed: "Payment didn't go through",
	} {
		t.Run(string(state), func(t *testing.T) {
			code := payment("alipay", pay.RailQR)
			code.QR = testQR
			s := serve(t, testView("en", desktopAgent, waiting(code)))
			tab := browsertest.Start(t).Open(t)
			s.visit(tab)
			tab.Wait(says + ` === "Waiting for your payment"`)
			tab.Eval(`window.line = document.querySelector(".status")`, nil)
			s.tell(view.Progress{State: state})
			tab.Wait(`line.isConnected && line.textContent === "` + want + `" && ` + onScreen + ` === "` + string(state) + `"`)
		})
	}
}

// hide does what a browser does when another app comes to the front, or goes.
func hide(tab *browsertest.Tab, hidden bool) {
	state := "visible"
	if hidden {
		state = "hidden"
	}
	tab.Eval(`Object.defineProperty(document, "hidden", {configurable: true, value: `+map[bool]string{true: "true", false: "false"}[hidden]+`});
		Object.defineProperty(document, "visibilityState", {configurable: true, value: "`+state+`"});
		document.dispatchEvent(new Event("visibilitychange", {bubbles: true}))`, nil)
}

// TestBrowserSendsFormsInPlace: a form that ends in this frame needs no new
// page, an answer that refuses is shown, and the list comes back without asking.
func TestBrowserSendsFormsInPlace(t *testing.T) {
	t.Parallel()
	v := testView("en", desktopAgent, view.Progress{State: view.StateSelect})
	v.Error = &view.Error{Code: pay.CodeFormExpired, Message: v.Text["error.form_expired"]}
	s := serve(t, v)
	code := payment("alipay", pay.RailQR)
	code.QR = testQR
	refuse := true
	s.post = func(w http.ResponseWriter, r *http.Request) {
		if got := r.FormValue("method") + " " + r.FormValue("rail") + " " + r.FormValue("form_token"); got != "alipay qr form-token" {
			t.Errorf("the form says %q", got)
		}
		if refuse {
			refuse = false
			answerJSON(t, w, http.StatusTooManyRequests, map[string]any{"error": map[string]any{"code": pay.CodeRateLimited, "message": "slow"}})
			return
		}
		progress := s.now().Progress
		progress.State, progress.Payment = view.StateWaiting, code
		s.tell(progress) // as the events say from now on
		answerJSON(t, w, http.StatusOK, s.now().Progress)
	}
	tab := browsertest.Start(t).Open(t)
	s.visit(tab)
	tab.Eval(`window.same = true`, nil)
	tab.Run(chromedp.Click(`[data-method=alipay] button`, chromedp.ByQuery))
	tab.Wait(`document.querySelector("[data-error=rate_limited]")`)
	tab.Expect("429")
	if got, want := tab.Text(`document.querySelector("[role=alert]").textContent`), v.Text["error.rate_limited"]; got != want {
		t.Errorf("alert %q, want %q", got, want)
	}
	tab.Run(chromedp.Click(`[data-method=alipay] button`, chromedp.ByQuery))
	tab.Wait(`document.querySelector("[data-qr=qr]")`)
	tab.Wait(`document.activeElement === document.getElementById("title")`)
	if got := tab.Text(`document.querySelector("[role=alert]")`); got != "null" {
		t.Error("the old error is still there")
	}
	tab.Eval(`history.replaceState(null, "", "?returned=1&parent=https%3A%2F%2Fshop.example")`, nil)
	clickAt(tab, "[data-inline=choose] button")
	tab.Wait(onScreen + ` === "select"`)
	if got := tab.Text(`location.search`); got != "?parent=https%3A%2F%2Fshop.example" {
		t.Errorf("the address still asks for the past: %s", got)
	}
	if got := tab.Text(`window.same`); got != "true" {
		t.Error("the page was loaded again")
	}
}

// clickAt clicks with the mouse where an element is. Unlike chromedp.Click it does so
// after an entry was added to the history, too.
func clickAt(tab *browsertest.Tab, selector string) {
	var at [2]float64
	tab.Eval("(() => { const e = document.querySelector(`"+selector+"`); e.scrollIntoView({ block: `center` }); const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] })()", &at)
	tab.Run(chromedp.MouseClickXY(at[0], at[1]))
}

// TestBrowserSubmitsWhereFetchCannot: where scripts are kept from asking, the
// form goes the way it would without them.
func TestBrowserSubmitsWhereFetchCannot(t *testing.T) {
	s := serve(t, testView("en", desktopAgent, view.Progress{State: view.StateSelect}))
	code := payment("alipay", pay.RailQR)
	code.QR = testQR
	s.post = func(w http.ResponseWriter, r *http.Request) {
		s.tell(waiting(code))
		http.Redirect(w, r, "/pay/token", http.StatusSeeOther)
	}
	tab := browsertest.Start(t).Open(t)
	s.visit(tab)
	tab.Eval(`window.fetch = () => Promise.reject(new TypeError("blocked"))`, nil)
	tab.Run(chromedp.Click(`[data-method=alipay] button`, chromedp.ByQuery))
	tab.Wait(`document.querySelector("[data-qr=qr]")`)
}

// TestBrowserTellsOfLostConnection: it says so when nobody answers, and catches
// up by itself.
func TestBrowserTellsOfLostConnection(t *testing.T) {
	code := payment("alipay", pay.RailQR)
	code.QR = testQR
	s := serve(t, testView("en", desktopAgent, waiting(code)))
	tab := browsertest.Start(t).Open(t)
	s.visit(tab)
	s.goDown(true)
	tab.Wait(says + ` === "Connection lost, retrying…"`)
	s.goDown(false)
	s.tell(view.Progress{State: view.StatePaid})
	tab.Eval(`dispatchEvent(new Event("online"))`, nil)
	tab.Wait(onScreen + ` === "paid"`)
}

// TestBrowserRepeatsTap: a tap that did not get through is not lost. It is said
// that the connection is, and when it is back the tap counts, once.
func TestBrowserRepeatsTap(t *testing.T) {
	t.Parallel()
	code := payment("alipay", pay.RailQR)
	code.QR = testQR
	s := serve(t, testView("en", desktopAgent, view.Progress{State: view.StateSelect}))
	var taken atomic.Int32
	s.post = func(w http.ResponseWriter, r *http.Request) {
		if _, _, down := s.look(); down {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		taken.Add(1)
		progress := s.now().Progress
		progress.State, progress.Payment = view.StateWaiting, code
		answerJSON(t, w, http.StatusOK, progress)
	}
	tab := browsertest.Start(t).Open(t)
	s.visit(tab)
	s.goDown(true)
	tab.Eval(`window.same = true`, nil)
	tab.Run(chromedp.Click(`[data-method=alipay] button`, chromedp.ByQuery))
	tab.Wait(says + ` === "Connection lost, retrying…"`)
	if got := tab.Text(`document.querySelector("#checkout").hasAttribute("aria-busy")`); got != "false" {
		t.Error("the payer can't choose again")
	}
	s.goDown(false)
	tab.Wait(`document.querySelector("[data-qr=qr]")`)
	tab.Wait(says + ` === "Waiting for your payment"`)
	if n := taken.Load(); n != 1 || tab.Text(`window.same`) != "true" {
		t.Errorf("the form was posted %d times, or the page loaded again", n)
	}
}

// TestBrowserDecidesAgain: what only the browser can see of the device changes
// the list, and the server is told of it.
func TestBrowserDecidesAgain(t *testing.T) {
	s := serve(t, testView("en", phoneAgent, view.Progress{State: view.StateSelect}))
	tab := browsertest.Start(t).Open(t)
	s.visit(tab)
	if got := tab.Text(`document.querySelector("[data-method=wechat_pay] form").dataset.rail`); got != "deep_link" {
		t.Fatalf("the first rail is %s, want deep_link", got)
	}
	tab.Eval(`window.WeixinJSBridge = {invoke() {}}; document.dispatchEvent(new Event("WeixinJSBridgeReady"))`, nil)
	tab.Wait(`document.querySelector("[data-method=wechat_pay] form").dataset.rail === "jsapi"`)
	var hints struct {
		Weixin bool `json:"weixin_bridge"`
	}
	tab.Eval(`JSON.parse(document.querySelector("[data-method=wechat_pay] [name=hints]").value)`, &hints)
	if !hints.Weixin {
		t.Error("the form does not tell what the browser saw")
	}
}

// bridgeCalls stands for the app around the page, WeChat or Alipay, which comes late: it
// keeps what the page asks of it.
const bridgeCalls = `window.calls = []; window.WeixinJSBridge = {invoke(...call) { calls.push(call) }};
	window.AlipayJSBridge = {call(...call) { calls.push(call) }};
	for (const app of ["Weixin", "Weixin", "Alipay", "Alipay"]) document.dispatchEvent(new Event(app + "JSBridgeReady"))`

// TestBrowserCallsBridge: the host app's window opens by itself, once, and its
// answer is no more than a reason to ask. Who turned back finds the button again.
func TestBrowserCallsBridge(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	weixin := payment("wechat_pay", pay.RailJSAPI)
	weixin.Bridge = &view.Bridge{Name: "weixin", Params: map[string]string{"appId": "wx1", "package": "prepay_id=p1"}}
	alipay := payment("alipay", pay.RailJSAPI)
	alipay.Bridge = &view.Bridge{Name: "alipay", Params: map[string]string{"tradeNO": "20261122"}}
	const checking = "We're checking your payment…"
	for name, test := range map[string]struct {
		payment                *view.Payment
		answer, heading, calls string
	}{
		"ok":       {weixin, `{err_msg: "get_brand_wcpay_request:ok"}`, checking, "1"},
		"canceled": {weixin, `{err_msg: "get_brand_wcpay_request:cancel"}`, "Confirm in WeChat", "2"},
		"failed":   {weixin, `{err_msg: "get_brand_wcpay_request:fail"}`, "Confirm in WeChat", "2"},
		"nothing":  {weixin, `undefined`, "Confirm in WeChat", "2"},

		"alipay-ok":         {alipay, `{resultCode: "9000"}`, checking, "1"},
		"alipay-in-process": {alipay, `{resultCode: "8000"}`, checking, "1"},
		"alipay-unknown":    {alipay, `{resultCode: "6004"}`, checking, "1"},
		"alipay-canceled":   {alipay, `{resultCode: "6001"}`, "Confirm in Alipay", "2"},
		"alipay-failed":     {alipay, `{resultCode: "4000"}`, "Confirm in Alipay", "2"},
		"alipay-offline":    {alipay, `{resultCode: "6002"}`, "Confirm in Alipay", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			p := test.payment
			agent, call := wechatAgent, `calls[0][0] === "getBrandWCPayRequest" && calls[0][1].package === "prepay_id=p1"`
			if p == alipay {
				agent, call = alipayAgent, `calls[0][0] === "tradePay" && calls[0][1].tradeNO === "20261122"`
			}
			s := serve(t, testView("en", agent, waiting(p)))
			var checks atomic.Int32
			s.post = func(w http.ResponseWriter, r *http.Request) {
				checks.Add(1)
				progress := s.now().Progress
				returned := *p
				returned.Returned = true
				progress.Payment = &returned
				answerJSON(t, w, http.StatusOK, progress)
			}
			tab := browser.Open(t)
			s.visit(tab)
			tab.Eval(bridgeCalls, nil)
			tab.Wait(`calls.length === 1 && ` + call)
			tab.Eval(`window.checked = new Promise((done) => { const real = fetch; window.fetch = async (...a) => { const r = await real(...a); done(); return r } });
				calls[0][2](`+test.answer+`)`, nil)
			tab.Eval(`checked.then(() => new Promise(requestAnimationFrame))`, nil)
			tab.Wait(heading + ` === "` + test.heading + `" && !document.querySelector("[aria-busy]")`)
			if n := checks.Load(); n != 1 {
				t.Errorf("the provider was asked %d times", n)
			}
			if test.calls == "2" {
				tab.Run(chromedp.Click(`[data-bridge]`, chromedp.ByQuery))
			}
			if got := tab.Text(`calls.length + " " + ` + onScreen); got != test.calls+" waiting" {
				t.Errorf("calls and state are %s", got)
			}
		})
	}
}

// TestBrowserLeavesTheBridgeAlone: the page that its payer is leaving for the wallet's
// sign-in may hear of the attempt before the next page is there. The window would open
// over the wrong one.
func TestBrowserLeavesTheBridgeAlone(t *testing.T) {
	s := serve(t, testView("en", wechatAgent, view.Progress{State: view.StateSelect}))
	s.post = func(w http.ResponseWriter, r *http.Request) {
		p := payment("wechat_pay", pay.RailJSAPI)
		p.Bridge = &view.Bridge{Name: "weixin", Params: map[string]string{"appId": "wx1"}}
		s.tell(waiting(p))
		w.WriteHeader(http.StatusNoContent) // the page stays a while longer
	}
	tab := browsertest.Start(t).Open(t, emulation.SetUserAgentOverride(wechatAgent))
	s.visit(tab)
	tab.Eval(bridgeCalls, nil)
	tab.Run(chromedp.Click(`[data-method=wechat_pay] form[data-rail=jsapi] button`, chromedp.ByQuery))
	tab.Wait(onScreen + ` === "waiting"`)
	if got := tab.Text(`String(calls.length)`); got != "0" {
		t.Errorf("the window was opened %s times", got)
	}
}

func answerJSON(t *testing.T, w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		t.Error(err)
	}
}
