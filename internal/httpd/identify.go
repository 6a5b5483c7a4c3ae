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
	Token       string        `json:"t"`
	Method      pay.Method    `json:"m"`
	Rail        pay.Rail      `json:"r"`
	Instalments int           `json:"i,omitempty"`
	Device      device.Device `json:"d"`           // on which they were: who comes back in a payer's stead may say otherwise
	State       string        `json:"s"`           // a form token, which must come back with the code; a mini program's code comes alone
	Friend      bool          `json:"f,omitempty"` // the token is a friend's
	Query       string        `json:"q,omitempty"` // what their page's address says of the frame around it and their language
}

// identify sends the payer to the provider, which tells us who they are to it,
// for rails whose payment is made out to one payer. In a mini program its own page is told
// by the provider, and comes in the payer's stead.
func (s *Server) identify(w http.ResponseWriter, r *http.Request, p postedForm, choice checkout.AttemptRequest) error {
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
	b, err := json.Marshal(identification{p.request.Token, choice.Method, choice.Rail, choice.Instalments, choice.Device, state, p.request.Friend, query})
	if err != nil {
		return err
	}
	sealed := s.secrets.sealText(seal.ForIdentity, b)
	if choice.Rail == pay.RailMiniProgram {
		to := p.request.HandedOver()
		to.ByMiniProgram, to.Ticket = choice.Method, sealed
		return seeOther(w, to.Address()+handsOver)
	}
	return seeOther(w, provider.AuthorizeURL(s.baseURL+"/identified/"+sealed, state))
}

// identification opens what [Server.identify] sealed.
func (s *Server) identification(sealed string) (id identification, err error) {
	b, err := s.secrets.openText(seal.ForIdentity, sealed)
	if err != nil {
		return id, err
	}
	if err := json.Unmarshal(b, &id); err != nil {
		return id, errNotFound
	}
	return id, nil
}

// isOf reports whether a ticket is of a page's own payer: nobody hands another's payment
// over by a link.
func (s *Server) isOf(request page.Request) bool {
	id, err := s.identification(request.Ticket)
	return err == nil && id.Rail == pay.RailMiniProgram && id.Method == request.ByMiniProgram && id.Token == request.Token && id.Friend == request.Friend
}

// handleIdentified takes the payer back with the provider's code and goes on with
// the attempt.
func (s *Server) handleIdentified(w http.ResponseWriter, r *http.Request) error {
	id, err := s.identification(r.PathValue("sealed"))
	if err != nil {
		return err
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
	if id.Rail != pay.RailMiniProgram && q.Get("state") != id.State {
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
	choice := checkout.AttemptRequest{
		Method: id.Method, Rail: id.Rail, Instalments: id.Instalments, WalletPayerID: payer, PayerIP: s.clientIP(r),
		Device: id.Device, ReturnURL: s.returnURL(request), Invitation: request.Invitation(l),
	}
	if id.Rail == pay.RailMiniProgram {
		return s.handToMiniProgram(w, r, l.Session.ID, request, choice, err)
	}
	if pay.CodeOf(err) == pay.CodeInvalid {
		// A code works once, and pages are reloaded, gone back to, and asked for twice
		// by WeChat itself: the first time did what there was to do.
		s.log.InfoContext(r.Context(), "a payer came back with a spent code", "session", l.Session.ID)
		return seeOther(w, request.Address())
	}
	if err != nil {
		return err
	}
	return s.handOver(w, r, l.Session.ID, request, choice)
}

// handToMiniProgram makes the attempt of a payer whom the mini program has named, unless
// that failed, and answers with what the mini program pays with. It is a program that
// asks, not the payer's page.
func (s *Server) handToMiniProgram(w http.ResponseWriter, r *http.Request, sessionID string, request page.Request, choice checkout.AttemptRequest, failed error) error {
	if failed != nil {
		return failed
	}
	done, err := s.makeAttempt(r, request, sessionID, choice)
	if err != nil {
		return err
	}
	a := done.Ledger.Attempt(done.AttemptID)
	if a == nil || a.Action == nil || a.Action.Kind != pay.ActionBridge {
		return pay.Errorf(pay.CodeProviderDown, "", "the provider has not answered yet")
	}
	return writeJSON(w, http.StatusOK, a.Action.Params)
}
