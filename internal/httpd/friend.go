package httpd

import (
	"net/http"

	"morepay/internal/checkout"
	"morepay/internal/page"
	"morepay/internal/pay"
)

// handleFriend shows a payer the page on which they ask a friend to pay, with the link
// if there is one. Once nothing can be paid any more, the session's page says so.
func (s *Server) handleFriend(w http.ResponseWriter, r *http.Request) error {
	request := s.pageRequest(r, r.PathValue("token"))
	l, err := s.payer(r, request)
	if err != nil {
		return err
	}
	d, err := s.draw(r, l, request)
	if err != nil {
		return err
	}
	live := l.LiveInvitation(d.at)
	if l.StatusAt(d.at) != pay.SessionOpen || live == nil && !d.view.Document.FriendPay {
		return seeOther(w, request.Now().Address())
	}
	ask := page.Ask{}
	if live != nil {
		ask = page.Ask{Token: checkout.FriendToken(request.Token, live), ExpiresAt: live.ExpiresAt}
	}
	html, err := page.AskHTML(d.view, request, ask, s.scripts, d.links)
	if err != nil {
		return err
	}
	s.drawnHeaders(w, d)
	return writeCompressed(w, r, http.StatusOK, html)
}

// handleInvite makes the link for a friend.
func (s *Server) handleInvite(w http.ResponseWriter, r *http.Request) error {
	p, err := s.readPosted(w, r)
	if err != nil {
		return err
	}
	if _, err := s.service.Invite(r.Context(), p.ledger, p.request.Token, p.form.Get("name")); err != nil {
		return onPage(p.request, err)
	}
	return s.toFriend(w, r, p.request)
}

// handleRevoke takes the link back.
func (s *Server) handleRevoke(w http.ResponseWriter, r *http.Request) error {
	p, err := s.readPosted(w, r)
	if err != nil {
		return err
	}
	if _, err := s.service.Revoke(r.Context(), p.ledger.Session.ID); err != nil {
		return onPage(p.request, err)
	}
	return s.toFriend(w, r, p.request)
}

// toFriend sends a payer to the page on which they ask a friend, or tells a script
// where it is.
func (s *Server) toFriend(w http.ResponseWriter, r *http.Request, request page.Request) error {
	address := page.AskAddress(request)
	if accepts(r, "application/json") {
		w.Header().Set("Content-Location", address)
		return writeJSON(w, http.StatusOK, struct{}{})
	}
	return seeOther(w, address)
}
