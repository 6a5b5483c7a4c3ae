package httpd

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"morepay/internal/openapi"
)

// openAPITag is the entity tag of the API's description.
var openAPITag = tagOf(openapi.Document())

func tagOf(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// handleOpenAPI serves the description of the merchant's API, for tools of any origin.
func (s *Server) handleOpenAPI(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return writeTagged(w, r, openAPITag, "public, max-age=300", jsonType, openapi.Document())
}

// handleDocs shows the description of the merchant's API to people. Its style sheet is
// that of the admin pages, on the same listener.
func (s *Server) handleDocs(w http.ResponseWriter, _ *http.Request) error {
	page, err := openapi.Page()
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-cache")
	_, err = w.Write(page)
	return err
}
