package httpd

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/internal/view"
	"morepay/web"
)

// handlePage draws the payer's page, or answers its progress as JSON to those
// who ask for that.
func (s *Server) handlePage(w http.ResponseWriter, r *http.Request) error {
	if err := s.checkDevice(r.URL.Query()); err != nil {
		return err
	}
	request := s.pageRequest(r, r.PathValue("token"))
	l, err := s.payer(r, request)
	if err != nil {
		return err
	}
	d, err := s.draw(r, l, request)
	if err != nil {
		return err
	}
	s.saw(r, l, d)
	if m := instantMethod(r, l, d); m != "" {
		d.request.Unseen = framed(r) && !d.request.Seen
		if !d.request.Unseen && s.countAttempt(r, subject(l, request)) == nil {
			return s.writeInstant(w, r, l, d, m)
		}
	}
	return s.writeDrawn(w, r, d, http.StatusOK, nil)
}

// handleStray takes who asks in the wrong way to the page, and begins nothing: a browser
// that loads a posted page again may ask for its form's address, or post to the
// page's.
func (s *Server) handleStray(w http.ResponseWriter, r *http.Request) error {
	request := s.pageRequest(r, r.PathValue("token"))
	if _, err := s.payer(r, request); err != nil {
		return err
	}
	return seeOther(w, request.Address())
}

// checkDevice refuses a device that a page can't be asked to be taken for: in live mode
// any, because what a payer's browser is decides.
func (s *Server) checkDevice(q url.Values) error {
	if !q.Has(page.DeviceField) {
		return nil
	}
	if s.realMoney {
		return pay.Errorf(pay.CodeInvalid, page.DeviceField, "is for test mode only")
	}
	p := device.Profile(q.Get(page.DeviceField))
	if _, known := device.Of(p); !known {
		return pay.Errorf(pay.CodeInvalid, page.DeviceField, "unknown device %q, known are %v", p, device.Profiles())
	}
	return nil
}

// pageRequest reads what an HTTP request asks the page of token to show.
func (s *Server) pageRequest(r *http.Request, token string) page.Request {
	request := page.Read(token, r.URL.Query(), r.UserAgent(), r.Header.Get("Accept-Language"), !s.realMoney)
	request.Framed = framed(r)
	request.Friend = strings.HasPrefix(r.URL.Path, page.FriendPrefix)
	if request.Ticket != "" && !s.isOf(request) {
		request.Ticket, request.ByMiniProgram = "", ""
	}
	return request
}

// payer loads the session of a token, a payer's or a friend's. Every route that takes
// one does so before anything else, so that neither pages nor guesses go uncounted.
func (s *Server) payer(r *http.Request, request page.Request) (*pay.Ledger, error) {
	l, err := s.byToken(r, request, s.limits.address)
	if err != nil || s.exempt(s.clientIP(r)) {
		return l, err
	}
	return l, s.limits.page.allow(subject(l, request))
}

// subject names who is counted and whose forms are good: the payer of a session, or
// the friends whom they asked, who take nothing of the payer's.
func subject(l *pay.Ledger, request page.Request) string {
	if request.Friend {
		return l.Session.ID + " friend"
	}
	return l.Session.ID
}

// ledger loads the session of a request's token.
func (s *Server) ledger(ctx context.Context, request page.Request) (*pay.Ledger, error) {
	if request.Friend {
		return s.service.ByFriendToken(ctx, request.Token)
	}
	return s.service.ByToken(ctx, request.Token)
}

// byToken looks a token up, at the rate that an address may. A token that is not
// known is counted as a guess besides.
func (s *Server) byToken(r *http.Request, request page.Request, address addressLimiter) (*pay.Ledger, error) {
	if err := s.allowIP(address, r); err != nil {
		return nil, err
	}
	l, err := s.ledger(r.Context(), request)
	if pay.CodeOf(err) == pay.CodeNotFound {
		if tooMany := s.allowIP(s.limits.guess, r); tooMany != nil {
			return nil, tooMany
		}
	}
	return l, err
}

// writePage answers a payer with the page of a session, with an error on it if
// problem is not nil, or with its progress if they ask for JSON.
func (s *Server) writePage(w http.ResponseWriter, r *http.Request, l *pay.Ledger, request page.Request, status int, problem error) error {
	d, err := s.draw(r, l, request)
	if err != nil {
		return err
	}
	return s.writeDrawn(w, r, d, status, problem)
}

// drawn is what a page shows, with all that it was made of but the ledger.
type drawn struct {
	request page.Request
	links   page.Links
	facts   checkout.Facts
	at      time.Time
	view    view.Checkout
}

func (s *Server) draw(r *http.Request, l *pay.Ledger, request page.Request) (drawn, error) {
	d := drawn{request: request, links: s.links(l, request), at: s.now()}
	var err error
	if d.facts, err = s.service.Facts(r.Context(), l, request.Invitation(l), s.clientIP(r)); err != nil {
		return drawn{}, err
	}
	d.view, err = page.Make(l, d.facts, request, d.links, d.at)
	return d, err
}

