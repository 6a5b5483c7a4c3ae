package httpd

import (
	"net/http"
	"strings"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/pay"
)

// handleCapabilities serves a merchant's public document: the same bytes until it
// changes, fit for a CDN.
func (s *Server) handleCapabilities(w http.ResponseWriter, r *http.Request) error {
	doc, err := s.documents.Published(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return writeTagged(w, r, doc.ETag, "public, max-age=30, stale-while-revalidate=300", jsonType, doc.JSON)
}

// handleIcon serves a merchant's own picture of a method. A picture may be somebody's
// SVG: opened by itself it must be able to do nothing.
func (s *Server) handleIcon(w http.ResponseWriter, r *http.Request) error {
	icon, err := s.merchants.Icon(r.PathValue("id"), r.PathValue("icon"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	return writeTagged(w, r, icon.ETag, "public, max-age=300", icon.MediaType, icon.Body)
}

// writeTagged answers with bytes that caches may keep, or with 304 to whoever has
// them.
func writeTagged(w http.ResponseWriter, r *http.Request, etag, cacheControl, mediaType string, body []byte) error {
	h := w.Header()
	h.Set("ETag", etag)
	h.Set("Cache-Control", cacheControl)
	h.Set("X-Content-Type-Options", "nosniff")
	setShareable(h)
	if etagMatches(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", mediaType)
	_, err := w.Write(body)
	return err
}

// handleSchema serves the JSON Schema of capability documents.
func (s *Server) handleSchema(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "application/schema+json")
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	_, err := w.Write(document.Schema())
	return err
}

// decideBody is the question of a server-side caller: which methods, on this device,
// for this order.
type decideBody struct {
	Amount    pay.Money  `json:"amount"`
	Items     []pay.Item `json:"items"`
	PayerID   string     `json:"payer_id"`
	Region    string     `json:"region"`
	UserAgent string     `json:"user_agent"`
}

type decision struct {
	Version  int64               `json:"version"` // of the capability document
	Device   device.Device       `json:"device"`
	Decision capability.Decision `json:"decision"`
}

// handleDecide answers the decision with its reasons. It needs the merchant's key,
// because it tells who is in a rollout.
func (s *Server) handleDecide(w http.ResponseWriter, r *http.Request) error {
	merchant, err := s.reader(w, r, reads)
	if err != nil {
		return err
	}
	if merchant != r.PathValue("id") {
		return errNotFound
	}
	var b decideBody
	if _, err := readJSON(w, r, maxAPIBody, &b); err != nil {
		return err
	}
	if err := (checkout.Offer{Amount: b.Amount, Items: b.Items}).Validate(); err != nil {
		return err
	}
	doc, version, err := s.documents.Document(r.Context(), merchant)
	if err != nil {
		return err
	}
	dev := device.Detect(b.UserAgent)
	order := capability.Order{
		Amount: b.Amount, Items: b.Items, Payer: capability.PayerKey(b.PayerID), Region: b.Region,
		Down: s.accounts.Down(merchant), NoAccount: s.accounts.NoAccount(merchant), NotGranted: s.service.NotGranted(r.Context(), merchant),
	}
	return writeJSON(w, http.StatusOK, decision{version, dev, capability.Decide(doc, order, dev, s.now())})
}

// etagMatches evaluates an If-None-Match header (RFC 9110, section 13.1.2).
func etagMatches(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == etag || candidate == "*" {
			return true
		}
	}
	return false
}
