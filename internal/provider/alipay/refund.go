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
var refundStatuses = map[string]pay.Returned{
	"REFUND_SUCCESS":    {Status: pay.RefundSucceeded},
	"REFUND_PROCESSING": {Status: pay.RefundPending},
	"REFUND_FAIL":       {Status: pay.RefundFailed, Failure: pay.FailureClosed},
}

// Refund implements provider.Refunder. fund_change says that this very call
// moved money; a repeat moves none, and must be asked about. refund_fee is all that
// went back of the payment so far, by whomever.
func (a *account) Refund(ctx context.Context, r provider.RefundOrder) (pay.Evidence, error) {
	var reply struct {
		OutTradeNo string `json:"out_trade_no"`
		TradeNo    string `json:"trade_no"`
		FundChange string `json:"fund_change"`
		RefundFee  string `json:"refund_fee"` // yuan
	}
	raw, err := a.ask(ctx, "alipay.trade.refund", refundCodes, struct {
		OutTradeNo   string `json:"out_trade_no"`
		RefundAmount string `json:"refund_amount"` // yuan
		RefundReason string `json:"refund_reason,omitempty"`
		OutRequestNo string `json:"out_request_no"`
	}{r.OutTradeNo, provider.FormatYuan(r.Amount.Value), r.Note, r.Number}, &reply)
	switch {
	case errors.Is(err, provider.ErrAbsent): // of the trade: an answer to a refund is a refusal
		return pay.Evidence{}, &provider.Refusal{Code: "ACQ.TRADE_NOT_EXIST", Failure: pay.FailureRefused}
	case err != nil:
		return pay.Evidence{}, err
	case reply.OutTradeNo != r.OutTradeNo:
		return pay.Evidence{}, unusable("the reply is about another payment")
	}
	said := pay.Returned{Status: pay.RefundPending, Reference: reply.TradeNo}
	if reply.RefundFee != "" {
		fen, err := provider.ParseYuan(reply.RefundFee)
		if err != nil {
			return pay.Evidence{}, unusable("the reply does not say how much went back")
		}
		said.Total = pay.Money{Currency: r.Amount.Currency, Value: fen}
	}
	if reply.FundChange == "Y" {
		said.Status = pay.RefundSucceeded
		return a.refunded(r, said, raw), nil
	}
	ev, err := a.QueryRefund(ctx, r)
	if errors.Is(err, provider.ErrAbsent) {
		return a.refunded(r, said, raw), nil
	}
	return ev, err
}

// QueryRefund implements provider.Refunder.
func (a *account) QueryRefund(ctx context.Context, r provider.RefundOrder) (pay.Evidence, error) {
	var reply struct {
		OutTradeNo   string `json:"out_trade_no"`
		OutRequestNo string `json:"out_request_no"`
		TradeNo      string `json:"trade_no"`
		RefundAmount string `json:"refund_amount"`
		RefundStatus string `json:"refund_status"`
	}
	raw, err := a.ask(ctx, "alipay.trade.fastpay.refund.query", queryCodes, struct {
		OutTradeNo   string `json:"out_trade_no"`
		OutRequestNo string `json:"out_request_no"`
	}{r.OutTradeNo, r.Number}, &reply)
	if err != nil {
		return pay.Evidence{}, err
	}
	if reply.RefundStatus == "" {
		return pay.Evidence{}, fmt.Errorf("alipay: no refund_status: %w", provider.ErrAbsent)
	}
	returned, ok := refundStatuses[reply.RefundStatus]
	if !ok {
		return pay.Evidence{}, unusable("the refund_status " + provider.Clean(reply.RefundStatus) + " is unknown")
	}
	if fen, err := provider.ParseYuan(reply.RefundAmount); err != nil || fen != r.Amount.Value ||
		reply.OutTradeNo != r.OutTradeNo || reply.OutRequestNo != r.Number {
		return pay.Evidence{}, unusable("the reply is about another refund")
	}
	returned.Reference = reply.TradeNo
	return a.refunded(r, returned, raw), nil
}

// refunded returns evidence of the state of a refund. A reply names neither
// merchant nor application: it is signed for who asked.
func (a *account) refunded(r provider.RefundOrder, returned pay.Returned, raw []byte) pay.Evidence {
	returned.Amount = r.Amount
	ev := r.Evidence(returned, raw, a.env.Now())
	ev.Provider, ev.Account = ID, a.SellerID
	return ev
}
