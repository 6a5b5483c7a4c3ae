package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"morepay/internal/e2e/browsertest"
)

// What is newer is missing in some, and the page is told to be there all the same.
func TestFrameWithoutWhatIsNewer(t *testing.T) {
	c := serveCheckout(t)
	tab := browsertest.Start(t).Open(t, before(`if (location.pathname.startsWith("/pay/")) {
		delete window.ResizeObserver;
		delete window.IntersectionObserver;
		delete window.URL;
		delete window.URLSearchParams;
		delete window.PointerEvent;
		delete window.fetch;
		delete FormData.prototype.get;
		delete Element.prototype.closest;
		delete HTMLFormElement.prototype.requestSubmit;
		delete NodeList.prototype.forEach;
	}`))
	tab.Go(serveShop(t, element("a", ""), c))
	happened(t, tab, opening...)
	frame := tab.Frame(c.URL)
	const height = `a.shadowRoot.querySelector("iframe").clientHeight`
	tab.Wait(height + " === 1080")
	frame.Eval(`{ const root = document.getElementById("checkout"); root.style.height = "1640px"; root.dataset.state = "failed" }`, nil)
	tab.Wait(height + " === 1640")
	frame.Run(chromedp.Click("#wechat_pay"))
	tab.Wait(`events.some((e) => e === 'a action {"rail":"qr"}')`)
}

// What the page says names the session. The page around it may press what the payer
// could, and hears whether it is reached, is seen, and is left.
func TestFrameTalks(t *testing.T) {
	c := serveCheckout(t)
	c.rows = `<form data-check="1" method="post" action="/pay/` + token + `/return"><button>paid</button></form>` +
		`<form data-inline="choose" method="get" action="/pay/` + token + `"><input type="hidden" name="choose" value="1"><button>other</button></form>`
	tab := browsertest.Start(t).Open(t)
	tab.Go(serveShop(t, element("a", ""), c))
	happened(t, tab, opening...)
	tab.Eval(`window.heard = []; addEventListener("message", (e) => heard.push(e.data.session + " " + e.data.type + " " + JSON.stringify(e.data.detail)))`, nil)
	order := func(message string) {
		tab.Eval(`a.shadowRoot.querySelector("iframe").contentWindow.postMessage({ mpm: 1, `+message+` }, "`+c.URL+`")`, nil)
	}
	heard := func(message string) {
		t.Helper()
		tab.Wait(`heard.includes('` + message + `')`)
	}
	frame := tab.Frame(c.URL)
	change := func(script string) {
		frame.Eval(`{ const root = document.getElementById("checkout"); `+script+` }`, nil)
	}
	change(`root.dataset.offline = ""`)
	heard(`cs_1 connection {"online":false}`)
	change(`delete root.dataset.offline`)
	heard(`cs_1 connection {"online":true}`)

	order(`type: "refresh"`)
	heard(`cs_1 ready {"title":"checkout"}`)
	heard(`cs_1 shown {"methods":["wechat_pay","alipay"]}`)
	tab.Frame(c.URL).Eval(`addEventListener("submit", (e) => { e.preventDefault(); parent.postMessage(e.target.innerText.trim(), "*") }, true)`, nil)
	tab.Eval(`addEventListener("message", (e) => heard.push(e.data))`, nil)
	order(`type: "check"`)
	heard("paid")
	order(`type: "cancel"`)
	heard("other")

	// Whatever its state is on the way to, an error that can be mended is one.
	frame = tab.Frame(c.URL)
	change(`root.dataset.state = "submitting"; root.insertAdjacentHTML("beforeend", '<p data-error="provider_refused"></p>')`)
	heard(`cs_1 error {"code":"provider_refused","retryable":true}`)
	change(`root.dataset.state = "expired"; root.querySelector("[data-error]").dataset.error = "session_not_open"`)
	heard(`cs_1 error {"code":"session_not_open","retryable":false}`)

	change(`root.dataset.state = "waiting"; root.dataset.rail = "qr"; Object.defineProperty(document, "hidden", { value: true });
		document.dispatchEvent(new Event("visibilitychange"))`)
	heard(`cs_1 abandon {}`)
}

// Nothing that stays in the frame adds to the history of the shop's tab.
func TestFrameLeavesTheHistoryAlone(t *testing.T) {
	c := serveCheckout(t)
	c.rows = `<form method="post" action="/pay/` + token + `/attempts" data-inline="post"><input type="hidden" name="method" value="x">` +
		`<input type="hidden" name="rail" value="qr"><button id="code">code</button></form>` +
		`<form method="get" action="/pay/` + token + `" data-inline="choose"><input type="hidden" name="choose" value="1"><button id="list">list</button></form>` +
		`<a href="/pay/` + token + `?lang=en" id="link">English</a>`
	tab := browsertest.Start(t).Open(t)
	tab.Go(c.framed(t, ""))
	for at, press := range []string{"#link", "#code", "#list"} {
		frame := tab.Frame(c.URL)
		frame.Wait(`document.readyState === "complete" && document.querySelector("` + press + `")`)
		frame.Run(chromedp.Click(press))
		tab.Wait(fmt.Sprintf(`heard.filter((e) => e === "ready").length === %d`, at+2))
	}
	if got := tab.Text(`String(history.length)`); got != "2" { // with the empty page of a new tab
		t.Errorf("the tab's history has %s entries", got)
	}
	if c.posts != 1 {
		t.Errorf("%d forms arrived", c.posts)
	}
}

// framed serves a page that frames the checkout without the loader, and keeps the types
// of what it hears in window.heard.
func (c *checkout) framed(t *testing.T, attributes string) string {
	t.Helper()
	c.parent = "*"
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><link rel="icon" href="data:,"><script>heard = []; addEventListener("message", (e) => heard.push(e.data.type))</script>`+
			`<iframe src="%s/pay/%s" %s></iframe>`, c.URL, token, attributes)
	}))
	t.Cleanup(shop.Close)
	return strings.Replace(shop.URL, "127.0.0.1", "localhost", 1) // another site
}
