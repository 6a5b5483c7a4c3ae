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
	"sync/atomic"
	"time"
)

// WeChatAccount is a merchant at the simulated WeChat Pay. The simulator holds
// the platform's private key and the merchant's public one: the merchant's
// private key stays with the merchant, as in life.
type WeChatAccount struct {
	MchID             string   // 8 to 10 digits
	AppID             string   // of the service account: OAuth and JSAPI are its; "" for a merchant under a service provider without one
	OtherAppIDs       []string // of the same kind, bound to the number too
	AppSecret         string   // for OAuth; "" if unused
	MobileAppID       string   // of the mobile app, bound too: only its SDK pays orders of App; "" if there is none
	MiniProgramID     string   // of the mini program, bound too: JSAPI is its as well; "" if there is none
	MiniProgramSecret string   // for jscode2session; "" if unused
	Name              string   // shown to payers; "" for the mchid
	MerchantSerial    string   // of the merchant's certificate, hex, upper case
	MerchantPublicKey *rsa.PublicKey
	APIv3Key          []byte // 32 bytes
	PlatformKey       *rsa.PrivateKey
	PublicKeyID       string                // PUB_KEY_ID_…
	H5Domains         []string              // host or host:port, without scheme
	OAuthDomains      []string              // host or host:port; where OAuth may lead back to
	Certificates      []PlatformCertificate // of the platform's; nil for an account that has only the public key
	// CertificateCallbacks has notifications signed by certificate where there is a public key too.
	CertificateCallbacks bool
	Under                *WeChatServiceProvider // who calls for it, with the keys here, which are its; nil for a direct merchant
	Products             []Product              // granted; nil for Native, H5, JSAPI and App
}

type wechatAccount struct {
	WeChatAccount
	certificates atomic.Pointer[platformCertificates] // in place of those above; replies are signed without the lock
	nonces       *nonces                              // of its caller
	codes        map[string]oauthCode                 // of OAuth and wx.login, given out; of its caller too, for whose app they may be
}

func (a *wechatAccount) id() string     { return a.MchID }
func (a *wechatAccount) payee() string  { return a.Name }
func (a *wechatAccount) wallet() Wallet { return WeChat }

// names returns the openid of a user under the app that the order was made for.
func (a *wechatAccount) names(o *order, u User) string { return openid(o.appID, u) }

// bound reports whether orders of a product may be made under an app id.
func (a *wechatAccount) bound(appID string, product Product) bool {
	switch {
	case appID == "":
		return false
	case appID == a.MobileAppID:
		return product != JSAPI
	case product == AppPay:
		return false
	}
	return appID == a.AppID || appID == a.MiniProgramID || slices.Contains(a.OtherAppIDs, appID)
}

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
		a.Products = slices.Clone(everyProduct)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.wechat[a.MchID]; ok {
		return fmt.Errorf("WeChat Pay account %q: added twice", a.MchID)
	}
	account := &wechatAccount{WeChatAccount: a, nonces: &nonces{seen: map[string]bool{}}, codes: map[string]oauthCode{}}
	account.certificates.Store(&platformCertificates{a.Certificates, a.CertificateCallbacks})
	if others := s.callers(account.caller()); len(others) > 0 {
		if !others[0].isPartner() || !account.isPartner() {
			return fmt.Errorf("WeChat Pay account %q: %s is a direct merchant and a service provider", a.MchID, account.caller())
		}
		account.nonces, account.codes = others[0].nonces, others[0].codes
	}
	s.wechat[a.MchID] = account
	return nil
}

func (a *WeChatAccount) check() error {
	if !isDigits(a.MchID, 8, 10) {
		return errors.New("mchid: 8 to 10 digits are needed")
	}
	if a.AppID == "" && a.Under == nil || a.MerchantSerial == "" {
		return errors.New("app id and merchant serial are needed")
	}
	if len(a.APIv3Key) != 32 {
		return fmt.Errorf("APIv3 key: 32 bytes are needed, not %d", len(a.APIv3Key))
	}
	if err := a.checkSigners(); err != nil {
		return err
	}
	for _, p := range a.Products {
		if !slices.Contains(everyProduct, p) {
			return fmt.Errorf("product %q is not one of WeChat Pay", p)
		}
	}
	if err := a.Under.check(a); err != nil {
		return err
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
func (a *wechatAccount) header(by signer, body []byte, now time.Time, how seal) http.Header {
	h := http.Header{}
	timestamp, nonce := strconv.FormatInt(now.Unix(), 10), rand.Text()
	signature := how.signature(by.key, timestamp+"\n"+nonce+"\n"+string(body)+"\n")
	if signature == "" {
		return h
	}
	if how == probe {
		signature = probePrefix + signature
	}
	h.Set("Wechatpay-Timestamp", timestamp)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", by.name)
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
	for pattern, call := range map[string]wechatEndpoint{
		"POST /v3/pay/transactions/native":                      {opPrepay, prepay(Native)},
		"POST /v3/pay/transactions/h5":                          {opPrepay, prepay(H5)},
		"POST /v3/pay/transactions/jsapi":                       {opPrepay, prepay(JSAPI)},
		"POST /v3/pay/transactions/app":                         {opPrepay, prepay(AppPay)},
		"GET /v3/pay/transactions/out-trade-no/{number}":        {opQuery, queryNumber},
		"GET /v3/pay/transactions/id/{reference}":               {opQuery, queryReference},
		"POST /v3/pay/transactions/out-trade-no/{number}/close": {opClose, closeOrder},
		"POST /v3/refund/domestic/refunds":                      {opRefund, createRefund},
		"GET /v3/refund/domestic/refunds/{number}":              {opRefundQuery, queryRefund},
		"POST " + abnormalRefundPath:                            {opRefund, redirectRefund},
		"GET /v3/certificates":                                  {opNone, listCertificates},
		"GET /v3/bill/tradebill":                                {opBill, tradeBill},
		"GET /v3/billdownload/file":                             {opNone, downloadBill},
		"/v3/":                                                  {opNone, nil},
	} {
		s.routes.HandleFunc(pattern, s.wechatAPI(call))
		if method, order, ok := strings.Cut(pattern, " /v3/pay/"); ok {
			s.routes.HandleFunc(method+" /v3/pay/partner/"+order, s.wechatAPI(call))
		}
	}
	s.routeWeChatWeb()
	s.routeWeChatHosts()
}

// wechatEndpoint is what happens at a path.
type wechatEndpoint struct {
	op operations
	do wechatWork
}

func (s *Sim) wechatAPI(at wechatEndpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 64<<10)) // one that was cut short fails the check of its signature
		s.serve(w, r, &wechatCall{call: call{op: at.op, host: r.Host, name: r.Method + " " + r.URL.Path}, do: at.do, r: r, body: body})
	}
}

func (c *wechatCall) refusal(kind refusalKind) error { return wechatRefusals[kind] }

func (c *wechatCall) work(s *Sim) (any, error) { return c.do(s, c) }

// reply implements apiCall. Successes are signed, but for bills.
func (c *wechatCall) reply(s *Sim, result any, err error) reply {
	rep := wechatReply(result, err)
	_, isFile := result.(billFile)
	if rep.header = (http.Header{}); rep.status < 300 && !isFile {
		now, how := s.options.Now(), sealFor(c.struck)
		by, _ := c.merchant.signerNamed(c.r.Header.Get("Wechatpay-Serial"), now) // it was looked at before
		rep.header = c.merchant.header(c.merchant.signsBy(how, by, now), rep.body, now, how)
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
