package browsertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"morepay/internal/e2e/browsertest"
)

// page serves one document under every path.
func page(t *testing.T, html string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><link rel=icon href=data:,>"+html)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestTab(t *testing.T) {
	browser := browsertest.Start(t)
	t.Run("script", func(t *testing.T) {
		tab := browser.Open(t)
		tab.Go(page(t, `<p id=p>one</p><script>setTimeout(() => { p.textContent = "two" }, 50)</script>`))
		tab.Wait(`p.textContent === "two"`)
		if got := tab.Text(`document.querySelector("p").textContent`); got != "two" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("no-script", func(t *testing.T) {
		tab := browser.Open(t, emulation.SetScriptExecutionDisabled(true))
		tab.Go(page(t, `<p id=p>one</p><script>p.textContent = "two"</script>`))
		if got := tab.Text(`document.querySelector("p").textContent`); got != "one" {
			t.Errorf("the page's script ran: %q", got)
		}
	})
	t.Run("foreign-frame", func(t *testing.T) {
		inner := page(t, `<h1>inside</h1>`)
		tab := browser.Open(t)
		foreign := strings.Replace(inner, "127.0.0.1", "localhost", 1)
		tab.Go(page(t, `<iframe src="`+foreign+`/x"></iframe>`))
		frame := tab.Frame(foreign)
		frame.Wait(`document.readyState === "complete"`)
		if got := frame.Text(`document.querySelector("h1").textContent`); got != "inside" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("tap", func(t *testing.T) {
		tab := browser.Open(t)
		tab.Go(page(t, `<p style="height: 3000px">far below</p><button onclick="history.pushState(1, ''); p.textContent = 'two'">b</button><p id=p>one</p>
			<div id=over style="position: fixed; inset: 0"></div><script>setTimeout(() => over.remove(), 100)</script>`))
		tab.Tap("button")
		tab.Wait(`p.textContent === "two"`)
		tab.Eval(`p.textContent = "one"`, nil)
		tab.Tap("button") // of a page with another entry in the history
		tab.Wait(`p.textContent === "two"`)
	})
	t.Run("tabs-share-nothing", func(t *testing.T) {
		url := page(t, "")
		first, second := browser.Open(t), browser.Open(t)
		first.Go(url)
		first.Eval(`localStorage.setItem("k", "v")`, nil)
		second.Go(url)
		if got := second.Text(`localStorage.getItem("k")`); got != "null" {
			t.Errorf("the second tab sees %q", got)
		}
	})
}

func TestBlockStorage(t *testing.T) {
	tab := browsertest.Start(t, browsertest.BlockStorage()).Open(t)
	tab.Go(page(t, ""))
	if got := tab.Text(`(() => { try { return localStorage.length } catch (e) { return e.name } })()`); got != "SecurityError" {
		t.Errorf("got %s, want a SecurityError", got)
	}
}

// What a page complains of is heard, whether or not we were there in time.
func TestExpect(t *testing.T) {
	browser := browsertest.Start(t)
	for _, test := range []struct{ name, html, says string }{
		{"console-error", `<script>console.error("first", "of two")</script>`, "first of two"},
		{"exception", `<script>throw new Error("thrown")</script>`, "thrown"},
		{"rejection", `<script>Promise.reject(new Error("rejected"))</script>`, "rejected"},
		{"policy", `<meta http-equiv=Content-Security-Policy content="script-src 'none'"><script>1</script>`, "Content Security Policy"},
		{"missing", `<img src="http://127.0.0.1:1/nothing.png">`, "Failed to load resource"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tab := browser.Open(t)
			tab.Go(page(t, test.html))
			tab.Expect(test.says)
		})
	}
	t.Run("in-a-frame", func(t *testing.T) {
		foreign := strings.Replace(page(t, `<script>console.error("inside")</script>`), "127.0.0.1", "localhost", 1)
		tab := browser.Open(t)
		tab.Go(page(t, `<iframe src="`+foreign+`/x"></iframe>`))
		tab.Frame(foreign).Expect("inside")
	})
}
