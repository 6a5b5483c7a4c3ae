package providersim

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// h5Path is the page that an h5_url leads to.
const h5Path = "/cgi-bin/mmpayweb-bin/checkmweb"

// oauthCodeLife is the time within which an OAuth code works, once.
const oauthCodeLife = 5 * time.Minute

func (s *Sim) routeWeChatWeb() {
	s.routes.HandleFunc("GET "+h5Path, s.checkMWeb)
	s.routes.HandleFunc("GET /connect/oauth2/authorize", s.authorize)
	s.routes.HandleFunc("GET /sns/oauth2/access_token", trade(s.exchange))
	s.routes.HandleFunc("POST /phone/bridge", s.bridge)
	s.routes.HandleFunc("OPTIONS /phone/bridge", s.bridge)
}

// What checkmweb says when it does not launch WeChat. The words are the real
// page's.
const (
	h5BadLink     = "商家参数格式有误，请联系商家解决"
	h5BadDomain   = "商家存在未配置的参数，请联系商家解决"
	h5Dead        = "支付请求已失效，请重新发起支付"
	h5InWeChat    = "请在微信外打开订单，进行支付"
	h5BadIdentity = "系统繁忙，请稍后再试"
)

// checkMWeb serves the page behind an h5_url. It looks at where the browser comes
// from, as the real one does, then launches WeChat: here, the payment appears
// on the simulated phone. After five seconds the browser goes on to
// redirect_url, whatever has happened.
func (s *Sim) checkMWeb(w http.ResponseWriter, r *http.Request) {
	if !s.opensOn(w, r, WeChat, s.numberOf(r.URL.Query().Get("prepay_id"))) {
		return
	}
	page, refusal := s.launch(r)
	if refusal != "" {
		s.page(w, r, http.StatusOK, "refused.html", refusal)
		return
	}
	s.page(w, r, http.StatusOK, "h5.html", page)
}

// h5Page is what the middle page shows.
type h5Page struct {
	Payee  string
	Amount string
	Open   string // the simulated phone's screen of this payment
	Return string // redirect_url, or ""
}

