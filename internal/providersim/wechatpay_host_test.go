package providersim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/app"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"

	"morepay/internal/providersim"
)

// sdkParameters makes an order of App, the official SDK signing what the phone's SDK
// takes.
func (fx *fixture) sdkParameters(number string) map[string]string {
	fx.t.Helper()
	p, _, err := (&app.AppApiService{Client: fx.client()}).PrepayWithRequestPayment(fx.t.Context(), app.PrepayRequest{
		Appid: core.String(mobileID), Mchid: core.String(mchID), Description: core.String("tea"), OutTradeNo: core.String(number),
		NotifyUrl: core.String(fx.merchant.url), Amount: &app.Amount{Total: core.Int64(1)},
	})
	if err != nil {
		fx.t.Fatal(err)
	}
	return map[string]string{
		"appid": mobileID, "partnerid": *p.PartnerId, "prepayid": *p.PrepayId, "package": *p.Package,
		"noncestr": *p.NonceStr, "timestamp": *p.TimeStamp, "sign": *p.Sign, "user": "ming", "do": "approve",
	}
}

// hostCase is one way in which an app or a mini program asks WeChat to pay.
type hostCase struct {
	change func(p map[string]string)
	answer string // part of the answer
	state  string // of the order after it
}

func (fx *fixture) asks(path string, params map[string]string, number string, c hostCase) {
	fx.t.Helper()
	c.change(params)
	var answer json.RawMessage
	if status := fx.control(http.MethodPost, path, params, &answer); status != http.StatusOK || !strings.Contains(string(answer), c.answer) {
		fx.t.Errorf("the answer is %d %s, want %s", status, answer, c.answer)
	}
	if got := *fx.query(number).TradeState; got != c.state {
		fx.t.Errorf("trade_state is %s, want %s", got, c.state)
	}
}

// TestAppPay: WeChat's SDK pays what the merchant has signed for it, and nothing else.
func TestAppPay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]hostCase{
		"approve":         {func(map[string]string) {}, `"errCode":0`, "SUCCESS"},
		"who-holds-it":    {func(p map[string]string) { delete(p, "user") }, `"errCode":0`, "SUCCESS"},
		"cancel":          {func(p map[string]string) { p["do"] = "cancel" }, `"errCode":-2`, "NOTPAY"},
		"bad-signature":   {func(p map[string]string) { p["noncestr"] += "x" }, `"errCode":-1`, "NOTPAY"},
		"other-app":       {func(p map[string]string) { p["appid"] = appID }, `"errCode":-1`, "NOTPAY"},
		"other-partner":   {func(p map[string]string) { p["partnerid"] = "1900000009" }, `"errCode":-1`, "NOTPAY"},
		"package-of-h5":   {func(p map[string]string) { p["package"] = "prepay_id=" + p["prepayid"] }, `"errCode":-1`, "NOTPAY"},
		"unknown-prepay":  {func(p map[string]string) { p["prepayid"] = "wx1" }, `"errCode":-1`, "NOTPAY"},
		"milliseconds":    {func(p map[string]string) { p["timestamp"] += "000" }, `"errCode":-1`, "NOTPAY"},
		"nothing-is-sent": {func(p map[string]string) { clear(p) }, `"errCode":-1`, "NOTPAY"},
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			fx.asks("/phone/sdk", fx.sdkParameters("apppay-1"), "apppay-1", c)
		})
	}
}

