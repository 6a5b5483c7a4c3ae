package httpd

import (
	"bytes"
	"cmp"
	"net/http"
	"net/url"

	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/locale"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/qrcode"
	"morepay/internal/view"
)

// page draws the payer's page, or answers its live part as JSON to those who
// ask for that.
func (s *Server) page(w http.ResponseWriter, r *http.Request) error {
	l, err := s.payer(r)
	if err != nil {
		return err
	}
	return s.show(w, r, l, http.StatusOK, nil)
}

// payer loads the session of the request's token, at most pageRate often.
func (s *Server) payer(r *http.Request) (*pay.Ledger, error) {
	if err := s.allowIP(s.pages, r); err != nil {
		return nil, err
	}
	return s.service.ByToken(r.Context(), r.PathValue("token"))
}

// show writes the page of a session, with an error on it if problem is not nil.
func (s *Server) show(w http.ResponseWriter, r *http.Request, l *pay.Ledger, status int, problem error) error {
	if wants(r, "application/json") {
		live, err := s.liveOf(r, l)
		if err != nil {
			return err
		}
		return writeJSON(w, status, live)
	}
	v, err := s.viewOf(r, l, problem)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := s.shell(&b, v, r.URL.Query().Has("returned")); err != nil {
		return err
	}
	s.pageHeaders(w, s.merchants.Origins(l.Session.Merchant), s.accounts.FormTargets(l.Session.Merchant))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return writeCompressed(w, r, status, b.Bytes())
}

// viewOf is what the page of a session shows to this request.
func (s *Server) viewOf(r *http.Request, l *pay.Ledger, problem error) (view.Checkout, error) {
	v, err := s.service.View(r.Context(), l, s.pageState(r))
	if err != nil {
		return v, err
	}
	token := r.PathValue("token")
	v.Path = "/pay/" + token
	v.Parent = s.parent(r, l.Session.Merchant)
	v.ShareURL = s.baseURL + v.Path
	v.Test = !s.live
	v.Locale = locale.Match(cmp.Or(l.Session.Locale, askedLocale(r)), v.Document.Locale, r.Header.Get("Accept-Language"))
	v.Text = locale.Text(v.Locale)
	v.AmountText = v.Text.Money(v.Amount)
	s.finish(&v.Live, l)
	if problem != nil {
		v.Error = &view.Error{Code: pay.CodeOf(problem), Message: locale.Problem(v.Text, pay.CodeOf(problem))}
	}
	return v, nil
}

// maxLocale is the longest language tag, in bytes (RFC 5646, section 4.4.1).
const maxLocale = 35

// askedLocale is the language that the shop's page asked for in the address of
// our frame, or "".
func askedLocale(r *http.Request) string {
	if tag := r.URL.Query().Get("locale"); len(tag) <= maxLocale {
		return tag
	}
	return ""
}

// liveOf is the part of the view that changes, as this request may see it.
func (s *Server) liveOf(r *http.Request, l *pay.Ledger) (view.Live, error) {
	return s.liveIn(l, s.pageState(r))
}

func (s *Server) liveIn(l *pay.Ledger, state checkout.PageState) (view.Live, error) {
	live, err := s.service.Live(l, state)
	s.finish(&live, l)
	return live, err
}

// finish adds what only the route knows.
func (s *Server) finish(live *view.Live, l *pay.Ledger) {
	live.FormToken = s.secrets.formToken(l.Session.ID, s.now())
	switch live.State {
	case view.StatePaid, view.StateExpired, view.StateCanceled:
		live.ContinueURL = continueURL(l)
	}
}

// continueURL leads back to the merchant. It names the session and nothing
// else: a status in a URL could be made up, so the merchant's server asks.
func continueURL(l *pay.Ledger) string {
	u, err := url.Parse(l.Session.ReturnURL)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("morepay_session", l.Session.ID)
	u.RawQuery = q.Encode()
	return u.String()
}

// pageState reads what a link or redirect of ours asks the page to show.
func (s *Server) pageState(r *http.Request) checkout.PageState {
	token, q := r.PathValue("token"), r.URL.Query()
	state := checkout.PageState{
		Device:   device.Detect(r.UserAgent()),
		Choose:   q.Has("choose"),
		Returned: q.Has("returned"),
		ShareURL: s.baseURL + "/pay/" + token,
		SharePNG: "/pay/" + token + "/page.png",
	}
	if m := pay.Method(q.Get("method")); pay.Rail(q.Get("rail")) == pay.RailPageQR && method.Find(m) != nil {
		state.PageQR = m
	}
	return state
}

// parent is the origin of the page around our frame, if the merchant registered
// it. The query of our own earlier page tells it after a form was posted.
func (s *Server) parent(r *http.Request, merchant string) string {
	origin := r.URL.Query().Get("parent")
	for _, allowed := range s.merchants.Origins(merchant) {
		if origin == allowed {
			return origin
		}
	}
	return ""
}

// pagePNG is the QR of our own page as a picture, which may be saved, shared and
// long-pressed, unlike a wallet's.
func (s *Server) pagePNG(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.payer(r); err != nil {
		return err
	}
	png, err := qrcode.PNG(s.baseURL+"/pay/"+r.PathValue("token"), 8)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Disposition", `attachment; filename="checkout.png"`)
	_, err = w.Write(png)
	return err
}
