package httpd

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"time"

	"morepay/app"
	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/locale"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/qrcode"
	"morepay/internal/view"
	"morepay/web"
)

// page draws the payer's page, or answers its live part as JSON to those who
// ask for that.
func (s *Server) page(w http.ResponseWriter, r *http.Request) error {
	l, err := s.payer(r)
	if err != nil {
		return err
	}
	return s.show(w, r, l, http.StatusOK, nil)
}

// payer loads the session of the request's token, at most pageRate often.
func (s *Server) payer(r *http.Request) (*pay.Ledger, error) {
	if err := s.allowIP(s.pages, r); err != nil {
		return nil, err
	}
	return s.service.ByToken(r.Context(), r.PathValue("token"))
}

// show writes the page of a session, with an error on it if problem is not nil.
func (s *Server) show(w http.ResponseWriter, r *http.Request, l *pay.Ledger, status int, problem error) error {
	if wants(r, "application/json") {
		live, err := s.liveOf(r, l)
		if err != nil {
			return err
		}
		return writeJSON(w, status, live)
	}
	v, err := s.viewOf(r, l, problem)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := s.shell(&b, v, r.URL.Query().Has("returned")); err != nil {
		return err
	}
	s.pageHeaders(w, s.merchants.Origins(l.Session.Merchant), s.service.Hops(l.Session.Merchant))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return writeCompressed(w, r, status, b.Bytes())
}

// viewOf is what the page of a session shows to this request.
func (s *Server) viewOf(r *http.Request, l *pay.Ledger, problem error) (view.Checkout, error) {
	dev := device.Detect(r.UserAgent())
	v, err := s.service.View(r.Context(), l, dev, s.pageState(r))
	if err != nil {
		return v, err
	}
	token := r.PathValue("token")
	v.Path = "/pay/" + token
	v.Parent = s.parent(r, l.Session.Merchant)
	v.ShareURL = s.baseURL + v.Path
	v.Test = !s.live
	v.Locale = locale.Match(cmp.Or(l.Session.Locale, askedLocale(r)), v.Document.Locale, r.Header.Get("Accept-Language"))
	v.Text = locale.Text(v.Locale)
	v.AmountText = v.Text.Money(v.Amount)
	s.finish(&v.Live, l)
	if problem != nil {
		v.Error = &view.Error{Code: pay.CodeOf(problem), Message: locale.Problem(v.Text, pay.CodeOf(problem))}
	}
	return v, nil
}

// maxLocale is the longest language tag, in bytes (RFC 5646, section 4.4.1).
const maxLocale = 35

// askedLocale is the language that the shop's page asked for in the address of
// our frame, or "".
func askedLocale(r *http.Request) string {
	if tag := r.URL.Query().Get("locale"); len(tag) <= maxLocale {
		return tag
	}
	return ""
}

// liveOf is the part of the view that changes, as this request may see it.
func (s *Server) liveOf(r *http.Request, l *pay.Ledger) (view.Live, error) {
	live, err := s.service.Live(l, s.pageState(r))
	s.finish(&live, l)
	return live, err
}

// finish adds what only the route knows.
func (s *Server) finish(live *view.Live, l *pay.Ledger) {
	live.FormToken = s.secrets.formToken(l.Session.ID, s.now())
	switch live.State {
	case view.StatePaid, view.StateExpired, view.StateCanceled:
		live.ContinueURL = continueURL(l)
	}
}

// continueURL leads back to the merchant. It names the session and nothing
// else: a status in a URL could be made up, so the merchant's server asks.
func continueURL(l *pay.Ledger) string {
	u, err := url.Parse(l.Session.ReturnURL)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("morepay_session", l.Session.ID)
	u.RawQuery = q.Encode()
	return u.String()
}

// pageState reads what a link or redirect of ours asks the page to show.
func (s *Server) pageState(r *http.Request) checkout.PageState {
	token, q := r.PathValue("token"), r.URL.Query()
	state := checkout.PageState{
		Choose:   q.Has("choose"),
		Returned: q.Has("returned"),
		ShareURL: s.baseURL + "/pay/" + token,
		SharePNG: "/pay/" + token + "/page.png",
	}
	if m := pay.Method(q.Get("method")); pay.Rail(q.Get("rail")) == pay.RailPageQR && method.Find(m) != nil {
		state.PageQR = m
	}
	return state
}

// parent is the origin of the page around our frame, if the merchant registered
// it. The query of our own earlier page tells it after a form was posted.
func (s *Server) parent(r *http.Request, merchant string) string {
	origin := r.URL.Query().Get("parent")
	for _, allowed := range s.merchants.Origins(merchant) {
		if origin == allowed {
			return origin
		}
	}
	return ""
}

// noIcon keeps browsers from asking for /favicon.ico: the page is one request.
const noIcon = `<link rel="icon" href="data:,">`

