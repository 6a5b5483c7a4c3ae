package provider

import (
	"context"
	"errors"
	"fmt"

	"morepay/internal/pay"
)

// RefundOrder holds what an adapter needs to refund.
type RefundOrder struct {
	OutTradeNo string
	Number     string // our number of the refund, the same on every retry
	Amount     pay.Money
	Total      pay.Money // of the payment
	Note       string
	NotifyURL  string // absolute, without query
}

// RefundState is the state of a refund as the provider reports it.
type RefundState struct {
	Status    pay.RefundStatus
	Reference string // the provider's number
}

// RefundStatement is a notification about a refund.
type RefundStatement struct {
	Account    string
	OutTradeNo string
	Number     string
	State      RefundState
}

// ConfirmRefusal asks whether a refused refund is not there after all: the refusal of
// a repeat says nothing about the first request, which may have been taken. It
// fails with ErrRefused only if the provider knows of no such refund.
func ConfirmRefusal(ctx context.Context, p Refunder, r RefundOrder, refusal error) (RefundState, error) {
	state, err := p.QueryRefund(ctx, r)
	switch {
	case errors.Is(err, ErrAbsent):
		return RefundState{}, fmt.Errorf("%w: %w", ErrRefused, refusal)
	case err != nil:
		return RefundState{}, fmt.Errorf("%v; what became of it: %v", refusal, err)
	}
	return state, nil
}
