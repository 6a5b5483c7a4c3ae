package e2e_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
)

// listen collects the widget's events, as a shop's page hears them.
const listen = `window.heard = [];
for (const type of ["ready", "select", "methodschange", "action", "fallback", "statuschange", "beforeredirect", "complete", "expire", "cancel", "error", "loaderror", "connection"])
	addEventListener("mpm:" + type, (e) => heard.push({ type, detail: e.detail }));`

type heard struct {
	Type   string
	Detail map[string]any
}

func hear(tab *browsertest.Tab) []heard {
	var list []heard
	tab.Eval(`heard`, &list)
	return list
}

const frameElement = `document.querySelector("more-payment-methods").shadowRoot.querySelector("iframe")`

// tapIn clicks on an element in the widget's frame, with the mouse that the page
// around it has too.
func tapIn(tab, frame *browsertest.Tab, element string) {
	tab.Eval(frameElement+`.scrollIntoView({ block: "start" })`, nil)
	frame.Eval(element+`.scrollIntoView({ block: "nearest" })`, nil)
	var corner [2]float64
	tab.Eval(`(() => { const b = `+frameElement+`.getBoundingClientRect(); return [b.x, b.y] })()`, &corner)
	x, y := middle(frame, element)
	tapAt(tab, corner[0]+x, corner[1]+y)
}

// A person on a desktop pays in the storefront: the code is read from the screen
// by a phone, and the page says so by itself.
func desktopPays(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	tab := show(t, browser, demotest.Desktop, early(listen))
	tab.Go(s.Origin + "/demo/?merchant=bench&amount=4321&description=" + url.QueryEscape("搪瓷杯 & saucer"))
	frame := tab.Frame(s.Other + "/pay/")
	frame.Wait(ready)
	if got := frame.Text(`location.origin`); got == tab.Text(`location.origin`) {
		t.Fatalf("the frame is not foreign: %s", got)
	}
	frame.Eval(`window.loaded = "once"`, nil)
	tab.Wait(fits(frame))

	tapIn(tab, frame, has(wallet+`form[data-rail="qr"] button`))
	frame.Wait(has(`svg[data-qr]`))
	tab.Wait(fits(frame))
	tab.Eval(frameElement+`.scrollIntoView({ block: "start" })`, nil)
	code := scan(t, tab)
	if !strings.HasPrefix(code, "weixin://wxpay/bizpayurl") || !offered(t, s, code) {
		t.Fatalf("the code on the screen says %q, which no wallet takes", code)
	}
	s.Phone(t, "approve", code)
	frame.Wait(is("paid"))
	if got := frame.Text(`window.loaded`); got != "once" {
		t.Error("the page was loaded again")
	}
	tab.Wait(`heard.some((e) => e.type === "complete")`)
	checkHeard(t, hear(tab))

	tapIn(tab, frame, has(`a[target="_top"]`))
	tab.Wait(has(`[data-status]`))
	if got := tab.Text(has(`[data-status]`) + `.textContent`); got != "paid" {
		t.Errorf("the shop's server says %q", got)
	}
}

// Out of the frame a payer gets by a tap of their own only, and comes back to
// the page alone, and from there to the shop.
func desktopLeavesFrame(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	tab := show(t, browser, demotest.Desktop, early(listen))
	tab.Go(s.Origin + "/demo/?merchant=bench")
	frame := tab.Frame(s.Other + "/pay/")
	frame.Wait(ready)
	tab.Eval(`addEventListener("pagehide", () => { sessionStorage.heard = JSON.stringify(heard) })`, nil)
	tapIn(tab, frame, has(`[data-method="jd_pay"] form[data-rail="redirect"] button`))
	tab.Wait(has(`[data-result="confirm"]`))
	tap(tab, `button[value="approve"]`)
	tab.Wait(has(`[data-result="paid"]`))
	tap(tab, "#return")
	tab.Wait(has(`[data-status]`))
	if got := tab.Text(has(`[data-status]`) + `.textContent`); got != "paid" {
		t.Errorf("the shop's server says %q", got)
	}
	var left []heard
	tab.Eval(`JSON.parse(sessionStorage.heard)`, &left)
	if types := typesOf(left); !slices.Contains(types, "select") || !slices.Contains(types, "beforeredirect") {
		t.Errorf("before it was left, the shop's page heard %v", types)
	}
}

