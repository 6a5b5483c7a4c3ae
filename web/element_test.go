package web

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"morepay/internal/e2e/browsertest"
)

const frameOf = `a.shadowRoot.querySelector("iframe")`

// asked returns what the frame's address says.
func asked(t *testing.T, tab *browsertest.Tab) url.Values {
	t.Helper()
	u, err := url.Parse(tab.Text(frameOf + `.src`))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Del("parent")
	q.Del("seen")
	return q
}

// Each attribute has a property, and is a word of the page's address.
func TestEmbedAttributes(t *testing.T) {
	c := serveCheckout(t)
	tab := browsertest.Start(t).Open(t)
	tab.Go(serveShop(t, element("a", `theme="dark plain" layout="tabs" visible-count="2" method-order="jd_pay  alipay" allow-methods="alipay jd_pay" `+
		`remove-methods="unionpay" open-method="alipay" locale="zh-Hant-HK"`), c))
	happened(t, tab, opening...)
	const want = "allow=alipay.jd_pay&layout=tabs&locale=zh-Hant-HK&open=alipay&order=jd_pay.alipay&remove=unionpay&theme=dark.plain&visible=2"
	if got := asked(t, tab).Encode(); got != want {
		t.Errorf("the page is asked for with %s, want %s", got, want)
	}
	const properties = `["theme", "layout", "visibleCount", "methodOrder", "openMethod", "locale", "remember", "holdRedirect", "sessionUrl", "amount"]`
	if got := tab.Text(properties + `.map((name) => JSON.stringify(a[name])).join(" ")`); got != `"dark plain" "tabs" 2 "jd_pay  alipay" "alipay" "zh-Hant-HK" false false "" 0` {
		t.Errorf("the properties are %s", got)
	}
	tab.Eval(`window.frame = `+frameOf+`; Object.assign(a, { theme: null, layout: undefined, visibleCount: 3, methodOrder: "", allowMethods: "", removeMethods: false,
		openMethod: "", locale: "", remember: true, items: [{ sku: "mug" }] })`, nil)
	tab.Wait(frameOf + ` && ` + frameOf + ` !== frame`)
	if got := asked(t, tab).Encode(); got != "visible=3" {
		t.Errorf("the page is then asked for with %s", got)
	}
	if got := tab.Text(`[a.hasAttribute("layout"), a.getAttribute("remember"), a.getAttribute("items"), a.getAttribute("visible-count")].join(" ")`); got != `false  [{"sku":"mug"}] 3` {
		t.Errorf("the attributes are %s", got)
	}
}

// What a script sets before the loader is there counts.
func TestEmbedEarlyProperties(t *testing.T) {
	c := serveCheckout(t)
	tab := browsertest.Start(t).Open(t, before(`new MutationObserver((_, watch) => {
		const element = document.querySelector("more-payment-methods:not(:defined)");
		if (!element) return;
		watch.disconnect();
		element.session = "`+token+`";
		element.holdRedirect = true;
	}).observe(document, { childList: true, subtree: true })`))
	tab.Go(serveShop(t, `<more-payment-methods id="a"></more-payment-methods>`, c))
	happened(t, tab, opening...)
	if got := tab.Text(`a.getAttribute("session") + a.hasAttribute("hold-redirect")`); got != token+"true" {
		t.Errorf("the attributes are %s", got)
	}
}

// The methods speak to the page, and attributes are followed whenever they are set.
func TestEmbedMethods(t *testing.T) {
	c := serveCheckout(t)
	c.rows = `<script>window.told = []; addEventListener("message", (e) => { told.push(JSON.stringify(e.data)); e.stopImmediatePropagation() })</script>`
	tab := browsertest.Start(t).Open(t)
	tab.Go(serveShop(t, element("a", ""), c))
	happened(t, tab, opening...)
	frame := tab.Frame(c.URL)
	frame.Wait(`told.some((m) => m.includes("hold"))`)
	frame.Wait(`told.some((m) => m.includes("seen"))`)
	frame.Eval(`told.length = 0`, nil)
	tab.Eval(`a.refresh(); a.checkStatus(); a.open("alipay"); a.cancel(); a.holdRedirect = true; a.removeAttribute("hold-redirect")`, nil)
	frame.Wait(`told.length >= 6`)
	const want = `{"mpm":1,"type":"refresh"} {"mpm":1,"type":"check"} {"mpm":1,"type":"open","method":"alipay"} {"mpm":1,"type":"cancel"} ` +
		`{"mpm":1,"type":"hold","on":true} {"mpm":1,"type":"hold","on":false}`
	if got := frame.Text(`told.join(" ")`); got != want {
		t.Errorf("the page was told %s, want %s", got, want)
	}
}

