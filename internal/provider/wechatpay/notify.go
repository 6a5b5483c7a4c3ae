package wechatpay

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// envelope is the signed body of a notification. What it says is encrypted.
type envelope struct {
	ID        string `json:"id"` // the same on every repeat
	EventType string `json:"event_type"`
	Resource  struct {
		Algorithm      string `json:"algorithm"`
		Ciphertext     string `json:"ciphertext"`
		Nonce          string `json:"nonce"`
		AssociatedData string `json:"associated_data"`
	} `json:"resource"`
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
	if err := a.verify(header, body); err != nil {
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
	plain, err := a.decrypt(e)
	if err != nil {
		return pay.Evidence{}, err
	}
	return read(a, e.ID, plain)
}

func (a *account) decrypt(e envelope) ([]byte, error) {
	if e.Resource.Algorithm != algorithm || len(e.Resource.Nonce) != nonceSize {
		return nil, forged("the resource is not " + algorithm)
	}
	plain, err := utils.DecryptAES256GCM(a.apiV3Key, e.Resource.AssociatedData, e.Resource.Nonce, e.Resource.Ciphertext)
	if err != nil {
		return nil, forged("the resource can't be decrypted with the configured api_v3_key")
	}
	return []byte(plain), nil
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
	MchID        string `json:"mchid"`
	SpMchID      string `json:"sp_mchid"` // instead, about an order of a service provider
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
	n.MchID = cmp.Or(n.MchID, n.SpMchID)
	if n.MchID == "" || n.OutTradeNo == "" || n.OutRefundNo == "" || n.RefundID == "" {
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
		ID: id, Source: pay.SourceNotification, Provider: ID, Account: n.MchID, OutTradeNo: n.OutTradeNo,
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
