package alipay_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
)

const (
	appID    = "2021000000000001"
	sellerID = "2088000000000001"
	number   = "MP00000000000000000000000000001A"
	tradeNo  = "2026112322001400000000000001"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

var (
	appKey    = sync.OnceValue(newKey)
	alipayKey = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func pkcs8(key *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return der
}

func pkix(key *rsa.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(err)
	}
	return der
}

// bare is how Alipay's key tool writes keys: base64 without PEM.
func bare(der []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(der) + "\n") }

func keyFiles() map[string][]byte {
	return map[string][]byte{
		"app.key":    bare(pkcs8(appKey())),
		"alipay.pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix(&alipayKey().PublicKey)}),
	}
}

func goodSettings() map[string]any {
	return map[string]any{"app_id": appID, "seller_id": sellerID, "private_key": "app.key", "public_key": "alipay.pem"}
}

func env(origin string, files map[string][]byte) provider.Env {
	return provider.Env{
		HTTP: provider.NewHTTPClient(provider.TestTransport(origin)),
		ReadKey: func(name string) ([]byte, error) {
			if raw, ok := files[name]; ok {
				return raw, nil
			}
			return nil, errors.New("no such file")
		},
		Now: func() time.Time { return now },
	}
}

func open(tb testing.TB, origin string) provider.Provider {
	tb.Helper()
	p, err := alipay.Open([]byte(jsonText(tb, goodSettings())), env(origin, keyFiles()))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func jsonText(tb testing.TB, v any) string {
	tb.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(raw)
}

func sign(text string) string {
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, alipayKey(), crypto.SHA256, sum[:])
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

// ok is a signed success with some fields.
func ok(fields map[string]any) answer {
	result := map[string]any{"code": "10000", "msg": "Success"}
	maps.Copy(result, fields)
	return answer{result: result}
}

// no is a signed refusal. Its prose is a canary.
func no(code, subCode string) answer {
	return answer{result: map[string]any{"code": code, "msg": "canary", "sub_code": subCode, "sub_msg": "canary " + number}}
}

// wire is a gateway whose replies are exactly what a test says.
type wire struct {
	URL string

	mu      sync.Mutex
	answers func(method string, content map[string]string) answer
	forms   []url.Values
}

// sent are the requests so far. Those that were cut off come without a reply
// that would order what happened, so the lock must.
func (w *wire) sent() []url.Values {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.forms)
}

func newWire(tb testing.TB, answers func(method string, content map[string]string) answer) *wire {
	w := &wire{answers: answers}
	server := httptest.NewServer(w)
	tb.Cleanup(server.Close)
	w.URL = server.URL
	return w
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

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Host != "openapi.alipay.com" || r.URL.Path != "/gateway.do" {
		http.Error(rw, "not the gateway", http.StatusNotFound)
		return
	}
	var content map[string]string
	json.Unmarshal([]byte(r.PostForm.Get("biz_content")), &content)
	method := r.PostForm.Get("method")
	w.mu.Lock()
	w.forms = append(w.forms, r.PostForm)
	a := w.answers(method, content)
	w.mu.Unlock()
	if a.cut {
		panic(http.ErrAbortHandler)
	}
	if a.status != 0 {
		rw.WriteHeader(a.status)
	}
	if a.result == nil {
		io.WriteString(rw, a.raw)
		return
	}
	result, err := json.Marshal(a.result)
	if err != nil {
		panic(err)
	}
	io.WriteString(rw, `{"`+responseName(method)+`":`+string(result)+`,"sign":"`+sign(string(result))+`"}`)
}

func responseName(method string) string { return strings.ReplaceAll(method, ".", "_") + "_response" }

func order(rail pay.Rail) provider.Order {
	return provider.Order{
		OutTradeNo: number, AttemptID: "at_1", Rail: rail, Amount: pay.Money{Currency: "CNY", Value: 5980},
		Description: "Tea & <cup>", ExpiresAt: now.Add(30 * time.Minute),
		NotifyURL: "https://pay.example/notify/alipay/" + sellerID, ReturnURL: "https://pay.example/return/at_1?x=1&y=2",
		PayerIP: "203.0.113.9", OS: "ios",
	}
}

// notice is a notification's form with some fields changed; nil takes one away.
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

// signed is the body of a form with Alipay's signature over it.
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

// isUnknown fails unless err leaves the outcome open.
func isUnknown(tb testing.TB, err error) {
	tb.Helper()
	if err == nil {
		tb.Fatal("no error")
	}
	for _, definite := range []error{provider.ErrRefused, provider.ErrPaid, provider.ErrClosed, provider.ErrAbsent, provider.ErrLater} {
		if errors.Is(err, definite) {
			tb.Errorf("%v counts as %q", err, definite)
		}
	}
	isClean(tb, err)
}

// isClean fails if an error holds anything of what was sent or of an answer's
// prose.
func isClean(tb testing.TB, err error) {
	tb.Helper()
	for _, secret := range []string{"canary", number, "biz_content", "sign=", "PRIVATE KEY", "http://", "\n"} {
		if strings.Contains(err.Error(), secret) {
			tb.Errorf("the error holds %q: %v", secret, err)
		}
	}
}
