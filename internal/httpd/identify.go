package httpd

import (
	"encoding/json"
	"net/http"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// errand is what a payer was about to do when they were sent to be identified.
// It travels sealed in the link that brings them back.
type errand struct {
	Token  string     `json:"t"`
	Method pay.Method `json:"m"`
	Rail   pay.Rail   `json:"r"`
	Hints  string     `json:"h,omitempty"`
	State  string     `json:"s"` // a form token, which must come back with the code
}

// identify sends the payer to the provider, which tells us who they are to it,
// for rails whose payment is made out to one payer.
func (s *Server) identify(w http.ResponseWriter, r *http.Request, l *pay.Ledger, request checkout.AttemptRequest, hints string) error {
	if err := s.service.MayAttempt(r.Context(), l, request); err != nil {
		return err
	}
	id := s.accounts.Identifier(l.Session.Merchant, request.Method)
	if id == nil {
		return pay.Errorf(pay.CodeMethodUnavailable, "rail", "%s can't identify payers", request.Method)
	}
	state := s.secrets.formToken(l.Session.ID, s.now())
	e := errand{r.PathValue("token"), request.Method, request.Rail, hints, state}
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return seeOther(w, id.AuthorizeURL(s.baseURL+"/identified/"+s.secrets.sealText(forIdentity, b), state))
}

// identified takes the payer back with the provider's code and goes on with the
// errand.
func (s *Server) identified(w http.ResponseWriter, r *http.Request) error {
	b, err := s.secrets.openText(forIdentity, r.PathValue("sealed"))
	if err != nil {
		return err
	}
	var e errand
	if err := json.Unmarshal(b, &e); err != nil {
		return errNotFound
	}
	r.SetPathValue("token", e.Token) // from here on it is a request for that page
	l, err := s.payer(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	if q.Get("state") != e.State {
		return pay.Errorf(pay.CodeFormExpired, "state", "is not the one that was sent")
	}
	if err := s.secrets.checkForm(e.State, l.Session.ID, s.now()); err != nil {
		return err
	}
	id := s.accounts.Identifier(l.Session.Merchant, e.Method)
	if id == nil {
		return errNotFound
	}
	// The link works again and again, and each time the provider is asked.
	if err := s.countAttempt(r, l.Session.ID); err != nil {
		return err
	}
	payer, err := id.PayerID(r.Context(), q.Get("code"))
	if err != nil {
		return err
	}
	return s.handOver(w, r, l.Session.ID, checkout.AttemptRequest{
		Method: e.Method, Rail: e.Rail, WalletPayerID: payer, PayerIP: s.clientIP(r).String(),
		Device: refined(r, e.Hints), ReturnURL: s.returnURL(e.Token),
	})
}
