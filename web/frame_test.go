package web

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/chromedp/chromedp"

	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
)

const token = "token-of-a-session-0123456789"

// checkout is a page as httpd makes it, without a client: a list of methods, then
// a QR, then whatever state the test sets. It runs on 127.0.0.1.
type checkout struct {
	*httptest.Server

	mu      sync.Mutex
	state   string
	rail    string
	parent  string // what data-parent says; "" for what the query says
	silent  bool   // no scripts on the page, as if it were another
	height  int    // of the content, in CSS pixels
	rows    string // more of the page's HTML
	posts   int    // how many forms arrived
	reason  string // why the page can't be shown, as JSON; "" for a server that can't be reached
	queries []string
}

func serveCheckout(t *testing.T) *checkout {
	t.Helper()
	c := &checkout{state: "select", height: 300, reason: `{"reason": "ok"}`}
	assets := newAssets(sources, fstest.MapFS{})
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", assets)
	mux.Handle("GET /embed.js", assets)
	mux.HandleFunc("GET /pay/{token}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, c.page(w, r, assets)) })
	mux.HandleFunc("POST /pay/{token}/attempts", func(w http.ResponseWriter, r *http.Request) {
		if rail := c.attempt(r.FormValue("rail")); rail == "deep_link" {
			http.Redirect(w, r, "/wallet", http.StatusSeeOther)
			return
		}
		page := "/pay/" + r.PathValue("token") + "?parent=" + r.FormValue("parent")
		if r.Header.Get("Accept") == "application/json" {
			w.Header().Set("Content-Location", page)
			io.WriteString(w, "{}")
			return
		}
		http.Redirect(w, r, page, http.StatusSeeOther)
	})
	mux.HandleFunc("GET /offer", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Replace(c.page(w, r, assets), `data-session="cs_1"`, "", 1))
	})
	mux.HandleFunc("GET /pay/{token}/reason", func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.reason == "" {
			return // nothing that another origin may read
		}
		w.Header().Set("Access-Control-Allow-Origin", "*")
		io.WriteString(w, strings.ReplaceAll(c.reason, "ORIGIN", r.Header.Get("Origin")))
	})
	mux.HandleFunc("GET /wallet", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, `<!doctype html><link rel="icon" href="data:,"><title>wallet</title>`)
	})
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

func (c *checkout) attempt(rail string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.posts++
	c.state, c.rail = "waiting", rail
	return rail
}

// set changes what the next page shows.
func (c *checkout) set(change func(c *checkout)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c)
}

func (c *checkout) page(w http.ResponseWriter, r *http.Request, assets *Assets) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queries = append(c.queries, r.URL.RawQuery)
	parent := c.parent
	if parent == "" {
		parent = r.URL.Query().Get("parent")
	}
	row := func(method, rail, target string) string {
		return fmt.Sprintf(`<form data-method="%[1]s" method="post" action="%[2]s/attempts" target="%[3]s"><input type="hidden" name="method" value="%[1]s">`+
			`<input type="hidden" name="rail" value="%[4]s"><input type="hidden" name="parent" value="%[5]s"><button id="%[1]s">%[1]s</button></form>`,
			method, html.EscapeString(r.URL.Path), target, rail, html.EscapeString(parent))
	}
	list := row("wechat_pay", "qr", "") + row("alipay", "deep_link", "_top") + `<p data-method="jd_pay" data-reason="method_closed">JD Pay</p>` + c.rows
	script := fmt.Sprintf(`<script defer src="%s" data-parent="%s" data-session="cs_1"></script>`, assets.URL(Frame), html.EscapeString(parent))
	if c.silent {
		script = ""
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return fmt.Sprintf(`<!doctype html><html><head><link rel="icon" href="data:,"><title>checkout</title></head><body style="margin:0">`+
		`<main id="checkout" data-state="%s" data-rail="%s" style="height:%dpx">%s</main>%s</body></html>`, c.state, c.rail, c.height, list, script)
}

