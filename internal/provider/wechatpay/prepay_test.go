package wechatpay_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
)

var goodReplies = map[pay.Rail]string{
	pay.RailQR:       `{"code_url":"weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}`,
	pay.RailDeepLink: `{"h5_url":"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx2016121516420242444321ca0631331346&package=1405458241"}`,
	pay.RailJSAPI:    `{"prepay_id":"wx201410272009395522657a690389285100"}`,
	pay.RailApp:      `{"prepay_id":"wx201410272009395522657a690389285100"}`,

	pay.RailMiniProgram: `{"prepay_id":"wx201410272009395522657a690389285100"}`,
}

// hosted are settings with an app and a mini program of the shop's own.
var hosted = map[string]any{"appids": map[string]string{"app": mobileID, "mini_program": miniID}, "mini_program_secret": "app.secret"}

const (
	mobileID = "wx00000000000000a1"
	miniID   = "wx00000000000000b2"
)

func TestRequestBody(t *testing.T) {
	t.Parallel()
	rest := `"description":"Tea \u003cgreen\u003e \u0026 cup","out_trade_no":"` + number + `","time_expire":"2026-11-23T20:30:00+08:00",` +
		`"attach":"at_1","notify_url":"https://pay.example/notify/wechatpay/` + mchID + `","amount":{"total":5980,"currency":"CNY"}`
	under := func(app string) string { return `{"mchid":"` + mchID + `","appid":"` + app + `",` + rest }
	for rail, want := range map[pay.Rail]string{
		pay.RailQR:       under(appID) + `}`,
		pay.RailDeepLink: under(appID) + `,"scene_info":{"payer_client_ip":"123.125.81.6","h5_info":{"type":"iOS"}}}`,
		pay.RailJSAPI:    under(appID) + `,"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}`,
		pay.RailApp:      under(mobileID) + `}`,

		pay.RailMiniProgram: under(miniID) + `,"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}`,
	} {
		t.Run(string(rail), func(t *testing.T) {
			w := newWire(t, always(answer{status: 200, body: goodReplies[rail]}))
			p := open(t, w.URL, hosted)
			request, err := p.Request(order(rail))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Start(t.Context(), rail, request); err != nil {
				t.Fatal(err)
			}
			if w.Sent()[0].Body != want {
				t.Errorf("sent\n%s\nwant\n%s", w.Sent()[0].Body, want)
			}
		})
	}
}

// WeChat Pay takes a changed request for another order under a used number, so
// what is sent again must be the same to the byte, by another process too.
func TestStartSendsTheStoredBytes(t *testing.T) {
	t.Parallel()
	for rail, reply := range goodReplies {
		t.Run(string(rail), func(t *testing.T) {
			w := newWire(t, always(answer{status: 200, body: reply}))
			request, err := open(t, w.URL, hosted).Request(order(rail))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if _, err := open(t, w.URL, nil).Start(t.Context(), rail, request); err != nil {
					t.Fatal(err)
				}
			}
			var kept struct{ Body json.RawMessage }
			if err := json.Unmarshal(request, &kept); err != nil {
				t.Fatal(err)
			}
			if len(w.Sent()) != 2 || w.Sent()[0].Body != w.Sent()[1].Body || w.Sent()[0].Body != string(kept.Body) {
				t.Errorf("sent %q, stored %q", w.Sent(), kept.Body)
			}
		})
	}
}

