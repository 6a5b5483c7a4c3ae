package alipay

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// maxNotifyID is more than any notify_id needs, in bytes.
const maxNotifyID = 128

// Notification implements provider.Provider. The body is a form.
//
// Alipay puts no time into its signature that a window could be held against:
// what it resends within 25 hours is the same to the byte. Repeats are found by
// notify_id.
func (a *account) Notification(_ http.Header, body []byte) (pay.Evidence, error) {
	values, err := a.verified(body)
	if err != nil {
		return pay.Evidence{}, err
	}
	message, kind := values.Get("msg_method"), values.Get("notify_type")
	switch {
	case message == depositBack:
		return a.arrival(values, body)
	case message != "" || slices.Contains(otherKinds, kind):
		return pay.Evidence{}, fmt.Errorf("alipay: %w: %s", provider.ErrIgnored, provider.Clean(message+kind))
	case !values.Has("trade_status") || !values.Has("out_trade_no"):
		return pay.Evidence{}, unusable("the notification is of the unknown kind " + provider.Clean(kind))
	}
	ev, err := a.evidence(trade{
		OutTradeNo: values.Get("out_trade_no"), TradeNo: values.Get("trade_no"), Status: values.Get("trade_status"),
		Total: values.Get("total_amount"), Currency: values.Get("trans_currency"), PaidAt: values.Get("gmt_payment"),
		Refunded: values.Get("refund_fee"), RefundedAt: values.Get("gmt_refund"), Refund: values.Get("out_biz_no"),
	}, body)
	if err != nil {
		return pay.Evidence{}, err
	}
	ev.ID, ev.Source = values.Get("notify_id"), pay.SourceNotification
	// It is signed for the application: the seller may be left out.
	acted, merchant := values.Get("app_id"), values.Get("auth_app_id")
	ev.Account, ev.App = cmp.Or(values.Get("seller_id"), a.SellerID), a.named(acted, merchant)
	if ev.ID == "" || len(ev.ID) > maxNotifyID || acted == "" || merchant == "" && a.AuthAppID != "" {
		return pay.Evidence{}, unusable("the notification does not say who it is about")
	}
	return ev, nil
}

// otherKinds are the notify_types of messages that are about no trade: agreements
// about later payments, and permissions for applications. What has a trade's status
// and number is about one, of whatever kind it says to be.
var otherKinds = []string{"dut_user_sign", "dut_user_unsign", "open_app_auth_notify"}

// depositBack is the message that a bank has taken refunded money, or has not.
const depositBack = "alipay.trade.refund.depositback.completed"

// arrivals maps dback_status. When the bank refuses, the money is in the payer's
// Alipay balance: refunded it is all the same.
var arrivals = map[string]pay.RefundArrival{"S": pay.ArrivalBank, "F": pay.ArrivalBalance}

// arrival reads a message about where a refund came to rest.
func (a *account) arrival(values url.Values, body []byte) (pay.Evidence, error) {
	var content struct {
		OutTradeNo   string `json:"out_trade_no"`
		OutRequestNo string `json:"out_request_no"`
		Status       string `json:"dback_status"`
	}
	if json.Unmarshal([]byte(values.Get("biz_content")), &content) != nil {
		return pay.Evidence{}, unusable("the message about a refund can't be read")
	}
	where, ok := arrivals[content.Status]
	id, acted := values.Get("notify_id"), values.Get("app_id")
	if !ok || content.OutTradeNo == "" || content.OutRequestNo == "" || id == "" || len(id) > maxNotifyID || acted == "" {
		return pay.Evidence{}, unusable("the message does not say which refund came to rest where")
	}
	// It names no seller: it is signed for the application. Which merchant that acted for
	// is said only in the words of messages, or not at all: the number is the merchant's.
	merchant := cmp.Or(values.Get("auth_app_id"), values.Get("msg_app_id"), a.AuthAppID)
	return pay.Evidence{
		ID: id, Source: pay.SourceNotification, Provider: ID, Account: a.SellerID, App: a.named(acted, merchant),
		OutTradeNo: content.OutTradeNo, Outcome: pay.OutcomeRefund, ReceivedAt: a.env.Now(), Raw: body,
		Returned: &pay.Returned{Number: content.OutRequestNo, Status: pay.RefundSucceeded, Arrival: where},
	}, nil
}

// verified parses a form and checks Alipay's signature over its values.
//
// The signed text is k=v&k=v, sorted and without escaping: two forms can have
// the same one. So a form in which a name occurs twice is refused, and our
// subjects hold neither & nor =.
func (a *account) verified(body []byte) (url.Values, error) {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, forged("the body is not a form")
	}
	for _, each := range values {
		if len(each) != 1 {
			return nil, forged("a field is given twice")
		}
	}
	if err := a.checkKey(values); err != nil {
		return nil, err
	}
	// In another case it would have been sent by nobody that we have heard of.
	if values.Get("sign_type") != "RSA2" || values.Get("sign") == "" {
		return nil, forged("it is not signed with RSA2")
	}
	if !a.signed(values) {
		return nil, forged("the signature is wrong")
	}
	return values, nil
}

// signed reports whether Alipay has signed a form.
func (a *account) signed(values url.Values) bool {
	named := maps.Clone(values)
	return slices.ContainsFunc(a.signers(values), func(serial string) bool {
		named.Set("alipay_cert_sn", serial) // the library finds the key by it, and leaves it out of what is signed
		return a.client.VerifySign(context.Background(), named) == nil
	})
}

// signers lists the certificates that a form may be signed by. Not every notification
// names one in certificate mode: then it is any of Alipay's in force.
func (a *account) signers(values url.Values) []string {
	if a.certificates == nil || values.Has("alipay_cert_sn") {
		return []string{values.Get("alipay_cert_sn")}
	}
	return a.certificates.serials()
}

// checkKey finds out whether the key that a form is signed by is ours to know, before
// the library is asked.
func (a *account) checkKey(values url.Values) error {
	switch {
	case !values.Has("alipay_cert_sn"):
		return nil
	case a.certificates != nil:
		return a.certificates.check(context.Background(), values.Get("alipay_cert_sn"))
	}
	return unknownKey("it names a certificate, in public-key mode")
}

func forged(reason string) error {
	return fmt.Errorf("alipay: %w: %s", provider.ErrForged, reason)
}

// Acknowledge implements provider.Provider. Alipay takes the seven letters
// "success" for yes, and all else for "send it again".
func (a *account) Acknowledge(accepted bool) (status int, contentType string, body []byte) {
	if accepted {
		return http.StatusOK, "text/plain", []byte("success")
	}
	return http.StatusServiceUnavailable, "text/plain", []byte("fail")
}
