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

// identities say where a code is traded for an openid, and by which name, by rail: those
// of WeChat's browser come from [account.AuthorizeURL], those of mini programs from
// wx.login.
var identities = map[pay.Rail]struct{ path, code string }{
	pay.RailJSAPI:       {"/sns/oauth2/access_token", "code"},
	pay.RailMiniProgram: {"/sns/jscode2session", "js_code"},
}

// WalletPayerID implements provider.PayerIdentifier: the openid under our app of the
// rail. The reply is not signed; TLS is all that WeChat offers here.
func (a *account) WalletPayerID(ctx context.Context, rail pay.Rail, code string) (string, error) {
	by, ok := identities[rail]
	if !ok || a.secrets[rail] == "" {
		return "", pay.Errorf(pay.CodeInvalid, "rail", "payers by %s are not identified", rail)
	}
	query := url.Values{
		"appid": {a.App(rail)}, "secret": {a.secrets[rail]}, by.code: {code}, "grant_type": {"authorization_code"},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.weixin.qq.com"+by.path+"?"+query.Encode(), nil)
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