func TestRequestRefuses(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, map[string]any{"h5_domain": "pay.example"})
	for name, c := range map[string]struct {
		rail   pay.Rail
		change func(*provider.Order)
		field  string
	}{
		"rail":           {pay.RailRedirect, func(*provider.Order) {}, "rail"},
		"short-number":   {pay.RailQR, func(o *provider.Order) { o.OutTradeNo = "12345" }, "out_trade_no"},
		"odd-number":     {pay.RailQR, func(o *provider.Order) { o.OutTradeNo = "123456/.." }, "out_trade_no"},
		"dollars":        {pay.RailQR, func(o *provider.Order) { o.Amount.Currency = "USD" }, "amount.currency"},
		"zero":           {pay.RailQR, func(o *provider.Order) { o.Amount.Value = 0 }, "amount.value"},
		"negative":       {pay.RailQR, func(o *provider.Order) { o.Amount.Value = -1 }, "amount.value"},
		"no-description": {pay.RailQR, func(o *provider.Order) { o.Description = "" }, "description"},
		"notify-query":   {pay.RailQR, func(o *provider.Order) { o.NotifyURL += "?a=1" }, "notify_url"},
		"notify-long":    {pay.RailQR, func(o *provider.Order) { o.NotifyURL += strings.Repeat("x", 255) }, "notify_url"},
		"notify-path":    {pay.RailQR, func(o *provider.Order) { o.NotifyURL = "/notify" }, "notify_url"},
		"no-ip":          {pay.RailDeepLink, func(o *provider.Order) { o.PayerIP = "" }, "payer_ip"},
		"ip-with-port":   {pay.RailDeepLink, func(o *provider.Order) { o.PayerIP = "123.125.81.6:443" }, "payer_ip"},
		"ip-with-zone":   {pay.RailDeepLink, func(o *provider.Order) { o.PayerIP = "fe80::1%eth0" }, "payer_ip"},
		"other-domain":   {pay.RailDeepLink, func(o *provider.Order) { o.ReturnURL = "https://shop.example/" }, "return_url"},
		"no-openid":      {pay.RailJSAPI, func(o *provider.Order) { o.WalletPayerID = "" }, "payer_id"},
		"no-openid-mini": {pay.RailMiniProgram, func(o *provider.Order) { o.WalletPayerID = "" }, "payer_id"},
	} {
		t.Run(name, func(t *testing.T) {
			o := order(c.rail)
			c.change(&o)
			_, err := p.Request(o)
			var wrong *pay.Error
			if !errors.As(err, &wrong) || wrong.Code != pay.CodeInvalid || wrong.Field != c.field {
				t.Errorf("got %v, want invalid_request of %s", err, c.field)
			}
		})
	}
}

