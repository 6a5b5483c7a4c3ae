package checkout

import (
	"context"
	"errors"
	"net/http"

	"morepay/internal/account"
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
		return s.applyRefund(ctx, acc, *statement.Refund)
	}
	_, err = s.apply(ctx, acc, *statement.Payment)
	s.reached(PointApplied)
	return err
}

// apply is the only way by which a provider's word about a payment reaches the
// store: notifications, queries, closing and bills all end here. The evidence,
// the attempt, the session, the numbered event and the outbox row are one
// transaction. Evidence that contradicts what we know is quarantined and changes
// nothing. The ledger is nil if the evidence is about no session of ours.
func (s *Service) apply(ctx context.Context, acc *account.Account, ev pay.Evidence) (*pay.Ledger, error) {
	ev.Provider, ev.ReceivedAt = acc.ProviderID, s.now()
	if ev.Account != acc.Name() {
		return nil, s.quarantine(ctx, ev, "account is "+ev.Account+", want "+acc.Name())
	}
	sessionID, err := s.store.Find(ctx, Key{Provider: ev.Provider, Account: ev.Account, OutTradeNo: ev.OutTradeNo})
	if pay.CodeOf(err) == pay.CodeNotFound {
		return nil, s.quarantine(ctx, ev, "no attempt has this out_trade_no")
	}
	if err != nil {
		return nil, err
	}
	s.reached(PointEvidenceVerified)
	l, err := s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		if l.Session.Merchant != acc.Merchant {
			return &pay.Mismatch{Field: "merchant", Got: acc.Merchant, Want: l.Session.Merchant}
		}
		return l.Apply(ev, s.now())
	})
	if mismatch, ok := errors.AsType[*pay.Mismatch](err); ok {
		return nil, s.quarantine(ctx, ev, mismatch.Error())
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// applyRefund records the provider's word about a refund.
func (s *Service) applyRefund(ctx context.Context, acc *account.Account, st provider.RefundStatement) error {
	key := Key{Provider: acc.ProviderID, Account: acc.Name(), OutTradeNo: st.OutTradeNo}
	sessionID, err := s.store.Find(ctx, key)
	if pay.CodeOf(err) == pay.CodeNotFound {
		return s.quarantine(ctx, refundEvidence(key, st), "refund of a payment that is not ours")
	}
	if err != nil {
		return err
	}
	known := false
	_, err = s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		r := l.RefundByNumber(st.Number)
		if known = r != nil && l.Session.Merchant == acc.Merchant; known {
			l.SettleRefund(r.ID, st.State.Status, st.State.Reference, s.now())
		}
		return nil
	})
	if err == nil && !known {
		return s.quarantine(ctx, refundEvidence(key, st), "refund "+st.Number+" was not asked for by us")
	}
	return err
}

func refundEvidence(key Key, st provider.RefundStatement) pay.Evidence {
	return pay.Evidence{
		ID: "refund:" + st.Number + ":" + string(st.State.Status), Source: pay.SourceNotification,
		Provider: key.Provider, Account: key.Account, OutTradeNo: key.OutTradeNo, Reference: st.State.Reference,
	}
}

func (s *Service) quarantine(ctx context.Context, ev pay.Evidence, reason string) error {
	s.metrics.quarantined.Inc()
	s.log.ErrorContext(ctx, "evidence quarantined: a person must look at it",
		"reason", reason, "provider", ev.Provider, "account", ev.Account, "out_trade_no", ev.OutTradeNo, "evidence", ev.ID)
	return s.store.Quarantine(ctx, Quarantined{Evidence: ev, Reason: reason, At: s.now()})
}
