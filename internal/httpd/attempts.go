package httpd

import (
	"net/http"
	"net/url"
	"strconv"

	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/page"
	"morepay/internal/pay"
)

// handleAttempt takes the payer's choice and hands over: 303 to the wallet, or
// to the page that shows the code. Who asks for that page in answer (?page) gets it
// without a second round trip, and its script sets the address. A client that asks for JSON
// stays in its page and gets the page's progress.
func (s *Server) handleAttempt(w http.ResponseWriter, r *http.Request) error {
	p, err := s.readPosted(w, r)
	if err != nil {
		return err
	}
	return onPage(p.request, s.attempt(w, r, p))
}

func (s *Server) attempt(w http.ResponseWriter, r *http.Request, p postedForm) error {
	instalments, err := numberOf(p.form, "instalments")
	if err != nil {
		return err
	}
	choice := checkout.AttemptRequest{
		Method: pay.Method(p.form.Get("method")), Rail: pay.Rail(p.form.Get("rail")),
		Device: p.request.Refined(device.ParseHints(p.form.Get("hints"))), PayerIP: s.clientIP(r),
		ReturnURL: s.returnURL(p.request), FormPage: s.formPage(p.request), Instalments: instalments, Invitation: p.request.Invitation(p.ledger),
	}
	if choice.Rail.ForOnePayer() {
		return s.identify(w, r, p, choice) // counted when they are back
	}
	if err := s.countAttempt(r, subject(p.ledger, p.request)); err != nil {
		return err
	}
	return s.handOver(w, r, p.ledger.Session.ID, p.request, choice)
}

// numberOf reads a number of a form; 0 if it isn't there.
func numberOf(form url.Values, name string) (int, error) {
	text := form.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, pay.Errorf(pay.CodeInvalid, name, "must be a whole number")
	}
	return n, nil
}

// countAttempt applies the attempt limits, which protect our quota at the
// providers.
func (s *Server) countAttempt(r *http.Request, subject string) error {
	if s.exempt(s.clientIP(r)) {
		return nil
	}
	if err := s.limits.attempt.allow(subject); err != nil {
		return err
	}
	return s.allowIP(s.limits.attemptAddress, r)
}

// handOver makes the attempt and sends the payer on.
func (s *Server) handOver(w http.ResponseWriter, r *http.Request, sessionID string, request page.Request, choice checkout.AttemptRequest) error {
	done, err := s.makeAttempt(r, request, sessionID, choice)
	if err != nil {
		return err
	}
	request = request.Now()
	if done.Rail == pay.RailPageQR {
		request.PageQR = choice.Method
	}
	if accepts(r, "application/json") {
		return s.writePage(w, r, done.Ledger, request, http.StatusOK, nil)
	}
	// The attempt that this post made, not whichever is current by now: another
	// payer may hold the same page.
	if a := done.Ledger.Attempt(done.AttemptID); a != nil && a.Action != nil && a.Action.Kind == pay.ActionRedirect {
		return seeOther(w, a.Action.URL)
	}
	if done.Rail == pay.RailApp {
		return seeOther(w, request.HandedOver().Address()+handsOver)
	}
	if r.Method == http.MethodPost && r.URL.Query().Has("page") {
		return s.writePage(w, r, done.Ledger, request, http.StatusOK, nil)
	}
	return seeOther(w, request.Address())
}

// handsOver ends the address of a page whose script hands the payer over to the app
// around it, as its payer has just asked. It takes that away: a page that is loaded again
// does not do so again.
const handsOver = "#pay"

// postedForm is a form of our page with what it is about.
type postedForm struct {
	ledger  *pay.Ledger // of the page's session
	request page.Request
	form    url.Values
}

// readPosted reads a form and loads its session. Fails with forbidden or form_expired
// if it was not our page that sent it.
func (s *Server) readPosted(w http.ResponseWriter, r *http.Request) (postedForm, error) {
	request := s.pageRequest(r, r.PathValue("token"))
	l, err := s.payer(r, request)
	if err != nil {
		return postedForm{}, err
	}
	if err := s.crossOrigin.Check(r); err != nil {
		return postedForm{}, pay.Wrap(pay.CodeForbidden, err, "the form was not posted from our page")
	}
	form, err := readForm(w, r)
	if err != nil {
		return postedForm{}, err
	}
	request = request.InFrame(form)
	err = s.secrets.checkForm(form.Get("form_token"), subject(l, request), s.now())
	return postedForm{l, request, form}, onPage(request, err)
}

// seeOther redirects without the link-holding body that http.Redirect writes.
func seeOther(w http.ResponseWriter, location string) error {
	w.Header().Set("Location", location)
	w.Header().Set("Cache-Control", "no-store")
	setShareable(w.Header())
	// The provider's page checks which site the payer came from.
	w.Header().Set("Referrer-Policy", "strict-origin-when-cross-origin")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
