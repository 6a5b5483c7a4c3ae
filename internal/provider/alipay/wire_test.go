package alipay_test

import (
	"cmp"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

const (
	appID    = "2021000000000001"
	sellerID = "2088000000000001"
	number   = providertest.Number
	tradeNo  = "2026112322001400000000000001"
	openID   = "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5"
)

var now = providertest.Now

// bare returns a key as Alipay's key tool writes it: base64 without PEM.
func bare(key []byte) []byte {
	block, _ := pem.Decode(key)
	return []byte(base64.StdEncoding.EncodeToString(block.Bytes) + "\n")
}

func keyFiles() map[string][]byte {
	return map[string][]byte{
		"app.key":    bare(providertest.PrivatePEM(providertest.MerchantKey())),
		"alipay.pem": providertest.PublicPEM(providertest.ProviderKey()),
	}
}

func goodSettings() map[string]any {
	return map[string]any{
		"app_id": appID, "seller_id": sellerID, "private_key": "app.key", "public_key": "alipay.pem",
		"qr_product": "QR_CODE_OFFLINE", "jsapi_product": "JSAPI_PAY",
	}
}

func open(tb testing.TB, origin string) provider.Provider {
	tb.Helper()
	return openWith(tb, origin, nil)
}

func openWith(tb testing.TB, origin string, change map[string]any) provider.Provider {
	tb.Helper()
	return providertest.Open(tb, alipay.Open, providertest.With(goodSettings(), change), providertest.Env(origin, keyFiles()))
}

func sign(text string) string {
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, providertest.ProviderKey(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// answer is one reply on the wire: a signed result, or raw bytes.
type answer struct {
	result map[string]any
	raw    string // sent as it is, instead of a result
	status int    // 0 for 200
	cut    bool   // the connection ends instead
}

// ok returns a signed success with some fields.
func ok(fields map[string]any) answer {
	result := map[string]any{"code": "10000", "msg": "Success"}
	maps.Copy(result, fields)
	return answer{result: result}
}

// no returns a signed refusal. Its prose is a canary.
func no(code, subCode string) answer {
	return answer{result: map[string]any{"code": code, "msg": "canary", "sub_code": subCode, "sub_msg": "canary " + number}}
}

// newWire makes a gateway, which signs results.
func newWire(tb testing.TB, answers func(method string, content map[string]string) answer) *providertest.Wire {
	return providertest.NewWire(tb, func(r *http.Request, body string) providertest.Reply {
		form, err := url.ParseQuery(body)
		if err != nil || r.Host != "openapi.alipay.com" || r.URL.Path != "/gateway.do" {
			return providertest.Reply{Status: http.StatusNotFound, Body: "not the gateway"}
		}
		var content map[string]string
		json.Unmarshal([]byte(form.Get("biz_content")), &content)
		return answers(form.Get("method"), content).reply(form.Get("method"))
	})
}

func (a answer) reply(method string) providertest.Reply {
	if a.cut {
		return providertest.Reply{Status: providertest.Cut}
	}
	status := cmp.Or(a.status, http.StatusOK)
	if a.result == nil {
		return providertest.Reply{Status: status, Body: a.raw}
	}
	result, err := json.Marshal(a.result)
	if err != nil {
		panic(err)
	}
	return providertest.Reply{Status: status, Body: `{"` + responseName(method) + `":` + string(result) + `,"sign":"` + sign(string(result)) + `"}`}
}

// forms returns the requests so far.
func forms(tb testing.TB, w *providertest.Wire) []url.Values {
	tb.Helper()
	var forms []url.Values
	for _, sent := range w.Sent() {
		form, err := url.ParseQuery(sent.Body)
		if err != nil {
			tb.Fatal(err)
		}
		forms = append(forms, form)
	}
	return forms
}

func always(a answer) func(string, map[string]string) answer {
	return func(string, map[string]string) answer { return a }
}

// byMethod answers each method in its own way.
func byMethod(answers map[string]answer) func(string, map[string]string) answer {
	return func(method string, _ map[string]string) answer {
		return answers[strings.TrimPrefix(method, "alipay.trade.")]
	}
}

func responseName(method string) string { return strings.ReplaceAll(method, ".", "_") + "_response" }

func order(rail pay.Rail) provider.Order {
	o := providertest.Order(alipay.ID, sellerID, rail)
	if rail == pay.RailJSAPI {
		o.WalletPayerID = openID
	}
	return o
}

// notice returns a notification's form with some fields changed; nil takes one
// away.
func notice(change map[string]any) url.Values {
	form := url.Values{
		"notify_time": {"2026-11-23 20:00:00"}, "notify_type": {"trade_status_sync"}, "notify_id": {"2026112300222200000000000001"},
		"app_id": {appID}, "auth_app_id": {appID}, "charset": {"utf-8"}, "version": {"1.0"}, "sign_type": {"RSA2"},
		"trade_no": {tradeNo}, "out_trade_no": {number}, "buyer_id": {"2088000000009999"}, "seller_id": {sellerID},
		"trade_status": {"TRADE_SUCCESS"}, "total_amount": {"59.80"}, "receipt_amount": {"59.80"}, "buyer_pay_amount": {"54.80"},
		"gmt_create": {"2026-11-23 19:59:50"}, "gmt_payment": {"2026-11-23 19:59:58"}, "subject": {"Tea   <cup>"},
		"fund_bill_list": {`[{"amount":"59.80","fundChannel":"ALIPAYACCOUNT"}]`},
	}
	for name, v := range change {
		form.Del(name)
		if text, ok := v.(string); ok {
			form.Set(name, text)
		}
	}
	return form
}

// signed returns the body of a form with Alipay's signature over it.
func signed(form url.Values) []byte {
	var pairs []string
	for name, values := range form {
		if name != "sign_type" && name != "sign" {
			for _, v := range values {
				pairs = append(pairs, name+"="+v)
			}
		}
	}
	slices.Sort(pairs)
	form = maps.Clone(form)
	form.Set("sign", sign(strings.Join(pairs, "&")))
	return []byte(form.Encode())
}

// secrets must not appear in any error: they belong to a request or to an
// answer's prose.
var secrets = []string{number, "biz_content", "sign=", "http://"}