// The method that was chosen last is the shop's to remember.
func TestEmbedRemembers(t *testing.T) {
	c := serveCheckout(t)
	tab := browsertest.Start(t).Open(t)
	shop := serveShop(t, element("a", "remember"), c)
	tab.Go(shop)
	happened(t, tab, opening...)
	if got := asked(t, tab).Get("last"); got != "" {
		t.Errorf("at first %q was chosen", got)
	}
	tab.Frame(c.URL).Run(chromedp.Click("#wechat_pay"))
	tab.Wait(`events.some((e) => e.startsWith("a select"))`)
	tab.Go(shop)
	tab.Wait(`window.events && events.length`)
	if got := asked(t, tab).Get("last"); got != "wechat_pay" {
		t.Errorf("the page is told that %q was chosen", got)
	}
}

// The app around the shop's page hears what the page in the frame says.
func TestEmbedTellsNativeHosts(t *testing.T) {
	c := serveCheckout(t)
	browser := browsertest.Start(t)
	for _, test := range []struct{ name, host string }{
		{"apple", `window.webkit = { messageHandlers: { morepay: { postMessage: (m) => told.push(m) } } }`},
		{"android", `window.MorePayHost = { postMessage: (m) => told.push(JSON.parse(m)) }`},
	} {
		t.Run(test.name, func(t *testing.T) {
			tab := browser.Open(t, before("window.told = [];"+test.host))
			tab.Go(serveShop(t, element("a", ""), c))
			happened(t, tab, opening...)
			if got := tab.Text(`JSON.stringify(told[1])`); got != `{"mpm":1,"type":"statuschange","session":"cs_1","detail":{"state":"select"}}` {
				t.Errorf("the app was told %s", got)
			}
		})
	}
}

// Where no frame can be, the console says why in the right words.
func TestEmbedNamesItsPlace(t *testing.T) {
	c := serveCheckout(t)
	browser := browsertest.Start(t)
	script := fmt.Sprintf(`<script src="%s/embed.js"></script>`, c.URL)
	tag := fmt.Sprintf(`<more-payment-methods id="a" session="%s" endpoint="%s"></more-payment-methods>`, token, c.URL)
	for _, test := range []struct{ name, page, complaint string }{
		{"module", strings.Replace(script, "<script", `<script type="module"`, 1) + element("a", ""), "endpoint is missing, which a module needs"},
		{"file", script + tag, "endpoint can't be framed without an origin (file:, sandbox)"},
		{"srcdoc", `<iframe srcdoc='` + script + tag + `'></iframe>`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			tab := browser.Open(t)
			if test.name == "file" {
				tab.Go("file://" + write(t, test.page))
			} else {
				tab.Go(serveHTML(t, test.page))
			}
			if test.complaint != "" {
				tab.Expect(test.complaint)
				return
			}
			tab.Wait(`frames[0].document.querySelector("more-payment-methods").shadowRoot.querySelector("div").className === ""`)
		})
	}
}