func (s *Sim) launch(r *http.Request) (page h5Page, refusal string) {
	if strings.Contains(r.UserAgent(), "MicroMessenger") {
		return page, h5InWeChat
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host == "" {
		return page, h5BadLink
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	p := s.books.passes[q.Get("prepay_id")]
	if p == nil || p.order.product != H5 || p.secret != q.Get("package") {
		return page, h5BadIdentity
	}
	account := p.order.account.(*wechatAccount)
	if !listed(account.H5Domains, from.Host) {
		return page, h5BadDomain
	}
	back := q.Get("redirect_url")
	if back != "" && !leadsTo(account.H5Domains, back) {
		return page, h5BadDomain
	}
	now := s.now()
	if !now.Before(p.expires) || s.payable(p.order) != nil {
		return page, h5Dead
	}
	if err := s.strikePage(p.order); err != nil {
		return page, inWords(WeChat, err).Text
	}
	p.order.launched = true
	p.order.returnURL, p.order.quitURL = back, back
	return h5Page{
		Payee: account.Name, Amount: yuan(p.order.fen), Return: back,
		Open: "/phone/orders/" + p.order.id,
	}, ""
}

// listed reports whether a host is one of an account's domains. An entry with a
// port means that port only.
func listed(domains []string, host string) bool {
	name := (&url.URL{Host: host}).Hostname()
	return slices.Contains(domains, host) || slices.Contains(domains, name)
}

func leadsTo(domains []string, link string) bool {
	u, err := url.Parse(link)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && listed(domains, u.Host)
}

// oauthCode is a code that authorize gives the browser for the merchant's server, or
// wx.login a mini program.
type oauthCode struct {
	app     string // of WeChat, under which it is worth something
	openid  string
	login   bool // of wx.login
	expires time.Time
	used    bool
}

// authorize sends WeChat's browser back with a code, silently, for whoever
// holds the phone (see SetUser).
func (s *Sim) authorize(w http.ResponseWriter, r *http.Request) {
	to, refusal := s.grant(r.URL.Query())
	if refusal != "" {
		s.page(w, r, http.StatusBadRequest, "refused.html", refusal)
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}

func (s *Sim) grant(q url.Values) (to, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.accountOfApp(q.Get("appid"))
	if account == nil {
		return "", "appid参数错误"
	}
	if q.Get("response_type") != "code" || q.Get("scope") != "snsapi_base" {
		return "", "Scope参数错误或没有Scope权限"
	}
	if !isState(q.Get("state")) {
		return "", "state参数错误"
	}
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || !leadsTo(s.oauthDomains(q.Get("appid")), q.Get("redirect_uri")) {
		return "", "redirect_uri域名与后台配置不一致，错误码:10003"
	}
	code := rand.Text()
	account.codes[code] = oauthCode{app: q.Get("appid"), openid: openid(q.Get("appid"), s.holder), expires: s.now().Add(oauthCodeLife)}
	v := back.Query()
	v.Set("code", code)
	v.Set("state", q.Get("state"))
	back.RawQuery = v.Encode()
	return back.String(), ""
}

// accountOfApp finds an account that knows payers by a service account, of several under
// one service provider any.
func (s *Sim) accountOfApp(appID string) *wechatAccount {
	for _, a := range s.wechat {
		if a.meetsUnder(appID) {
			return a
		}
	}
	return nil
}

// oauthDomains lists where OAuth of a service account may lead back to.
func (s *Sim) oauthDomains(appID string) (domains []string) {
	for _, a := range s.wechat {
		if a.meetsUnder(appID) {
			domains = append(domains, a.OAuthDomains...)
		}
	}
	return domains
}

func (a *wechatAccount) meetsUnder(appID string) bool {
	return appID != "" && (a.AppID == appID || a.isPartner() && a.Under.AppID == appID)
}

// isState reports whether a state keeps WeChat's rule: letters and digits, 128
// at most. It may be left out.
func isState(s string) bool {
	return len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	})
}

// oauthError is a refusal of the OAuth API, which comes with status 200.
type oauthError struct {
	Code    int    `json:"errcode"`
	Message string `json:"errmsg"`
}

var errCodeUsed = oauthError{40163, "code been used"}

// trade serves an address at which a code is traded for an openid: JSON that is called
// text.
func trade(answer func(url.Values) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write(plainJSON(answer(r.URL.Query())))
	}
}

// exchange trades a code of OAuth for the openid.
func (s *Sim) exchange(q url.Values) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.accountOfApp(q.Get("appid"))
	if account == nil {
		return oauthError{40013, "invalid appid"}
	}
	openid, refusal := s.redeem(account, account.secretOf(q.Get("appid")), q, q.Get("code"), false)
	if refusal != nil {
		return *refusal
	}
	return map[string]any{
		"access_token": rand.Text(), "expires_in": 7200, "refresh_token": rand.Text(), "openid": openid, "scope": "snsapi_base",
	}
}

// redeem trades a code for the openid that it stands for, once.
func (s *Sim) redeem(account *wechatAccount, secret string, q url.Values, text string, login bool) (string, *oauthError) {
	if secret == "" || q.Get("secret") != secret {
		return "", &oauthError{40125, "invalid appsecret"}
	}
	if q.Get("grant_type") != "authorization_code" {
		return "", &oauthError{40002, "invalid grant_type"}
	}
	if len(s.strikeOn(account, "", opIdentify)) > 0 {
		return "", &errCodeUsed
	}
	code, ok := account.codes[text]
	if !ok || code.login != login || code.app != q.Get("appid") {
		return "", &oauthError{40029, "invalid code"}
	}
	if code.used {
		return "", &errCodeUsed
	}
	if !s.now().Before(code.expires) {
		return "", &oauthError{42003, "oauth_code expired"}
	}
	code.used = true
	account.codes[text] = code
	return code.openid, nil
}

// bridgeRequest is getBrandWCPayRequest as WeixinJSBridge takes it, with what
// the person in front of the phone does then.
type bridgeRequest struct {
	AppID     string `json:"appId"`
	Timestamp string `json:"timeStamp"` // seconds
	Nonce     string `json:"nonceStr"`
	Package   string `json:"package"` // prepay_id=…
	SignType  string `json:"signType"`
	PaySign   string `json:"paySign"`
	User      User   `json:"user"`
	Do        string `json:"do"` // approve or cancel
}

