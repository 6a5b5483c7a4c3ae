package main

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
	"morepay/web"
)

// What the examples and the types are checked with is installed once, into a
// folder that looks like the source. See package needs for what happens where
// npm's registry can't be reached.
func TestExamples(t *testing.T) {
	dir := install(t)
	t.Run("types", func(t *testing.T) { checkTypes(t, dir) })
	t.Run("types-without-frameworks", checkTypesAlone(dir))
	t.Run("types-in-svelte", func(t *testing.T) { checkSvelte(t, dir) })
	t.Run("shops", func(t *testing.T) { buyEverywhere(t, dir) })
}

// install copies the examples and installs their packages; it returns the folder.
func install(t *testing.T) string {
	t.Helper()
	needs.Node(t)
	root := t.TempDir()
	dir := filepath.Join(root, "docs", "examples")
	copyFolder(t, "../../../web/npm", filepath.Join(root, "web", "npm"))
	copyFolder(t, "..", dir)
	for _, name := range []string{"types", "hydrate"} {
		copyFolder(t, filepath.Join("testdata", name), filepath.Join(dir, name))
	}
	for _, name := range []string{"LICENSE", "web/embed.d.ts"} {
		copyFile(t, "../../../"+name, filepath.Join(root, name))
	}
	// npm 9 has a folder prepare itself, whatever it is told of scripts; later ones don't.
	prepare := exec.Command(needs.Npm(t), "run", "--silent", "prepare")
	prepare.Dir = filepath.Join(root, "web", "npm")
	if out, err := prepare.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	began := time.Now()
	needs.Packages(t, dir)
	t.Logf("npm ci took %.1f s", time.Since(began).Seconds())
	return dir
}

