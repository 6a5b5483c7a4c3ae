package httpd

import (
	"net/http"

	"morepay/internal/page"
)

// handleTexts serves a catalogue to the browser side of a page. Its path names its
// content, so it is good for ever.
func (s *Server) handleTexts(w http.ResponseWriter, r *http.Request) error {
	text, ok := page.Texts(r.URL.Path)
	if !ok {
		return errNotFound
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	return writeCompressed(w, r, http.StatusOK, text)
}
