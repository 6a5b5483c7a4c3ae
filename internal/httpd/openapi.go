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
