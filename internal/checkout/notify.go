package checkout

import (
	"context"
	"errors"
	"net/http"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Notify takes a provider's inbound message. Its errors tell what to answer:
// not_found for an unknown account, unauthorized (wrapping provider.ErrForged)
// for one that can't be trusted, store_unavailable when it could not be kept.
// Nil means that the message is durable, in quarantine, or needs no keeping.
func (s *Service) Notify(ctx context.Context, providerID, accountName string, header http.Header, body []byte) error {
	acc := s.accounts.Named(providerID, accountName)
	if acc == nil {
		return pay.Errorf(pay.CodeNotFound, "", "there is no such account")
	}
	statement, err := acc.Provider.Notification(header, body)
	s.metrics.notification(providerID, err)
	switch {
	case errors.Is(err, provider.ErrIgnored):
		return nil
	case err != nil:
		return pay.Wrap(pay.CodeUnauthorized, err, "the message can't be trusted")
	case statement.Refund != nil:
		return s.recorder.ApplyRefund(ctx, acc, *statement.Refund)
	}
	_, err = s.recorder.Apply(ctx, acc, *statement.Payment)
	s.reached(PointApplied)
	return err
}