// bridge plays WeixinJSBridge for a page in WeChat's own browser: it answers
// err_msg, and why in err_desc when it fails.
func (s *Sim) bridge(w http.ResponseWriter, r *http.Request) {
	if !s.bridgeOrigin(w, r) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 16<<10))
	var b bridgeRequest
	if err != nil || json.Unmarshal(body, &b) != nil {
		controlError(w, http.StatusBadRequest, "the body is not the JSON of getBrandWCPayRequest")
		return
	}
	result, why := s.payByBridge(b)
	answer := map[string]string{"err_msg": "get_brand_wcpay_request:" + result}
	if why != nil {
		answer["err_desc"] = why.Error()
	}
	controlWrite(w, http.StatusOK, answer)
}

// bridgeOrigin lets pages of this machine call a bridge from their own origin.
// It answers a browser's preliminary question itself, and is false then.
func (s *Sim) bridgeOrigin(w http.ResponseWriter, r *http.Request) bool {
	if origin := r.Header.Get("Origin"); s.isNeighbour(origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
		w.Header().Set("Vary", "Origin")
	}
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return false
	}
	return true
}

// isNeighbour reports whether an origin is on this machine, by the names that it has for
// itself or by that of the simulator.
func (s *Sim) isNeighbour(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	if own, err := url.Parse(s.options.Origin); err == nil && u.Hostname() != "" && u.Hostname() == own.Hostname() {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// payByBridge checks a bridge call as the wallet does, then does what the
// payer decides: ok, cancel or fail.
func (s *Sim) payByBridge(b bridgeRequest) (result string, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.checkBridge(b)
	if err != nil {
		return "fail", inWords(WeChat, err)
	}
	return s.payInWeChat(p.order, b.User, b.Do)
}

// payInWeChat shows an order in WeChat's window and does what the payer decides: ok,
// cancel or fail.
func (s *Sim) payInWeChat(o *order, user User, do string) (result string, why error) {
	user = cmp.Or(user, s.holder)
	if err := s.open(o, user); err != nil {
		return "fail", inWords(WeChat, err)
	}
	if do != "approve" {
		s.decided(Cancels, o, user, "")
		return "cancel", nil
	}
	if _, err := s.pay(o, user); err != nil {
		return "fail", inWords(WeChat, err)
	}
	s.decided(Approves, o, user, "")
	return "ok", nil
}

// bridgeSigner is an account whose orders can be paid by WeixinJSBridge.
type bridgeSigner interface {
	signedBridge(message, signature string) bool
}

func (a *wechatAccount) signedBridge(message, signature string) bool {
	return verify(a.MerchantPublicKey, message, signature)
}

// passOf finds what a call's package names.
func (s *Sim) passOf(b bridgeRequest) *pass {
	id, ok := strings.CutPrefix(b.Package, "prepay_id=")
	if !ok {
		return nil
	}
	return s.books.passes[id]
}

func (s *Sim) checkBridge(b bridgeRequest) (*pass, error) {
	p := s.passOf(b)
	if p == nil || p.order.product != JSAPI && p.order.product != MerchantBridge {
		return nil, errUnknownCode
	}
	if a, ok := p.order.account.(*wechatAccount); ok && b.AppID == a.MiniProgramID {
		return nil, errBadBridge // only the mini program itself pays its orders
	}
	return p, s.checkSigned(p, b)
}

// checkSigned holds what the bridge and wx.requestPayment have in common.
func (s *Sim) checkSigned(p *pass, b bridgeRequest) error {
	if p.order.appID != b.AppID || b.SignType != "RSA" {
		return errBadBridge
	}
	if !inSeconds(b.Timestamp) {
		return errBadBridge
	}
	message := b.AppID + "\n" + b.Timestamp + "\n" + b.Nonce + "\n" + b.Package + "\n"
	if signer := p.order.account.(bridgeSigner); !signer.signedBridge(message, b.PaySign) {
		return errBadBridge
	}
	if !s.now().Before(p.expires) {
		return errDeadCode
	}
	return nil
}
