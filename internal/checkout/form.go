package checkout

import (
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Form returns the form by which the payer's browser takes an attempt of a session to
// its provider. Fails with not_found where the provider takes none.
func (s *Service) Form(l *pay.Ledger, a *pay.Attempt) (provider.Form, error) {
	acc := s.accountOf(l, a)
	if acc == nil {
		return provider.Form{}, pay.Errorf(pay.CodeNotFound, "", "the account is gone")
	}
	poster, ok := acc.Provider.(provider.FormPoster)
	if !ok || a.Rail != pay.RailRedirect {
		return provider.Form{}, pay.Errorf(pay.CodeNotFound, "", "there is no form for this attempt")
	}
	return poster.Form(a.Request)
}
