package httpd

import (
	"net/http"
	"net/url"

	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/pay"
)

// attempt takes the payer's choice and hands over: 303 to the wallet, or to the
// page that shows the code. A client that asks for JSON stays in its page and
// gets the live view.
func (s *Server) attempt(w http.ResponseWriter, r *http.Request) error {
	l, form, err := s.posted(w, r)
	if err != nil {
		return err
	}
	request := checkout.AttemptRequest{
		Method: pay.Method(form.Get("method")), Rail: pay.Rail(form.Get("rail")),
		Device: refined(r, form.Get("hints")), PayerIP: s.clientIP(r).String(),
		ReturnURL: s.returnURL(r.PathValue("token")),
	}
	if request.Rail == pay.RailJSAPI {
		return s.identify(w, r, l, request, form.Get("hints")) // counted when they are back
	}
	if err := s.countAttempt(r, l.Session.ID); err != nil {
		return err
	}
	return s.handOver(w, r, l.Session.ID, request)
}

// countAttempt counts what makes us ask a provider, so that nobody uses up what
// it grants us.
func (s *Server) countAttempt(r *http.Request, sessionID string) error {
	if s.exempt(s.clientIP(r)) {
		return nil
	}
	if err := s.attempts.allow(sessionID); err != nil {
		return err
	}
	return s.allowIP(s.attemptIPs, r)
}

// handOver makes the attempt and sends the payer on.
func (s *Server) handOver(w http.ResponseWriter, r *http.Request, sessionID string, request checkout.AttemptRequest) error {
	l, err := s.service.Attempt(r.Context(), sessionID, request)
	if err != nil {
		return err
	}
	query := url.Values{}
	keepFrame(query, r.URL.Query())
	if request.Rail == pay.RailPageQR {
		query.Set("rail", string(request.Rail))
		query.Set("method", string(request.Method))
	}
	r.URL.RawQuery = query.Encode()
	if wants(r, "application/json") {
		return s.show(w, r, l, http.StatusOK, nil)
	}
	if a := l.Current(); request.Rail != pay.RailPageQR && a != nil && a.Action != nil && a.Action.Kind == pay.ActionRedirect {
		return seeOther(w, a.Action.URL)
	}
	return seeOther(w, pagePath(r.PathValue("token"), query))
}

// posted loads the session of a form that a payer posted from our own page.
func (s *Server) posted(w http.ResponseWriter, r *http.Request) (*pay.Ledger, url.Values, error) {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return nil, nil, pay.Wrap(pay.CodeForbidden, err, "the form was not posted from our page")
	}
	l, err := s.payer(r)
	if err != nil {
		return nil, nil, err
	}
	form, err := readForm(w, r)
	if err != nil {
		return nil, nil, err
	}
	q := r.URL.Query()
	keepFrame(q, form)
	r.URL.RawQuery = q.Encode()
	if err := s.secrets.checkForm(form.Get("form_token"), l.Session.ID, s.now()); err != nil {
		return nil, nil, err
	}
	return l, form, nil
}

// keepFrame copies what a framed page must know of the page around it: embed.js
// puts it into the first address, forms and redirects hand it on. It may be
// anything: whoever uses it checks it.
func keepFrame(to, from url.Values) {
	for _, name := range []string{"parent", "locale"} {
		if v := from.Get(name); v != "" {
			to.Set(name, v)
		}
	}
}

func pagePath(token string, query url.Values) string {
	path := "/pay/" + token
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// returnURL is where a wallet brings the payer back.
func (s *Server) returnURL(token string) string {
	return s.baseURL + "/return/" + s.secrets.sealText(forReturn, []byte(token))
}

// seeOther redirects without the link-holding body that http.Redirect writes.
func seeOther(w http.ResponseWriter, location string) error {
	w.Header().Set("Location", location)
	w.Header().Set("Cache-Control", "no-store")
	// The provider's page checks which site the payer came from.
	w.Header().Set("Referrer-Policy", "strict-origin-when-cross-origin")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// refined is the payer's device by its user agent and by what the browser found
// out beyond that.
func refined(r *http.Request, hints string) device.Device {
	return device.Detect(r.UserAgent()).Refine(device.ParseHints(hints))
}
