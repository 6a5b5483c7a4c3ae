package unionpay

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// reserved is the field that UnionPay gives back as it was sent: in a refund, our number
// of the payment.
const reserved = "reqReserved"

// Refund implements provider.Refunder. A refund is a transaction of its own, with a number
// and a time; it names the payment by UnionPay's number. Sent again it is a duplicate,
// and asked about. UnionPay takes no transaction whose time is not the present: one that
// could not be sent for long is refused then.
func (a *account) Refund(ctx context.Context, r provider.RefundOrder) (pay.Evidence, error) {
	if !orderForm.MatchString(r.Number) || r.Reference == "" {
		return pay.Evidence{}, pay.Errorf(pay.CodeInvalid, "out_refund_no", "must match %s, of a payment whose number at UnionPay is known", orderForm)
	}
	own := message{
		"txnType": refund, "txnSubType": "00", "bizType": products[pay.RailRedirect].business, "channelType": "07",
		"orderId": r.Number, "txnTime": moment(r.MadeAt), "txnAmt": strconv.FormatInt(r.Amount.Value, 10), "currencyCode": yuan,
		"origQryId": r.Reference, reserved: r.OutTradeNo,
	}
	if r.NotifyURL != "" {
		own["backUrl"] = r.NotifyURL
	}
	m, err := a.request(own)
	if err != nil {
		return pay.Evidence{}, err
	}
	answer, text, err := a.call(ctx, backPath, m.form().Encode())
	if err != nil {
		return pay.Evidence{}, err
	}
	if !a.concerns(answer, r.Number, own["txnTime"]) {
		return pay.Evidence{}, unusable("the answer is about another refund")
	}
	code := answer["respCode"]
	if code == duplicate {
		return a.QueryRefund(ctx, r)
	}
	// "Done" means that it was accepted: what comes of it is told by notification or query.
	if !slices.Contains(done, code) && !slices.Contains(unsettled, code) {
		return pay.Evidence{}, refusal(code, ofRefund)
	}
	return a.evidence(r, pay.Returned{Status: pay.RefundPending}, text), nil
}

// QueryRefund implements provider.Refunder.
func (a *account) QueryRefund(ctx context.Context, r provider.RefundOrder) (pay.Evidence, error) {
	answer, text, err := a.ask(ctx, products[pay.RailRedirect].business, r.Number, moment(r.MadeAt))
	if err != nil {
		return pay.Evidence{}, err
	}
	if answer["respCode"] == absent {
		return pay.Evidence{}, fmt.Errorf("unionpay: answer %s: %w", absent, provider.ErrAbsent)
	}
	if answer["txnType"] != refund || answer["txnAmt"] != strconv.FormatInt(r.Amount.Value, 10) {
		return pay.Evidence{}, unusable("the answer is about another refund")
	}
	code := answer["origRespCode"]
	failure, failed := spoiled[code]
	switch {
	case slices.Contains(done, code):
		return a.evidence(r, pay.Returned{Status: pay.RefundSucceeded, Reference: answer["queryId"]}, text), nil
	case slices.Contains(unsettled, code):
		return a.evidence(r, pay.Returned{Status: pay.RefundPending}, text), nil
	case failed:
		return a.evidence(r, pay.Returned{Status: pay.RefundFailed, Failure: failure}, text), nil
	}
	return pay.Evidence{}, refusal(code, nil)
}

func (a *account) evidence(r provider.RefundOrder, returned pay.Returned, text string) pay.Evidence {
	returned.Amount = r.Amount
	ev := r.Evidence(returned, []byte(text), a.env.Now())
	ev.Provider, ev.Account = ID, a.MerID
	return ev
}

// moment writes a time as UnionPay does.
func moment(t time.Time) string { return t.In(china).Format(timeForm) }
