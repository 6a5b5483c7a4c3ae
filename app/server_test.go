package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"morepay/internal/e2e/browsertest"
	"morepay/internal/locale"
	"morepay/internal/needs"
	"morepay/internal/view"
	"morepay/web"
)

// fakeServer serves one view to a browser as the real server does, page and routes,
// with answers that the test chooses. What the real server answers, the tests of
// the whole program show.
type fakeServer struct {
	*httptest.Server
	post func(w http.ResponseWriter, r *http.Request) // any form that is posted

	mu      sync.Mutex
	view    view.Checkout
	changed chan struct{} // closed when view is replaced
	down    bool          // the session's routes don't answer
}

// bundle is the browser side, compiled once.
var bundle = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "apptest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "app.wasm")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, "../wasm")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build ../wasm: %w\n%s", err, text)
	}
	return os.ReadFile(out)
})

func serve(t *testing.T, v view.Checkout) *fakeServer {
	t.Helper()
	needs.Chromium(t) // or the bundle would be built for nothing
	wasm, err := bundle()
	if err != nil {
		t.Fatal(err)
	}
	assets, goroot := web.Files(), needs.GOROOT(t)
	s := &fakeServer{view: v, changed: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", assets)
	mux.HandleFunc("GET "+locale.Prefix, func(w http.ResponseWriter, r *http.Request) {
		text, _ := locale.File(r.URL.Path)
		w.Write(text)
	})
	mux.HandleFunc("GET /app.wasm", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/wasm")
		w.Write(wasm)
	})
	mux.HandleFunc("GET /wasm_exec.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(goroot, "lib", "wasm", "wasm_exec.js"))
	})
	mux.HandleFunc("GET /pay/token", func(w http.ResponseWriter, r *http.Request) {
		v := s.now()
		data, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>checkout</title><link rel="icon" href="data:,"><style>%s</style>`+
			`<body>%s<script type="application/json" id="view">%s</script><script defer src="%s" data-offline="%s" data-copied="%s"></script><script defer src="%s" data-exec="/wasm_exec.js" data-wasm="/app.wasm" data-text="%s"></script>`,
			web.Stylesheet(), HTML(v), data, assets.URL(web.Listen), v.Text["offline"], v.Text["share.copied"], assets.URL(web.Boot), locale.Path(v.Locale))
	})
	mux.HandleFunc("GET /merchants/demo/icons/cloud", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Write([]byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><path d="M0 0h4v4H0z"/></svg>`))
	})
	mux.HandleFunc("GET /pay/token/events", s.events)
	mux.HandleFunc("POST /pay/token/{what}", func(w http.ResponseWriter, r *http.Request) { s.post(w, r) })
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		s.CloseClientConnections() // streams don't end by themselves
		s.Close()
	})
	return s
}

func (s *fakeServer) now() view.Checkout {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

// tell changes the session and wakes its streams.
func (s *fakeServer) tell(progress view.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	progress.LastEvent = s.view.Progress.LastEvent + 1
	progress.ServerTime, progress.ExpiresAt, progress.FormToken = s.view.Progress.ServerTime, s.view.Progress.ExpiresAt, "newer-token"
	s.view.Progress = progress
	s.wake()
}

// goDown ends the streams and answers none, until it is called with false.
func (s *fakeServer) goDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
	s.wake()
}

// wake ends the waiting of the streams; s.mu is held.
func (s *fakeServer) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// events streams the progress until the client leaves or the server goes down.
// Down means an answer that is none, since of that no console complains.
func (s *fakeServer) events(w http.ResponseWriter, r *http.Request) {
	progress, changed, down := s.look()
	if down {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if r.Header.Get("Accept") != "text/event-stream" {
		json.NewEncoder(w).Encode(progress)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, "event: beat\ndata: 1\n\n")
	for !down {
		data, err := json.Marshal(progress)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(w, "id: %d\nevent: live\ndata: %s\n\n", progress.LastEvent, data)
		w.(http.Flusher).Flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
		progress, changed, down = s.look()
	}
}

func (s *fakeServer) look() (progress view.Progress, changed <-chan struct{}, down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view.Progress, s.changed, s.down
}

// visit opens the page and waits until the browser side has taken over.
func (s *fakeServer) visit(tab *browsertest.Tab) {
	tab.Go(s.URL + "/pay/token")
	tab.Wait(`window.morepay && morepay.ready`)
}
