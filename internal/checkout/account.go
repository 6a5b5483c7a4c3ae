package checkout

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// callRate bounds what one account's provider is asked in the background, in
// calls a second. Providers publish no limit for queries.
const callRate = 50

// account is a merchant's account with a circuit breaker, so that a provider
// that is down is noticed once and not by every payer.
type account struct {
	Account
	breaker *gobreaker.CircuitBreaker[struct{}]
	rate    *rate.Limiter
	metrics *Metrics
}

// accounts finds accounts; every page view and every notification looks for one.
type accounts struct {
	all        []*account
	ofMerchant map[string][]*account
	byName     map[accountName]*account
}

// accountName is what a provider calls an account.
type accountName struct{ provider, name string }

func newAccounts(list []Account, m *Metrics) accounts {
	as := accounts{ofMerchant: map[string][]*account{}, byName: map[accountName]*account{}}
	for _, a := range list {
		acc := newAccount(a, m)
		as.all = append(as.all, acc)
		as.ofMerchant[a.Merchant] = append(as.ofMerchant[a.Merchant], acc)
		as.byName[accountName{a.ProviderID, a.Provider.Account()}] = acc
	}
	return as
}

func newAccount(a Account, m *Metrics) *account {
	return &account{
		Account: a,
		breaker: gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
			Name:        a.ProviderID + "/" + a.Provider.Account(),
			MaxRequests: 1,
			Timeout:     15 * time.Second,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 5 },
			// A definite answer proves that the provider is up, whatever it says.
			IsSuccessful: func(err error) bool { return err == nil || definite(err) },
		}),
		rate:    rate.NewLimiter(callRate, callRate),
		metrics: m,
	}
}

// of finds a merchant's account at a provider; nil if it has none.
func (as *accounts) of(merchant, providerID string) *account {
	for _, a := range as.ofMerchant[merchant] {
		if a.ProviderID == providerID {
			return a
		}
	}
	return nil
}

// named finds an account by the provider's name of it; nil if there is none.
func (as *accounts) named(providerID, name string) *account {
	return as.byName[accountName{providerID, name}]
}

// definite errors are answers; all others leave the outcome unknown.
func definite(err error) bool {
	for _, known := range []error{provider.ErrRefused, provider.ErrPaid, provider.ErrClosed, provider.ErrNotReady, provider.ErrAbsent, provider.ErrLater} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func (a *account) down() bool { return a.breaker.State() == gobreaker.StateOpen }

// call asks the provider something, through the breaker and within provider.CallTimeout.
// An open breaker is provider_unavailable, and nothing has been sent.
func (a *account) call(ctx context.Context, what string, f func(context.Context) error) error {
	_, err := a.breaker.Execute(func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, provider.CallTimeout)
		defer cancel()
		start := time.Now()
		err := f(ctx)
		a.metrics.providerCall(a.ProviderID, what, err, time.Since(start))
		return struct{}{}, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return pay.Wrap(pay.CodeProviderDown, err, "the provider can't be reached")
	}
	return err
}

// Acknowledgement is what a provider is answered, in its own dialect.
type Acknowledgement struct {
	Status      int
	ContentType string
	Body        []byte
}

// Acknowledge is how the provider of an account is told "received" or "send it
// again"; false if there is no such account.
func (s *Service) Acknowledge(providerID, name string, accepted bool) (Acknowledgement, bool) {
	a := s.accounts.named(providerID, name)
	if a == nil {
		return Acknowledgement{}, false
	}
	status, contentType, body := a.Provider.Acknowledge(accepted)
	return Acknowledgement{status, contentType, body}, true
}

// Hops lists the origins and schemes that payers of a merchant may be sent
// through.
func (s *Service) Hops(merchant string) []string {
	var hops []string
	for _, a := range s.accounts.ofMerchant[merchant] {
		if f, ok := a.Provider.(provider.FormTargeter); ok {
			hops = append(hops, f.FormTargets()...)
		}
	}
	return hops
}

// Identifier is what tells a provider's id of a payer, for rails that need it;
// nil if the method's provider has none.
func (s *Service) Identifier(merchant string, m pay.Method) provider.PayerIdentifier {
	a := s.accounts.of(merchant, method.Find(m).Provider)
	if a == nil {
		return nil
	}
	id, _ := a.Provider.(provider.PayerIdentifier)
	return id
}
