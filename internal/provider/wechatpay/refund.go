package wechatpay

import (
	"context"
	"errors"

	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// refundStates maps the status of a refund. ABNORMAL means that the payer's bank
// sent the money back: somebody must choose another account in WeChat Pay's
// console.
var refundStates = map[string]pay.RefundStatus{
	"PROCESSING": pay.RefundPending,
	"SUCCESS":    pay.RefundSucceeded,
	"CLOSED":     pay.RefundFailed,
	"ABNORMAL":   pay.RefundFailed,
}

// Refund implements provider.Refunder. An accepted refund is not a done one.
func (a *account) Refund(ctx context.Context, r provider.RefundOrder) (provider.RefundState, error) {
	request := refunddomestic.CreateRequest{
		OutTradeNo: &r.OutTradeNo, OutRefundNo: &r.Number,
		Amount: &refunddomestic.AmountReq{Refund: &r.Amount.Value, Total: &r.Total.Value, Currency: &r.Amount.Currency},
	}
	if r.Note != "" {
		request.Reason = &r.Note
	}
	if r.NotifyURL != "" {
		request.NotifyUrl = &r.NotifyURL
	}
	refunds := refunddomestic.RefundsApiService{Client: a.client}
	reply, _, err := refunds.Create(ctx, request)
	err = redact(err)
	switch {
	case errors.Is(err, provider.ErrRefused), errors.Is(err, provider.ErrAbsent):
		return provider.ConfirmRefusal(ctx, a, r, err)
	case err != nil:
		return provider.RefundState{}, err
	}
	return refundState(reply, r)
}

// QueryRefund implements provider.Refunder.
func (a *account) QueryRefund(ctx context.Context, r provider.RefundOrder) (provider.RefundState, error) {
	refunds := refunddomestic.RefundsApiService{Client: a.client}
	reply, _, err := refunds.QueryByOutRefundNo(ctx, refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: &r.Number})
	if err := redact(err); err != nil {
		return provider.RefundState{}, err
	}
	return refundState(reply, r)
}

func refundState(reply *refunddomestic.Refund, r provider.RefundOrder) (provider.RefundState, error) {
	if value(reply.OutRefundNo) != r.Number || value(reply.OutTradeNo) != r.OutTradeNo {
		return provider.RefundState{}, redact(&unusable{"the reply is about another refund"})
	}
	if amount := value(reply.Amount); value(amount.Refund) != r.Amount.Value {
		return provider.RefundState{}, redact(&unusable{"the reply is about another amount"})
	}
	return stateOf(string(value(reply.Status)), value(reply.RefundId))
}

func stateOf(status, refundID string) (provider.RefundState, error) {
	known, ok := refundStates[status]
	if !ok {
		return provider.RefundState{}, redact(&unusable{"the refund status " + provider.Clean(status) + " is unknown"})
	}
	return provider.RefundState{Status: known, Reference: refundID}, nil
}
