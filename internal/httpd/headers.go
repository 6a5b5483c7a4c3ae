package httpd

import (
	"net/http"
	"slices"
	"strings"

	"morepay/web"
)

// pageHeaders sets the type of the payer's page and what protects it. ancestors are the origins
// that may frame it; hops are the provider origins and schemes that a form may
// end at: form-action covers the target of a redirect too, so without them the
// browser blocks the hand-off after the payment was made at the provider. style is
// the page's own beside the common sheet, or "".
func (s *Server) pageHeaders(w http.ResponseWriter, ancestors, hops []string, style string) {
	setPageHeaders(w.Header(), s.realMoney, ancestors, hops, style)
}

// PageHeaders returns what protects a page that is no session's, for who looks at a
// server from outside.
func PageHeaders(realMoney bool) http.Header {
	h := http.Header{}
	setPageHeaders(h, realMoney, nil, nil, "")
	return h
}

func setPageHeaders(h http.Header, realMoney bool, ancestors, hops []string, style string) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentPolicy(ancestors, hops, style))
	h.Set("Reporting-Endpoints", `csp="/csp"`)
	// no-referrer and same-origin would break WeChat's H5 page, which checks
	// which site a payer came from.
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), clipboard-write=(self)")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	// A shop's page that lets in only what says so (COEP) shows a frame that does the
	// same.
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	setShareable(h)
	if realMoney {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

// noForms takes the place of the hops of a page on which no form may be sent.
var noForms = []string{"'none'"}

func contentPolicy(ancestors, hops []string, style string) string {
	if len(ancestors) == 0 {
		ancestors = []string{"'none'"}
	}
	styles := "style-src " + web.StylesheetHash()
	if style != "" {
		styles += " " + web.HashSource(style)
	}
	formAction := append([]string{"'self'"}, hops...)
	slices.Sort(formAction[1:])
	if slices.Equal(hops, noForms) {
		formAction = noForms
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' 'wasm-unsafe-eval' " + web.EntryScriptHash(),
		"script-src-attr 'none'",
		styles,
		"img-src 'self' data:",
		"font-src 'self'",
		"connect-src 'self'",
		"worker-src 'none'",
		"frame-src 'none'",
		"object-src 'none'",
		"base-uri 'none'",
		"form-action " + strings.Join(slices.Compact(formAction), " "),
		"frame-ancestors " + strings.Join(ancestors, " "),
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
		"report-uri /csp",
		"report-to csp",
	}, "; ")
}

// setShareable lets pages of other origins hold what is answered, where browsers ask.
func setShareable(h http.Header) { h.Set("Cross-Origin-Resource-Policy", "cross-origin") }
