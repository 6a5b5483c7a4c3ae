package httpd

import (
	"net/http"

	"morepay/internal/pay"
)

// fromWallet is where wallets bring payers back. The link holds the token
// sealed, because it is kept with the attempt.
func (s *Server) fromWallet(w http.ResponseWriter, r *http.Request) error {
	token, err := s.secrets.openText(forReturn, r.PathValue("sealed"))
	if err != nil {
		return err
	}
	return seeOther(w, pagePath(string(token), nil)+"/return")
}

// comeBack asks the provider what became of the payment and shows the truth. That
// the payer is here proves nothing.
func (s *Server) comeBack(w http.ResponseWriter, r *http.Request) error {
	l, err := s.payer(r)
	if err != nil {
		return err
	}
	return s.lookAgain(w, r, l)
}

// checkNow is the button "I have paid".
func (s *Server) checkNow(w http.ResponseWriter, r *http.Request) error {
	l, _, err := s.posted(w, r)
	if err != nil {
		return err
	}
	return s.lookAgain(w, r, l)
}

func (s *Server) lookAgain(w http.ResponseWriter, r *http.Request, l *pay.Ledger) error {
	l, err := s.service.Check(r.Context(), l.Session.ID)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	q.Set("returned", "1")
	r.URL.RawQuery = q.Encode()
	if wants(r, "application/json") {
		return s.show(w, r, l, http.StatusOK, nil)
	}
	return seeOther(w, pagePath(r.PathValue("token"), q))
}
