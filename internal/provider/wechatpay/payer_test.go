package wechatpay_test

import (
	"errors"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
)

func TestAuthorizeURL(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil).(provider.PayerIdentifier)
	got := p.AuthorizeURL("https://pay.example/openid?a=1&b=2", "abc123")
	want := "https://open.weixin.qq.com/connect/oauth2/authorize?appid=" + appID +
		"&redirect_uri=https%3A%2F%2Fpay.example%2Fopenid%3Fa%3D1%26b%3D2&response_type=code&scope=snsapi_base&state=abc123#wechat_redirect"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWalletPayerID(t *testing.T) {
	t.Parallel()
	for rail, want := range map[pay.Rail]string{
		pay.RailJSAPI:       "GET api.weixin.qq.com/sns/oauth2/access_token?appid=" + appID + "&code=c+o%26de&grant_type=authorization_code&secret=" + appSecret,
		pay.RailMiniProgram: "GET api.weixin.qq.com/sns/jscode2session?appid=" + miniID + "&grant_type=authorization_code&js_code=c+o%26de&secret=" + appSecret,
	} {
		w := newWire(t, always(answer{status: 200, body: `{"access_token":"t","session_key":"k","expires_in":7200,"openid":"oUpF8uMuAJO","scope":"snsapi_base"}`}))
		id, err := open(t, w.URL, hosted).(provider.PayerIdentifier).WalletPayerID(t.Context(), rail, "c o&de")
		if err != nil || id != "oUpF8uMuAJO" {
			t.Errorf("%s: got %q, %v", rail, id, err)
		}
		if w.Sent()[0].Path != want {
			t.Errorf("asked %s, want %s", w.Sent()[0].Path, want)
		}
	}
	for _, rail := range []pay.Rail{pay.RailMiniProgram, pay.RailApp} {
		if _, err := open(t, providertest.Nowhere, nil).(provider.PayerIdentifier).WalletPayerID(t.Context(), rail, "code"); pay.CodeOf(err) != pay.CodeInvalid {
			t.Errorf("%s without a secret: %v", rail, err)
		}
	}
}

func TestWalletPayerIDRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer
		field string // "" for an error that is not the payer's
	}{
		"used":       {answer{status: 200, body: `{"errcode":40163,"errmsg":"code been used canary"}`}, "code"},
		"made-up":    {answer{status: 200, body: `{"errcode":40029,"errmsg":"invalid code"}`}, "code"},
		"bad-secret": {answer{status: 200, body: `{"errcode":40125,"errmsg":"invalid appsecret canary"}`}, ""},
		"no-openid":  {answer{status: 200, body: `{}`}, ""},
		"odd-openid": {answer{status: 200, body: `{"openid":"a b\"canary"}`}, ""},
		"not-json":   {answer{status: 200, body: `canary`}, ""},
		"down":       {answer{status: 503, body: `{}`}, ""},
		"cut":        {answer{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, always(c.answer))
			id, err := open(t, w.URL, nil).(provider.PayerIdentifier).WalletPayerID(t.Context(), pay.RailJSAPI, "code")
			if err == nil || id != "" {
				t.Fatalf("got %q, %v", id, err)
			}
			var wrong *pay.Error
			if errors.As(err, &wrong) != (c.field != "") || c.field != "" && wrong.Field != c.field {
				t.Errorf("got %v", err)
			}
			providertest.Clean(t, err, secrets...)
			if strings.Contains(err.Error(), appID) {
				t.Errorf("the error holds the URL: %v", err)
			}
		})
	}
}