// serveShop serves a merchant's page on localhost, another site than that of the
// checkouts, under a strict policy. The loader comes from the first of them.
// Events are kept in window.events as "id type detail".
func serveShop(t *testing.T, body string, checkouts ...*checkout) string {
	t.Helper()
	var origins []string
	for _, c := range checkouts {
		origins = append(origins, c.URL)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /shop.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		io.WriteString(w, `window.events = [];
			window.sessions = new Set();
			window.received = 0;
			addEventListener("message", () => received++);
			for (const type of ["ready", "select", "methodschange", "action", "fallback", "statuschange", "beforeredirect", "complete", "expire", "cancel", "error", "loaderror", "connection", "abandon"])
				addEventListener("mpm:" + type, (e) => {
					if (type === "beforeredirect" && e.target.dataset.stop) e.preventDefault();
					const { session, ...detail } = e.detail;
					sessions.add(session);
					events.push([e.target.id, type, JSON.stringify(detail)].join(" "));
				});`)
	})
	var order []byte // the last that a session was to be made for
	mux.HandleFunc("/session", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			order, _ = io.ReadAll(r.Body)
			fmt.Fprintf(w, `{"token": %q}`, token)
			return
		}
		w.Write(order)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'none'; script-src 'self' "+origins[0]+
			"; frame-src "+strings.Join(origins, " ")+"; connect-src 'self' "+strings.Join(origins, " ")+"; require-trusted-types-for 'script'; trusted-types 'none'")
		integrity := Files().Integrity(Embed)
		fmt.Fprintf(w, `<!doctype html><html lang="en"><head><link rel="icon" href="data:,"><title>shop</title><script src="/shop.js"></script>`+
			`<script async src="%s/embed.js" integrity="%s" crossorigin></script></head><body>%s</body></html>`, origins[0], integrity, body)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

// serveHTML serves a page on localhost without a policy.
func serveHTML(t *testing.T, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, `<!doctype html><link rel="icon" href="data:,"><title>shop</title>`+body)
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

func element(id string, attributes string) string {
	return fmt.Sprintf(`<more-payment-methods id="%s" session="%s" %s></more-payment-methods>`, id, token, attributes)
}