// writeDrawn is writePage for a page that was drawn.
func (s *Server) writeDrawn(w http.ResponseWriter, r *http.Request, d drawn, status int, problem error) error {
	v, request := d.view, d.request
	if accepts(r, "application/json") {
		w.Header().Set("Content-Location", request.Address()) // where a page shows this
		return writeJSON(w, status, v.Progress)
	}
	request.Posted = r.Method == http.MethodPost
	if problem != nil {
		v = page.WithError(v, pay.CodeOf(problem))
	}
	html, err := page.HTML(v, request, s.scripts)
	if err != nil {
		return err
	}
	s.drawnHeaders(w, d)
	return writeCompressed(w, r, status, html)
}

func (s *Server) drawnHeaders(w http.ResponseWriter, d drawn) {
	s.pageHeaders(w, d.links.Ancestors, s.accounts.FormTargets(d.view.Document.Merchant), page.Style(d.view))
	w.Header().Set("Vary", "Accept-Encoding, Accept")
}

// writeCompressed writes a page in the coding that the client weighs most. The
// page holds secrets of its session, but nothing that anyone but the session's
// merchant chose, so its length tells an attacker nothing.
func writeCompressed(w http.ResponseWriter, r *http.Request, status int, page []byte) error {
	packed, coding, err := web.Compress(r.Header.Get("Accept-Encoding"), page)
	if err != nil {
		return err
	}
	h := w.Header()
	if coding != "identity" {
		h.Set("Content-Encoding", coding)
	}
	h.Set("Content-Length", strconv.Itoa(len(packed)))
	w.WriteHeader(status)
	_, err = w.Write(packed)
	return err
}

// progress returns what may have changed on a page since it was drawn.
func (s *Server) progress(ctx context.Context, l *pay.Ledger, request page.Request) (view.Progress, error) {
	doc, err := s.service.Document(ctx, &l.Session)
	if err != nil {
		return view.Progress{}, err
	}
	return page.Progress(l, doc, s.service.NotGranted(ctx, l.Session.Merchant), request, s.links(l, request), s.now())
}

// links returns what only this server can add to a session's page. No page of a friend
// stands in a frame: what is around it could make them pay for something else.
func (s *Server) links(l *pay.Ledger, request page.Request) page.Links {
	links := page.Links{
		Origin:    s.baseURL,
		Ancestors: s.merchants.Origins(l.Session.Merchant),
		FormToken: s.secrets.formToken(subject(l, request), s.now()),
		Test:      !s.realMoney,
		Picture:   s.scripts.Picture,
	}
	if request.Friend {
		links.Ancestors = nil
	}
	return links
}

// pageScripts returns where the page's scripts are.
func pageScripts(a *web.Assets) page.Scripts {
	if !a.HasBundle() {
		return page.Scripts{Frame: a.URL(web.Frame), Listen: a.URL(web.Listen), Share: a.URL(web.Share), Post: a.URL(web.Post)}
	}
	return page.Scripts{
		Frame: a.URL(web.Frame), Listen: a.URL(web.Listen), Share: a.URL(web.Share), Post: a.URL(web.Post), Picture: a.URL(web.Picture),
		Boot: a.URL(web.Boot), Wasm: a.URL(web.AppWasm), Exec: a.URL(web.WasmExec),
	}
}

// pageError is an error to be shown on another page than that of the request's
// own address: a form says what is around its page, and a sealed link which page
// it is about.
type pageError struct {
	request page.Request
	error
}

func (e *pageError) Unwrap() error { return e.error }

// onPage returns err, if there is one, to be shown on the page of request.
func onPage(request page.Request, err error) error {
	if err == nil {
		return nil
	}
	return &pageError{request, err}
}

// failPage answers a payer: the session's page with the error on it where there
// is a session, else a page with a sentence.
func (s *Server) failPage(w http.ResponseWriter, r *http.Request, err error) {
	request := s.pageRequest(r, r.PathValue("token"))
	if e, ok := errors.AsType[*pageError](err); ok {
		request = e.request
	}
	if accepts(r, "application/json") {
		w.Header().Set("Content-Location", request.Now().Address())
		failJSON(w, r, err)
		return
	}
	if s.failOnPage(w, r, request, err) {
		return
	}
	s.pageHeaders(w, nil, nil, "")
	w.WriteHeader(StatusOf(err))
	w.Write(page.Problem(request, pay.CodeOf(err)))
}

// failOnPage answers with the session's page and reports whether it could. A
// client over its rate gets none: it would cost more than what was refused.
func (s *Server) failOnPage(w http.ResponseWriter, r *http.Request, request page.Request, problem error) bool {
	if request.Token == "" || pay.CodeOf(problem) == pay.CodeRateLimited {
		return false
	}
	l, err := s.ledger(r.Context(), request)
	return err == nil && s.writePage(w, r, l, request, pageStatus(problem), problem) == nil
}

// pageStatus is the status of a session's page with an error on it. What a provider
// did is told by the page, whose server is in order: proxies put a page of their own
// in the place of one with a 5xx status.
func pageStatus(problem error) int {
	switch pay.CodeOf(problem) {
	case pay.CodeProviderRefused, pay.CodeProviderDown:
		return http.StatusOK
	}
	return StatusOf(problem)
}

// handlePagePNG answers with the QR of the session's page, to be saved.
func (s *Server) handlePagePNG(w http.ResponseWriter, r *http.Request) error {
	request := s.pageRequest(r, r.PathValue("token"))
	l, err := s.payer(r, request)
	if err != nil {
		return err
	}
	png, err := page.PNG(request, s.links(l, request))
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
