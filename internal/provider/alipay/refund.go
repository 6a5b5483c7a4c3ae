package alipay

import (
	"context"
	"errors"
	"fmt"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// refundStatuses maps refund_status. None at all means that the refund never
// came or failed: send it again.
var refundStatuses = map[string]pay.RefundStatus{
	"REFUND_SUCCESS":    pay.RefundSucceeded,
	"REFUND_PROCESSING": pay.RefundPending,
	"REFUND_FAIL":       pay.RefundFailed,
}

// Refund implements provider.Refunder. fund_change says that this very call
// moved money; a repeat moves none, and must be asked about.
func (a *account) Refund(ctx context.Context, r provider.RefundOrder) (provider.RefundState, error) {
	var reply struct {
		OutTradeNo string `json:"out_trade_no"`
		TradeNo    string `json:"trade_no"`
		FundChange string `json:"fund_change"`
	}
	_, err := a.ask(ctx, "alipay.trade.refund", struct {
		OutTradeNo   string `json:"out_trade_no"`
		RefundAmount string `json:"refund_amount"` // yuan
		RefundReason string `json:"refund_reason,omitempty"`
		OutRequestNo string `json:"out_request_no"`
	}{r.OutTradeNo, provider.FormatYuan(r.Amount.Value), r.Note, r.Number}, &reply)
	switch {
	case errors.Is(err, provider.ErrRefused), errors.Is(err, provider.ErrAbsent):
		return provider.ConfirmRefusal(ctx, a, r, err)
	case err != nil:
		return provider.RefundState{}, err
	case reply.OutTradeNo != r.OutTradeNo:
		return provider.RefundState{}, unusable("the reply is about another payment")
	case reply.FundChange == "Y":
		return provider.RefundState{Status: pay.RefundSucceeded, Reference: reply.TradeNo}, nil
	}
	state, err := a.QueryRefund(ctx, r)
	if errors.Is(err, provider.ErrAbsent) {
		return provider.RefundState{Status: pay.RefundPending}, nil
	}
	return state, err
}

// QueryRefund implements provider.Refunder.
func (a *account) QueryRefund(ctx context.Context, r provider.RefundOrder) (provider.RefundState, error) {
	var reply struct {
		OutTradeNo   string `json:"out_trade_no"`
		OutRequestNo string `json:"out_request_no"`
		TradeNo      string `json:"trade_no"`
		RefundAmount string `json:"refund_amount"`
		RefundStatus string `json:"refund_status"`
	}
	_, err := a.ask(ctx, "alipay.trade.fastpay.refund.query", struct {
		OutTradeNo   string `json:"out_trade_no"`
		OutRequestNo string `json:"out_request_no"`
	}{r.OutTradeNo, r.Number}, &reply)
	if err != nil {
		return provider.RefundState{}, err
	}
	if reply.RefundStatus == "" {
		return provider.RefundState{}, fmt.Errorf("alipay: no refund_status: %w", provider.ErrAbsent)
	}
	status, ok := refundStatuses[reply.RefundStatus]
	if !ok {
		return provider.RefundState{}, unusable("the refund_status " + provider.Clean(reply.RefundStatus) + " is unknown")
	}
	if fen, err := provider.ParseYuan(reply.RefundAmount); err != nil || fen != r.Amount.Value ||
		reply.OutTradeNo != r.OutTradeNo || reply.OutRequestNo != r.Number {
		return provider.RefundState{}, unusable("the reply is about another refund")
	}
	return provider.RefundState{Status: status, Reference: reply.TradeNo}, nil
}
