package checkout

import (
	"context"
	"errors"

	"morepay/internal/account"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Identify trades the code with which a payer came back from a provider for their id
// there, as [AttemptRequest.WalletPayerID] has it, for a rail that needs it. A
// provider that refuses to tell refuses the rail.
//
// Fails with method_unavailable if it can't identify anybody, invalid_request for a
// code that is missing, used, old or made up, provider_refused or provider_unavailable.
func (s *Service) Identify(ctx context.Context, merchant string, m pay.Method, r pay.Rail, code string) (string, error) {
	acc, err := s.accountFor(merchant, m)
	if err != nil {
		return "", err
	}
	identifier, ok := acc.Provider.(provider.PayerIdentifier)
	if !ok {
		return "", pay.Errorf(pay.CodeMethodUnavailable, "rail", "%s can't identify payers", m)
	}
	payer, err := identifyPayer(ctx, identifier, r, code)
	switch {
	case err == nil || pay.CodeOf(err) == pay.CodeInvalid:
		return payer, err
	case errors.Is(err, provider.ErrRefused):
		s.markIfNotGranted(ctx, merchant, acc, m, r, err)
		return "", pay.Wrap(pay.CodeProviderRefused, err, "the provider does not say who the payer is")
	}
	return "", pay.Wrap(pay.CodeProviderDown, err, "the payer can't be identified")
}

// identifyPayer asks without the account's breaker: where payers are identified is
// another place than where they pay, and one that is down must not take the other along.
func identifyPayer(ctx context.Context, p provider.PayerIdentifier, r pay.Rail, code string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, provider.CallTimeout)
	defer cancel()
	return p.WalletPayerID(ctx, r, code)
}

// markIfNotGranted records that a provider refuses a rail to an account, if that is
// what its refusal says.
func (s *Service) markIfNotGranted(ctx context.Context, merchant string, acc *account.Account, m pay.Method, r pay.Rail, refused error) {
	if refusal, ok := errors.AsType[*provider.Refusal](refused); ok && refusal.NotGranted {
		s.mark(ctx, merchant, acc, m, r, refusal.Code)
	}
}
