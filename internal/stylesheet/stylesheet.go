// Package stylesheet is the style sheet of the pages for those who work with a server: its
// testers' console and its operators' desk.
//
// What must not live here: how anything looks that a payer sees.
package stylesheet

import (
	_ "embed"
	"net/http"
)

//go:embed stylesheet.css
var css []byte

// Handler serves the sheet.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/css; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(css) // it fails only where the client has left
	})
}
