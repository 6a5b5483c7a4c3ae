package httpd

import (
	"net/http"
	"net/url"
	"strings"

	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/internal/seal"
)

// handleWalletReturn takes payers whom a wallet brings back to their page. The link holds the token
// sealed, because it is kept with the attempt, and the language that the payer chose.
// Some providers have the browser post what they say of the outcome: it proves nothing,
// and isn't read.
func (s *Server) handleWalletReturn(w http.ResponseWriter, r *http.Request) error {
	request, err := s.openPage(r)
	if err != nil {
		return err
	}
	to := request.Path() + "/return"
	if request.Lang != "" {
		to += "?lang=" + url.QueryEscape(request.Lang)
	}
	return seeOther(w, to)
}

// openPage returns the page that a sealed link is about.
func (s *Server) openPage(r *http.Request) (page.Request, error) {
	text, err := s.secrets.openText(seal.ForReturn, r.PathValue("sealed"))
	if err != nil {
		return page.Request{}, err
	}
	token, lang, _ := strings.Cut(string(text), " ")
	token, friends := strings.CutPrefix(token, friendMark)
	return page.Request{Token: token, Friend: friends, Lang: lang}, nil
}

// friendMark stands before a friend's token in a sealed link. No token begins with it.
const friendMark = "*"

// returnURL returns the address at which a wallet brings the payer of a page back.
func (s *Server) returnURL(r page.Request) string { return s.baseURL + "/return/" + s.sealPage(r) }

// sealPage returns a page as a link that is kept may name it: sealed.
func (s *Server) sealPage(r page.Request) string {
	text := r.Token
	if r.Friend {
		text = friendMark + text
	}
	if r.Lang != "" {
		text += " " + r.Lang
	}
	return s.secrets.sealText(seal.ForReturn, []byte(text))
}

// handleReturn asks the provider what became of the payment and shows the truth.
// That the payer is here proves nothing.
func (s *Server) handleReturn(w http.ResponseWriter, r *http.Request) error {
	request := s.pageRequest(r, r.PathValue("token"))
	l, err := s.payer(r, request)
	if err != nil {
		return err
	}
	request.ReturnedAt = s.now()
	s.service.CameBack(r.Context(), l, request.Invitation(l))
	return s.checkPayment(w, r, l, request)
}

// handleCheck answers the button "I have paid", and a page that asks by itself because its payer may have.
func (s *Server) handleCheck(w http.ResponseWriter, r *http.Request) error {
	p, err := s.readPosted(w, r)
	if err != nil {
		return err
	}
	p.request.Asked = p.form.Has("asked")
	return onPage(p.request, s.checkPayment(w, r, p.ledger, p.request))
}

// checkPayment asks the provider and sends the payer to the page of its answer.
func (s *Server) checkPayment(w http.ResponseWriter, r *http.Request, l *pay.Ledger, request page.Request) error {
	l, err := s.checked(r, l)
	if err != nil {
		return err
	}
	if accepts(r, "application/json") {
		return s.writePage(w, r, l, request, http.StatusOK, nil)
	}
	return seeOther(w, request.Address())
}