// TestAppPayLineOfTheBridge: the commonest mistake is to sign the bridge's fourth line.
func TestAppPayLineOfTheBridge(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	params := fx.sdkParameters("apppay-2")
	signed, err := fx.client().Sign(t.Context(), strings.Join([]string{params["appid"], params["timestamp"], params["noncestr"], "prepay_id=" + params["prepayid"], ""}, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	fx.asks("/phone/sdk", params, "apppay-2", hostCase{func(p map[string]string) { p["sign"] = signed.Signature }, `"errCode":-1`, "NOTPAY"})
}

// TestAppPayOnThePhone: where nobody plays the app, its order is on the phone's list.
func TestAppPayOnThePhone(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.sdkParameters("apppay-4")
	if list := fx.sim.Launched(); len(list) != 1 || list[0].Number != "apppay-4" {
		t.Errorf("the phone shows %+v", list)
	}
}

func TestAppPayOutlived(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	params := fx.sdkParameters("apppay-3")
	fx.sim.Advance(2 * time.Hour)
	fx.asks("/phone/sdk", params, "apppay-3", hostCase{func(map[string]string) {}, `"errCode":-1`, "NOTPAY"})
}

// login returns a code of wx.login.
func (fx *fixture) login(user providersim.User) string {
	fx.t.Helper()
	var said struct{ ErrMsg, Code string }
	fx.control(http.MethodPost, "/phone/login", map[string]any{"appid": miniID, "user": user}, &said)
	if said.ErrMsg != "login:ok" {
		fx.t.Fatalf("wx.login says %q", said.ErrMsg)
	}
	return said.Code
}

func (fx *fixture) session(change func(url.Values)) map[string]any {
	fx.t.Helper()
	q := url.Values{"appid": {miniID}, "secret": {miniSecret}, "js_code": {fx.login(providersim.Ming)}, "grant_type": {"authorization_code"}}
	change(q)
	res, err := fx.http.Get("https://api.weixin.qq.com/sns/jscode2session?" + q.Encode())
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		fx.t.Fatal(err)
	}
	return answer
}

func TestCodeToSession(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	answer := fx.session(func(url.Values) {})
	if id, _ := answer["openid"].(string); id == "" || id == fx.openid(providersim.Ming) || answer["session_key"] == "" {
		t.Errorf("the session is %v: an openid is another under every app", answer)
	}
	used := fx.login(providersim.Ming)
	fx.session(func(q url.Values) { q.Set("js_code", used) })
	_, back := fx.authorize(authorizeQuery())
	for name, c := range map[string]struct {
		change func(url.Values)
		code   float64
	}{
		"used":         {func(q url.Values) { q.Set("js_code", used) }, 40163},
		"made-up":      {func(q url.Values) { q.Set("js_code", "x") }, 40029},
		"of-oauth":     {func(q url.Values) { q.Set("js_code", back.Query().Get("code")) }, 40029},
		"other-name":   {func(q url.Values) { q["code"] = q["js_code"]; q.Del("js_code") }, 40029},
		"bad-secret":   {func(q url.Values) { q.Set("secret", appSecret) }, 40125},
		"other-app":    {func(q url.Values) { q.Set("appid", appID) }, 40013},
		"no-grant":     {func(q url.Values) { q.Del("grant_type") }, 40002},
		"code-too-old": {func(url.Values) { fx.sim.Advance(5 * time.Minute) }, 42003},
	} {
		if answer := fx.session(c.change); answer["errcode"] != c.code {
			t.Errorf("%s: answer is %v, want errcode %v", name, answer, c.code)
		}
	}
	if id := fx.exchange(fx.login(providersim.Ming), appSecret); id["errcode"] != 40029.0 {
		t.Errorf("OAuth takes a code of wx.login: %v", id)
	}
}

func (fx *fixture) miniParameters(number string) map[string]string {
	fx.t.Helper()
	openid, _ := fx.session(func(url.Values) {})["openid"].(string)
	p, _, err := (&jsapi.JsapiApiService{Client: fx.client()}).PrepayWithRequestPayment(fx.t.Context(), jsapi.PrepayRequest{
		Appid: core.String(miniID), Mchid: core.String(mchID), Description: core.String("tea"), OutTradeNo: core.String(number),
		NotifyUrl: core.String(fx.merchant.url), Amount: &jsapi.Amount{Total: core.Int64(1)}, Payer: &jsapi.Payer{Openid: core.String(openid)},
	})
	if err != nil {
		fx.t.Fatal(err)
	}
	return map[string]string{
		"appId": *p.Appid, "timeStamp": *p.TimeStamp, "nonceStr": *p.NonceStr, "package": *p.Package,
		"signType": *p.SignType, "paySign": *p.PaySign, "user": "ming", "do": "approve",
	}
}

func TestRequestPayment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]hostCase{
		"approve":       {func(map[string]string) {}, `"requestPayment:ok"`, "SUCCESS"},
		"cancel":        {func(p map[string]string) { p["do"] = "cancel" }, `"requestPayment:fail cancel"`, "NOTPAY"},
		"other-user":    {func(p map[string]string) { p["user"] = "hong" }, "requestPayment:fail ", "NOTPAY"},
		"other-app":     {func(p map[string]string) { p["appId"] = appID }, "requestPayment:fail ", "NOTPAY"},
		"bare-package":  {func(p map[string]string) { p["package"] = strings.TrimPrefix(p["package"], "prepay_id=") }, "requestPayment:fail ", "NOTPAY"},
		"bad-signature": {func(p map[string]string) { p["nonceStr"] += "x" }, "requestPayment:fail ", "NOTPAY"},
		"milliseconds":  {func(p map[string]string) { p["timeStamp"] += "000" }, "requestPayment:fail ", "NOTPAY"},
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			fx.asks("/phone/requestpayment", fx.miniParameters("minipay-1"), "minipay-1", c)
		})
	}
}

// TestEachPaysItsOwn: the bridge and wx.requestPayment take the same parameters, but not
// each other's orders.
func TestEachPaysItsOwn(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.asks("/phone/bridge", fx.miniParameters("minipay-2"), "minipay-2", hostCase{func(map[string]string) {}, "get_brand_wcpay_request:fail", "NOTPAY"})
	fx.asks("/phone/requestpayment", fx.bridgeParameters("bridge-2", providersim.Ming), "bridge-2", hostCase{func(map[string]string) {}, "requestPayment:fail ", "NOTPAY"})
}

func TestHostsSayNonsense(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	for _, path := range []string{"/phone/sdk", "/phone/login", "/phone/requestpayment", "/phone/alipaysdk"} {
		for _, body := range []any{[]string{"x"}, map[string]string{"user": "xming"}} {
			if status := fx.control(http.MethodPost, path, body, new(any)); status != http.StatusBadRequest {
				t.Errorf("%s takes %v: %d", path, body, status)
			}
		}
	}
	var said struct{ ErrMsg string }
	if fx.control(http.MethodPost, "/phone/login", map[string]string{"appid": appID}, &said); said.ErrMsg != "login:fail invalid appid" {
		t.Errorf("wx.login of no mini program says %q", said.ErrMsg)
	}
}
