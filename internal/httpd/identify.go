package httpd

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/internal/seal"
)

// identification holds what a payer was about to do when they were sent to be
// identified. It travels sealed in the link that brings them back.
type identification struct {
	Token       string     `json:"t"`
	Method      pay.Method `json:"m"`
	Rail        pay.Rail   `json:"r"`
	Instalments int        `json:"i,omitempty"`
	Hints       string     `json:"h,omitempty"`
	State       string     `json:"s"`           // a form token, which must come back with the code
	Friend      bool       `json:"f,omitempty"` // the token is a friend's
	Query       string     `json:"q,omitempty"` // what their page's address says of the frame around it and their language
}

// identify sends the payer to the provider, which tells us who they are to it,
// for rails whose payment is made out to one payer.
func (s *Server) identify(w http.ResponseWriter, r *http.Request, p postedForm, choice checkout.AttemptRequest, hints string) error {
	if err := s.service.MayAttempt(r.Context(), p.ledger, choice); err != nil {
		return err
	}
	session := &p.ledger.Session
	provider := s.accounts.Identifier(session.Merchant, choice.Method)
	if provider == nil {
		return pay.Errorf(pay.CodeMethodUnavailable, "rail", "%s can't identify payers", choice.Method)
	}
	state := s.secrets.formToken(subject(p.ledger, p.request), s.now())
	_, query, _ := strings.Cut(p.request.Now().Address(), "?")
	b, err := json.Marshal(identification{p.request.Token, choice.Method, choice.Rail, choice.Instalments, hints, state, p.request.Friend, query})
	if err != nil {
		return err
	}
	return seeOther(w, provider.AuthorizeURL(s.baseURL+"/identified/"+s.secrets.sealText(seal.ForIdentity, b), state))
}

// handleIdentified takes the payer back with the provider's code and goes on with
// the attempt.
func (s *Server) handleIdentified(w http.ResponseWriter, r *http.Request) error {
	b, err := s.secrets.openText(seal.ForIdentity, r.PathValue("sealed"))
	if err != nil {
		return err
	}
	var id identification
	if err := json.Unmarshal(b, &id); err != nil {
		return errNotFound
	}
	around, err := url.ParseQuery(id.Query)
	if err != nil {
		return errNotFound
	}
	request := s.pageRequest(r, id.Token).InFrame(around)
	request.Friend = id.Friend
	return onPage(request, s.identified(w, r, request, id))
}

func (s *Server) identified(w http.ResponseWriter, r *http.Request, request page.Request, id identification) error {
	l, err := s.payer(r, request)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	if q.Get("state") != id.State {
		return pay.Errorf(pay.CodeFormExpired, "state", "is not the one that was sent")
	}
	if err := s.secrets.checkForm(id.State, subject(l, request), s.now()); err != nil {
		return err
	}
	provider := s.accounts.Identifier(l.Session.Merchant, id.Method)
	if provider == nil {
		return errNotFound
	}
	// The link works again and again, and each time the provider is asked.
	if err := s.countAttempt(r, subject(l, request)); err != nil {
		return err
	}
	payer, err := s.service.Identify(r.Context(), l.Session.Merchant, id.Method, id.Rail, q.Get(provider.CodeName()))
	if pay.CodeOf(err) == pay.CodeInvalid {
		// A code works once, and pages are reloaded, gone back to, and asked for twice
		// by WeChat itself: the first time did what there was to do.
		s.log.InfoContext(r.Context(), "a payer came back with a spent code", "session", l.Session.ID)
		return seeOther(w, request.Address())
	}
	if err != nil {
		return err
	}
	return s.handOver(w, r, l.Session.ID, request, checkout.AttemptRequest{
		Method: id.Method, Rail: id.Rail, Instalments: id.Instalments, WalletPayerID: payer, PayerIP: s.clientIP(r),
		Device: request.Refined(device.ParseHints(id.Hints)), ReturnURL: s.returnURL(request), Invitation: request.Invitation(l),
	})
}
