package providersim

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// oauthMethod is the gateway's call that exchanges a code for the buyer's id.
const oauthMethod = "alipay.system.oauth.token"

// authCode is a code that Alipay gives the browser for the merchant's server.
type authCode struct {
	user    User
	expires time.Time
	used    bool
}

// openID returns the id of a user to one application.
func (a *alipayAccount) openID(u User) string {
	sum := sha256.Sum256([]byte(a.AppID + "\n" + string(u)))
	return "0" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// buyer finds the user whom a trade is made for, by either of their ids.
func (a *alipayAccount) buyer(b bizContent) (u User, ok bool) {
	at := slices.IndexFunc(Users, func(u User) bool {
		return b.BuyerOpenID == a.openID(u) || b.BuyerOpenID == "" && b.BuyerID == a.person(u)
	})
	if at < 0 {
		return "", false
	}
	return Users[at], true
}

// authorizeAlipay sends Alipay's browser back with a code, silently, for whoever
// holds the phone (see SetUser).
func (s *Sim) authorizeAlipay(w http.ResponseWriter, r *http.Request) {
	to, refusal := s.grantAlipay(r.URL.Query())
	if refusal != "" {
		s.page(w, r, http.StatusOK, "refused.html", refusal)
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}

func (s *Sim) grantAlipay(q url.Values) (to, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.alipay[q.Get("app_id")]
	if a == nil {
		return "", "应用不存在"
	}
	if q.Get("scope") != "auth_base" {
		return "", "授权scope无效"
	}
	if !isAlipayState(q.Get("state")) {
		return "", "state参数无效"
	}
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || !leadsTo(a.OAuthDomains, q.Get("redirect_uri")) {
		return "", "redirect_uri与应用配置的授权回调地址不一致"
	}
	code := strings.ToLower(rand.Text())
	a.codes[code] = authCode{user: s.holder, expires: s.now().Add(oauthCodeLife)}
	v := back.Query()
	for name, value := range map[string]string{
		"app_id": a.AppID, "source": "alipay_wallet", "scope": "auth_base", "auth_code": code, "state": q.Get("state"),
	} {
		v.Set(name, value)
	}
	back.RawQuery = v.Encode()
	return back.String(), ""
}

// isAlipayState reports whether a state keeps Alipay's rule: the letters of base64,
// 100 at most. It may be left out.
func isAlipayState(s string) bool {
	return len(s) <= 100 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("+/=", r))
	})
}

// tokenReply has no code: that it is there says that the call worked.
type tokenReply struct {
	OpenID       string `json:"open_id"`
	AccessToken  string `json:"access_token"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	ReExpiresIn  int    `json:"re_expires_in"`
	AuthStart    string `json:"auth_start"`
}

// oauthToken exchanges a code, which works once, for the id of who was asked.
func oauthToken(s *Sim, c *alipayCall) (any, error) {
	if c.p.Get("grant_type") != "authorization_code" {
		return nil, invalidArgument("grant-type")
	}
	code, ok := c.merchant.codes[c.p.Get("code")]
	if len(c.struck) > 0 || !ok || code.used || !c.now.Before(code.expires) {
		return nil, errAuthCode
	}
	code.used = true
	c.merchant.codes[c.p.Get("code")] = code
	return tokenReply{
		OpenID: c.merchant.openID(code.user), AccessToken: "authbseB" + rand.Text(), ExpiresIn: 1296000,
		RefreshToken: "authbseB" + rand.Text(), ReExpiresIn: 2592000, AuthStart: c.now.In(china).Format(time.DateTime),
	}, nil
}
