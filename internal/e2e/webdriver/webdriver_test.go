package webdriver_test

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"morepay/internal/e2e/webdriver"
)

var engines = []webdriver.Engine{webdriver.Firefox, webdriver.WebKit}

// page serves documents by path.
func page(t *testing.T, documents map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><meta name=viewport content=width=device-width><link rel=icon href=data:,>"+documents[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestTab(t *testing.T) {
	inner := page(t, map[string]string{"/": `<button id=b onclick="b.textContent = 'pressed'">press</button>`})
	inner = strings.Replace(inner, "127.0.0.1", "localhost", 1)
	url := page(t, map[string]string{
		"/":       `<p id=p>one</p><a href=/second>on</a><script>setTimeout(function () { p.textContent = "two" }, 50)</script>`,
		"/second": `<div style="height:3000px"></div><iframe src="` + inner + `"></iframe>`,
	})
	for _, engine := range engines {
		t.Run(engine.Name, func(t *testing.T) {
			tab := engine.Open(t, webdriver.Options{Agent: "Other/1.0", Phone: true})
			tab.Go(url)
			tab.Wait(`p.textContent === "two"`)
			var got string
			if tab.Eval(`Promise.resolve(navigator.userAgent)`, &got); got != "Other/1.0" {
				t.Errorf("the browser is %q", got)
			}
			var list []int
			if tab.Eval(`[1, innerWidth]`, &list); len(list) != 2 || list[1] > 500 {
				t.Errorf("the list with the window's width is %v", list)
			}
			tab.Tap("a")
			tab.Wait(`location.pathname === "/second"`)
			frame := tab.Frame(`document.querySelector("iframe")`)
			frame.Tap("#b")
			if got := frame.Text(`document.querySelector("#b").textContent`); got != "pressed" {
				t.Errorf("the button in the frame says %q", got)
			}
			if picture, err := png.Decode(bytes.NewReader(tab.Picture())); err != nil || picture.Bounds().Empty() {
				t.Errorf("no picture: %v", err)
			}
			tab.Back()
			tab.Wait(`p.textContent === "two"`)
		})
	}
}

func TestOptions(t *testing.T) {
	url := page(t, map[string]string{"/": `<p id=p>one</p><a href="#on">on</a><script>p.textContent = typeof WebAssembly</script>`})
	for _, engine := range engines {
		for _, test := range []struct {
			name, want string
			o          webdriver.Options
		}{
			{"no-wasm", "undefined", webdriver.Options{NoWASM: true}},
			{"no-script", "one", webdriver.Options{NoScript: true}},
		} {
			t.Run(engine.Name+"/"+test.name, func(t *testing.T) {
				tab := engine.Open(t, test.o)
				tab.Go(url)
				if got := tab.Text(`document.querySelector("p").textContent`); got != test.want {
					t.Errorf("the page says %q, want %q", got, test.want)
				}
				tab.Tap("a")
				tab.Wait(`location.hash === "#on"`)
			})
		}
	}
}

// What a page of Firefox complains of is heard.
func TestExpect(t *testing.T) {
	tab := webdriver.Firefox.Open(t, webdriver.Options{})
	for name, html := range map[string]string{
		"console-error": `<script>console.error("first", "of two")</script>`,
		"exception":     `<script>throw new Error("first of two")</script>`,
		"rejection":     `<script>Promise.reject(new Error("first of two"))</script>`,
	} {
		t.Run(name, func(t *testing.T) {
			tab.Go(page(t, map[string]string{"/": html}))
			tab.Expect("first of two")
		})
	}
}

// So is WebKit's, without a driver.
func TestOverhear(t *testing.T) {
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/done" {
			close(asked)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><link rel=icon href=data:,><meta http-equiv=Content-Security-Policy content="img-src 'none'"><img src=/x>
			<script>console.log("well"); console.error("one"); setTimeout(function () { fetch("/done") }); throw new Error("two")</script>`)
	}))
	t.Cleanup(server.Close)
	said := webdriver.Overhear(t, server.URL, func() bool {
		select {
		case <-asked:
			return true
		default:
			return false
		}
	})
	all := strings.Join(said, "\n")
	for _, want := range []string{"one", "two", "Content Security Policy"} {
		if !strings.Contains(all, want) {
			t.Errorf("nobody complained of %q:\n%s", want, all)
		}
	}
	if strings.Contains(all, "well") {
		t.Errorf("what is no complaint is among them:\n%s", all)
	}
}
