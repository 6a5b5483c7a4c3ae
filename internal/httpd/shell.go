package httpd

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"

	"morepay/app"
	"morepay/internal/locale"
	"morepay/internal/pay"
	"morepay/internal/view"
	"morepay/web"
)

// writeHead begins a page of ours and leaves its head open. The page is one
// request: the style sheet is in it, and no icon is asked for.
func writeHead(b *bytes.Buffer, lang, title string, attributes map[string]string) {
	b.WriteString(`<!doctype html><html lang="` + html.EscapeString(lang) + `"`)
	for name, value := range attributes {
		b.WriteString(` ` + name + `="` + html.EscapeString(value) + `"`)
	}
	b.WriteString(`><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">` +
		`<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark">` +
		`<link rel="icon" href="data:,"><title>` + html.EscapeString(title) + `</title><style>` + web.Stylesheet() + `</style>`)
}

// shell writes the document around the checkout: one request, CSS inlined, every
// script late.
func (s *Server) shell(b *bytes.Buffer, v view.Checkout, returned bool) error {
	data, err := json.Marshal(v) // escapes <, > and &, so no text can end the element
	if err != nil {
		return err
	}
	writeHead(b, v.Locale, app.Title(v), app.ThemeAttributes(v))
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
	sentence := locale.Problem(locale.Text(tag), pay.CodeOf(err))
	var b bytes.Buffer
	writeHead(&b, tag, sentence, nil)
	b.WriteString(`</head><body>` + app.Problem(sentence) + `</body></html>`)
	s.pageHeaders(w, nil, nil)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}
