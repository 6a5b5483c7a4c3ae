package httpd

import (
	"cmp"
	"net/http"
	"slices"

	"morepay/internal/pay"
)

// loadReason says why a frame in a shop's page may stay empty: browsers tell the shop
// nothing about what they refuse to show.
type loadReason string

const (
	loadOK                  loadReason = "ok"
	loadSessionUnknown      loadReason = "session_unknown"
	loadSessionOver         loadReason = "session_over"
	loadOriginNotRegistered loadReason = "origin_not_registered"
)

type loadReasonBody struct {
	Reason loadReason `json:"reason"`
	Origin string     `json:"origin"` // that was judged
}

// handleReason tells a shop's page what its frame would show, and nothing of the order.
// It is judged by the origin that the browser names; a page of our own origin names none.
func (s *Server) handleReason(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Vary", "Origin")
	origin := cmp.Or(r.Header.Get("Origin"), s.baseURL)
	l, err := s.payer(r, s.pageRequest(r, r.PathValue("token")))
	if pay.CodeOf(err) == pay.CodeNotFound {
		return writeJSON(w, http.StatusOK, loadReasonBody{loadSessionUnknown, origin})
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, loadReasonBody{s.loadReason(l, origin), origin})
}

func (s *Server) loadReason(l *pay.Ledger, origin string) loadReason {
	switch {
	case !slices.Contains(s.merchants.Origins(l.Session.Merchant), origin):
		return loadOriginNotRegistered
	case l.StatusAt(s.now()) != pay.SessionOpen:
		return loadSessionOver
	}
	return loadOK
}
