package web

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// released returns a source folder with two published versions.
func released() fstest.MapFS {
	one, two := []byte("one"), []byte("two")
	return fstest.MapFS{
		"embed/1.0.0.js":  {Data: one},
		"embed/1.10.0.js": {Data: two},
		versionsList: {Data: []byte("# VERSION INTEGRITY\n" +
			"1.0.0 " + Integrity(one) + "\n1.10.0 " + Integrity(two) + "\n")},
	}
}

// What shops have pinned stays as it is: published files are never edited,
// renamed or taken out.
func TestVersionsOfThisFolder(t *testing.T) {
	t.Parallel()
	list, err := Versions(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	a := Files()
	for _, p := range list {
		if r := get(a, http.MethodGet, p.URL(), nil); r.StatusCode != http.StatusOK || Integrity([]byte(read(t, r))) != p.Integrity {
			t.Errorf("%s is not served as it was published", p.URL())
		}
	}
}

func TestVersionsRefuse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(fstest.MapFS)
		says   string
	}{
		{"as-published", func(fstest.MapFS) {}, ""},
		{"edited", func(f fstest.MapFS) { f["embed/1.0.0.js"] = &fstest.MapFile{Data: []byte("one ")} }, "embed/1.0.0.js is not what was published"},
		{"taken-out", func(f fstest.MapFS) { delete(f, "embed/1.0.0.js") }, "embed/1.0.0.js"},
		{"not-listed", func(f fstest.MapFS) { f["embed/1.2.0.js"] = &fstest.MapFile{} }, "embed/1.2.0.js is not in published.txt"},
		{"no-list", func(f fstest.MapFS) { delete(f, versionsList) }, versionsList},
		{"out-of-order", func(f fstest.MapFS) { swap(f[versionsList]) }, "1.0.0 does not come after 1.10.0"},
		{"no-hash", func(f fstest.MapFS) { f[versionsList].Data = append(f[versionsList].Data, "2.0.0\n"...) }, `"2.0.0" is not VERSION INTEGRITY`},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := released()
			test.change(folder)
			list, err := Versions(folder)
			if test.says == "" {
				if err != nil || len(list) != 2 {
					t.Errorf("got %v, %v", list, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want an error that says %q", err, test.says)
			}
		})
	}
}

// swap exchanges the last two lines of a file.
func swap(file *fstest.MapFile) {
	lines := strings.SplitAfter(string(file.Data), "\n")
	lines[1], lines[2] = lines[2], lines[1]
	file.Data = []byte(strings.Join(lines, ""))
}

func TestNext(t *testing.T) {
	t.Parallel()
	list, err := Versions(released())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, version, loader string
		says                  string
	}{
		{"newer", "1.10.1", "three", ""},
		{"the-same", "1.10.0", "three", "1.10.0 does not come after 1.10.0"},
		{"older", "1.9.9", "three", "1.9.9 does not come after 1.10.0"},
		{"unchanged", "1.11.0", "two", "the loader is still what 1.10.0 is"},
		{"two-numbers", "1.11", "three", `"1.11" is not a version such as 1.0.0`},
		{"leading-zero", "1.011.0", "three", "is not a version"},
		{"path", "../1.11.0", "three", "is not a version"},
		{"pre-release", "1.11.0-rc1", "three", "is not a version"},
	} {
		t.Run(test.name, func(t *testing.T) {
			next, err := Next(list, test.version, []byte(test.loader))
			if test.says == "" {
				if want := (Published{test.version, Integrity([]byte(test.loader))}); err != nil || next != want {
					t.Errorf("got %v, %v", next, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want an error that says %q", err, test.says)
			}
		})
	}
}

// A pinned version may be kept for ever and checked by pages of any origin.
func TestAssetsServeVersions(t *testing.T) {
	t.Parallel()
	built := fstest.MapFS{"1.0.0.js.br": {Data: []byte("one in brotli")}}
	a := newAssets(released(), built)
	for _, test := range []struct{ path, accept, body, coding string }{
		{"/embed/1.0.0.js", "br", "one in brotli", "br"},
		{"/embed/1.0.0.js", "", "one", ""},
		{"/embed/1.10.0.js", "br", "two", ""},
	} {
		r := get(a, http.MethodGet, test.path, http.Header{"Accept-Encoding": {test.accept}})
		if got := read(t, r); r.StatusCode != http.StatusOK || got != test.body {
			t.Errorf("%s: got %d %q, want %q", test.path, r.StatusCode, got, test.body)
		}
		for name, want := range map[string]string{
			"Cache-Control":                "public, max-age=31536000, immutable",
			"Access-Control-Allow-Origin":  "*",
			"Cross-Origin-Resource-Policy": "cross-origin",
			"Content-Type":                 "text/javascript; charset=utf-8",
			"Content-Encoding":             test.coding,
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", test.path, name, got, want)
			}
		}
	}
	for _, path := range []string{"/embed/2.0.0.js", "/embed/published.txt", "/embed/", "/embed/1.0.0.js.br"} {
		if r := get(a, http.MethodGet, path, nil); r.StatusCode != http.StatusNotFound || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d, may be cached: %s", path, r.StatusCode, r.Header.Get("Cache-Control"))
		}
	}
}
