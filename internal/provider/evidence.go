package provider

import (
	"context"
	"errors"
	"fmt"

	"morepay/internal/pay"
)

// EvidenceID is the id of evidence that has none of its own, such as the answer
// to a query: the same for the same statement about the same payment, however
// often it is asked for.
func EvidenceID(ev pay.Evidence) string {
	return fmt.Sprintf("%s:%s:%s:%s", ev.Source, ev.OutTradeNo, ev.Outcome, ev.Reference)
}

// MakeSure asks whether a refused refund is not there after all: the refusal of
// a repeat says nothing about the first request, which may have been taken. It
// fails with ErrRefused only if the provider knows of no such refund.
func MakeSure(ctx context.Context, p Refunder, r RefundOrder, refusal error) (RefundState, error) {
	state, err := p.QueryRefund(ctx, r)
	switch {
	case errors.Is(err, ErrAbsent):
		return RefundState{}, fmt.Errorf("%w: %w", ErrRefused, refusal)
	case err != nil:
		return RefundState{}, fmt.Errorf("%v; what became of it: %v", refusal, err)
	}
	return state, nil
}
