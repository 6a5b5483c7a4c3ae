package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
)

// shop is a merchant's own site, foreign to the checkout.
type shop struct {
	*demotest.Demo
	URL string

	mu   sync.Mutex
	page string
}

// openShop starts a demo that knows the shop.
func openShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path != "/" {
			fmt.Fprintf(w, `<!doctype html><link rel="icon" href="data:,"><title>%s</title>`, r.URL.Path)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		fmt.Fprint(w, s.page)
	}))
	t.Cleanup(server.Close)
	s.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	s.Demo = demotest.Start(t, func(c *demo.Config) { c.Origins = []string{s.URL} })
	return s
}

// body sets what the shop's page shows under its script tag.
func (s *shop) body(html string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>shop</title>` +
		`<script async src="` + s.Origin + `/embed.js"></script><script>` + listen + `</script><body style="margin:0">` + html
}

// element is the tag for a session.
func (s *shop) element(token, attributes string) string {
	return fmt.Sprintf(`<more-payment-methods id="a" session="%s" %s></more-payment-methods>`, token, attributes)
}

// TestEmbed puts the element into pages of shops of many kinds.
func TestEmbed(t *testing.T) {
	t.Parallel()
	needs.Bundle(t)
	s, browser := openShop(t), browsertest.Start(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *shop, *browsertest.Browser)
	}{
		{"another-session", embedAnotherSession},
		{"failures", embedFailures},
		{"layouts", embedLayouts},
		{"moves-nothing", embedMovesNothing},
		{"deferred", embedDeferred},
		{"eligibility", embedEligibility},
		{"nested-sandbox", embedNestedSandbox},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s, browser) })
	}
}

// What the frame shows is what the attribute says, after the Back button too: that leads
// out of the shop's page.
func embedAnotherSession(t *testing.T, s *shop, browser *browsertest.Browser) {
	first, second := s.Open(t, demotest.Order{}), s.Open(t, demotest.Order{})
	s.body(s.element(first.Token, ""))
	tab := show(t, browser, demotest.Desktop)
	tab.Go(s.URL + "/before")
	tab.Go(s.URL)
	tab.Frame(s.Origin + "/pay/" + first.Token).Wait(ready)
	length := tab.Text(`history.length`)
	tab.Eval(`a.session = "`+second.Token+`"`, nil)
	frame := tab.Frame(s.Origin + "/pay/" + second.Token)
	frame.Wait(ready)
	tapIn(tab, frame, has(wallet+`form[data-rail="qr"] button`))
	frame.Wait(has(`svg[data-qr]`))
	s.Phone(t, "approve", scan(t, tab))
	tab.Wait(`heard.some((e) => e.type === "complete")`)
	var said []string
	for _, e := range hear(tab) {
		said = append(said, fmt.Sprint(e.Type, " ", e.Detail["session"]))
	}
	if !slices.Contains(said, "ready "+first.ID) || !slices.Contains(said, "select "+second.ID) || said[len(said)-1] != "complete "+second.ID {
		t.Errorf("heard %v of %s and %s", said, first.ID, second.ID)
	}
	if got := tab.Text(`history.length`); got != length {
		t.Errorf("the history grew from %s to %s", length, got)
	}
	if got, want := tab.Text(frameElement+`.title`), frame.Text(`document.title`); got == "" || want == "" {
		t.Errorf("the frame is called %q, its page %q", got, want)
	}
	tab.Eval(`history.back()`, nil)
	tab.Wait(`document.title === "/before"`)
}

// Each cause of an empty frame has its name at once.
func embedFailures(t *testing.T, s *shop, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	dead := httptest.NewServer(nil)
	dead.Close()
	loaderror := func(tab *browsertest.Tab) heard {
		tab.Wait(`heard.length >= 2`)
		return hear(tab)[0]
	}
	for _, test := range []struct{ name, token, attributes, code string }{
		{"unknown", strings.Repeat("x", 32), "", "session_unknown"},
		{"dead-port", open.Token, `endpoint="` + dead.URL + `"`, "unreachable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.body(s.element(test.token, test.attributes))
			tab := show(t, browser, demotest.Desktop)
			tab.Allow("Failed to load resource")
			tab.Allow("frame-ancestors")
			tab.Go(s.URL)
			if got := loaderror(tab); got.Type != "loaderror" || got.Detail["code"] != test.code || got.Detail["retryable"] != (test.code == "unreachable") {
				t.Errorf("the shop hears %s", pretty(got))
			}
		})
	}
	t.Run("unregistered", func(t *testing.T) {
		s.body(s.element(open.Token, ""))
		tab := show(t, browser, demotest.Desktop)
		tab.Allow("frame-ancestors")
		other := strings.Replace(s.URL, "localhost", "127.0.0.1", 1)
		tab.Go(other)
		if got := loaderror(tab); got.Detail["code"] != "origin_not_registered" || got.Detail["origin"] != other {
			t.Errorf("the shop hears %s", pretty(got))
		}
		if got := tab.Text(`a.shadowRoot.querySelector("a").href`); got != open.URL {
			t.Errorf("the link leads to %s", got)
		}
	})
}

// The element is as wide as it may be, whatever its parent does, and gone when it is
// hidden.
func embedLayouts(t *testing.T, s *shop, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	for _, style := range []string{
		"display:block", "display:flex", "display:flex;flex-direction:column;align-items:center", "display:grid;justify-items:start",
		"display:table", "display:inline-block", "float:left", "position:absolute",
	} {
		t.Run(style, func(t *testing.T) {
			s.body(`<div style="width:1000px;position:relative"><div style="` + style + `">` + s.element(open.Token, "") + `</div></div>`)
			tab := show(t, browser, demotest.Desktop)
			tab.Go(s.URL)
			tab.Wait(`window.heard && heard.length`)
			if got := tab.Text(`a.clientWidth + " " + ` + frameElement + `.clientWidth`); got != "1000 1000" {
				t.Errorf("element and frame are %s wide, want 1000", got)
			}
			if got := tab.Text(`a.hasAttribute("style")`); got != "false" {
				t.Error("the element has a style that a framework knows nothing of")
			}
			tab.Eval(`a.hidden = true`, nil)
			if got := tab.Text(`getComputedStyle(a).display`); got != "none" {
				t.Errorf("hidden it is %s", got)
			}
		})
	}
}
