package wechatpay_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/wechatpay"
)

const (
	mchID       = "1900000001"
	appID       = "wx8888888888888888"
	publicKeyID = "PUB_KEY_ID_0119000000012026"
	apiV3Key    = "0123456789abcdefABCDEF0123456789"
	appSecret   = "canary-app-secret"
	number      = providertest.Number
)

var now = providertest.Now

// keyFiles returns the files that the settings of an account name.
func keyFiles() map[string][]byte {
	return map[string][]byte{
		"key.pem":     providertest.PrivatePEM(providertest.MerchantKey()),
		"pub_key.pem": providertest.PublicPEM(providertest.ProviderKey()),
		"api_v3.key":  []byte(apiV3Key + "\n"),
		"app.secret":  []byte(appSecret + "\n"),
	}
}

func goodSettings() map[string]any {
	return map[string]any{
		"mchid": mchID, "appid": appID, "app_secret": "app.secret",
		"certificate_serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
		"private_key":        "key.pem", "api_v3_key": "api_v3.key",
		"public_key_id": publicKeyID, "public_key": "pub_key.pem",
	}
}

// open makes the adapter, talking to origin, with some settings changed; a nil
// value takes a setting away.
func open(tb testing.TB, origin string, change map[string]any) provider.Provider {
	tb.Helper()
	return providertest.Open(tb, wechatpay.Open, providertest.With(goodSettings(), change), providertest.Env(origin, keyFiles()))
}

// answer is one reply on the wire. Those with a 2xx are signed unless sign says
// otherwise.
type answer struct {
	status    int
	body      string
	requestID string
	sign      func(http.Header) // changes the signature's headers
}

// newWire answers as WeChat Pay signs.
func newWire(tb testing.TB, reply func(r *http.Request, body string) answer) *providertest.Wire {
	return providertest.NewWire(tb, func(r *http.Request, body string) providertest.Reply {
		a := reply(r, body)
		h := http.Header{}
		if a.status < 300 {
			signed(h, []byte(a.body), now)
		}
		if a.sign != nil {
			a.sign(h)
		}
		if a.requestID != "" {
			h.Set("Request-ID", a.requestID)
		}
		return providertest.Reply{Status: a.status, Header: h, Body: a.body}
	})
}

// always answers everything in the same way.
func always(a answer) func(*http.Request, string) answer {
	return func(*http.Request, string) answer { return a }
}

// signed puts WeChat Pay's signature over a body into a header.
func signed(h http.Header, body []byte, at time.Time) {
	stamp, nonce := strconv.FormatInt(at.Unix(), 10), "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
	sum := sha256.Sum256([]byte(stamp + "\n" + nonce + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, providertest.ProviderKey(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	h.Set("Wechatpay-Timestamp", stamp)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", publicKeyID)
	h.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
}

// notification returns a signed and encrypted notification about plain. rawJSON
// is encrypted as it is, valid or not.
func notification(eventType, originalType string, plain any) (http.Header, []byte) {
	resource, err := json.Marshal(plain)
	if raw, ok := plain.(rawJSON); ok {
		resource, err = []byte(raw), nil
	}
	if err != nil {
		panic(err)
	}
	block, _ := aes.NewCipher([]byte(apiV3Key))
	gcm, _ := cipher.NewGCM(block)
	nonce, data := "0123456789ab", originalType
	sealed := base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), resource, []byte(data)))
	return envelope(fmt.Sprintf(`{"id":"EV-2018022511223320873","create_time":"2026-11-23T20:00:00+08:00",`+
		`"resource_type":"encrypt-resource","event_type":%q,"summary":"done","resource":{"original_type":%q,`+
		`"algorithm":"AEAD_AES_256_GCM","ciphertext":%q,"associated_data":%q,"nonce":%q}}`,
		eventType, originalType, sealed, data, nonce))
}

type rawJSON string

func envelope(body string) (http.Header, []byte) {
	h := http.Header{}
	signed(h, []byte(body), now)
	return h, []byte(body)
}

// transaction returns WeChat Pay's statement about an order, with some fields
// changed; a nil value takes a field away.
func transaction(change map[string]any) map[string]any {
	return providertest.With(map[string]any{
		"mchid": mchID, "appid": appID, "out_trade_no": number, "transaction_id": "4200000001202611230000000001",
		"trade_type": "NATIVE", "trade_state": "SUCCESS", "trade_state_desc": "支付成功", "bank_type": "OTHERS",
		"success_time": "2026-11-23T19:59:58+08:00", "payer": map[string]any{"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
		"amount": map[string]any{"total": 5980, "payer_total": 5480, "currency": "CNY", "payer_currency": "CNY"},
	}, change)
}

func order(rail pay.Rail) provider.Order {
	o := providertest.Order(wechatpay.ID, mchID, rail)
	o.WalletPayerID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
	return o
}

// secrets must not appear in any error: they belong to an account or to an
// answer.
var secrets = []string{apiV3Key, "Authorization", "signature=", "oUpF8u"}
