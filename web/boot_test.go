package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
	"morepay/web/internal/sample"
)

// policy is the part of the page's Content-Security-Policy that is about what
// these scripts do.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; script-src-attr 'none'; style-src 'none'; " +
	"img-src data:; connect-src 'self'; form-action 'self' http://localhost:*; require-trusted-types-for 'script'; trusted-types 'none'"

// build compiles the sample for the browser with the flags of make wasm, with or
// without the stand-ins, once per test binary.
func build(t *testing.T, standins bool) []byte {
	t.Helper()
	needs.Chromium(t) // or it would be built for nothing
	body, err := builds[standins]()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

var builds = map[bool]func() ([]byte, error){
	true:  sync.OnceValues(func() ([]byte, error) { return compile(true) }),
	false: sync.OnceValues(func() ([]byte, error) { return compile(false) }),
}

func compile(standins bool) ([]byte, error) {
	dir, err := os.MkdirTemp("", "webtest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	const program = "./web/internal/sample/wasm"
	args := []string{"build", "-trimpath", "-ldflags", "-s -w", "-gcflags=all=-l"}
	if standins {
		err := goCommand("run", "./internal/tools/standins", "-o", dir, "wasm/stub", program)
		if err != nil {
			return nil, err
		}
		args = append(args, "-overlay", filepath.Join(dir, "overlay.json"), "-modfile", filepath.Join(dir, "go.mod"))
	}
	out := filepath.Join(dir, "sample.wasm")
	if err := goCommand(append(args, "-o", out, program)...); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

// goCommand runs go in the module's root; go build is for the browser.
func goCommand(args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = ".."
	if args[0] == "build" {
		cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// sampleServer serves the sample as httpd serves the checkout.
type sampleServer struct {
	*httptest.Server
	html     string        // of the body, before the scripts
	policy   string        // Content-Security-Policy
	wasmType string        // Content-Type of the bundle, as something in between may change it; "" for its own
	gate     chan struct{} // the bundle is not sent before this is closed
	views    chan struct{} // holds one for each time that the page was loaded
	bundles  atomic.Int32  // how often the bundle was asked for
}

// serve starts a sampleServer with the given bundle.
func serve(t *testing.T, wasm []byte, html string) *sampleServer {
	t.Helper()
	exec, err := os.ReadFile(filepath.Join(needs.GOROOT(t), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		t.Fatal(err)
	}
	assets := newAssets(sources, fstest.MapFS{AppWasm: {Data: wasm}, WasmExec: {Data: exec}})
	s := &sampleServer{html: html, policy: policy, gate: make(chan struct{}), views: make(chan struct{}, 1000)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		s.views <- struct{}{}
		w.Header().Set("Content-Security-Policy", s.policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>sample</title><link rel="icon" href="data:,"></head>`+
			`<body>%s<script defer src="%s" data-exec="%s" data-wasm="%s" data-text="%s"></script></body></html>`,
			s.html, assets.URL(Boot), assets.URL(WasmExec), assets.URL(AppWasm), assets.URL(Frame))
	})
	mux.HandleFunc("GET "+assets.URL(AppWasm), func(w http.ResponseWriter, r *http.Request) {
		s.bundles.Add(1)
		select {
		case <-s.gate:
			if s.wasmType != "" {
				w.Header().Set("Content-Type", s.wasmType)
				w.Write(wasm)
				return
			}
			assets.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
	mux.Handle("GET /assets/", assets)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// record counts what changes under the root from now on.
const record = `{
	window.changes = [];
	const root = document.getElementById("checkout");
	new MutationObserver((list) => changes.push(...list.map((m) => m.type + " " + m.target.nodeName + " " + (m.attributeName || ""))))
		.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
}`

const ready = `window.morepay && morepay.ready`

// listener stands in for listen.js: it notes whether it is to listen.
const listener = `window.listening = true;
	window.morepay = { ready: false, drift: 0, listen() { listening = true }, hush() { listening = false } };`

// before has a script run in each page of a tab before its own.
func before(script string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	})
}

// The client takes over in the middle of everything that a payer may be doing.
func TestTakeover(t *testing.T) {
	browser := browsertest.Start(t)
	for _, test := range []struct {
		name     string
		standins bool
	}{{"stand-ins", true}, {"stock", false}} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, build(t, test.standins), app.HTMLString(&sample.Page{}))
			tab := browser.Open(t)
			tab.Go(s.URL)
			tab.Run(chromedp.Click("summary"), chromedp.Focus("#pay-jd_pay"))
			tab.Eval(record, nil)
			tab.Eval(`window.nodes = [...document.querySelectorAll("#checkout, #checkout *")]; nodes.length`, nil)
			x, y := middle(tab, "#pay-alipay")
			tab.Run(input.DispatchMouseEvent(input.MousePressed, x, y).WithButton(input.Left).WithClickCount(1))
			tab.Eval(`document.querySelector("#pay-jd_pay").focus()`, nil)

			close(s.gate)
			tab.Wait(ready)
			if got := tab.Text(`changes.join(", ")`); got != "" {
				t.Errorf("the takeover changed the page: %s", got)
			}
			if got := tab.Text(`morepay.drift`); got != "0" {
				t.Errorf("%s nodes differed", got)
			}
			if got := tab.Text(`[...document.querySelectorAll("#checkout, #checkout *")].every((n, i) => n === nodes[i])`); got != "true" {
				t.Error("some elements are not those that the server sent")
			}
			if got := tab.Text(`document.querySelector("details").open + " " + document.activeElement.id`); got != "true pay-jd_pay" {
				t.Errorf("disclosure and focus are %s", got)
			}
			if got := tab.Text(`"ready" in document.documentElement.dataset`); got != "true" {
				t.Error("the html element is not marked")
			}

			tab.Run(input.DispatchMouseEvent(input.MouseReleased, x, y).WithButton(input.Left).WithClickCount(1))
			tab.Wait(`document.getElementById("picked")`)
			if got := tab.Text(`picked.textContent + document.getElementById("checkout").dataset.state`); got != "1waiting" {
				t.Errorf("after the click the page says %s", got)
			}
			if n := len(s.views); n != 1 {
				t.Errorf("the page was loaded %d times", n)
			}
		})
	}
}

// middle returns the middle of an element, in CSS pixels of the window.
func middle(tab *browsertest.Tab, selector string) (x, y float64) {
	var at [2]float64
	tab.Eval(`(() => { const b = document.querySelector("`+selector+`").getBoundingClientRect();
		return [b.x + b.width / 2, b.y + b.height / 2] })()`, &at)
	return at[0], at[1]
}

// Where the page is not what the client would draw, what it draws wins, and it
// works.
func TestTakeoverOfAnotherPage(t *testing.T) {
	html := app.HTMLString(&sample.Page{})
	browser := browsertest.Start(t)
	original := serve(t, build(t, true), html)
	untouched := browser.Open(t)
	untouched.Go(original.URL)
	want := untouched.Text(outline)
	close(original.gate)
	for _, test := range []struct{ name, html, drift string }{
		{"text-changed", strings.Replace(html, "Total", "Sum", 1), "1"},
		{"attribute-changed", strings.Replace(html, `"0 0 4 4"`, `"0 0 9 9"`, 1), "0"},
		{"element-added", strings.Replace(html, "</h1>", "</h1><em>sale</em>", 1), ""},
		{"element-missing", strings.Replace(html, "<span>Total</span>", "", 1), ""},
		{"element-of-another-kind", strings.NewReplacer("<strong>", "<b>", "</strong>", "</b>").Replace(html), ""},
		{"text-translated", strings.Replace(html, "Total", "<font>Summe</font>", 1), ""},
		{"root-of-another-kind", strings.NewReplacer("<main", "<div", "</main>", "</div>").Replace(html), ""},
		{"child-added-at-the-end", strings.Replace(html, "</main>", "<p>more</p></main>", 1), "1"},
		{"extension-before-the-root", `<aside id="extension">hello</aside>` + html, "0"},
		{"comments", strings.Replace(html, "</h1>", "</h1><!-- note -->", 1), "0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, build(t, true), test.html)
			close(s.gate)
			tab := browser.Open(t)
			tab.Go(s.URL)
			tab.Wait(ready)
			if got := tab.Text(outline); got != want {
				t.Errorf("the page is\n%s\nwant\n%s", got, want)
			}
			if got := tab.Text(`morepay.drift`); test.drift != "" && got != test.drift || test.drift == "" && got == "0" {
				t.Errorf("drift is %s, want %q", got, test.drift)
			}
			if got := tab.Text(`document.querySelectorAll("#checkout").length`); got != "1" {
				t.Errorf("%s checkouts stand on the page", got)
			}
			if strings.Contains(test.html, "extension") && tab.Text(`document.querySelectorAll("#extension").length`) != "1" {
				t.Error("the extension's element is gone")
			}
			tab.Run(chromedp.Click("#pay-wechat_pay"))
			tab.Wait(`document.getElementById("picked")`)
		})
	}
}

// outline is an expression for what the checkout consists of: names, attributes
// and texts, without the white space of indentation.
const outline = `(function outline(n) {
	if (n.nodeType === Node.TEXT_NODE) return n.data.trim();
	if (n.nodeType !== Node.ELEMENT_NODE) return "";
	const attributes = [...n.attributes].map((a) => a.name + "=" + a.value).sort();
	return "<" + [n.localName, ...attributes].join(" ") + ">" + [...n.childNodes].map(outline).join("") + "</>";
})(document.getElementById("checkout"))`

// go-app dies without localStorage, and our payers' browsers may deny it.
func TestTakeoverWithoutStorage(t *testing.T) {
	s := serve(t, build(t, true), app.HTMLString(&sample.Page{}))
	close(s.gate)
	tab := browsertest.Start(t, browsertest.BlockStorage()).Open(t)
	tab.Go(s.URL)
	tab.Wait(ready)
	tab.Run(chromedp.Click("#pay-wechat_pay"))
	tab.Wait(`document.getElementById("picked")`)
}

// Without the client the page stays as the server sent it, says so once, and is
// followed by the listener.
func TestPageGoesOnWithoutClient(t *testing.T) {
	html := app.HTMLString(&sample.Page{})
	whole := build(t, true)
	browser := browsertest.Start(t)
	for _, test := range []struct {
		name    string
		wasm    []byte
		policy  string
		script  string // runs before the page's
		bundles int32  // how often the bundle is asked for
	}{
		{"bundle-is-no-wasm", []byte("<html>not found</html>"), policy, "", 1},
		{"bundle-cut-short", whole[:len(whole)/2], policy, "", 1},
		{"no-webassembly", whole, policy, "delete window.WebAssembly", 0},
		// What engines do that don't know our policy's word for it.
		{"compiling-forbidden", whole, strings.Replace(policy, " 'wasm-unsafe-eval'", "", 1), "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, test.wasm, html)
			s.policy = test.policy
			close(s.gate)
			tab := browser.Open(t, before(listener+`window.warned = []; console.warn = (...a) => warned.push(a.join(" "));`+test.script))
			tab.Go(s.URL)
			tab.Wait(`warned.length`)
			if got := tab.Text(`[morepay.ready, "ready" in document.documentElement.dataset, listening, warned.length].join(" ")`); got != "false false true 1" {
				t.Errorf("property, attribute, listener and warnings are %s", got)
			}
			if n := s.bundles.Load(); n != test.bundles {
				t.Errorf("the bundle was asked for %d times, want %d", n, test.bundles)
			}
		})
	}
}

// The bundle is compiled under any type, and by engines that can't stream it.
func TestBundleIsCompiledWhole(t *testing.T) {
	browser := browsertest.Start(t)
	for _, test := range []struct{ name, wasmType, script string }{
		{"wrong-type", "application/octet-stream", ""},
		{"no-streaming", "", "delete WebAssembly.compileStreaming"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, build(t, true), app.HTMLString(&sample.Page{}))
			s.wasmType = test.wasmType
			close(s.gate)
			tab := browser.Open(t, before(listener+test.script))
			tab.Go(s.URL)
			tab.Wait(ready)
			if got := tab.Text(`listening`); got != "false" {
				t.Error("the listener goes on beside the client")
			}
		})
	}
}

// A translator or an extension can take away a node that go-app counts on; it
// then gives up, and the page must not be worse off than without it.
func TestClientStops(t *testing.T) {
	s := serve(t, build(t, true), app.HTMLString(&sample.Page{}))
	close(s.gate)
	tab := browsertest.Start(t).Open(t, before(listener))
	tab.Go(s.URL)
	tab.Wait(ready)
	tab.Run(chromedp.Click("#pay-wechat_pay"))
	tab.Wait(`document.getElementById("picked")`)
	tab.Eval(`picked.remove()`, nil)
	tab.Run(chromedp.Click("#pay-wechat_pay"))
	tab.Wait(`listening && !morepay.ready`)
}

// Nothing of the client is asked for before the page is there, and the bundle
// gives way to whatever else the page needs.
func TestBundleIsLateAndLow(t *testing.T) {
	s := serve(t, build(t, true), app.HTMLString(&sample.Page{}))
	close(s.gate)
	tab := browsertest.Start(t).Open(t, network.Enable())
	seen := make(chan string, 100)
	chromedp.ListenTarget(tab.Context(), func(event any) {
		switch e := event.(type) {
		case *page.EventLoadEventFired:
			seen <- "load"
		case *network.EventRequestWillBeSent:
			if name := path.Base(e.Request.URL); name == AppWasm || name == WasmExec {
				seen <- name + " " + string(e.Request.InitialPriority)
			}
		}
	})
	tab.Go(s.URL)
	tab.Wait(ready)
	var got []string
	for len(got) < 3 {
		got = append(got, <-seen)
	}
	if got[0] != "load" || !slices.Contains(got, "app.wasm Low") {
		t.Errorf("the page was loaded in the order %q", got)
	}
}

// The bundle gives way to what the payer asks for, and comes after it.
func TestBundleGivesWay(t *testing.T) {
	s := serve(t, build(t, true), app.HTMLString(&sample.Page{}))
	tab := browsertest.Start(t).Open(t, network.Enable(), before(hurry))
	asked, failed := make(chan network.RequestID, 100), make(chan network.RequestID, 100)
	chromedp.ListenTarget(tab.Context(), func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if path.Base(e.Request.URL) == AppWasm {
				asked <- e.RequestID
			}
		case *network.EventLoadingFailed:
			failed <- e.RequestID
		}
	})
	tab.Go(s.URL)
	first := <-asked
	tab.Eval(`dispatchEvent(new Event("submit"))`, nil)
	if given := <-failed; given != first {
		t.Errorf("the request %s failed, want the bundle's, %s", given, first)
	}
	close(s.gate)
	<-asked
	tab.Wait(ready)
}

// Who saves data, or is on a very slow line, is not sent the bundle.
func TestBundleIsSpared(t *testing.T) {
	browser := browsertest.Start(t)
	for name, line := range map[string]string{"save-data": `{ saveData: true, effectiveType: "4g" }`, "2g": `{ effectiveType: "slow-2g" }`} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, build(t, true), app.HTMLString(&sample.Page{}))
			close(s.gate)
			tab := browser.Open(t, before(`Object.defineProperty(Navigator.prototype, "connection", { value: `+line+` });
				addEventListener("load", () => requestIdleCallback(() => requestIdleCallback(() => { window.idle = true })))`))
			tab.Go(s.URL)
			tab.Wait(`window.idle`)
			if got := tab.Text(`performance.getEntriesByType("resource").filter((e) => e.name.endsWith(".wasm")).length + " " + morepay.ready`); got != "0 false" {
				t.Errorf("requests for the bundle, and whether it is ready: %s", got)
			}
		})
	}
}
