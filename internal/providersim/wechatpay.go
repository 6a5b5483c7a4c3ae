package providersim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// WeChatAccount is a merchant at the simulated WeChat Pay. The simulator holds
// the platform's private key and the merchant's public one: the merchant's
// private key stays with the merchant, as in life.
type WeChatAccount struct {
	MchID             string   // 8 to 10 digits
	AppID             string   // of the service account: OAuth and JSAPI are its
	OtherAppIDs       []string // bound to the number too, such as of a mobile app
	AppSecret         string   // for OAuth; "" if unused
	Name              string   // shown to payers; "" for the mchid
	MerchantSerial    string   // of the merchant's certificate, hex, upper case
	MerchantPublicKey *rsa.PublicKey
	APIv3Key          []byte // 32 bytes
	PlatformKey       *rsa.PrivateKey
	PublicKeyID       string    // PUB_KEY_ID_…
	H5Domains         []string  // host or host:port, without scheme
	OAuthDomains      []string  // host or host:port; where OAuth may lead back to
	Products          []Product // granted; nil for Native, H5 and JSAPI
}

type wechatAccount struct {
	WeChatAccount
	nonces nonces
	codes  map[string]oauthCode // OAuth codes given out
}

func (a *wechatAccount) id() string     { return a.MchID }
func (a *wechatAccount) payee() string  { return a.Name }
func (a *wechatAccount) wallet() Wallet { return WeChat }

// person returns the openid of a user under the service account.
func (a *wechatAccount) person(u User) string { return openid(a.AppID, u) }

// openid returns the id of a user under an app: stable, and different for every app.
func openid(appID string, u User) string {
	sum := sha256.Sum256([]byte(appID + " " + string(u)))
	return "o" + base64.RawURLEncoding.EncodeToString(sum[:])[:27]
}

func (a *wechatAccount) opened(*Sim, *order) {}

func (a *wechatAccount) back(o *order, _ time.Time) string { return o.returnURL }

