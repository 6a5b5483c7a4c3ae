package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
)

// The list stands before there is an order. What the payer presses there has the shop make
// one, whose code comes at once; unless it costs something else than they have seen.
func embedDeferred(t *testing.T, s *shop, browser *browsertest.Browser) {
	for _, test := range []struct {
		name  string
		fen   int64  // of the session
		heard string // when the shop hears this, its page stands still
	}{
		{"as-seen", 5980, `e.type === "statuschange" && e.detail.state === "waiting"`},
		{"dearer", 6980, `e.type === "methodschange"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{Fen: test.fen})
			s.body(`<more-payment-methods id="a" merchant="bench" amount="5980"></more-payment-methods>
				<script>addEventListener("mpm:createsession", (e) => e.detail.respond(Promise.resolve("` + open.Token + `")))</script>`)
			tab := show(t, browser, demotest.Desktop)
			tab.Go(s.URL)
			offer := tab.Frame(s.Origin + "/offer")
			offer.Wait(has(wallet + `form[data-rail="qr"] button`))
			tab.Wait(`heard.some((e) => e.type === "methodschange")`)
			tapIn(tab, offer, has(wallet+`form[data-rail="qr"] button`))
			// The driver takes up a frame that stands still, or trips over itself.
			tab.Wait(`heard.some((e) => e.detail.session === "` + open.ID + `" && ` + test.heard + `)`)
			frame := tab.Frame(s.Origin + "/pay/")
			if test.fen != 5980 {
				frame.Wait(ready)
				onlyOpen(t, s.Demo, open)
				tapIn(tab, frame, has(`form[data-rail="qr"] button`))
			}
			frame.Wait(has(`svg[data-qr]`))
			onlyAttempt(t, s.Demo, open, "awaiting")
			s.Phone(t, "approve", scan(t, tab))
			tab.Wait(`heard.some((e) => e.type === "complete" && e.detail.session === "` + open.ID + `")`)
		})
	}
}

// What an order could be paid with, a product page asks before there is one.
func embedEligibility(t *testing.T, s *shop, browser *browsertest.Browser) {
	s.body(`<more-payment-methods id="a" merchant="bench" amount="5980" currency="CNY" items='[{"sku":"mug"}]'></more-payment-methods>`)
	tab := show(t, browser, demotest.Desktop)
	tab.Go(s.URL)
	tab.Wait(`window.MorePaymentMethods`)
	for _, call := range []string{
		`MorePaymentMethods.eligibility({ merchant: "bench", amount: 5980, items: [{ sku: "mug" }] })`,
		`MorePaymentMethods.eligibility({ merchant: "bench", amount: 5980, endpoint: "` + s.Origin + `" })`,
		`a.eligibility()`,
	} {
		var offered []string
		tab.Eval(call+`.then((e) => e.methods.filter((m) => m.offered && m.rails.length).map((m) => m.method))`, &offered)
		if !slices.Contains(offered, "wechat_pay") {
			t.Errorf("%s: offered are %v", call, offered)
		}
	}
	var refused string
	tab.Eval(`MorePaymentMethods.eligibility({ merchant: "nobody", amount: 5980 }).catch((e) => e.message)`, &refused)
	if !strings.HasPrefix(refused, "404 ") {
		t.Errorf("of an unknown merchant it says %q", refused)
	}
	tab.Expect("Failed to load resource")
}

// In a frame that lets no wallet open, the shop's page hears that it did not, and the payer
// gets a new tab.
func embedNestedSandbox(t *testing.T, s *shop, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	s.body(s.element(open.Token, ""))
	tab := show(t, browser, demotest.Desktop)
	tab.Allow("Unsafe attempt to initiate navigation")
	tab.Go(s.URL + "/outer")
	tab.Eval(`{ const frame = document.createElement("iframe"); frame.src = "/"; frame.width = 1000; frame.height = 1300;
		frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox");
		document.body.append(frame) }`, nil)
	frame := tab.Frame(s.Origin + "/pay/")
	frame.Wait(ready)
	frame.Allow("Unsafe attempt to initiate navigation")
	frame.Eval("document.querySelector(`[data-method=jd_pay] form[target=_top] button`).click()", nil)
	tab.Wait(`frames[0].heard.some((e) => e.type === "error" && e.detail.code === "handoff_blocked")`)
	frame.Wait(`!document.getElementById("stuck").hidden && document.querySelector("#stuck a[target=_blank]").href === "` + open.URL + `"`)
}
