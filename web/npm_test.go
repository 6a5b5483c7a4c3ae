package web

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
)

// packageFile is what the tests read of package.json.
type packageFile struct {
	Version         string
	Dependencies    map[string]string
	DevDependencies map[string]string
}

// The package holds the loader, its types and no more, and depends on nothing.
func TestNpmPackage(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, name := range []string{"web/npm", "web/embed.d.ts", "LICENSE"} {
		copyTo(t, root, name)
	}
	pack := exec.Command(needs.Npm(t), "pack", "--dry-run", "--json", "--silent")
	pack.Dir = root + "/web/npm"
	out, err := pack.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var packed []struct{ Files []struct{ Path string } }
	// The package's own script may print before the list.
	if err := json.Unmarshal(out[strings.Index(string(out), "["):], &packed); err != nil || len(packed) != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	var files []string
	for _, f := range packed[0].Files {
		files = append(files, f.Path)
	}
	slices.Sort(files)
	if got, want := strings.Join(files, " "), "LICENSE README.md embed.d.ts index.d.ts index.js package.json"; got != want {
		t.Errorf("the package holds %s, want %s", got, want)
	}
	p := readPackage(t)
	if len(p.Dependencies)+len(p.DevDependencies) > 0 {
		t.Errorf("the package depends on %v %v", p.Dependencies, p.DevDependencies)
	}
	list, err := Versions(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) > 0 && list[len(list)-1].Version != p.Version {
		t.Errorf("the package is %s, the loader that it types %s", p.Version, list[len(list)-1].Version)
	}
}

func copyTo(t *testing.T, root, name string) {
	t.Helper()
	from, to := "../"+name, root+"/"+name
	info, err := os.Stat(from)
	if err == nil && info.IsDir() {
		err = os.CopyFS(to, os.DirFS(from))
	} else if err == nil {
		var b []byte
		if b, err = os.ReadFile(from); err == nil {
			err = os.WriteFile(to, b, 0o644)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readPackage(t *testing.T) (p packageFile) {
	t.Helper()
	b, err := os.ReadFile("npm/package.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// A server that renders pages may import and call the loader.
func TestNpmLoaderOnServer(t *testing.T) {
	t.Parallel()
	script := `import("./index.js").then((m) => m.loadMorepay("https://pay.example")).then((element) => console.log(String(element)))`
	node := exec.Command(needs.Node(t), "--eval", script)
	node.Dir = "npm"
	if out, err := node.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "null" {
		t.Errorf("got %q, %v", out, err)
	}
}

// flaky is a checkout's server that can be down. It counts the requests for
// loaders.
type flaky struct {
	*httptest.Server
	down  atomic.Bool
	asked atomic.Int32
}

func serveFlaky(t *testing.T, body string) *flaky {
	t.Helper()
	f := &flaky{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f.asked.Add(1)
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Content-Type", javaScript)
		w.Header().Set("Cache-Control", "no-store")
		if f.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, body)
	}))
	t.Cleanup(f.Close)
	return f
}

// outcome returns the string that a promise comes to.
func outcome(tab *browsertest.Tab, promise string) string {
	var s string
	tab.Eval(promise, &s)
	return s
}

func TestNpmLoader(t *testing.T) {
	loader, err := sources.ReadFile(Embed)
	if err != nil {
		t.Fatal(err)
	}
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, `<!doctype html><link rel=icon href=data:,>`)
			return
		}
		http.FileServer(http.Dir("npm")).ServeHTTP(w, r)
	}))
	t.Cleanup(shop.Close)
	browser := browsertest.Start(t)
	const load = `import("/index.js").then((m) => m.loadMorepay(`
	const said = `)).then((element) => element === customElements.get("more-payment-methods") ? "loaded" : "wrong", (e) => e.name + ": " + e.message)`

	t.Run("once", func(t *testing.T) {
		f, tab := serveFlaky(t, string(loader)), browser.Open(t)
		tab.Go(shop.URL)
		call := load + `"` + f.URL + `"` + said
		if got := outcome(tab, `Promise.all([`+call+`, `+call+`]).then(String)`); got != "loaded,loaded" {
			t.Errorf("got %s", got)
		}
		if got := outcome(tab, call); got != "loaded" || f.asked.Load() != 1 {
			t.Errorf("got %s after %d requests, want one", got, f.asked.Load())
		}
		other := serveFlaky(t, string(loader))
		if got := outcome(tab, load+`"`+other.URL+`"`+said); got != "loaded" || other.asked.Load() != 0 {
			t.Errorf("for another endpoint: %s, %d requests, want none: the element is there", got, other.asked.Load())
		}
	})
	t.Run("again-after-failure", func(t *testing.T) {
		f, tab := serveFlaky(t, string(loader)), browser.Open(t)
		f.down.Store(true)
		tab.Go(shop.URL)
		call := load + `"` + f.URL + `"` + said
		if got, want := outcome(tab, call), "Error: "+f.URL+"/embed.js could not be loaded"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		tab.Expect("Failed to load resource")
		f.down.Store(false)
		if got := outcome(tab, call); got != "loaded" {
			t.Errorf("the second time: %s", got)
		}
		if got := tab.Text(`document.scripts.length`); got != "1" {
			t.Errorf("%s scripts are in the page", got)
		}
	})
	t.Run("another-script", func(t *testing.T) {
		f, tab := serveFlaky(t, "1"), browser.Open(t)
		tab.Go(shop.URL)
		if got := outcome(tab, load+`"`+f.URL+`"`+said); !strings.Contains(got, "does not define <more-payment-methods>") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("pinned", func(t *testing.T) {
		f, tab := serveFlaky(t, string(loader)), browser.Open(t)
		tab.Go(shop.URL)
		pinned := func(hash string) string { return `"` + f.URL + `", { version: "1.0.0", integrity: "` + hash + `" }` }
		if got := outcome(tab, load+pinned(Integrity([]byte("other")))+said); !strings.Contains(got, "/embed/1.0.0.js could not be loaded") {
			t.Errorf("with another hash: %s", got)
		}
		tab.Expect("integrity")
		if got := outcome(tab, load+pinned(Integrity(loader))+said); got != "loaded" {
			t.Errorf("with its hash: %s", got)
		}
	})
	t.Run("wrong-arguments", func(t *testing.T) {
		tab := browser.Open(t)
		tab.Go(shop.URL)
		for _, arguments := range []string{
			``, `""`, `"pay.example"`, `"https://pay.example/shop"`, `"https://pay.example?x"`, `"https://u:p@pay.example"`, `"javascript:1"`,
			`"https://pay.example", { version: "latest" }`, `"https://pay.example", { version: "../1.0.0" }`, `"https://pay.example", { integrity: "sha384-x" }`,
		} {
			if got := outcome(tab, load+arguments+said); !strings.HasPrefix(got, "TypeError: ") {
				t.Errorf("loadMorepay(%s): %s", arguments, got)
			}
		}
		if got := tab.Text(`document.scripts.length`); got != "0" {
			t.Errorf("%s scripts are in the page", got)
		}
	})
}
