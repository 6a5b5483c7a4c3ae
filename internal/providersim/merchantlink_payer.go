package providersim

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// identifyPayer sends the browser back with a code, silently, for whoever holds the
// phone (see SetUser).
func (s *Sim) identifyPayer(w http.ResponseWriter, r *http.Request) {
	back, err := url.Parse(r.FormValue("redirect_uri"))
	if err != nil || back.Scheme != "http" && back.Scheme != "https" || back.Host == "" {
		s.page(w, r, http.StatusBadRequest, "refused.html", "redirect_uri参数错误")
		return
	}
	code, ok := s.payerCode(r.PathValue("account"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	q := back.Query()
	q.Set("code", code)
	q.Set("state", r.FormValue("state"))
	back.RawQuery = q.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// payerCode makes a code for whoever holds the phone; false if there is no such cashier.
func (s *Sim) payerCode(accountID string) (code string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.merchantLink[accountID]
	if a == nil {
		return "", false
	}
	code = rand.Text()
	a.codes[code] = oauthCode{openid: a.person(s.holder), expires: s.now().Add(oauthCodeLife)}
	return code, true
}

// tellPayer trades a code, once, for who it was given to.
func tellPayer(_ *Sim, c *merchantLinkCall) (any, error) {
	var in struct {
		Version int    `json:"version"`
		Code    string `json:"code"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil || in.Version != 2 {
		return nil, merchantLinkFailure(http.StatusBadRequest, "the message holds no code, in version 2")
	}
	code, ok := c.merchant.codes[in.Code]
	if !ok || code.used || !c.now.Before(code.expires) {
		return nil, merchantLinkFailure(http.StatusUnprocessableEntity, "the code is used, expired or unknown")
	}
	code.used = true
	c.merchant.codes[in.Code] = code
	return map[string]string{"payer": code.openid}, nil
}

// bridgeCall returns what the host app's payment window takes: Alipay's for a wallet of
// Alipay, else WeChat's.
func (a *merchantLinkAccount) bridgeCall(o *order, method string, now time.Time) any {
	if strings.HasPrefix(method, "alipay") {
		return map[string]any{"bridge": "alipay", "params": map[string]string{"tradeNO": o.pass.text}}
	}
	o.appID = "wx" + a.ID
	params := map[string]string{
		"appId": o.appID, "timeStamp": strconv.FormatInt(now.Unix(), 10), "nonceStr": rand.Text(), "package": "prepay_id=" + o.pass.text, "signType": "RSA",
	}
	params["paySign"] = a.bridgeSignature(strings.Join([]string{params["appId"], params["timeStamp"], params["nonceStr"], params["package"], ""}, "\n"))
	return map[string]any{"bridge": "weixin", "params": params}
}

// bridgeSignature stands for the acquirer's own, whose key is none of the checkout's
// business.
func (a *merchantLinkAccount) bridgeSignature(message string) string {
	return a.mac(a.Secret, "bridge", "", []byte(message))
}

func (a *merchantLinkAccount) signedBridge(message, signature string) bool {
	return signature == a.bridgeSignature(message)
}