// copyFolder copies a folder without what was installed or built there by hand, and
// without this package.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch {
		case slices.Contains([]string{"node_modules", "dist", "shop"}, e.Name()):
		case e.IsDir():
			copyFolder(t, filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		default:
			copyFile(t, filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// tool runs a program of the installed packages and returns what it printed.
func tool(t *testing.T, dir string, arguments ...string) (string, error) {
	t.Helper()
	c := exec.Command(needs.Node(t), arguments...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	return string(out), err
}

const (
	typescript = "node_modules/typescript/bin/tsc"
	vueTypes   = "node_modules/vue-tsc/bin/vue-tsc.js"
	svelte     = "node_modules/svelte-check/bin/svelte-check"
	vite       = "node_modules/vite/bin/vite.js"
)

// Right uses are taken and wrong ones refused, in the examples and in testdata/types.
func checkTypes(t *testing.T, dir string) {
	if out, err := tool(t, dir, vueTypes); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	struck, err := tool(t, dir, "types/deprecated.mjs", "types/plain.ts")
	if err != nil {
		t.Fatalf("%v\n%s", err, struck)
	}
	if want := linesThatEnd(t, "testdata/types/plain.ts", "// deprecated"); struck != want {
		t.Errorf("editors strike through the lines\n%swant\n%s", struck, want)
	}
}

// linesThatEnd returns the numbers of a file's lines with an end, a line each.
func linesThatEnd(t *testing.T, file, end string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var numbers strings.Builder
	for i, line := range strings.Split(string(b), "\n") {
		if strings.HasSuffix(line, end) {
			numbers.WriteString(strconv.Itoa(i+1) + "\n")
		}
	}
	return numbers.String()
}

// The types need no framework: those that are not there are passed over in silence.
func checkTypesAlone(dir string) func(*testing.T) {
	return func(t *testing.T) {
		alone := t.TempDir()
		copyFile(t, "../../../web/embed.d.ts", filepath.Join(alone, "embed.d.ts"))
		plain, err := os.ReadFile("testdata/types/plain.ts")
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(plain), "@morepay/more-payment-methods", "./embed")
		if err := os.WriteFile(filepath.Join(alone, "plain.ts"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := tool(t, alone, filepath.Join(dir, typescript), "--ignoreConfig", "--noEmit", "--strict", "--target", "es2022",
			"--module", "esnext", "--moduleResolution", "bundler", "--skipLibCheck", "false", "plain.ts")
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

var svelteError = regexp.MustCompile(`(?m)ERROR "Page\.svelte" (\d+):`)

func checkSvelte(t *testing.T, dir string) {
	out, err := tool(t, dir, svelte, "--workspace", "types/svelte", "--tsconfig", "./tsconfig.json", "--output", "machine")
	if err == nil {
		t.Error("nothing is refused")
	}
	var refused strings.Builder
	for _, found := range svelteError.FindAllStringSubmatch(out, -1) {
		refused.WriteString(found[1] + "\n")
	}
	if want := linesThatEnd(t, "testdata/types/svelte/Page.svelte", "<!-- wrong -->"); refused.String() != want {
		t.Errorf("refused are the lines\n%swant\n%s\n%s", refused.String(), want, out)
	}
}

// front is one of the shops, with its server on a port of its own.
type front struct {
	name   string
	path   string
	shop   shop
	server *httptest.Server
}

// buyEverywhere has a person buy something in each of the shops.
func buyEverywhere(t *testing.T, dir string) {
	needs.Bundle(t)
	if out, err := tool(t, dir, vite, "build", "--logLevel", "warn"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	loader, integrity := pinned(t)
	fronts := []*front{
		{name: "plain", path: "/", shop: shop{Pages: filepath.Join(dir, "plain"), Loader: "/embed.js"}},
		{name: "react", path: "/react/", shop: shop{Pages: filepath.Join(dir, "dist")}},
		{name: "vue", path: "/vue/", shop: shop{Pages: filepath.Join(dir, "dist")}},
		{name: "go", path: "/", shop: shop{Loader: "/embed.js"}},
		{name: "strict", path: "/", shop: shop{Loader: loader, Integrity: integrity, Strict: true}},
	}
	hydrated := buildHydration(t, dir)
	s := openShops(t, fronts, origin(hydrated.server))
	browser := browsertest.Start(t)
	for _, f := range fronts {
		t.Run(f.name, func(t *testing.T) { f.buy(t, s, browser) })
	}
	t.Run("react-hydrates", func(t *testing.T) { hydrated.try(t, s, browser) })
}

// pinned returns the newest published version of the loader.
func pinned(t *testing.T) (path, integrity string) {
	t.Helper()
	list, err := web.Versions(os.DirFS("../../../web"))
	if err != nil || len(list) == 0 {
		t.Fatalf("no version is published: %v", err)
	}
	newest := list[len(list)-1]
	return newest.URL(), newest.Integrity
}

// origin returns a server's own, under the name by which it is foreign to the checkout.
func origin(server *httptest.Server) string {
	return "http://" + strings.Replace(server.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
}

// openShops starts the shops, and the demo that knows their origins and more.
func openShops(t *testing.T, fronts []*front, origins ...string) *demotest.Demo {
	t.Helper()
	for _, f := range fronts {
		f.server = httptest.NewUnstartedServer(nil)
		f.shop.Origin = origin(f.server)
		origins = append(origins, f.shop.Origin)
	}
	s := demotest.Start(t, func(c *demo.Config) { c.Origins = origins })
	for _, f := range fronts {
		f.shop.Checkout, f.shop.Key = s.Origin, s.Shop(t, "bench").Key
		f.server.Config.Handler = f.shop.handler()
		f.server.Start()
		t.Cleanup(f.server.Close)
	}
	return s
}

// listen counts in the shop's origin how often the checkout said that it is done.
const listen = `addEventListener("mpm:complete", () => { sessionStorage.complete = 1 + Number(sessionStorage.complete || 0) });
addEventListener("securitypolicyviolation", (e) => { console.error("blocked: " + e.violatedDirective + " " + e.blockedURI) });`

// buy takes a shop's page to the paid order: the person clicks twice and scans.
func (f *front) buy(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	tab := browser.Open(t, chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(listen).Do(ctx)
		return err
	}))
	tab.Go(f.shop.Origin + f.path)
	tab.Run(chromedp.Click("button", chromedp.ByQuery))
	frame := tab.Frame(s.Origin + "/pay/")
	frame.Wait(`window.morepay && morepay.ready`)
	if got := tab.Text("document.querySelectorAll(`script[src^='" + s.Origin + "']`).length"); got != "1" {
		t.Errorf("the page has %s scripts of the checkout", got)
	}
	frame.Eval(`document.querySelector('[data-method="wechat_pay"] form[data-rail="qr"] button').click()`, nil)
	frame.Wait(`document.querySelector("svg[data-qr]")`)
	s.Phone(t, "approve", s.Payments(t, "codes")[0].Text)
	tab.Wait(`/Paid/.test(document.querySelector("[role=status]")?.textContent)`)
	if got := tab.Text(`sessionStorage.complete`); got != "1" {
		t.Errorf("mpm:complete came %s times", got)
	}
	if got := tab.Text(`crossOriginIsolated`); got != strconv.FormatBool(f.shop.Strict) {
		t.Errorf("the page is isolated: %s", got)
	}
}
