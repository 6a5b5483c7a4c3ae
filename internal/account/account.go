// Package account knows the merchants' accounts at their providers: whose each
// is, how it is found, and whether its provider answers just now. Whoever asks a
// provider something asks through [Account.Call].
//
// What must not live here: what follows from an answer (package checkout), and
// how an account's settings are read (package merchant).
package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/tracing"
)

// callRate bounds what one account's provider is asked in the background, in
// calls a second. Providers publish no limit for queries.
const callRate = 50

// DownFor is for how long a provider that has failed often is not asked.
const DownFor = 15 * time.Second

// Account is a provider account as one merchant has it, and a circuit breaker, so
// that a provider that is down is noticed once and not by every payer. Shops of one
// company may share an account: each has an Account of its own, see [Account.For].
// All methods are safe for concurrent use.
type Account struct {
	Merchant   string
	ProviderID string // adapter id, such as wechatpay
	Provider   provider.Provider

	sharers *[]*Account // all of this name, in the order in which they were added
	breaker *breaker
	rate    *rate.Limiter
	working chan struct{} // a place for each call in the background
	waiting chan struct{} // and for each that waits or is made
	metrics *metrics
}

func newAccount(merchant, providerID string, p provider.Provider, m *metrics) *Account {
	return &Account{
		Merchant: merchant, ProviderID: providerID, Provider: p, sharers: new([]*Account),
		breaker: newBreaker(providerID + "/" + p.Account()),
		rate:    rate.NewLimiter(callRate, callRate),
		working: make(chan struct{}, backgroundCalls),
		waiting: make(chan struct{}, backgroundCalls+backgroundWaiting),
		metrics: m,
	}
}

// share joins the accounts of first, which is one and the same at the provider: it
// is down for all of them, and asked no more often for several.
func (a *Account) share(first *Account) {
	a.sharers, a.breaker, a.rate = first.sharers, first.breaker, first.rate
}

// follow takes up what is known of the account before, which the provider calls by
// the same name: whether it is down, and how often it was asked.
func (a *Account) follow(before *Account) {
	a.breaker, a.rate = before.breaker, before.rate
	if own := before.For(a.Merchant); own != nil {
		a.working, a.waiting = own.working, own.waiting
	}
}

// For returns the account as a merchant has it who may share it with that of a. Nil
// if the merchant does not have it, or if a is nil.
func (a *Account) For(merchant string) *Account {
	if a == nil {
		return nil
	}
	for _, s := range *a.sharers {
		if s.Merchant == merchant {
			return s
		}
	}
	return nil
}

// Name returns the provider's name of the account.
func (a *Account) Name() string { return a.Provider.Account() }

// Takes reports whether the account can be paid by a rail. The page's own code asks
// nothing of a provider.
func (a *Account) Takes(rail pay.Rail) bool {
	return rail == pay.RailPageQR || slices.Contains(a.Provider.Rails(), rail)
}

// Down reports whether the provider has failed so often that it is not asked
// for a while.
func (a *Account) Down() bool { return a.breaker.circuit.Load().State() == gobreaker.StateOpen }

// Forgive forgets all failures, and what the provider's adapter has learnt: the provider is
// asked again at once. For tests, whose next case is to begin as the first did.
func (a *Account) Forgive() {
	a.breaker.renew()
	if adapter, ok := a.Provider.(provider.Forgetter); ok {
		adapter.Forget()
	}
}

// Call asks the provider something, through the breaker and within
// provider.CallTimeout.
// An open breaker is provider_unavailable, and nothing has been sent. name is the
// call's in metrics and traces.
func (a *Account) Call(ctx context.Context, name string, f func(context.Context) error) error {
	_, err := a.breaker.circuit.Load().Execute(func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, provider.CallTimeout)
		defer cancel()
		ctx, end := tracing.Call(ctx, a.ProviderID, name)
		start := time.Now()
		err := f(ctx)
		end(a.metrics.called(a.ProviderID, name, err, time.Since(start)))
		return struct{}{}, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return pay.Wrap(pay.CodeProviderDown, err, "the provider can't be reached")
	}
	return err
}

// answered reports whether an error is an answer all the same, though not a
// definite one: "not so often", or a code that we don't know.
func answered(err error) bool {
	_, busy := errors.AsType[*provider.Busy](err)
	_, strange := errors.AsType[*provider.Strange](err)
	return busy || strange
}

// definite errors are answers; all others leave the outcome unknown.
func definite(err error) bool {
	for _, known := range []error{provider.ErrRefused, provider.ErrPaid, provider.ErrClosed, provider.ErrSpent, provider.ErrNotReady, provider.ErrAbsent, provider.ErrLater} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
