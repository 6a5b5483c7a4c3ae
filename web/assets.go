package web

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const javaScript = "text/javascript; charset=utf-8"

// kinds lists every asset with its media type.
var kinds = []struct{ name, mediaType string }{
	{AppWasm, "application/wasm"},
	{WasmExec, javaScript},
	{Boot, javaScript},
	{Listen, javaScript},
	{Picture, javaScript},
	{Frame, javaScript},
	{Share, javaScript},
	{Post, javaScript},
	{Embed, javaScript},
	{EmbedTypes, "text/plain; charset=utf-8"},
}

// stable lists the assets that merchants' pages name without a hash.
var stable = map[string]string{"/" + Embed: Embed, "/" + EmbedTypes: EmbedTypes}

const (
	prefix = "/assets/"

	cacheHashed = "public, max-age=31536000, immutable"
	cacheStable = "public, max-age=300"
)

// Assets serves the files of this package: each under a URL that names its
// content and is good for ever, the merchant's loader under /embed.js too, and
// every published version of it under /embed/{version}.js. It is safe for
// concurrent use.
type Assets struct {
	byName map[string]*asset
	byPath map[string]*asset
}

// asset is one file, ready to be sent.
type asset struct {
	path      string // its URL that is good for ever
	mediaType string
	hash      string // of body
	integrity string
	body      []byte
	encoded   map[coding][]byte // what make wasm compressed
}

// Files returns the embedded files, which are read once. Without a built bundle it
// serves the scripts only, uncompressed.
func Files() *Assets { return files() }

var files = sync.OnceValue(func() *Assets { return newAssets(sources, built()) })

// newAssets takes each asset from the first folder that has it. Its compressed
// forms come from built, if built's copy is the same: a script edited after the
// last make wasm is sent as it is rather than as it was.
func newAssets(sources, built fs.FS) *Assets {
	a := &Assets{byName: map[string]*asset{}, byPath: map[string]*asset{}}
	for _, kind := range kinds {
		copied, copyErr := fs.ReadFile(built, kind.name)
		body, err := fs.ReadFile(sources, kind.name)
		if err != nil {
			body, err = copied, copyErr
		}
		if err != nil {
			continue
		}
		if kind.name == Embed {
			body = Shipped(body)
		}
		file := newAsset(kind.name, kind.mediaType, body)
		if copyErr == nil && bytes.Equal(body, copied) {
			file.encoded = encodings(built, kind.name)
		}
		a.add(kind.name, file)
	}
	a.addVersions(sources, built)
	return a
}

func (a *Assets) add(name string, file *asset) {
	a.byName[name] = file
	a.byPath[file.path] = file
}

// addVersions adds the published versions of the loader, whose path names the
// version. Their bytes never change, so what make wasm compressed is right.
func (a *Assets) addVersions(sources, built fs.FS) {
	for _, name := range versions(sources) {
		body, err := fs.ReadFile(sources, name)
		if err != nil {
			continue // not a file
		}
		file := newAsset(name, javaScript, body)
		file.path = "/" + name
		file.encoded = encodings(built, path.Base(name))
		a.add(name, file)
	}
}

func newAsset(name, mediaType string, body []byte) *asset {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:8])
	return &asset{
		path:      prefix + hash + "/" + name,
		mediaType: mediaType,
		hash:      hash,
		integrity: Integrity(body),
		body:      body,
	}
}

// Integrity returns the value of the attribute by which a browser refuses a
// script with other bytes.
func Integrity(body []byte) string {
	sum := sha512.Sum384(body)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

func encodings(built fs.FS, name string) map[coding][]byte {
	encoded := map[coding][]byte{}
	for _, c := range codings {
		if body, err := fs.ReadFile(built, name+c.suffix()); err == nil {
			encoded[c] = body
		}
	}
	return encoded
}

// HasBundle reports whether the browser can be given the WebAssembly client.
func (a *Assets) HasBundle() bool {
	return a.byName[AppWasm] != nil && a.byName[WasmExec] != nil
}

// Loaders returns the names of the published versions of the merchant's loader.
func (a *Assets) Loaders() []string {
	var names []string
	for name := range a.byName {
		if path.Dir(name) == versionsFolder {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// URL returns the path of an asset that names its content, or "" if there is no
// such asset (the bundle, before make wasm).
func (a *Assets) URL(name string) string {
	if file := a.byName[name]; file != nil {
		return file.path
	}
	return ""
}

// Body returns an asset's bytes, without a coding, or nil if there is no such asset.
func (a *Assets) Body(name string) []byte {
	if file := a.byName[name]; file != nil {
		return file.body
	}
	return nil
}

// MediaType returns what an asset is sent as, or "" if there is no such asset.
func (a *Assets) MediaType(name string) string {
	if file := a.byName[name]; file != nil {
		return file.mediaType
	}
	return ""
}

// Integrity returns the value of an integrity attribute for the asset, or "".
func (a *Assets) Integrity(name string) string {
	if file := a.byName[name]; file != nil {
		return file.integrity
	}
	return ""
}

// ServeHTTP answers GET and HEAD of /assets/{hash}/{name}, /embed/{version}.js,
// /embed.js and /embed.d.ts; anything else is 404 or 405. Assets are public and the same for
// everyone, so any origin may read them, as integrity checks demand.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, cache := a.byPath[r.URL.Path], cacheHashed
	if name, ok := stable[r.URL.Path]; ok {
		file, cache = a.byName[name], cacheStable
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if file == nil {
		h.Set("Cache-Control", "no-store") // another server of ours may have it by now
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	h.Set("Cache-Control", cache)
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	file.serve(w, r)
}

func (f *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	body, tag := f.body, f.hash
	h.Set("Vary", "Accept-Encoding")
	if c := choose(strings.Join(r.Header.Values("Accept-Encoding"), ","), f.encoded); c != identity {
		body, tag = f.encoded[c], f.hash+"-"+string(c)
		h.Set("Content-Encoding", string(c))
	}
	h.Set("Content-Type", f.mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body))) // ServeContent leaves it out of encoded bodies
	h.Set("ETag", fmt.Sprintf("%q", tag))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