// shell writes the document around the checkout: one request, CSS inlined, every
// script late.
func (s *Server) shell(b *bytes.Buffer, v view.Checkout, returned bool) error {
	data, err := json.Marshal(v) // escapes <, > and &, so no text can end the element
	if err != nil {
		return err
	}
	b.WriteString(`<!doctype html><html lang="` + html.EscapeString(v.Locale) + `"`)
	for name, value := range app.ThemeAttributes(v) {
		b.WriteString(` ` + name + `="` + html.EscapeString(value) + `"`)
	}
	b.WriteString(`><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">` +
		`<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark">` + noIcon + `<title>`)
	b.WriteString(html.EscapeString(app.Title(v)))
	b.WriteString(`</title><style>` + web.Stylesheet() + `</style>`)
	writeRefresh(b, v, returned)
	b.WriteString(`</head><body>`)
	b.WriteString(app.HTML(v))
	b.WriteString(`<script type="application/json" id="view">`)
	b.Write(data)
	b.WriteString(`</script>`)
	s.writeScripts(b, v)
	b.WriteString(`</body></html>`)
	return nil
}

// How often the page looks again without scripts, and when it goes on by itself
// to the merchant, in seconds.
const (
	probeTimeout  = 2 * time.Second // of a readiness probe
	refreshAfter  = "10"
	continueAfter = "4"
)

// writeRefresh keeps a page without scripts honest: while the payer is waited
// for it is loaded again now and then. Who came back from the wallet and has
// paid is brought on to the merchant.
func writeRefresh(b *bytes.Buffer, v view.Checkout, returned bool) {
	switch v.Live.State {
	case view.StateSubmitting, view.StateWaiting:
		b.WriteString(`<noscript><meta http-equiv="refresh" content="` + refreshAfter + `"></noscript>`)
	case view.StatePaid:
		if returned && v.Parent == "" { // a frame must not swallow the merchant's page
			b.WriteString(`<meta http-equiv="refresh" content="` + continueAfter + `;url=` + html.EscapeString(v.Live.ContinueURL) + `">`)
		}
	}
}

func (s *Server) writeScripts(b *bytes.Buffer, v view.Checkout) {
	b.WriteString(`<script defer src="` + s.assets.URL(web.Frame) + `" data-parent="` + html.EscapeString(v.Parent) + `"></script>`)
	if !s.assets.HasBundle() {
		return
	}
	b.WriteString(`<script defer src="` + s.assets.URL(web.Boot) + `" data-wasm="` + s.assets.URL(web.AppWasm) +
		`" data-exec="` + s.assets.URL(web.WasmExec) + `"></script>`)
}

// failPage answers a payer: the session's page with the error on it where there
// is a session, else a page with a sentence.
func (s *Server) failPage(w http.ResponseWriter, r *http.Request, err error) {
	if wants(r, "application/json") {
		failJSON(w, r, err)
		return
	}
	status := statusOf(err)
	if token := r.PathValue("token"); token != "" && pay.CodeOf(err) != pay.CodeRateLimited {
		if l, lookup := s.service.ByToken(r.Context(), token); lookup == nil {
			if s.show(w, r, l, status, err) == nil {
				return
			}
		}
	}
	tag := locale.Match("", "", r.Header.Get("Accept-Language"))
	s.pageHeaders(w, nil, nil)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	sentence := html.EscapeString(locale.Problem(locale.Text(tag), pay.CodeOf(err)))
	w.Write([]byte(`<!doctype html><html lang="` + tag + `"><head><meta charset="utf-8">` +
		`<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">` + noIcon + `<title>` +
		sentence + `</title><style>` + web.Stylesheet() + `</style></head><body><main id="checkout" data-state="failed"><h1>` +
		sentence + `</h1></main></body></html>`))
}

// pagePNG is the QR of our own page as a picture, which may be saved, shared and
// long-pressed, unlike a wallet's.
func (s *Server) pagePNG(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.payer(r); err != nil {
		return err
	}
	png, err := qrcode.PNG(s.baseURL+"/pay/"+r.PathValue("token"), 8)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Disposition", `attachment; filename="checkout.png"`)
	_, err = w.Write(png)
	return err
}

// health says that the process answers at all.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readiness says that every part is there that a request needs.
func (s *Server) readiness(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
	defer cancel()
	if _, err := s.stores.Documents.Position(ctx); err != nil {
		return err
	}
	return s.health(w, r)
}

// cspReport counts what a browser blocked on our page; the text may be
// anybody's, so only its start is logged, and not often.
func (s *Server) cspReport(w http.ResponseWriter, r *http.Request) error {
	if err := s.allowIP(s.reports, r); err != nil {
		return err
	}
	b, err := readBody(w, r, maxFormBody)
	if err != nil {
		return err
	}
	s.metrics.csp.Inc()
	s.log.WarnContext(r.Context(), "content was blocked on the payer's page", "report", string(b[:min(len(b), 1024)]))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