// happened waits for as many events as wanted and compares them.
func happened(t *testing.T, tab *browsertest.Tab, want ...string) {
	t.Helper()
	tab.Wait(fmt.Sprintf("window.events && events.length >= %d", len(want)))
	var got []string
	tab.Eval("events", &got)
	if !slices.Equal(got, want) {
		t.Errorf("events are\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// failed lists the two events of a checkout that can't be shown.
func failed(detail string) []string { return []string{"a loaderror " + detail, "a error " + detail} }

var opening = []string{
	`a ready {}`,
	`a statuschange {"state":"select"}`,
	`a methodschange {"methods":["wechat_pay","alipay"]}`,
}

// A payment by QR without any WebAssembly, told to a shop on another site.
func TestEmbedTellsWhatHappens(t *testing.T) {
	c := serveCheckout(t)
	tab := browsertest.Start(t).Open(t)
	tab.Go(serveShop(t, element("a", `endpoint="`+c.URL+`" locale="zh-TW"`), c))
	happened(t, tab, opening...)

	frame := tab.Frame(c.URL)
	frame.Run(chromedp.Click("#wechat_pay"))
	chosen := append(slices.Clone(opening), `a select {"method":"wechat_pay","rail":"qr"}`,
		`a statuschange {"state":"waiting"}`, `a action {"rail":"qr"}`)
	happened(t, tab, chosen...)

	// What holds is said again after a reload, and told once.
	for range 2 {
		frame.Eval(`document.body.dataset.old = 1; location.reload()`, nil)
		frame.Wait(`document.readyState === "complete" && !document.body.dataset.old`)
	}
	c.set(func(c *checkout) { c.state = "paid" })
	frame.Eval(`location.reload()`, nil)
	happened(t, tab, append(chosen, `a statuschange {"state":"paid"}`, `a complete {}`)...)

	// The client changes the page in place; frame.js sees that too.
	tab.Eval(`events.length = 0`, nil)
	for _, change := range []string{`state = "select"`, `state = "waiting"`, `state = "expired"`, `state = "canceled"`} {
		frame.Eval(`new Promise((done) => { document.getElementById("checkout").dataset.`+change+`; requestAnimationFrame(done) })`, nil)
	}
	happened(t, tab, `a statuschange {"state":"select"}`, `a statuschange {"state":"waiting"}`, `a action {"rail":"qr"}`,
		`a statuschange {"state":"expired"}`, `a expire {}`, `a statuschange {"state":"canceled"}`, `a cancel {}`)

	if got := tab.Text(`a.shadowRoot.querySelector("iframe").title`); got != "checkout" {
		t.Errorf("the frame's title is %q", got)
	}
	if got := tab.Text(`[...sessions].join(" ")`); got != "cs_1" {
		t.Errorf("the events are of the sessions %q", got)
	}
	if first := c.queries[0]; !strings.Contains(first, "locale=zh-TW") || !strings.Contains(first, "parent=http%3A%2F%2Flocalhost%3A") {
		t.Errorf("the page was asked for with %q", first)
	}
}

// The frame grows with its page and never gets smaller, so that what is around it
// need not move.
func TestEmbedFitsTheFrame(t *testing.T) {
	c := serveCheckout(t)
	tab := browsertest.Start(t).Open(t)
	tab.Go(serveShop(t, element("a", ""), c))
	const height = `a.shadowRoot.querySelector("iframe").clientHeight`
	tab.Wait(height + " === 1080")
	frame := tab.Frame(c.URL)
	for _, test := range []struct{ content, frame int }{{1100, 1100}, {200, 1100}, {1200, 1200}, {9000, 4000}} {
		frame.Eval(fmt.Sprintf(`document.getElementById("checkout").style.height = "%dpx"`, test.content), nil)
		frame.Eval(`new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))`, nil)
		tab.Wait(fmt.Sprintf("%s === %d", height, test.frame))
	}
	tab.Eval(`events.length = 0; a.setAttribute("locale", "de")`, nil)
	tab.Wait(`a.shadowRoot.querySelector("iframe").src.includes("locale=de") && ` + height + ` === 4000`)
}

// Nobody but our page in our frame is believed, and it only in small, typed
// messages.
func TestEmbedDistrusts(t *testing.T) {
	c := serveCheckout(t)
	tab := browsertest.Start(t).Open(t)
	tab.Go(serveShop(t, element("a", ""), c))
	happened(t, tab, opening...)

	const message = `{ mpm: 1, type: "complete", detail: {} }`
	tab.Eval(`postMessage(`+message+`, location.origin)`, nil) // right form, wrong window and origin
	tab.Eval(`{ const other = document.createElement("iframe"); other.src = "`+c.URL+`/wallet"; other.id = "other"; document.body.append(other);
		new Promise((loaded) => { other.onload = loaded }) }`, nil)
	tab.Frame(c.URL+"/wallet").Eval(`parent.postMessage(`+message+`, "*")`, nil) // right origin, wrong window
	frame := tab.Frame(c.URL + "/pay/")
	for _, bad := range []string{
		`null`, `1`, `"complete"`, `{}`, `{ mpm: 2, type: "complete", detail: {} }`, `{ mpm: 1, type: "complete" }`,
		`{ mpm: 1, type: "constructor", detail: {} }`, `{ mpm: 1, type: "paid", detail: {} }`,
		`{ mpm: 1, type: "statuschange", detail: { state: 1 } }`, `{ mpm: 1, type: "methodschange", detail: { methods: "alipay" } }`,
		`{ mpm: 1, type: "methodschange", detail: { methods: [1] } }`, `{ mpm: 1, type: "resize", detail: { height: NaN } }`,
		`{ mpm: 1, type: "error", detail: { code: "x", retryable: 1 } }`,
		`{ mpm: 1, type: "statuschange", detail: { state: "x".repeat(1024) } }`,
	} {
		frame.Eval(`parent.postMessage(`+bad+`, "*")`, nil)
	}
	frame.Eval(`parent.postMessage({ mpm: 1, type: "complete", session: "cs_2", detail: {} }, "*")`, nil) // of another session
	frame.Eval(`parent.postMessage({ mpm: 1, type: "action", session: "cs_1", detail: { rail: "qr", extra: "dropped" } }, "*")`, nil)
	happened(t, tab, append(slices.Clone(opening), `a action {"rail":"qr"}`)...)
}

// The page tells only the origin that the server allowed, whoever framed it.
func TestFrameTellsOnlyTheParentItKnows(t *testing.T) {
	c := serveCheckout(t)
	c.parent = "https://other.example"
	tab := browsertest.Start(t).Open(t)
	tab.Go(serveShop(t, element("a", ""), c))
	happened(t, tab, failed(`{"code":"load_failed","retryable":true}`)...)
	if got := tab.Text(`received`); got != "0" {
		t.Errorf("the shop received %s messages", got)
	}
}

func TestEmbedReportsFailures(t *testing.T) {
	c := serveCheckout(t)
	browser := browsertest.Start(t)
	for _, test := range []struct{ name, attributes, attribute string }{
		{"short-session", `session="abc"`, "session"},
		{"session-climbs", `session="../../../../../../admin/sessions"`, "session"},
		{"endpoint-is-no-url", `session="` + token + `" endpoint="pay.example"`, "endpoint"},
		{"endpoint-with-a-path", `session="` + token + `" endpoint="` + c.URL + `/shop"`, "endpoint"},
		{"endpoint-is-a-script", `session="` + token + `" endpoint="javascript:alert(1)"`, "endpoint"},
		{"locale", `session="` + token + `" locale="../x"`, "locale"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tab := browser.Open(t)
			tab.Go(serveShop(t, `<more-payment-methods id="a" `+test.attributes+`></more-payment-methods>`, c))
			happened(t, tab, `a error {"code":"bad_attribute","retryable":false,"attribute":"`+test.attribute+`"}`)
			tab.Expect("<more-payment-methods>: " + test.attribute)
		})
	}
	t.Run("load-fails-then-reload", func(t *testing.T) {
		c := serveCheckout(t)
		c.silent = true
		tab := browser.Open(t)
		tab.Go(serveShop(t, element("a", ""), c))
		failure := failed(`{"code":"load_failed","retryable":true}`)
		happened(t, tab, failure...)
		c.set(func(c *checkout) { c.silent = false })
		tab.Eval(`a.reload()`, nil)
		happened(t, tab, append(failure, opening...)...)
	})
	t.Run("mended-attribute", func(t *testing.T) {
		tab := browser.Open(t)
		tab.Go(serveShop(t, `<more-payment-methods id="a" session="short"></more-payment-methods>`, c))
		tab.Expect("session must be")
		tab.Eval(`events.length = 0; a.setAttribute("session", "`+token+`")`, nil)
		happened(t, tab, opening...)
	})
	t.Run("error-on-the-page", func(t *testing.T) {
		tab := browser.Open(t)
		tab.Go(serveShop(t, element("a", ""), c))
		happened(t, tab, opening...)
		tab.Frame(c.URL).Eval(`{ const p = document.createElement("p"); p.dataset.error = "too_many_attempts"; document.getElementById("checkout").append(p) }`, nil)
		happened(t, tab, append(slices.Clone(opening), `a error {"code":"too_many_attempts","retryable":true}`)...)
	})
}

// The shop may hold a click that is about to leave its page, if it says so.
func TestBeforeRedirect(t *testing.T) {
	const asked = `a beforeredirect {"method":"alipay","rail":"deep_link"}`
	browser := browsertest.Start(t)
	for _, test := range []struct {
		name, attributes string
		leaves           bool
	}{
		{"not-held", "", true},
		{"not-held-and-canceled", `data-stop="1"`, true},
		{"held-and-allowed", `hold-redirect`, true},
		{"held-and-canceled", `hold-redirect data-stop="1"`, false},
		{"held-late-and-canceled", `data-stop="1"`, false},
		{"not-held-any-more", `hold-redirect data-stop="1"`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := serveCheckout(t)
			tab := browser.Open(t)
			tab.Go(serveShop(t, element("a", test.attributes), c))
			happened(t, tab, opening...)
			if test.name == "held-late-and-canceled" || test.name == "not-held-any-more" {
				tab.Eval(`a.toggleAttribute("hold-redirect")`, nil)
			}
			frame := tab.Frame(c.URL)
			frame.Run(chromedp.Click("#alipay"))
			if test.leaves {
				tab.Wait(`document.title === "wallet"`)
				return
			}
			happened(t, tab, append(slices.Clone(opening), `a select {"method":"alipay","rail":"deep_link"}`, asked)...)
			// The payer is still here and may choose otherwise.
			frame.Run(chromedp.Click("#wechat_pay"))
			tab.Wait(`events.some((e) => e.includes("waiting"))`)
			if c.posts != 1 {
				t.Errorf("%d forms were sent, want only the second", c.posts)
			}
		})
	}
	t.Run("shop-never-answers", func(t *testing.T) {
		c := serveCheckout(t)
		tab := browser.Open(t)
		tab.Go(serveShop(t, element("a", "hold-redirect"), c))
		happened(t, tab, opening...)
		tab.Eval(`addEventListener("message", (e) => e.stopImmediatePropagation(), true); a._post = () => {}`, nil)
		tab.Frame(c.URL).Run(chromedp.Click("#alipay"))
		tab.Wait(`document.title === "wallet"`)
	})
}

func TestFallbackIsTold(t *testing.T) {
	c := serveCheckout(t)
	c.state, c.rail = "waiting", "deep_link"
	tab := browsertest.Start(t).Open(t)
	tab.Go(serveShop(t, element("a", ""), c))
	tab.Wait(`events.length === 3`)
	tab.Frame(c.URL).Run(chromedp.Click("#wechat_pay"))
	happened(t, tab, `a ready {}`, `a statuschange {"state":"waiting"}`, `a action {"rail":"deep_link"}`,
		`a select {"method":"wechat_pay","rail":"qr"}`, `a fallback {"method":"wechat_pay","from":"deep_link","to":"qr"}`, `a action {"rail":"qr"}`)
}

// Two checkouts on one page know nothing of each other, and a second script tag
// changes nothing.
func TestEmbedInstances(t *testing.T) {
	first, second := serveCheckout(t), serveCheckout(t)
	second.state = "paid"
	tab := browsertest.Start(t).Open(t)
	tab.Go(serveShop(t, element("a", "")+element("b", `endpoint="`+second.URL+`"`)+`<script src="`+first.URL+`/embed.js"></script>`, first, second))
	tab.Wait(`events.length === 6`)
	of := func(id string) string {
		return tab.Text(`events.filter((e) => e.startsWith("` + id + ` ")).map((e) => e.split(" ").slice(1).join(" ")).join("; ")`)
	}
	if got := of("a"); got != `ready {}; statuschange {"state":"select"}; methodschange {"methods":["wechat_pay","alipay"]}` {
		t.Errorf("the first tells %s", got)
	}
	if got := of("b"); got != `ready {}; statuschange {"state":"paid"}; complete {}` {
		t.Errorf("the second tells %s", got)
	}
	tab.Eval(`a.remove()`, nil)
	second.set(func(c *checkout) { c.state = "expired" })
	tab.Eval(`b.reload()`, nil)
	tab.Wait(`events.length === 8`)
	if got := of("b"); !strings.HasSuffix(got, `complete {}; statuschange {"state":"expired"}; expire {}`) {
		t.Errorf("the second tells %s", got)
	}
	if got := of("a"); strings.Count(got, "ready") != 1 {
		t.Errorf("the removed one tells %s", got)
	}
}

// Without a frame the page tells the native app around it.
func TestFrameTellsNativeHosts(t *testing.T) {
	c := serveCheckout(t)
	browser := browsertest.Start(t)
	for _, test := range []struct{ name, host string }{
		{"apple", `window.webkit = { messageHandlers: { morepay: { postMessage: (m) => told.push(m.type) } } }`},
		{"android", `window.MorePayHost = { postMessage: (m) => told.push(JSON.parse(m).type) }`},
	} {
		t.Run(test.name, func(t *testing.T) {
			tab := browser.Open(t, before("window.told = [];"+test.host))
			tab.Go(c.URL + "/pay/" + token)
			if got := tab.Text(`told.slice(0, 3).join(" ")`); got != "ready statuschange methodschange" {
				t.Errorf("the app was told %q", got)
			}
		})
	}
}

// A shop's build may evaluate the script on its server.
func TestEmbedIsInertWithoutBrowser(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command(needs.Node(t), Embed).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("node says %v: %s", err, out)
	}
}

// The types promise the events that are sent, and no others.
func TestEmbedTypesMatch(t *testing.T) {
	t.Parallel()
	script, _ := sources.ReadFile(Embed)
	types, _ := sources.ReadFile(EmbedTypes)
	_, messages, _ := strings.Cut(string(script), "const MESSAGES = {")
	messages, _, _ = strings.Cut(messages, "\n  };")
	events := func(pattern, text string) []string {
		var names []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			names = append(names, m[1])
		}
		slices.Sort(names)
		return names
	}
	sent := events(`(?m)^    (\w+):`, messages)
	sent = slices.DeleteFunc(sent, func(name string) bool { return name == "resize" }) // between the two scripts
	sent = append(sent, "loaderror")                                                   // the loader's own
	promised := events(`"mpm:(\w+)":`, string(types))
	slices.Sort(sent)
	if !slices.Equal(sent, promised) || len(sent) == 0 {
		t.Errorf("the script sends %v, the types promise %v", sent, promised)
	}
}
