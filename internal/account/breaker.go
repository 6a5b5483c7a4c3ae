package account

import (
	"sync/atomic"

	"github.com/sony/gobreaker/v2"
)

// breaker is the circuit breaker of an account, which can be as new again.
type breaker struct {
	name    string
	circuit atomic.Pointer[gobreaker.CircuitBreaker[struct{}]]
}

func newBreaker(name string) *breaker {
	b := &breaker{name: name}
	b.renew()
	return b
}

func (b *breaker) renew() {
	b.circuit.Store(gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        b.name,
		MaxRequests: 1,
		Timeout:     DownFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 5 },
		// An answer proves that the provider is up, whatever it says.
		IsSuccessful: func(err error) bool { return err == nil || definite(err) || answered(err) },
	}))
}
