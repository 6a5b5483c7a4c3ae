package page

import (
	"bytes"

	"morepay/app"
	"morepay/internal/view"
)

// Handoff is what a payer's browser posts to a provider, and for which method.
type Handoff app.Handoff

// HandoffHTML returns the document that posts a payer's browser to a provider: a form
// with a button, which a small script presses.
func HandoffHTML(v view.Checkout, h Handoff, scripts Scripts) []byte {
	var b bytes.Buffer
	writeHead(&b, v.Locale, app.Title(v), app.ThemeAttributes(v))
	if style := Style(v); style != "" {
		b.WriteString(`<style>` + style + `</style>`)
	}
	b.WriteString(`</head><body>` + app.HandoffHTML(v, app.Handoff(h)) + `<script defer src="` + scripts.Post + `"></script></body></html>`)
	return b.Bytes()
}