// AddWeChatAccount opens an account. It fails if a part is missing or could
// not be real.
func (s *Sim) AddWeChatAccount(a WeChatAccount) error {
	if err := a.check(); err != nil {
		return fmt.Errorf("WeChat Pay account %q: %w", a.MchID, err)
	}
	if a.Name == "" {
		a.Name = a.MchID
	}
	if a.Products == nil {
		a.Products = []Product{Native, H5, JSAPI}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.wechat[a.MchID]; ok {
		return fmt.Errorf("WeChat Pay account %q: added twice", a.MchID)
	}
	s.wechat[a.MchID] = &wechatAccount{WeChatAccount: a, nonces: nonces{seen: map[string]bool{}}, codes: map[string]oauthCode{}}
	return nil
}

func (a *WeChatAccount) check() error {
	if !isDigits(a.MchID, 8, 10) {
		return errors.New("mchid: 8 to 10 digits are needed")
	}
	if a.AppID == "" || a.MerchantSerial == "" {
		return errors.New("app id and merchant serial are needed")
	}
	if len(a.APIv3Key) != 32 {
		return fmt.Errorf("APIv3 key: 32 bytes are needed, not %d", len(a.APIv3Key))
	}
	if !strings.HasPrefix(a.PublicKeyID, "PUB_KEY_ID_") {
		return errors.New("public key id: it starts with PUB_KEY_ID_")
	}
	for _, p := range a.Products {
		if !slices.Contains([]Product{Native, H5, JSAPI}, p) {
			return fmt.Errorf("product %q is not one of WeChat Pay", p)
		}
	}
	return checkKeys(a.MerchantPublicKey, a.PlatformKey)
}

func isDigits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

// probePrefix starts the signature of a probe.
const probePrefix = "WECHATPAY/SIGNTEST/"

// header signs a body of ours in the way of WeChat Pay: over time, nonce and
// body, each ended by a newline.
func (a *wechatAccount) header(body []byte, now time.Time, how seal) http.Header {
	h := http.Header{}
	timestamp, nonce := strconv.FormatInt(now.Unix(), 10), rand.Text()
	signature := how.signature(a.PlatformKey, timestamp+"\n"+nonce+"\n"+string(body)+"\n")
	if signature == "" {
		return h
	}
	if how == probe {
		signature = probePrefix + signature
	}
	h.Set("Wechatpay-Timestamp", timestamp)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", a.PublicKeyID)
	h.Set("Wechatpay-Signature", signature)
	h.Set("Wechatpay-Signature-Type", wechatScheme)
	return h
}

// wechatCall is one call of the API.
type wechatCall struct {
	call
	do       wechatWork // nil where there is no such call
	r        *http.Request
	body     []byte
	merchant *wechatAccount
	now      time.Time
}

// wechatWork does what a call asks for and returns the reply's JSON; nil is an
// empty 204. It runs with the lock held and fails with *problem.
type wechatWork func(*Sim, *wechatCall) (any, error)

func (s *Sim) routeWeChat() {
	for pattern, call := range map[string]struct {
		op operations
		do wechatWork
	}{
		"POST /v3/pay/transactions/native":                      {opPrepay, prepay(Native)},
		"POST /v3/pay/transactions/h5":                          {opPrepay, prepay(H5)},
		"POST /v3/pay/transactions/jsapi":                       {opPrepay, prepay(JSAPI)},
		"GET /v3/pay/transactions/out-trade-no/{number}":        {opQuery, queryNumber},
		"GET /v3/pay/transactions/id/{reference}":               {opQuery, queryReference},
		"POST /v3/pay/transactions/out-trade-no/{number}/close": {opClose, closeOrder},
		"POST /v3/refund/domestic/refunds":                      {opRefund, createRefund},
		"GET /v3/refund/domestic/refunds/{number}":              {opRefundQuery, queryRefund},
		"POST " + abnormalRefundPath:                            {opRefund, redirectRefund},
		"GET /v3/bill/tradebill":                                {opBill, tradeBill},
		"GET /v3/billdownload/file":                             {opNone, downloadBill},
		"/v3/":                                                  {opNone, nil},
	} {
		s.routes.HandleFunc(pattern, s.wechatAPI(call.op, call.do))
	}
	s.routeWeChatWeb()
}

func (s *Sim) wechatAPI(op operations, do wechatWork) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 64<<10)) // one that was cut short fails the check of its signature
		s.serve(w, r, &wechatCall{call: call{op: op, name: r.Method + " " + r.URL.Path}, do: do, r: r, body: body})
	}
}

func (c *wechatCall) refusal(kind refusalKind) error { return wechatRefusals[kind] }

func (c *wechatCall) work(s *Sim) (any, error) { return c.do(s, c) }

// reply implements apiCall. Successes are signed, but for bills.
func (c *wechatCall) reply(s *Sim, result any, err error) reply {
	rep := wechatReply(result, err)
	_, isFile := result.(billFile)
	if rep.header = (http.Header{}); rep.status < 300 && !isFile {
		rep.header = c.merchant.header(rep.body, s.options.Now(), sealFor(c.struck))
	}
	c.id = newRequestID(err)
	rep.header.Set("Request-ID", c.id)
	return rep
}

func wechatReply(result any, err error) reply {
	if err != nil {
		p := asProblem(err)
		return reply{status: p.Status, contentType: "application/json; charset=utf-8", body: plainJSON(p)}
	}
	if file, ok := result.(billFile); ok {
		return reply{status: http.StatusOK, contentType: "text/plain; charset=utf-8", body: file}
	}
	if result == nil {
		return reply{status: http.StatusNoContent}
	}
	return reply{status: http.StatusOK, contentType: "application/json; charset=utf-8", body: plainJSON(result)}
}

// newRequestID names a reply. It ends with WeChat Pay's number of the error.
func newRequestID(err error) string { return rand.Text() + "-" + strconv.Itoa(errorNumber(err)) }
