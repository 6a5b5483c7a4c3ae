package wechatpay

import (
	"context"
	"errors"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// refundStates maps the status of a refund. ABNORMAL means that the payer's bank
// sent the money back: somebody must choose another account, and success may
// follow.
var refundStates = map[string]pay.Returned{
	"PROCESSING": {Status: pay.RefundPending},
	"SUCCESS":    {Status: pay.RefundSucceeded},
	"CLOSED":     {Status: pay.RefundFailed, Failure: pay.FailureClosed},
	"ABNORMAL":   {Status: pay.RefundPending, Failure: pay.FailurePayerAccount},
}

// Refund implements provider.Refunder. An accepted refund is not a done one.
func (a *account) Refund(ctx context.Context, r provider.RefundOrder) (pay.Evidence, error) {
	request := refunddomestic.CreateRequest{
		SubMchid: a.under(), OutTradeNo: &r.OutTradeNo, OutRefundNo: &r.Number,
		Amount: &refunddomestic.AmountReq{Refund: &r.Amount.Value, Total: &r.Total.Value, Currency: &r.Amount.Currency},
	}
	if r.Note != "" {
		request.Reason = &r.Note
	}
	if r.NotifyURL != "" {
		request.NotifyUrl = &r.NotifyURL
	}
	refunds := refunddomestic.RefundsApiService{Client: a.client}
	reply, result, err := refunds.Create(ctx, request)
	err = refundCodes.judge(err)
	if errors.Is(err, provider.ErrAbsent) { // of the payment: an answer to a refund is a refusal
		return pay.Evidence{}, &provider.Refusal{Code: "RESOURCE_NOT_EXISTS", Failure: pay.FailureRefused}
	}
	if err != nil {
		return pay.Evidence{}, err
	}
	return a.refundEvidence(reply, result, r)
}

// under names the merchant whose refund it is, if a service provider asks.
func (a *account) under() *string {
	if !a.isPartner() {
		return nil
	}
	return &a.SubMchID
}

// QueryRefund implements provider.Refunder.
func (a *account) QueryRefund(ctx context.Context, r provider.RefundOrder) (pay.Evidence, error) {
	refunds := refunddomestic.RefundsApiService{Client: a.client}
	reply, result, err := refunds.QueryByOutRefundNo(ctx, refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: &r.Number, SubMchid: a.under()})
	if err := refundQueryCodes.judge(err); err != nil {
		return pay.Evidence{}, err
	}
	return a.refundEvidence(reply, result, r)
}

func (a *account) refundEvidence(reply *refunddomestic.Refund, result *core.APIResult, r provider.RefundOrder) (pay.Evidence, error) {
	if value(reply.OutRefundNo) != r.Number || value(reply.OutTradeNo) != r.OutTradeNo {
		return pay.Evidence{}, redact(&unusable{"the reply is about another refund"})
	}
	if amount := value(reply.Amount); value(amount.Refund) != r.Amount.Value {
		return pay.Evidence{}, redact(&unusable{"the reply is about another amount"})
	}
	returned, err := returnedAs(string(value(reply.Status)), value(reply.RefundId))
	if err != nil {
		return pay.Evidence{}, err
	}
	raw, err := body(result)
	if err != nil {
		return pay.Evidence{}, redact(err)
	}
	returned.Amount = r.Amount
	ev := r.Evidence(returned, raw, a.env.Now())
	ev.Provider, ev.Account = ID, a.Account()
	return ev, nil
}

// returnedAs says what a status means for a refund of that number at WeChat Pay.
func returnedAs(status, refundID string) (pay.Returned, error) {
	returned, ok := refundStates[status]
	if !ok {
		return pay.Returned{}, redact(&unusable{"the refund status " + provider.Clean(status) + " is unknown"})
	}
	returned.Reference = refundID
	return returned, nil
}
