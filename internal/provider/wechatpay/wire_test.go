package wechatpay_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/wechatpay"
)

const (
	mchID       = "1900000001"
	appID       = "wx8888888888888888"
	publicKeyID = "PUB_KEY_ID_0119000000012026"
	apiV3Key    = "0123456789abcdefABCDEF0123456789"
	appSecret   = "canary-app-secret"
	number      = "MP00000000000000000000000000001A"
)

// now is the present in every test: verification takes its clock from Env.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

var (
	merchantKey = sync.OnceValue(newKey)
	wechatKey   = sync.OnceValue(newKey)
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
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func pkix(key *rsa.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// keyFiles are what the settings of an account name.
func keyFiles() map[string][]byte {
	return map[string][]byte{
		"key.pem":     pkcs8(merchantKey()),
		"pub_key.pem": pkix(&wechatKey().PublicKey),
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

// open makes the adapter, talking to origin, with some settings changed; a nil
// value takes a setting away.
func open(tb testing.TB, origin string, change map[string]any) provider.Provider {
	tb.Helper()
	s := goodSettings()
	maps.Copy(s, change)
	maps.DeleteFunc(s, func(_ string, v any) bool { return v == nil })
	raw, err := json.Marshal(s)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := wechatpay.Open(raw, env(origin, keyFiles()))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// answer is one reply on the wire. Those with a 2xx are signed unless sign says
// otherwise.
type answer struct {
	status    int
	body      string
	requestID string
	sign      func(http.Header) // changes the signature's headers
}

// wire is a socket on which replies are exactly what a test says: those that a
// simulator with good manners would never send.
type wire struct {
	URL string

	mu     sync.Mutex
	answer func(r *http.Request, body string) answer
	seen   []sent
}

// sent is a request as it arrived.
type sent struct {
	path string // with method and host
	body string
}

// sent are the requests so far. Those that were cut off come without a reply
// that would order what happened, so the lock must.
func (w *wire) sent() []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}

func newWire(tb testing.TB, reply func(r *http.Request, body string) answer) *wire {
	w := &wire{answer: reply}
	server := httptest.NewServer(w)
	tb.Cleanup(server.Close)
	w.URL = server.URL
	return w
}

// always answers everything in the same way.
func always(a answer) func(*http.Request, string) answer {
	return func(*http.Request, string) answer { return a }
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	w.seen = append(w.seen, sent{r.Method + " " + r.Host + r.RequestURI, string(body)})
	a := w.answer(r, string(body))
	w.mu.Unlock()
	if a.status == 0 {
		panic(http.ErrAbortHandler) // the connection is cut
	}
	if a.status < 300 {
		signed(rw.Header(), []byte(a.body), now)
	}
	if a.sign != nil {
		a.sign(rw.Header())
	}
	if a.requestID != "" {
		rw.Header().Set("Request-ID", a.requestID)
	}
	rw.WriteHeader(a.status)
	io.WriteString(rw, a.body)
}

// signed puts WeChat Pay's signature over a body into a header.
func signed(h http.Header, body []byte, at time.Time) {
	stamp, nonce := strconv.FormatInt(at.Unix(), 10), "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
	sum := sha256.Sum256([]byte(stamp + "\n" + nonce + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, wechatKey(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	h.Set("Wechatpay-Timestamp", stamp)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", publicKeyID)
	h.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
}

// notification is a signed and encrypted notification about plain. rawJSON is
// encrypted as it is, valid or not.
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

// transaction is what WeChat Pay says about an order, with some fields changed;
// a nil value takes a field away.
func transaction(change map[string]any) map[string]any {
	tx := map[string]any{
		"mchid": mchID, "appid": appID, "out_trade_no": number, "transaction_id": "4200000001202611230000000001",
		"trade_type": "NATIVE", "trade_state": "SUCCESS", "trade_state_desc": "支付成功", "bank_type": "OTHERS",
		"success_time": "2026-11-23T19:59:58+08:00", "payer": map[string]any{"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
		"amount": map[string]any{"total": 5980, "payer_total": 5480, "currency": "CNY", "payer_currency": "CNY"},
	}
	maps.Copy(tx, change)
	maps.DeleteFunc(tx, func(_ string, v any) bool { return v == nil })
	return tx
}

func jsonText(tb testing.TB, v any) string {
	tb.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(raw)
}

func order(rail pay.Rail) provider.Order {
	return provider.Order{
		OutTradeNo: number, AttemptID: "at_1", Rail: rail, Amount: pay.Money{Currency: "CNY", Value: 5980},
		Description: "Tea <green> & cup", ExpiresAt: now.Add(30 * time.Minute),
		NotifyURL: "https://pay.example/notify/wechatpay/" + mchID, ReturnURL: "https://pay.example/return/at_1?x=1&y=2",
		PayerIP: "203.0.113.9", PayerID: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", OS: "ios",
	}
}

// isClean fails if an error holds any of the secrets of an account or the words
// of an answer.
func isClean(tb testing.TB, err error) {
	tb.Helper()
	for _, secret := range []string{"canary", apiV3Key, "PRIVATE KEY", "Authorization", "signature=", "oUpF8u", "\n"} {
		if strings.Contains(err.Error(), secret) {
			tb.Errorf("the error holds %q: %v", secret, err)
		}
	}
}
