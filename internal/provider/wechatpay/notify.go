package wechatpay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// envelope is the signed body of a notification. What it says is encrypted.
type envelope struct {
	ID        string `json:"id"` // the same on every repeat
	EventType string `json:"event_type"`
	Resource  sealed `json:"resource"`
}

// nonceSize is AES-GCM's, in bytes. crypto/cipher panics on any other.
const nonceSize = 12

const algorithm = "AEAD_AES_256_GCM"

// maxNotificationID is WeChat Pay's limit, in bytes.
const maxNotificationID = 64

// statements reads what notifications of each type say. Other types are genuine
// but say nothing about a payment or refund. WeChat Pay reports successes only:
// nothing is sent when an order expires.
var statements = map[string]func(a *account, id string, plain []byte) (pay.Evidence, error){
	"TRANSACTION.SUCCESS": (*account).paymentStatement,
	"REFUND.SUCCESS":      (*account).refundStatement,
	"REFUND.ABNORMAL":     (*account).refundStatement,
	"REFUND.CLOSED":       (*account).refundStatement,
}

// Notification implements provider.Provider. Nothing of the body is parsed
// before its signature holds. What is made in WeChat Pay's console may be told in the
// XML of API v2, whose key an account here does not have.
func (a *account) Notification(header http.Header, body []byte) (pay.Evidence, error) {
	if header.Get("Wechatpay-Signature") == "" && bytes.HasPrefix(bytes.TrimSpace(body), []byte("<xml>")) {
		return pay.Evidence{}, fmt.Errorf("wechat pay: %w", provider.ErrUncheckable)
	}
	switch err := a.verify(background, header, body); {
	case errors.Is(err, provider.ErrUnknownKey):
		return pay.Evidence{}, fmt.Errorf("wechat pay: %w", err)
	case err != nil:
		return pay.Evidence{}, forged(err.Error())
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return pay.Evidence{}, forged("the body is not a notification")
	}
	read, ok := statements[e.EventType]
	if !ok {
		return pay.Evidence{}, fmt.Errorf("wechat pay: %w: event type %s", provider.ErrIgnored, provider.Clean(e.EventType))
	}
	if e.ID == "" || len(e.ID) > maxNotificationID {
		return pay.Evidence{}, forged("the notification has no id")
	}
	plain, err := e.Resource.open(a.apiV3Key)
	if err != nil {
		return pay.Evidence{}, forged(err.Error())
	}
	return read(a, e.ID, plain)
}

func forged(reason string) error {
	return fmt.Errorf("wechat pay: %w: %s", provider.ErrForged, reason)
}

func (a *account) paymentStatement(id string, plain []byte) (pay.Evidence, error) {
	ev, err := a.evidence(plain)
	if err != nil {
		return pay.Evidence{}, redact(err)
	}
	ev.ID, ev.Source = id, pay.SourceNotification
	return ev, nil
}

// refundNotice is the resource of a refund notification. The SDK has no type for
// it: what queries call status is refund_status here.
type refundNotice struct {
	owner
	OutTradeNo   string `json:"out_trade_no"`
	OutRefundNo  string `json:"out_refund_no"`
	RefundID     string `json:"refund_id"`
	RefundStatus string `json:"refund_status"`
	Amount       struct {
		Total  *int64 `json:"total"`  // fen of the payment
		Refund *int64 `json:"refund"` // fen of this refund
	} `json:"amount"`
}

func (a *account) refundStatement(id string, plain []byte) (pay.Evidence, error) {
	var n refundNotice
	if err := json.Unmarshal(plain, &n); err != nil {
		return pay.Evidence{}, redact(&unusable{"the statement can't be decoded"})
	}
	if !n.complete() || n.OutTradeNo == "" || n.OutRefundNo == "" || n.RefundID == "" {
		return pay.Evidence{}, redact(&unusable{"the statement does not say which refund it is about"})
	}
	if n.Amount.Refund == nil || *n.Amount.Refund < 1 {
		return pay.Evidence{}, redact(&unusable{"the statement does not say how much is refunded"})
	}
	returned, err := returnedAs(n.RefundStatus, n.RefundID)
	if err != nil {
		return pay.Evidence{}, err
	}
	// Refund notices name no currency: mainland accounts refund in CNY only.
	returned.Number, returned.Amount = n.OutRefundNo, pay.Money{Currency: "CNY", Value: *n.Amount.Refund}
	return pay.Evidence{
		ID: id, Source: pay.SourceNotification, Provider: ID, Account: a.named(n.owner), OutTradeNo: n.OutTradeNo,
		Outcome: pay.OutcomeRefund, Returned: &returned, ReceivedAt: a.env.Now(), Raw: plain,
	}, nil
}

// Acknowledge implements provider.Provider. WeChat Pay looks at the status
// first: with 200 even a FAIL counts as received.
func (a *account) Acknowledge(accepted bool) (status int, contentType string, body []byte) {
	if accepted {
		return http.StatusNoContent, "", nil
	}
	return http.StatusServiceUnavailable, "application/json", []byte(`{"code":"FAIL","message":"try again"}`)
}
