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
// for one that can't be trusted, internal for a genuine one that can't be
// understood and must come again until somebody has looked, store_unavailable when
// it could not be kept. Nil means that the message is durable, in quarantine, or
// needs no keeping.
func (s *Service) Notify(ctx context.Context, providerID, accountName string, header http.Header, body []byte) error {
	acc := s.accounts.Named(providerID, accountName)
	if acc == nil {
		return pay.Errorf(pay.CodeNotFound, "", "there is no such account")
	}
	ev, err := acc.Provider.Notification(header, body)
	s.metrics.notification(providerID, err)
	switch {
	case errors.Is(err, provider.ErrIgnored):
		return nil
	case errors.Is(err, provider.ErrForged):
		return pay.Wrap(pay.CodeUnauthorized, err, "the message can't be trusted")
	case err != nil:
		age, _ := s.puzzles.note("message "+providerID+"/"+accountName, s.now())
		s.log.ErrorContext(ctx, "a genuine message can't be understood: a person must look at it",
			"provider", providerID, "account", accountName, "age", age, "err", err)
		return pay.Wrap(pay.CodeInternal, err, "the message can't be understood")
	}
	_, err = s.recorder.Hear(ctx, acc, ev)
	s.reached(PointApplied)
	return err
}

// Hear applies evidence that came by itself. News of a refund may outrun those of
// its payment: then the provider is asked about the payment first, and what still
// doesn't fit is for a person. The ledger is as of [Recorder.Apply].
func (r *Recorder) Hear(ctx context.Context, acc *account.Account, ev pay.Evidence) (*pay.Ledger, error) {
	ev.Provider = acc.ProviderID
	l, err := r.Apply(ctx, acc, ev)
	if !errors.Is(err, pay.ErrNotPaid) {
		return l, err
	}
	order, err := r.order(ctx, ev)
	if err != nil {
		return nil, err
	}
	payment, err := query(ctx, acc, order)
	if err != nil {
		return nil, pay.Wrap(pay.CodeProviderDown, err, "a refund was told of a payment that could not be asked about")
	}
	if l, err = r.Apply(ctx, acc, payment); err != nil {
		return nil, err
	}
	merchant := acc.Merchant
	if l != nil {
		merchant = l.Session.Merchant
	}
	l, err = r.Apply(ctx, acc, ev)
	if errors.Is(err, pay.ErrNotPaid) {
		return nil, r.quarantine(ctx, merchant, ev, "it tells of a refund, but the payment is "+string(payment.Outcome))
	}
	return l, err
}

// order returns the order that evidence is about.
func (r *Recorder) order(ctx context.Context, ev pay.Evidence) (provider.QueryOrder, error) {
	id, err := r.sessionOf(ctx, ev)
	if err != nil {
		return provider.QueryOrder{}, err
	}
	l, err := r.store.Ledger(ctx, id)
	if err != nil {
		return provider.QueryOrder{}, err
	}
	return orderOf(l.AttemptByNumber(ev.Provider, ev.Account, ev.OutTradeNo)), nil
}

func orderOf(a *pay.Attempt) provider.QueryOrder {
	return provider.QueryOrder{OutTradeNo: a.OutTradeNo, Request: a.Request}
}

// query asks a provider what became of a payment.
func query(ctx context.Context, acc *account.Account, order provider.QueryOrder) (ev pay.Evidence, err error) {
	err = acc.Call(ctx, "query", func(ctx context.Context) (err error) {
		ev, err = acc.Provider.Query(ctx, order)
		return err
	})
	return ev, err
}