func TestLongDescriptionIsShortened(t *testing.T) {
	t.Parallel()
	w := newWire(t, always(answer{status: 200, body: goodReplies[pay.RailQR]}))
	p := open(t, w.URL, nil)
	o := order(pay.RailQR)
	o.Description = strings.Repeat("茶", 200)
	request, err := p.Request(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Start(t.Context(), pay.RailQR, request); err != nil {
		t.Fatal(err)
	}
	var sent struct{ Description string }
	if err := json.Unmarshal([]byte(w.Sent()[0].Body), &sent); err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat("茶", 126) + "…"; sent.Description != want {
		t.Errorf("sent %q", sent.Description)
	}
}

func start(t *testing.T, rail pay.Rail, a answer) (pay.Action, error) {
	t.Helper()
	return providertest.Start(t, open(t, newWire(t, always(a)).URL, hosted), order(rail))
}

func TestStartQRCode(t *testing.T) {
	t.Parallel()
	action, err := start(t, pay.RailQR, answer{status: 200, body: goodReplies[pay.RailQR]})
	if err != nil {
		t.Fatal(err)
	}
	want := pay.Action{Kind: pay.ActionQRCode, Payload: "weixin://wxpay/bizpayurl?pr=p4lpSuKzz", ExpiresAt: now.Add(30 * time.Minute)}
	if action.Kind != want.Kind || action.Payload != want.Payload || !action.ExpiresAt.Equal(want.ExpiresAt) {
		t.Errorf("got %+v, want %+v", action, want)
	}
}

func TestStartDeepLink(t *testing.T) {
	t.Parallel()
	action, err := start(t, pay.RailDeepLink, answer{status: 200, body: goodReplies[pay.RailDeepLink]})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(action.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := u.Query().Get("redirect_url"), order(pay.RailDeepLink).ReturnURL; got != want {
		t.Errorf("comes back to %q, want %q", got, want)
	}
	if u.Host != "wx.tenpay.com" || u.Query().Get("package") != "1405458241" {
		t.Errorf("goes to %s", action.URL)
	}
	if want := now.Add(5 * time.Minute); !action.ExpiresAt.Equal(want) {
		t.Errorf("lives until %v, want %v", action.ExpiresAt, want)
	}
}

// What is signed is four lines: of the bridge and of mini programs the last is the whole
// package, of the SDK for apps the bare prepay id.
func TestStartSigns(t *testing.T) {
	t.Parallel()
	const prepayID = "wx201410272009395522657a690389285100"
	for rail, c := range map[pay.Rail]struct {
		bridge string
		fixed  map[string]string
		signed []string // names of the first three lines
		last   string
		sign   string
	}{
		pay.RailJSAPI: {
			"weixin",
			map[string]string{"appId": appID, "package": "prepay_id=" + prepayID, "signType": "RSA"},
			[]string{"appId", "timeStamp", "nonceStr"},
			"prepay_id=" + prepayID, "paySign",
		},
		pay.RailMiniProgram: {
			"mini_program",
			map[string]string{"appId": miniID, "package": "prepay_id=" + prepayID, "signType": "RSA"},
			[]string{"appId", "timeStamp", "nonceStr"},
			"prepay_id=" + prepayID, "paySign",
		},
		pay.RailApp: {
			"host",
			map[string]string{"appid": mobileID, "partnerid": mchID, "prepayid": prepayID, "package": "Sign=WXPay"},
			[]string{"appid", "timestamp", "noncestr"},
			prepayID, "sign",
		},
	} {
		t.Run(string(rail), func(t *testing.T) {
			action, err := start(t, rail, answer{status: 200, body: goodReplies[rail]})
			if err != nil {
				t.Fatal(err)
			}
			p := action.Params
			if action.Kind != pay.ActionBridge || action.Bridge != c.bridge || len(p) != len(c.fixed)+3 {
				t.Fatalf("got %+v", action)
			}
			for name, want := range c.fixed {
				if p[name] != want {
					t.Errorf("%s is %q, want %q", name, p[name], want)
				}
			}
			lines := ""
			for _, name := range c.signed {
				lines += p[name] + "\n"
			}
			signature, err := base64.StdEncoding.DecodeString(p[c.sign])
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte(lines + c.last + "\n"))
			if err := rsa.VerifyPKCS1v15(&providertest.MerchantKey().PublicKey, crypto.SHA256, sum[:], signature); err != nil {
				t.Errorf("%s: %v", c.sign, err)
			}
			if want := now.Add(30 * time.Minute); action.ExpiresAt.After(want) {
				t.Errorf("lives until %v", action.ExpiresAt)
			}
		})
	}
}

// A reply that can't be trusted says nothing about the order, which may exist.
func TestStartUnknown(t *testing.T) {
	t.Parallel()
	good := goodReplies[pay.RailQR]
	header := func(name, value string) func(http.Header) {
		return func(h http.Header) { h.Set(name, value) }
	}
	for name, c := range map[string]struct {
		rail pay.Rail
		answer
	}{
		"cut-connection":     {pay.RailQR, answer{}},
		"unsigned":           {pay.RailQR, answer{status: 200, body: good, sign: func(h http.Header) { h.Del("Wechatpay-Signature") }}},
		"wrong-signature":    {pay.RailQR, answer{status: 200, body: good, sign: header("Wechatpay-Nonce", "other")}},
		"probe":              {pay.RailQR, answer{status: 200, body: good, sign: header("Wechatpay-Signature", "WECHATPAY/SIGNTEST/abcd")}},
		"other-key":          {pay.RailQR, answer{status: 200, body: good, sign: header("Wechatpay-Serial", "PUB_KEY_ID_1")}},
		"other-scheme":       {pay.RailQR, answer{status: 200, body: good, sign: header("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3")}},
		"old-signature":      {pay.RailQR, answer{status: 200, body: good, sign: func(h http.Header) { signed(h, []byte(good), now.Add(-300*time.Second)) }}},
		"future-signature":   {pay.RailQR, answer{status: 200, body: good, sign: func(h http.Header) { signed(h, []byte(good), now.Add(300*time.Second)) }}},
		"no-timestamp":       {pay.RailQR, answer{status: 200, body: good, sign: func(h http.Header) { h.Del("Wechatpay-Timestamp") }}},
		"not-json":           {pay.RailQR, answer{status: 200, body: "<html>canary</html>"}},
		"no-code":            {pay.RailQR, answer{status: 200, body: `{}`}},
		"code-is-a-web-link": {pay.RailQR, answer{status: 200, body: `{"code_url":"https://evil.example/"}`}},
		"code-is-long":       {pay.RailQR, answer{status: 200, body: `{"code_url":"weixin://` + strings.Repeat("x", 512) + `"}`}},
		"link-elsewhere":     {pay.RailDeepLink, answer{status: 200, body: `{"h5_url":"https://wx.tenpay.com.evil.example/a?b=1"}`}},
		"link-with-user":     {pay.RailDeepLink, answer{status: 200, body: `{"h5_url":"https://wx.tenpay.com@evil.example/a?b=1"}`}},
		"link-is-a-script":   {pay.RailDeepLink, answer{status: 200, body: `{"h5_url":"javascript:alert(1)//?a"}`}},
		"link-without-query": {pay.RailDeepLink, answer{status: 200, body: `{"h5_url":"https://wx.tenpay.com/a"}`}},
		"no-prepay-id":       {pay.RailJSAPI, answer{status: 200, body: `{}`}},
		"no-prepay-id-app":   {pay.RailApp, answer{status: 200, body: `{}`}},
		"redirect":           {pay.RailQR, answer{status: 302, body: good, sign: header("Location", "https://evil.example/canary")}},
		"too-long":           {pay.RailQR, answer{status: 200, body: `{"code_url":"` + strings.Repeat("x", provider.MaxReply) + `"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := start(t, c.rail, c.answer)
			providertest.Undecided(t, err, secrets...)
		})
	}
}

// Every code that WeChat Pay documents, in both spellings where there are two.
func TestStartErrorCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status    int
		code      string
		requestID string
		want      error // nil for unknown
	}{
		"param":                  {400, "PARAM_ERROR", "", provider.ErrRefused},
		"invalid-request":        {400, "INVALID_REQUEST", "", provider.ErrRefused},
		"closed":                 {400, "ORDER_CLOSED", "", provider.ErrClosed},
		"closed-old":             {400, "ORDERCLOSED", "", provider.ErrClosed},
		"paid":                   {400, "ORDERPAID", "", provider.ErrPaid},
		"paid-new":               {400, "ORDER_PAID", "", provider.ErrPaid},
		"appid-mchid":            {400, "APPID_MCHID_NOT_MATCH", "", provider.ErrRefused},
		"no-merchant":            {400, "MCH_NOT_EXISTS", "", provider.ErrRefused},
		"signature":              {401, "SIGN_ERROR", "", provider.ErrRefused},
		"no-auth":                {403, "NO_AUTH", "", provider.ErrRefused},
		"no-auth-old":            {403, "NOAUTH", "", provider.ErrRefused},
		"rule":                   {403, "RULE_LIMIT", "", provider.ErrRefused},
		"rule-old":               {403, "RULELIMIT", "", provider.ErrRefused},
		"trade":                  {403, "TRADE_ERROR", "", provider.ErrRefused},
		"account":                {403, "ACCOUNT_ERROR", "", provider.ErrRefused},
		"number-used":            {403, "OUT_TRADE_NO_USED", "", nil},
		"balance":                {403, "NOT_ENOUGH", "", nil},
		"too-many":               {429, "RATELIMIT_EXCEEDED", "", nil},
		"too-many-old":           {429, "FREQUENCY_LIMITED", "", nil},
		"system":                 {500, "SYSTEM_ERROR", "", nil},
		"bank":                   {500, "BANK_ERROR", "", nil},
		"openid":                 {500, "OPENID_MISMATCH", "", nil},
		"refusal-with-5xx":       {500, "PARAM_ERROR", "", nil},
		"unavailable":            {503, "SERVICE_UNAVAILABLE", "", nil},
		"bad-gateway":            {502, "", "", nil},
		"new-code":               {400, "SOMETHING_NEW", "", nil},
		"no-code":                {400, "", "", nil},
		"number-other-params":    {400, "INVALID_REQUEST", "08F78BB5AF0610D302-268498688", nil},
		"number-paid":            {400, "INVALID_REQUEST", "08F78BB5AF0610D302-268449538", provider.ErrPaid},
		"number-expired":         {400, "INVALID_REQUEST", "08F78BB5AF0610D302-268447914", provider.ErrClosed},
		"number-param":           {400, "PARAM_ERROR", "08F78BB5AF0610D302-268435461", provider.ErrRefused},
		"paid-number-with-a-429": {429, "FREQUENCY_LIMITED", "08F78BB5AF0610D302-268449538", nil},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"code":"` + c.code + `","message":"canary oUpF8uMuAJO","detail":{"field":"/body/payer","value":"canary","issue":"canary"}}`
			_, err := start(t, pay.RailQR, answer{
				status: c.status, body: body, requestID: c.requestID,
				sign: func(h http.Header) { h.Set("X-Echo", "canary") },
			})
			if c.want == nil {
				providertest.Undecided(t, err, secrets...)
				return
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			providertest.Clean(t, err, secrets...)
			if !strings.Contains(err.Error(), c.code) || !strings.Contains(err.Error(), "/body/payer") {
				t.Errorf("%v does not say what is wrong where", err)
			}
		})
	}
}

// A server that repeats everything that it was sent must not get it into a log.
func TestErrorsRepeatNothing(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(r *http.Request, body string) answer {
		echo := r.Header.Get("Authorization") + body + r.URL.String() + "\ncanary " + apiV3Key
		text, _ := json.Marshal(map[string]any{
			"code": echo, "message": echo, "detail": map[string]string{"field": "/body", "value": echo},
		})
		return answer{status: 400, body: string(text), sign: func(h http.Header) { h.Set("X-Echo", "canary") }}
	})
	p := open(t, w.URL, nil)
	request, err := p.Request(order(pay.RailJSAPI))
	if err != nil {
		t.Fatal(err)
	}
	_, startErr := p.Start(t.Context(), pay.RailJSAPI, request)
	_, queryErr := p.Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
	_, closeErr := p.(provider.Closer).Close(t.Context(), provider.CloseOrder{OutTradeNo: number})
	_, refundErr := p.(provider.Refunder).Refund(t.Context(), refundOrder())
	_, payerErr := p.(provider.PayerIdentifier).WalletPayerID(t.Context(), pay.RailJSAPI, "canarycode")
	_, billErr := p.(provider.Biller).Bill(t.Context(), now.AddDate(0, 0, -2))
	for _, err := range []error{startErr, queryErr, closeErr, refundErr, payerErr, billErr} {
		providertest.Undecided(t, err, secrets...)
	}
}

// net/http puts URLs into its errors, and the one for the openid holds a secret.
func TestErrorsNameNoURL(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	_, err := p.(provider.PayerIdentifier).WalletPayerID(t.Context(), pay.RailJSAPI, "canarycode")
	providertest.Undecided(t, err, secrets...)
	_, err = p.Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
	providertest.Undecided(t, err, secrets...)
	if strings.Contains(err.Error(), number) || strings.Contains(err.Error(), "api.mch") {
		t.Errorf("the error holds the URL: %v", err)
	}
}

func TestStartRefusesForeignRequests(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	request, err := p.Request(order(pay.RailQR))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		rail    pay.Rail
		request string
	}{
		"other-rail": {pay.RailDeepLink, string(request)},
		"not-json":   {pay.RailQR, "{"},
		"empty":      {pay.RailQR, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Start(t.Context(), c.rail, []byte(c.request))
			if pay.CodeOf(err) != pay.CodeInternal {
				t.Errorf("got %v, want internal", err)
			}
		})
	}
}
