package web

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// bundle returns a small web/dist with everything in it.
func bundle() (sources, built fstest.MapFS) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	sources = fstest.MapFS{Boot: file("boot"), Frame: file("frame"), Embed: file("embed"), EmbedTypes: file("types")}
	built = fstest.MapFS{
		AppWasm: file("wasm"), AppWasm + ".br": file("wasm in brotli"), AppWasm + ".gz": file("wasm in gzip"),
		WasmExec: file("exec"), WasmExec + ".gz": file("exec in gzip"),
		Boot: file("boot"), Boot + ".br": file("boot in brotli"),
		Frame: file("frame as it was"), Frame + ".br": file("frame as it was, in brotli"),
	}
	return sources, built
}

func get(a *Assets, method, path string, header http.Header) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Result()
}

func read(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestAssetsServe(t *testing.T) {
	t.Parallel()
	a := newAssets(bundle())
	for _, test := range []struct {
		name, asset, accept string
		body, coding, media string
	}{
		{"bundle-brotli", AppWasm, "gzip, deflate, br, zstd", "wasm in brotli", "br", "application/wasm"},
		{"bundle-gzip", AppWasm, "gzip", "wasm in gzip", "gzip", "application/wasm"},
		{"bundle-plain", AppWasm, "", "wasm", "", "application/wasm"},
		{"bundle-prefers-gzip", AppWasm, "br;q=0.2, gzip;q=0.8", "wasm in gzip", "gzip", "application/wasm"},
		{"only-what-there-is", WasmExec, "br, gzip;q=0.1", "exec in gzip", "gzip", "text/javascript; charset=utf-8"},
		{"script", Boot, "br", "boot in brotli", "br", "text/javascript; charset=utf-8"},
		{"edited-after-build", Frame, "br", "frame", "", "text/javascript; charset=utf-8"},
		{"types", EmbedTypes, "br", "types", "", "text/plain; charset=utf-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := get(a, "GET", a.URL(test.asset), http.Header{"Accept-Encoding": {test.accept}})
			if got := read(t, r); r.StatusCode != 200 || got != test.body {
				t.Errorf("got %d %q, want 200 %q", r.StatusCode, got, test.body)
			}
			for name, want := range map[string]string{
				"Content-Encoding":             test.coding,
				"Content-Type":                 test.media,
				"Cache-Control":                "public, max-age=31536000, immutable",
				"Vary":                         "Accept-Encoding",
				"X-Content-Type-Options":       "nosniff",
				"Access-Control-Allow-Origin":  "*",
				"Cross-Origin-Resource-Policy": "cross-origin",
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if r.ContentLength != int64(len(test.body)) {
				t.Errorf("Content-Length is %d, want %d", r.ContentLength, len(test.body))
			}
		})
	}
}

func TestAssetsRefuse(t *testing.T) {
	t.Parallel()
	a := newAssets(bundle())
	hashed := a.URL(Boot)
	for _, test := range []struct {
		name, method, path string
		status             int
	}{
		{"post", "POST", hashed, 405},
		{"other-hash", "GET", "/assets/0000000000000000/boot.js", 404},
		{"no-hash", "GET", "/assets/boot.js", 404},
		{"folder", "GET", "/assets/", 404},
		{"stable-name-of-another", "GET", "/boot.js", 404},
		{"encoded-name", "GET", hashed + ".br", 404},
		{"climbing", "GET", "/assets/../web/boot.js", 404},
		{"source", "GET", "/assets/" + strings.Split(hashed, "/")[2] + "/checkout.css", 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := get(a, test.method, test.path, nil)
			if r.StatusCode != test.status {
				t.Errorf("got %d, want %d", r.StatusCode, test.status)
			}
			if cache := r.Header.Get("Cache-Control"); strings.Contains(cache, "immutable") {
				t.Errorf("a refusal may be cached: %q", cache)
			}
		})
	}
}

