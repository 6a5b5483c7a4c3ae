package httpd

import (
	"net/http"
	"net/url"

	"morepay/internal/page"
)

// handleOffer draws the list for an order that a shop has not made yet: no session, no
// payer, and no form that could be sent. Pages of that merchant's origins may frame it.
func (s *Server) handleOffer(w http.ResponseWriter, r *http.Request) error {
	if err := s.allowIP(s.limits.offer, r); err != nil {
		return err
	}
	q := offerQuery(r.URL.Query())
	if err := s.checkDevice(q); err != nil {
		return err
	}
	offer, err := readOffer(q)
	if err != nil {
		return err
	}
	merchant := q.Get("merchant")
	facts, err := s.service.OfferFacts(r.Context(), merchant, offer, s.clientIP(r))
	if err != nil {
		return err
	}
	links := page.Links{Origin: s.baseURL, Ancestors: s.merchants.Origins(merchant), Test: !s.realMoney}
	v := page.MakeOffer(facts, page.Read("", q, r.UserAgent(), r.Header.Get("Accept-Language"), !s.realMoney), q, links, s.now())
	s.pageHeaders(w, links.Ancestors, noForms, page.Style(v))
	w.Header().Set("Vary", "Accept-Encoding")
	return writeCompressed(w, r, http.StatusOK, page.OfferHTML(v, s.scripts.Frame))
}

// offerQuery returns a query with all that a form of the list has handed on in one field.
func offerQuery(q url.Values) url.Values {
	inner, err := url.ParseQuery(q.Get(page.WordsField))
	if err != nil {
		return q
	}
	q.Del(page.WordsField)
	for name := range inner {
		if !q.Has(name) {
			q.Set(name, inner.Get(name))
		}
	}
	return q
}