func typesOf(list []heard) []string {
	var types []string
	for _, e := range list {
		types = append(types, e.Type)
	}
	return types
}

// fits is true when the page in the widget has all the height it needs.
func fits(frame *browsertest.Tab) string {
	height := frame.Text(`Math.ceil(document.documentElement.getBoundingClientRect().height)`)
	return frameElement + `.getBoundingClientRect().height >= ` + height
}

// checkHeard checks the events of one payment, in their order.
func checkHeard(t *testing.T, list []heard) {
	t.Helper()
	types := typesOf(list)
	var states []string
	for _, e := range list {
		switch e.Type {
		case "statuschange":
			states = append(states, e.Detail["state"].(string))
		case "select":
			if e.Detail["method"] != "wechat_pay" || e.Detail["rail"] != "qr" {
				t.Errorf("selected: %v", e.Detail)
			}
		}
	}
	if types[0] != "ready" || !slices.Contains(types, "select") || types[len(types)-1] != "complete" || slices.Contains(types, "error") {
		t.Errorf("the shop's page heard %v", types)
	}
	// Whether the page sees that the provider has not answered yet is a race.
	states = slices.DeleteFunc(states, func(state string) bool { return state == "submitting" })
	if got := strings.Join(states, " "); got != "select waiting paid" {
		t.Errorf("the states were %s", got)
	}
}

// Without scripts everything is there but comfort.
func desktopPaysWithoutScript(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{Merchant: "demo"})
	tab := show(t, browser, demotest.Desktop, emulation.SetScriptExecutionDisabled(true))
	load(tab, open.URL, false)
	if tab.Text(`document.querySelector("details").open`) != "false" {
		t.Error("the other methods are not behind a disclosure")
	}
	tap(tab, "summary")
	tap(tab, wallet+`form[data-rail="qr"] button`)
	tab.Wait(has(`svg[data-qr]`))
	code := scan(t, tab)
	tap(tab, `form[data-check] button`)
	tab.Wait(`location.search.includes("asked") && ` + is("waiting"))
	s.UntilPaid(t, open, func() { s.Phone(t, "approve", code) })
	tap(tab, `form[data-check] button`)
	tab.Wait(is("paid"))
	onlyAttempt(t, s, open, "succeeded")
	tap(tab, `a.main`)
	tab.Wait(has(`[data-status]`))
	if got := tab.Text(has(`[data-status]`) + `.textContent`); got != "paid" {
		t.Errorf("the shop's server says %q", got)
	}
}

// The same page where the bundle does not arrive: it still shows by itself that it
// is paid.
func desktopPaysWithoutBundle(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	tab := show(t, browser, demotest.Desktop)
	block(tab)
	tab.Go(open.URL)
	tab.Expect("Failed to load resource")
	tap(tab, wallet+`form[data-rail="qr"] button`)
	tab.Wait(has(`svg[data-qr]`))
	tab.Expect("Failed to load resource")
	s.Phone(t, "approve", scan(t, tab))
	tab.Wait(is("paid"))
	if got := tab.Text(`morepay.ready`); got != "false" {
		t.Errorf("ready without a bundle: %s", got)
	}
	onlyAttempt(t, s, open, "succeeded")
	tab.Expect("Failed to load resource")
}

// Where the browser denies storage the client runs all the same.
func storageBlocked(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	tab := show(t, browser, demotest.Desktop, early(`try { localStorage } catch (e) { window.denied = e.name }`))
	tab.Go(open.URL)
	tab.Wait(ready)
	if got := tab.Text(`window.denied`); got != "SecurityError" {
		t.Fatalf("storage is not blocked: %s", got)
	}
	tab.Eval(`window.loaded = "once"`, nil)
	tap(tab, wallet+`form[data-rail="qr"] button`)
	tab.Wait(has(`svg[data-qr]`))
	s.Phone(t, "approve", scan(t, tab))
	tab.Wait(is("paid"))
	if got := tab.Text(`window.loaded`); got != "once" {
		t.Error("the page was loaded again")
	}
}

// pretty is for messages.
func pretty(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
