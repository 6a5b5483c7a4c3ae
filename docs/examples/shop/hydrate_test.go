package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
)

// hydration is a shop whose server renders with React what the browser takes over.
type hydration struct {
	server *httptest.Server
	page   string // with TOKEN and https://pay.example in it
	dist   string
}

// buildHydration builds the page for the server and for the browser, with the React
// that complains.
func buildHydration(t *testing.T, dir string) *hydration {
	t.Helper()
	for _, arguments := range [][]string{{"--ssr", "server.tsx"}, nil} {
		build := []string{vite, "build", "hydrate", "--config", "hydrate/vite.config.js", "--mode", "development", "--logLevel", "warn"}
		if out, err := tool(t, dir, append(build, arguments...)...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	dist := filepath.Join(dir, "hydrate", "dist")
	rendered, err := tool(t, dist, "--eval", `import("./server.js").then((m) => console.log(m.render("TOKEN", "https://pay.example")))`)
	if err != nil {
		t.Fatalf("%v\n%s", err, rendered)
	}
	page, err := os.ReadFile(filepath.Join(dist, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	return &hydration{
		server: httptest.NewUnstartedServer(nil), dist: dist,
		page: strings.Replace(string(page), "RENDERED", strings.TrimSpace(rendered), 1),
	}
}

// try opens the page: the element is there before React is, and React finds nothing
// that its server has not written.
func (h *hydration) try(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	token := s.Open(t, demotest.Order{}).Token
	page := strings.NewReplacer("https://pay.example", s.Origin, "TOKEN", token).Replace(h.page)
	h.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.FileServer(http.Dir(h.dist)).ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, page)
	})
	h.server.Start()
	t.Cleanup(h.server.Close)

	tab := browser.Open(t)
	tab.Go(origin(h.server))
	tab.Wait(`"hydrated" in document.documentElement.dataset`)
	frame := tab.Frame(s.Origin + "/pay/")
	frame.Wait(`window.morepay && morepay.ready`)
	const element = `document.querySelector("more-payment-methods")`
	if got := tab.Text(element + `.className + " " + ` + element + `.hasAttribute("hold-redirect")`); got != "checkout true" {
		t.Errorf("the element has %s", got)
	}
}
