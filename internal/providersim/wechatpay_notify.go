package providersim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// wechatSchedule lists the pauses before each new try of WeChat Pay.
var wechatSchedule = []time.Duration{
	15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute,
	20 * time.Minute, 30 * time.Minute, 30 * time.Minute, 30 * time.Minute, time.Hour,
	3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
}

// payment tells a merchant that an order was paid.
func (a *wechatAccount) payment(o *order, n notice) *message {
	t := a.transaction(o, o.paidAt)
	t.Amount.Total += n.fenOff
	n.misname(&t.MchID, &t.SubMchID)
	return a.message(o.notifyURL, "TRANSACTION.SUCCESS", "支付成功", "transaction", t, o.paidAt)
}

// refund tells a merchant how a refund ended.
func (a *wechatAccount) refund(o *order, r *refund, at time.Time, n notice) *message {
	event, summary := "REFUND.SUCCESS", "退款成功"
	if r.isStuck(at) {
		event, summary = "REFUND.ABNORMAL", "退款异常"
	}
	t := a.refundNotice(o, r, at)
	t.Amount.Refund += n.fenOff
	n.misname(&t.MchID, &t.SubMchID)
	return a.message(r.notify, event, summary, "refund", t, at)
}

// misname puts another merchant in the place of the one whom a statement names.
func (n notice) misname(direct, sub *string) {
	switch {
	case n.account == "":
	case *sub != "":
		*sub = n.account
	default:
		*direct = n.account
	}
}

// envelope is the body of a notification; resource is sealed with the APIv3
// key.
type envelope struct {
	ID           string   `json:"id"`
	CreateTime   string   `json:"create_time"`
	ResourceType string   `json:"resource_type"`
	EventType    string   `json:"event_type"`
	Summary      string   `json:"summary"`
	Resource     resource `json:"resource"`
}

type resource struct {
	OriginalType   string `json:"original_type"`
	Algorithm      string `json:"algorithm"`
	Ciphertext     []byte `json:"ciphertext"` // base64 in JSON
	AssociatedData string `json:"associated_data"`
	Nonce          string `json:"nonce"`
}

func (a *wechatAccount) message(url, event, summary, kind string, statement any, at time.Time) *message {
	id := "EV-" + rand.Text() // 29 characters of the 36 that are allowed
	body := plainJSON(envelope{
		ID: id, CreateTime: stamp(at), ResourceType: "encrypt-resource", EventType: event, Summary: summary,
		Resource: a.encrypt(kind, plainJSON(statement)),
	})
	return &message{
		id: id, event: event, url: url, schedule: wechatSchedule,
		request: func(now time.Time, how seal) (http.Header, []byte) {
			h := a.header(a.signsBy(how, a.callbackSigner(now), now), body, now, how)
			h.Set("Content-Type", "application/json")
			h.Set("User-Agent", "Mozilla/4.0")
			return h, body
		},
		// The status alone decides, whatever the body says.
		accepted: func(status int, _ []byte) bool { return status == http.StatusOK || status == http.StatusNoContent },
	}
}

// encrypt seals a statement with AES-256-GCM, the tag behind the ciphertext.
func (a *wechatAccount) encrypt(kind string, plain json.RawMessage) resource {
	block, err := aes.NewCipher(a.APIv3Key)
	if err != nil {
		panic(fmt.Sprintf("providersim: APIv3 key: %v", err)) // its length was checked
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(fmt.Sprintf("providersim: GCM: %v", err))
	}
	nonce := rand.Text()[:gcm.NonceSize()]
	return resource{
		OriginalType: kind, Algorithm: "AEAD_AES_256_GCM", AssociatedData: kind, Nonce: nonce,
		Ciphertext: gcm.Seal(nil, []byte(nonce), plain, []byte(kind)),
	}
}
