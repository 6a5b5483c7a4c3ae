package alipay_test

import (
	"errors"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
)

const tokenMethod = "alipay.system.oauth.token"

func TestAuthorizeURL(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere).(provider.PayerIdentifier)
	got := p.AuthorizeURL("https://pay.example/openid?a=1&b=2", "abc123")
	want := "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm?app_id=" + appID +
		"&scope=auth_base&redirect_uri=https%3A%2F%2Fpay.example%2Fopenid%3Fa%3D1%26b%3D2&state=abc123"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func identify(t *testing.T, origin, code string) (string, error) {
	t.Helper()
	return open(t, origin).(provider.PayerIdentifier).WalletPayerID(t.Context(), pay.RailJSAPI, code)
}

// token is a signed success, which has no code.
func token(fields map[string]any) answer {
	return answer{result: providertest.With(map[string]any{"access_token": "authbseB1", "expires_in": 1296000, "re_expires_in": 2592000}, fields)}
}

func TestWalletPayerID(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer answer
		want   string
	}{
		"open-id":    {token(map[string]any{"open_id": openID}), openID},
		"both":       {token(map[string]any{"open_id": openID, "user_id": "2088000000009999"}), openID},
		"user-id":    {token(map[string]any{"user_id": "2088000000009999"}), "2088000000009999"},
		"with-10000": {ok(map[string]any{"open_id": openID}), openID},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, always(c.answer))
			if id, err := identify(t, w.URL, "c o&de"); err != nil || id != c.want {
				t.Errorf("got %q, %v", id, err)
			}
			sent := forms(t, w)[0]
			if sent.Get("method") != tokenMethod || sent.Get("grant_type") != "authorization_code" || sent.Get("code") != "c o&de" || sent.Has("biz_content") {
				t.Errorf("sent %v", sent)
			}
			verifySent(t, sent)
		})
	}
}

func TestWalletPayerIDRefused(t *testing.T) {
	t.Parallel()
	name := responseName(tokenMethod)
	for test, c := range map[string]struct {
		answer
		spent bool // the payer chooses again; else the error is not theirs
	}{
		"spent":        {answer{raw: `{"error_response":{"code":"40002","sub_code":"isv.code-invalid","sub_msg":"canary"},"sign":"x"}`}, true},
		"spent-signed": {no("40002", "isv.code-invalid"), true},
		"bad-app":      {answer{raw: `{"error_response":{"code":"40002","sub_code":"isv.invalid-app-id","sub_msg":"canary"}}`}, false},
		"not-allowed":  {answer{raw: `{"error_response":{"code":"40006","sub_code":"isv.insufficient-isv-permissions","sub_msg":"canary"},"sign":"x"}`}, false},
		"no-right":     {answer{result: map[string]any{"code": "40006", "sub_code": "isv.insufficient-isv-permissions", "open_id": openID}}, false},
		"unsigned":     {answer{raw: `{"` + name + `":{"open_id":"` + openID + `"}}`}, false},
		"forged":       {answer{raw: `{"` + name + `":{"open_id":"` + openID + `"},"sign":"` + sign("something else") + `"}`}, false},
		"nobody":       {token(nil), false},
		"odd-id":       {token(map[string]any{"open_id": `a b"canary` + openID}), false},
		"odd-user":     {token(map[string]any{"user_id": "1088000000009999"}), false},
		"id-of-number": {token(map[string]any{"open_id": 5}), false},
		"web-page":     {answer{raw: "<html>canary</html>"}, false},
		"cut":          {answer{cut: true}, false},
	} {
		t.Run(test, func(t *testing.T) {
			id, err := identify(t, newWire(t, always(c.answer)).URL, "canarycode")
			if err == nil || id != "" {
				t.Fatalf("got %q, %v", id, err)
			}
			var wrong *pay.Error
			if errors.As(err, &wrong) != c.spent || c.spent && wrong.Field != "auth_code" {
				t.Errorf("got %v", err)
			}
			providertest.Clean(t, err, secrets...)
		})
	}
}

