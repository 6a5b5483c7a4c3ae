// Package console is the desk of who tests a checkout: pages at /qa of the simulator's
// listener that show, for the merchants at hand, what every device would be offered and
// why, and open the real page as that device.
//
// What must not live here: rules of its own about who may pay how (packages capability
// and qa say that), and anything that a server with real money would serve.
package console

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"morepay/internal/capability"
	"morepay/internal/pay"
	"morepay/internal/qa"
	"morepay/internal/scenario"
	"morepay/internal/stylesheet"
	"morepay/internal/trace"
)

//go:embed pages
var files embed.FS

var templates = template.Must(template.New("console").Option("missingkey=error").Funcs(template.FuncMap{
	"join": strings.Join, "rail": func(r pay.Rail) string { return rails[r] }, "image": image, "row": indented,
}).ParseFS(files, "pages/*.html"))

// Merchants are the documents that are in force, and what was learnt beyond them.
type Merchants struct {
	Documents []*capability.Document
	Learnt    []qa.Learnt
}

// Opened is an order that a shop here has opened.
type Opened struct {
	ID        string // of the session
	Merchant  string
	Reference string
	Amount    int64 // fen
	At        time.Time
}

// Config says what a Console shows.
type Config struct {
	Merchants func(context.Context) (Merchants, error)            // those at hand, as they are now
	Sessions  func() []Opened                                     // newest first
	Trace     func(context.Context, string) (*trace.Trace, error) // of a session's id
	Networks  []Network
	Stage     *scenario.Stage           // this demo, to play scenarios on
	Pay       string                    // address that opens an order and sends the browser to its page
	Shop      string                    // address of the storefront
	Control   string                    // origin of the simulator and its control API
	Addresses func() ([]Address, error) // of this machine in its networks
	Now       func() time.Time
}

// Console serves the pages at /qa.
type Console struct {
	Config
	baselines  *baselines
	rehearsals *rehearsals
	reports    *lru.Cache[string, report] // by id
	client     *http.Client
}

// patience bounds a call of the control API.
const patience = 10 * time.Second

// New makes a Console. Run plays its scenarios.
func New(c Config) *Console {
	return &Console{c, newBaselines(), newRehearsals(), newReports(), &http.Client{Timeout: patience}}
}

// Handler serves /qa and what is below it.
func (c *Console) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /qa", http.RedirectHandler("/qa/matrix", http.StatusSeeOther))
	mux.Handle("GET /qa/{$}", http.RedirectHandler("/qa/matrix", http.StatusSeeOther))
	mux.Handle("GET /qa/matrix", page(c.matrix))
	mux.Handle("GET /qa/matrix/{format}", page(c.download))
	mux.Handle("GET /qa/cell", page(c.cell))
	mux.Handle("GET /qa/faults", page(c.faults))
	mux.Handle("GET /qa/payments", page(c.payments))
	mux.Handle("GET /qa/scenarios", page(c.scenarios))
	mux.Handle("GET /qa/runs/{run}", page(c.run))
	mux.Handle("GET /qa/network", page(c.network))
	mux.Handle("GET /qa/state", page(c.state))
	mux.Handle("GET /qa/sessions", page(c.sessions))
	mux.Handle("GET /qa/trace", page(c.lead))
	mux.Handle("GET /qa/trace/{session}", page(c.trace))
	mux.Handle("GET /qa/phones", page(c.phones))
	mux.Handle("GET /qa/device", page(c.device))
	mux.Handle("GET /qa/device/{id}", page(c.reported))
	crossOrigin := http.NewCrossOriginProtection()
	mux.Handle("POST /qa/baseline", crossOrigin.Handler(page(c.keep)))
	mux.Handle("POST /qa/scenarios", crossOrigin.Handler(page(c.start)))
	mux.Handle("POST /qa/do/{button}", crossOrigin.Handler(page(c.press)))
	mux.Handle("POST /qa/device", crossOrigin.Handler(page(c.report)))
	mux.Handle("GET /qa/console.css", stylesheet.Handler())
	mux.HandleFunc("GET /qa/device.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "pages/device.js") })
	return mux
}

// rails say in a few words where each leads.
var rails = map[pay.Rail]string{
	pay.RailJSAPI:       "in the app",
	pay.RailApp:         "by the shop's app",
	pay.RailMiniProgram: "by its mini program",
	pay.RailDeepLink:    "opens the app",
	pay.RailQR:          "code",
	pay.RailRedirect:    "cashier",
	pay.RailPageQR:      "our page's code",
}

// page serves what h draws. What the visitor may mend is said on a page of its own.
func page(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		refused, ok := errors.AsType[*pay.Error](err)
		if !ok || refused.Code != pay.CodeInvalid && refused.Code != pay.CodeNotFound {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if err := draw(w, http.StatusBadRequest, "problem.html", refused); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
}

// draw answers with a page. Only the checkout may stand in a frame on it.
func draw(w http.ResponseWriter, status int, name string, data any) error {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; frame-src http: https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return err
}