func TestAssetsRevalidate(t *testing.T) {
	t.Parallel()
	a := newAssets(bundle())
	brotli := http.Header{"Accept-Encoding": {"br"}}
	tag := get(a, "GET", "/app.wasm", nil).Header.Get("ETag")
	if tag != "" {
		t.Fatalf("a missing asset has the tag %q", tag)
	}
	tags := map[string]bool{}
	for _, accept := range []string{"br", "gzip", ""} {
		tags[get(a, "HEAD", a.URL(AppWasm), http.Header{"Accept-Encoding": {accept}}).Header.Get("ETag")] = true
	}
	if len(tags) != 3 || tags[""] {
		t.Errorf("three encodings have the tags %v", tags)
	}
	r := get(a, "HEAD", a.URL(AppWasm), brotli)
	if body := read(t, r); body != "" || r.ContentLength != int64(len("wasm in brotli")) {
		t.Errorf("HEAD gave %q with length %d", body, r.ContentLength)
	}
	again := http.Header{"Accept-Encoding": {"br"}, "If-None-Match": {r.Header.Get("ETag")}}
	if r := get(a, "GET", a.URL(AppWasm), again); r.StatusCode != 304 || read(t, r) != "" {
		t.Errorf("got %d, want an empty 304", r.StatusCode)
	}
	other := http.Header{"Accept-Encoding": {"gzip"}, "If-None-Match": {r.Header.Get("ETag")}}
	if r := get(a, "GET", a.URL(AppWasm), other); r.StatusCode != 200 {
		t.Errorf("another encoding's tag gave %d, want 200", r.StatusCode)
	}
}

func TestEmbedHasStableName(t *testing.T) {
	t.Parallel()
	a := newAssets(bundle())
	for path, want := range map[string]string{"/embed.js": "embed", "/embed.d.ts": "types"} {
		r := get(a, "GET", path, nil)
		if got := read(t, r); r.StatusCode != 200 || got != want {
			t.Errorf("%s: got %d %q", path, r.StatusCode, got)
		}
		if got := r.Header.Get("Cache-Control"); got != "public, max-age=300" {
			t.Errorf("%s: Cache-Control is %q", path, got)
		}
	}
}

func TestAssetsWithoutBundle(t *testing.T) {
	t.Parallel()
	sources, built := bundle()
	if !newAssets(sources, built).HasBundle() {
		t.Error("the bundle is there and is not seen")
	}
	for _, missing := range []string{AppWasm, WasmExec} {
		sources, built := bundle()
		delete(built, missing)
		if newAssets(sources, built).HasBundle() {
			t.Errorf("a bundle without %s is not one", missing)
		}
	}
	a := newAssets(sources, fstest.MapFS{})
	if a.URL(AppWasm) != "" || a.Integrity(AppWasm) != "" {
		t.Error("a missing bundle has a URL")
	}
	if r := get(a, "GET", a.URL(Boot), http.Header{"Accept-Encoding": {"br"}}); read(t, r) != "boot" {
		t.Error("scripts are not served without a bundle")
	}
}

// The embedded scripts themselves.
func TestEmbeddedAssets(t *testing.T) {
	t.Parallel()
	a := Files()
	form := regexp.MustCompile(`^/assets/[0-9a-f]{16}/[a-z_.]+$`)
	for _, name := range []string{Boot, Frame, Embed, EmbedTypes} {
		if !form.MatchString(a.URL(name)) {
			t.Errorf("%s has the URL %q", name, a.URL(name))
		}
		if !strings.HasPrefix(a.Integrity(name), "sha384-") {
			t.Errorf("%s has the integrity %q", name, a.Integrity(name))
		}
	}
}

// What Trusted Types and the policy of the page refuse must not be in a script
// at all, so that it can't hide in a path that no test takes.
func TestScriptsStayWithinPolicy(t *testing.T) {
	t.Parallel()
	banned := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|postMessage\([^)]*"\*"|createElement\("script"`)
	for _, name := range []string{Boot, Frame, Embed} {
		body, err := sources.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := banned.Find(body); found != nil {
			t.Errorf("%s has %q", name, found)
		}
	}
}

func TestStylesheetHash(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(Stylesheet()))
	if got, want := StylesheetHash(), "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if strings.Contains(Stylesheet(), "</") {
		t.Error("the sheet could end its own style element")
	}
}
