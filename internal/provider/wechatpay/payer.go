package wechatpay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"morepay/internal/pay"
)

// AuthorizeURL implements provider.PayerIdentifier. The order of the parameters
// and the fragment matter to WeChat; snsapi_base asks the payer nothing.
func (a *account) AuthorizeURL(redirect, state string) string {
	origin := "https://open.weixin.qq.com"
	if a.env.TestURL != "" {
		origin = a.env.TestURL
	}
	return origin + "/connect/oauth2/authorize?appid=" + url.QueryEscape(a.App(pay.RailJSAPI)) +
		"&redirect_uri=" + url.QueryEscape(redirect) +
		"&response_type=code&scope=snsapi_base&state=" + url.QueryEscape(state) + "#wechat_redirect"
}

// CodeName implements provider.PayerIdentifier.
func (a *account) CodeName() string { return "code" }

// spentCodes are the errcodes that say: this code is used, old or made up.
var spentCodes = map[int]bool{40029: true, 40163: true, 41008: true, 42003: true}

// WalletPayerID implements provider.PayerIdentifier: the openid under our appid. The
// reply is not signed; TLS is all that WeChat offers here.
func (a *account) WalletPayerID(ctx context.Context, code string) (string, error) {
	query := url.Values{
		"appid": {a.App(pay.RailJSAPI)}, "secret": {a.appSecret}, "code": {code}, "grant_type": {"authorization_code"},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.weixin.qq.com/sns/oauth2/access_token?"+query.Encode(), nil)
	if err != nil {
		return "", redact(err)
	}
	resp, err := a.env.HTTP.Do(request)
	if err != nil {
		return "", redact(err)
	}
	defer resp.Body.Close()
	var reply struct {
		OpenID  string `json:"openid"`
		ErrCode int    `json:"errcode"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		return "", redact(err)
	}
	if spentCodes[reply.ErrCode] {
		return "", pay.Errorf(pay.CodeInvalid, "code", "is used, expired or unknown")
	}
	if resp.StatusCode != http.StatusOK || reply.ErrCode != 0 {
		return "", fmt.Errorf("wechat pay: the payer can't be identified: status %d, errcode %d", resp.StatusCode, reply.ErrCode)
	}
	if !openIDForm.MatchString(reply.OpenID) {
		return "", errors.New("wechat pay: the reply has no openid")
	}
	return reply.OpenID, nil
}
