package wechatpay

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// outcomes maps trade_state. REFUND means that a refund of a paid order was
// accepted: it had been paid. How much went back only refunds say. A state that isn't here is an error and changes
// nothing; USERPAYING, PAYERROR and REVOKED belong to payment codes, which we
// don't do.
var outcomes = map[string]pay.Outcome{
	"NOTPAY":    pay.OutcomePending, // also after a try that failed
	"SUCCESS":   pay.OutcomePaid,
	stateRefund: pay.OutcomePaid, // and some of it went back
	"CLOSED":    pay.OutcomeClosed,
}

// stateRefund is the trade_state of an order of which money went back.
const stateRefund = "REFUND"

// Query implements provider.Provider.
func (a *account) Query(ctx context.Context, q provider.QueryOrder) (pay.Evidence, error) {
	result, err := a.ask(ctx, q.OutTradeNo)
	if err := queryCodes.judge(err); err != nil {
		if errors.Is(err, provider.ErrAbsent) {
			return a.said(q.OutTradeNo, pay.SourceQuery, pay.OutcomeAbsent), nil
		}
		return pay.Evidence{}, err
	}
	raw, err := body(result)
	if err != nil {
		return pay.Evidence{}, redact(err)
	}
	ev, err := a.evidence(raw)
	if err != nil {
		return pay.Evidence{}, redact(err)
	}
	if ev.OutTradeNo != q.OutTradeNo || ev.Account != a.Account() {
		return pay.Evidence{}, redact(&unusable{"the reply is about another order"})
	}
	ev.Source = pay.SourceQuery
	ev.ID = provider.EvidenceID(ev)
	return ev, nil
}

// ask asks about an order, by whatever product it was made.
func (a *account) ask(ctx context.Context, outTradeNo string) (*core.APIResult, error) {
	query := url.Values{}
	o := a.owner()
	for name, number := range map[string]string{"mchid": o.MchID, "sp_mchid": o.SpMchID, "sub_mchid": o.SubMchID} {
		if number != "" {
			query.Set(name, number)
		}
	}
	return a.client.Get(ctx, a.about(outTradeNo)+"?"+query.Encode())
}

// about is the address of calls about one order.
func (a *account) about(outTradeNo string) string {
	return consts.WechatPayAPIServer + a.orders() + "out-trade-no/" + url.PathEscape(outTradeNo)
}

// Close implements provider.Closer. Closing what is closed is fine.
func (a *account) Close(ctx context.Context, o provider.CloseOrder) (pay.Evidence, error) {
	result, err := a.client.Post(ctx, a.about(o.OutTradeNo)+"/close", a.owner())
	err = closeCodes.judge(err)
	switch {
	case err == nil && result.Response.StatusCode == http.StatusNoContent:
		return a.said(o.OutTradeNo, pay.SourceClose, pay.OutcomeClosed), nil
	case err == nil: // such as 202: the payer is paying at this moment
		return a.Query(ctx, provider.QueryOrder{OutTradeNo: o.OutTradeNo})
	case errors.Is(err, provider.ErrClosed), errors.Is(err, provider.ErrAbsent):
		return a.Query(ctx, provider.QueryOrder{OutTradeNo: o.OutTradeNo}) // errors are not signed, states are
	}
	return pay.Evidence{}, err
}

// said returns evidence that WeChat Pay gave by its answer alone, without a body.
func (a *account) said(outTradeNo string, source pay.Source, outcome pay.Outcome) pay.Evidence {
	ev := pay.Evidence{
		Source: source, Provider: ID, Account: a.Account(),
		OutTradeNo: outTradeNo, Outcome: outcome, ReceivedAt: a.env.Now(),
	}
	ev.ID = provider.EvidenceID(ev)
	return ev
}

// evidence reads a verified statement: the reply of a query or the resource of a
// notification, which have one form. ID and Source are the caller's; Account and
// App come from the statement.
func (a *account) evidence(raw []byte) (pay.Evidence, error) {
	var tx payments.Transaction
	if err := json.Unmarshal(raw, &tx); err != nil {
		return pay.Evidence{}, &unusable{"the statement can't be decoded"}
	}
	outcome, ok := outcomes[value(tx.TradeState)]
	if !ok {
		return pay.Evidence{}, &unusable{"the trade_state " + provider.Clean(value(tx.TradeState)) + " is unknown"}
	}
	var whose struct {
		owner
		apps
	}
	if err := json.Unmarshal(raw, &whose); err != nil || !whose.complete() || (whose.SpMchID != "") != (whose.SpAppID != "") {
		return pay.Evidence{}, &unusable{"the statement does not say whose order it is about"}
	}
	ev := pay.Evidence{
		Provider: ID, Account: a.named(whose.owner), App: a.app(whose.apps), OutTradeNo: value(tx.OutTradeNo),
		Outcome: outcome, Reference: value(tx.TransactionId), ReceivedAt: a.env.Now(), Raw: raw,
	}
	if ev.OutTradeNo == "" || ev.App == "" {
		return pay.Evidence{}, &unusable{"the statement does not say which order it is about"}
	}
	if outcome != pay.OutcomePaid {
		return ev, nil
	}
	// The total is what we asked for; payer_total is what is left of it after coupons.
	if tx.Amount == nil || tx.Amount.Total == nil || tx.Amount.Currency == nil || ev.Reference == "" {
		return pay.Evidence{}, &unusable{"the statement says paid, but not what"}
	}
	ev.Amount = pay.Money{Currency: *tx.Amount.Currency, Value: *tx.Amount.Total}
	paidAt, err := time.Parse(time.RFC3339, value(tx.SuccessTime))
	if err != nil {
		return pay.Evidence{}, &unusable{"the statement says paid, but not when"}
	}
	ev.PaidAt = paidAt
	if value(tx.TradeState) == stateRefund {
		ev.Returned = &pay.Returned{Unknown: true}
	}
	return ev, nil
}

// body returns the verified body of a reply that the SDK has read already.
func body(result *core.APIResult) ([]byte, error) { return io.ReadAll(result.Response.Body) }

// value returns what p points to, or the zero value: the SDK's fields are pointers.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
