package providersim_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/smartwalle/alipay/v3"

	"morepay/internal/providersim"
)

func alipayAuthorizeQuery() url.Values {
	return url.Values{"app_id": {alipayApp}, "scope": {"auth_base"}, "redirect_uri": {"https://pay.example/pay/x?rail=jsapi"}, "state": {"S1"}}
}

// authorizeAlipay passes through OAuth as Alipay's browser and returns where it was
// sent back to, or nil.
func (fx *fixture) authorizeAlipay(q url.Values) *url.URL {
	fx.t.Helper()
	res, err := fx.http.Get("https://openauth.alipay.com/oauth2/publicAppAuthorize.htm?" + q.Encode())
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil || res.StatusCode != http.StatusFound {
		return nil
	}
	return back
}

// openID returns a user's open_id, got as a merchant gets it.
func (fx *fixture) openID(c *alipay.Client, user providersim.User) string {
	fx.t.Helper()
	fx.sim.SetUser(user)
	r, err := c.SystemOauthToken(fx.t.Context(), alipay.SystemOauthToken{
		GrantType: "authorization_code", Code: fx.authorizeAlipay(alipayAuthorizeQuery()).Query().Get("auth_code"),
	})
	if err != nil || r.OpenId == "" || r.UserId != "" {
		fx.t.Fatalf("OAuth gave %+v, %v", r, err)
	}
	return r.OpenId
}

func TestAlipayOAuthRefuses(t *testing.T) {
	t.Parallel()
	fx, _ := newAlipayWorld(t)
	for name, change := range map[string]func(url.Values){
		"foreign-app":     func(q url.Values) { q.Set("app_id", "2021000000000009") },
		"scope-user":      func(q url.Values) { q.Set("scope", "auth_user") },
		"state-with-dash": func(q url.Values) { q.Set("state", "a-b") },
		"state-too-long":  func(q url.Values) { q.Set("state", strings.Repeat("a", 101)) },
		"foreign-domain":  func(q url.Values) { q.Set("redirect_uri", "https://shop.example/") },
		"script":          func(q url.Values) { q.Set("redirect_uri", "javascript:alert(1)") },
	} {
		t.Run(name, func(t *testing.T) {
			q := alipayAuthorizeQuery()
			change(q)
			if back := fx.authorizeAlipay(q); back != nil {
				t.Errorf("back to %v", back)
			}
		})
	}
}

// exchangeRefusal exchanges a code, and returns the sub_code of a refusal, or "".
func exchangeRefusal(t testing.TB, c *alipay.Client, code string) (sub string) {
	t.Helper()
	_, err := c.SystemOauthToken(t.Context(), alipay.SystemOauthToken{GrantType: "authorization_code", Code: code})
	if refusal, ok := errors.AsType[*alipay.Error](err); ok {
		return refusal.SubCode
	}
	return ""
}

func TestAlipayOAuth(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	back := fx.authorizeAlipay(alipayAuthorizeQuery()).Query()
	if back.Get("state") != "S1" || back.Get("rail") != "jsapi" || back.Get("app_id") != alipayApp || back.Has("code") {
		t.Fatalf("back with %v", back)
	}
	token := func(code string) string { return exchangeRefusal(t, c, code) }
	late := fx.authorizeAlipay(alipayAuthorizeQuery()).Query().Get("auth_code")
	for _, step := range []struct{ name, code, sub string }{
		{"granted", back.Get("auth_code"), ""}, {"twice", back.Get("auth_code"), "isv.code-invalid"}, {"made-up", "other", "isv.code-invalid"},
	} {
		if got := token(step.code); got != step.sub {
			t.Errorf("%s: %q, want %q", step.name, got, step.sub)
		}
	}
	fx.sim.Advance(5 * time.Minute)
	if got := token(late); got != "isv.code-invalid" {
		t.Errorf("too old: %q", got)
	}
	if fx.openID(c, providersim.Ming) == fx.openID(c, providersim.Hong) {
		t.Error("two users have one open_id")
	}
}

// A trade is made for a buyer by either of their ids; nobody else can pay it, and
// asking for it again gives the same one.
func TestAlipayBridge(t *testing.T) {
	t.Parallel()
	for name, buyer := range map[string]func(*fixture, *alipay.Client) alipay.TradeCreate{
		"open-id": func(fx *fixture, c *alipay.Client) alipay.TradeCreate {
			return alipay.TradeCreate{BuyerOpenId: fx.openID(c, providersim.Hong)}
		},
		"buyer-id": func(*fixture, *alipay.Client) alipay.TradeCreate {
			return alipay.TradeCreate{BuyerId: "2088000000000002"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			fx, c := newAlipayWorld(t)
			order := buyer(fx, c)
			order.Trade = fx.trade("bridge_1")
			order.ProductCode, order.OpAppId = "JSAPI_PAY", alipayApp
			r, err := c.TradeCreate(t.Context(), order)
			wantSub(t, r.Error, err, "")
			again, err := c.TradeCreate(t.Context(), order)
			if err != nil || again.TradeNo != r.TradeNo {
				t.Errorf("asked again: %+v, %v", again, err)
			}
			if got := states(fx.sim.Launched()); len(got) != 1 {
				t.Errorf("on the phone: %v", got)
			}
			for _, step := range []struct{ user, do, result string }{{"ming", "approve", "4000"}, {"hong", "cancel", "6001"}, {"hong", "approve", "9000"}} {
				var answer map[string]string
				fx.control(http.MethodPost, "/phone/tradepay", map[string]string{"tradeNO": r.TradeNo, "user": step.user, "do": step.do}, &answer)
				if answer["resultCode"] != step.result {
					t.Errorf("%s %s: %v", step.user, step.do, answer)
				}
			}
			if got := status(t, c, "bridge_1"); got != alipay.TradeStatusSuccess {
				t.Errorf("status is %s", got)
			}
			if told := fx.told(c); told.BuyerId != "2088000000000002" || told.BuyerOpenId != "" {
				t.Errorf("told of the buyer %q, %q", told.BuyerId, told.BuyerOpenId)
			}
		})
	}
}

func TestAlipayBridgeRefuses(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	for name, step := range map[string]struct {
		order alipay.TradeCreate
		sub   string
	}{
		"nobody":      {alipay.TradeCreate{}, "ACQ.BUYER_NOT_EXIST"},
		"stranger":    {alipay.TradeCreate{BuyerOpenId: "0stranger"}, "ACQ.BUYER_NOT_EXIST"},
		"foreign-app": {alipay.TradeCreate{BuyerId: "2088000000000001", OpAppId: "2021000000000009"}, "ACQ.INVALID_PARAMETER"},
	} {
		t.Run(name, func(t *testing.T) {
			step.order.Trade = fx.trade("bridge_" + strings.ReplaceAll(name, "-", "_"))
			r, err := c.TradeCreate(t.Context(), step.order)
			wantSub(t, r.Error, err, step.sub)
		})
	}
}