// Who did not agree to be identified comes back without a code: nothing is asked.
func TestPayerWhoDidNotAgree(t *testing.T) {
	t.Parallel()
	if _, err := identify(t, providertest.Nowhere, ""); pay.CodeOf(err) != pay.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func TestStartBridge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ product, payer, content string }{
		"in-app":       {"JSAPI_PAY", openID, `"product_code":"JSAPI_PAY","time_expire":"2026-11-23 20:30:00","buyer_open_id":"` + openID + `","op_app_id":"` + appID + `"}`},
		"face-to-face": {"FACE_TO_FACE_PAYMENT", openID, `"product_code":"FACE_TO_FACE_PAYMENT","time_expire":"2026-11-23 20:30:00","buyer_open_id":"` + openID + `"}`},
		"user-id":      {"FACE_TO_FACE_PAYMENT", "2088000000009999", `"product_code":"FACE_TO_FACE_PAYMENT","time_expire":"2026-11-23 20:30:00","buyer_id":"2088000000009999"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, always(ok(map[string]any{"out_trade_no": number, "trade_no": tradeNo})))
			p := openWith(t, w.URL, map[string]any{"jsapi_product": c.product})
			o := order(pay.RailJSAPI)
			o.WalletPayerID = c.payer
			action, err := providertest.Start(t, p, o)
			if err != nil {
				t.Fatal(err)
			}
			if action.Kind != pay.ActionBridge || action.Bridge != "alipay" || len(action.Params) != 1 || action.Params["tradeNO"] != tradeNo ||
				!action.ExpiresAt.Equal(now.Add(30*time.Minute)) {
				t.Errorf("got %+v", action)
			}
			sent := forms(t, w)[0]
			want := `{"out_trade_no":"` + number + `","total_amount":"59.80","subject":"Tea \u003cgreen\u003e   cup",` + c.content
			if got := sent.Get("biz_content"); got != want {
				t.Errorf("sent\n%s\nwant\n%s", got, want)
			}
			if sent.Get("method") != "alipay.trade.create" || sent.Get("notify_url") != o.NotifyURL || sent.Has("return_url") {
				t.Errorf("sent %v", sent)
			}
			verifySent(t, sent)
		})
	}
}

func TestStartBridgeAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer
		want error // nil for unknown
	}{
		"another-order": {ok(map[string]any{"out_trade_no": number + "2", "trade_no": tradeNo}), nil},
		"no-order":      {ok(map[string]any{"trade_no": tradeNo}), nil},
		"no-trade":      {ok(map[string]any{"out_trade_no": number}), nil},
		"odd-trade":     {ok(map[string]any{"out_trade_no": number, "trade_no": `canary"><script>`}), nil},
		"paid":          {no("40004", "ACQ.TRADE_HAS_SUCCESS"), provider.ErrPaid},
		"closed":        {no("40004", "ACQ.TRADE_HAS_CLOSE"), provider.ErrClosed},
		"own-account":   {no("40004", "ACQ.BUYER_SELLER_EQUAL"), provider.ErrRefused},
		"no-such-buyer": {no("40004", "ACQ.BUYER_NOT_EXIST"), provider.ErrRefused},
		"no-contract":   {no("40004", "ACQ.ACCESS_FORBIDDEN"), provider.ErrRefused},
		"unsigned":      {answer{raw: `{"` + responseName("alipay.trade.create") + `":{"code":"10000","out_trade_no":"` + number + `","trade_no":"` + tradeNo + `"}}`}, nil},
		"cut":           {answer{cut: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := start(t, open(t, newWire(t, always(c.answer)).URL), pay.RailJSAPI)
			if c.want == nil {
				providertest.Undecided(t, err, secrets...)
				return
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			providertest.Clean(t, err, secrets...)
		})
	}
}