// write writes a file and returns its name.
func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Before there is a session the list of an order is shown, and the shop makes the session
// for what was chosen there.
func TestEmbedDeferred(t *testing.T) {
	browser := browsertest.Start(t)
	const order = `<more-payment-methods id="a" merchant="bench" amount="5980" items='[{"sku":"mug"}]' `
	const made = `{"method":"alipay","rail":"qr","amount":5980,"currency":"CNY"}`
	press := func(tab *browsertest.Tab, c *checkout) {
		tab.Frame(c.URL+"/offer").Eval(`parent.postMessage({ mpm: 1, type: "createsession", session: "", detail: `+made+` }, "*")`, nil)
	}
	shown := func(t *testing.T, tab *browsertest.Tab) {
		t.Helper()
		tab.Wait(frameOf + ` && ` + frameOf + `.src.includes("/pay/` + token + `")`)
		if got := asked(t, tab).Encode(); got != "go=1&open=alipay&was=5980" {
			t.Errorf("the session's page is asked for with %s", got)
		}
		tab.Wait(`sessions.has("cs_1")`)
	}
	open := func(t *testing.T, attributes, script string) (*checkout, *browsertest.Tab) {
		c := serveCheckout(t)
		tab := browser.Open(t, before(`addEventListener("mpm:createsession", (e) => {
			const { respond, ...detail } = e.detail;
			window.chosen = JSON.stringify(detail);
			`+script+`
		})`))
		tab.Go(serveShop(t, order+attributes+`></more-payment-methods>`, c))
		happened(t, tab, opening...)
		if got, want := asked(t, tab).Encode(), (url.Values{"merchant": {"bench"}, "amount": {"5980"}, "items": {`[{"sku":"mug"}]`}}).Encode(); got != want {
			t.Errorf("the list is asked for with %s, want %s", got, want)
		}
		press(tab, c)
		return c, tab
	}
	t.Run("respond", func(t *testing.T) {
		_, tab := open(t, "", `respond(Promise.resolve("`+token+`"))`)
		shown(t, tab)
		if got := tab.Text(`chosen`); got != strings.TrimSuffix(made, "}")+`,"session":""}` {
			t.Errorf("the shop is asked for %s", got)
		}
		// Another order is another list.
		tab.Eval(`a.amount = 100`, nil)
		tab.Wait(frameOf + ` && ` + frameOf + `.src.includes("amount=100")`)
	})
	t.Run("session-url", func(t *testing.T) {
		_, tab := open(t, `session-url="/session"`, "")
		shown(t, tab)
		var got string
		tab.Eval(`fetch("/session").then((r) => r.text())`, &got)
		if got != `{"method":"alipay","rail":"qr","amount":5980,"currency":"CNY","merchant":"bench","items":"[{\"sku\":\"mug\"}]"}` {
			t.Errorf("the shop's server was sent %s", got)
		}
	})
	t.Run("fails", func(t *testing.T) {
		c, tab := open(t, "", `respond(window.answer || Promise.reject(new Error("sold out")))`)
		tab.Wait("events.includes('a error {\"code\":\"session_failed\",\"retryable\":true}')")
		tab.Expect("sold out")
		tab.Eval(`window.answer = "`+token+`"`, nil)
		press(tab, c)
		shown(t, tab)
	})
}

// However an element is made and moved, it shows one frame, and leaves nothing behind.
func TestEmbedAnywhere(t *testing.T) {
	c := serveCheckout(t)
	browser := browsertest.Start(t)
	tag := `<more-payment-methods id="b" session="` + token + `" endpoint="` + c.URL + `"></more-payment-methods>`
	for name, make := range map[string]string{
		"createElement": `const b = document.createElement("more-payment-methods"); Object.assign(b, { id: "b", session: "` + token + `" }); document.body.append(b)`,
		"new":           `const b = new MorePaymentMethods(); b.id = "b"; b.setAttribute("session", "` + token + `"); document.body.append(b)`,
		"innerHTML":     `document.body.innerHTML = '` + tag + `'`,
		"cloneNode":     `document.body.innerHTML = '` + tag + `'; const b = document.body.firstChild, other = b.cloneNode(); b.replaceWith(other)`,
		"template":      `const t = document.createElement("template"); t.innerHTML = '` + tag + `'; document.body.append(document.importNode(t.content, true))`,
		"moved-often":   `document.body.innerHTML = '` + tag + `<p></p>'; for (let i = 0; i < 200; i++) document.body.append(document.body.firstChild)`,
		"adopted": `const f = document.createElement("iframe"); document.body.append(f); document.body.insertAdjacentHTML("beforeend", '` + tag + `');
			f.contentDocument.body.append(document.body.lastChild); document.body.append(f.contentDocument.body.lastChild); f.remove()`,
	} {
		t.Run(name, func(t *testing.T) {
			tab := browser.Open(t)
			tab.Go(serveHTML(t, `<body><script src="`+c.URL+`/embed.js"></script><script>window.ready = 0; addEventListener("mpm:ready", () => ready++)</script>`))
			tab.Eval(`{ `+make+` }`, nil)
			tab.Wait(`ready === 1`)
			if got := tab.Text(`document.getElementById("b").shadowRoot.querySelectorAll("iframe").length + " " + getComputedStyle(document.getElementById("b")).display`); got != "1 block" {
				t.Errorf("frames and display are %s", got)
			}
			tab.Eval(`window.b = document.getElementById("b"); b.remove()`, nil)
			if got := tab.Text(`b.shadowRoot.querySelectorAll("iframe").length`); got != "0" {
				t.Errorf("%s frames are left", got)
			}
		})
	}
}
