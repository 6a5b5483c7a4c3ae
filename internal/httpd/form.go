package httpd

import (
	"net/http"

	"morepay/internal/page"
	"morepay/internal/pay"
)

// formPath is where the pages stand that post a payer's browser to a provider.
const formPath = "/form/"

// formPage returns the address of the page that posts the payer of a page on, but for the
// attempt's id.
func (s *Server) formPage(r page.Request) string { return s.baseURL + formPath + s.sealPage(r) }

// handleForm shows the form by which a payer's browser goes to a provider. Once the
// attempt can't be paid any more, the session's page says so.
func (s *Server) handleForm(w http.ResponseWriter, r *http.Request) error {
	opened, err := s.openPage(r)
	if err != nil {
		return err
	}
	request := s.pageRequest(r, opened.Token)
	request.Friend, request.Lang = opened.Friend, opened.Lang
	l, err := s.payer(r, request)
	if err != nil {
		return onPage(request, err)
	}
	attempt := l.Attempt(r.PathValue("attempt"))
	if attempt == nil || attempt.Invitation != request.Invitation(l) {
		return onPage(request, errNotFound)
	}
	now := s.now()
	if l.StatusFor(attempt.Invitation, now) != pay.SessionOpen || !attempt.State.Payable() || !now.Before(attempt.ExpiresAt) {
		return seeOther(w, request.Address())
	}
	form, err := s.service.Form(l, attempt)
	if err != nil {
		return onPage(request, err)
	}
	d, err := s.draw(r, l, request)
	if err != nil {
		return onPage(request, err)
	}
	s.drawnHeaders(w, d)
	html := page.HandoffHTML(d.view, page.Handoff{Method: attempt.Method, Action: form.Action, Fields: form.Fields}, s.scripts)
	return writeCompressed(w, r, http.StatusOK, html)
}
