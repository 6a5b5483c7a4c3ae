package merchantlink_test

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/merchantlink"
	"morepay/internal/provider/providertest"
)

// Version 2 of the protocol: every rail.

func fullSettings() map[string]any {
	settings := goodSettings()
	maps.Copy(settings, map[string]any{"version": 2, "schemes": []string{"uppaywallet"}, "authorize": "https://cashier.tea.example/payer"})
	return settings
}

func openFull(tb testing.TB, origin string) provider.Provider {
	tb.Helper()
	return providertest.Open(tb, merchantlink.Open, fullSettings(), env(origin, whsec(secret)))
}

func orderBy(rail pay.Rail) provider.Order {
	o := providertest.Order(merchantlink.ID, "teashop", rail)
	o.Method = "unionpay"
	if rail == pay.RailJSAPI {
		o.WalletPayerID = "oUpF8"
	}
	return o
}

func TestOpenFull(t *testing.T) {
	t.Parallel()
	p := openFull(t, providertest.Nowhere)
	if want := []pay.Rail{pay.RailDeepLink, pay.RailQR, pay.RailRedirect, pay.RailJSAPI}; !slices.Equal(p.Rails(), want) {
		t.Errorf("rails %v, want %v", p.Rails(), want)
	}
	targets := p.(provider.FormTargeter).FormTargets()
	if want := []string{"https://cashier.tea.example", "https://95516.com", "uppaywallet:", providertest.Nowhere}; !slices.Equal(targets, want) {
		t.Errorf("targets %v, want %v", targets, want)
	}
	settings := fullSettings()
	delete(settings, "authorize")
	if p := providertest.Open(t, merchantlink.Open, settings, env(providertest.Nowhere, whsec(secret))); slices.Contains(p.Rails(), pay.RailJSAPI) {
		t.Error("jsapi is offered, and nothing finds out who the payer is")
	}
	if _, ok := open(t, providertest.Nowhere).(provider.Refunder); ok {
		t.Error("version 1 can refund")
	}
}

// What the document grants must be possible: the settings are told, at the start.
func TestGrantsNeedSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		granted     []pay.Rail
		instalments bool
		change      map[string]any
		field       string
	}{
		"redirect-by-1":    {[]pay.Rail{pay.RailRedirect}, false, map[string]any{"version": nil, "schemes": nil, "authorize": nil}, ""},
		"qr-by-1":          {[]pay.Rail{pay.RailRedirect, pay.RailQR}, false, map[string]any{"version": 1, "schemes": nil, "authorize": nil}, "version"},
		"qr-by-2":          {[]pay.Rail{pay.RailRedirect, pay.RailQR}, false, nil, ""},
		"jsapi":            {[]pay.Rail{pay.RailJSAPI}, false, nil, ""},
		"jsapi-of-no-id":   {[]pay.Rail{pay.RailJSAPI}, false, map[string]any{"authorize": nil}, "authorize"},
		"instalments-by-1": {[]pay.Rail{pay.RailRedirect}, true, map[string]any{"version": nil, "schemes": nil, "authorize": nil}, "version"},
		"instalments-by-2": {[]pay.Rail{pay.RailRedirect}, true, nil, ""},
	} {
		e := env(providertest.Nowhere, whsec(secret))
		e.Granted, e.Instalments = c.granted, c.instalments
		_, err := merchantlink.Open([]byte(providertest.JSON(t, providertest.With(fullSettings(), c.change))), e)
		var wrong *pay.Error
		if c.field == "" && err != nil || c.field != "" && (!errors.As(err, &wrong) || wrong.Field != c.field) {
			t.Errorf("%s: got %v, want a mistake in %q", name, err, c.field)
		}
	}
}

const weixinCall = `{"bridge":"weixin","params":{"appId":"wx1","timeStamp":"1795000000","nonceStr":"n","package":"prepay_id=1","signType":"RSA","paySign":"s"}}`

func TestRails(t *testing.T) {
	t.Parallel()
	for rail, c := range map[pay.Rail]struct {
		body string
		want pay.Action
	}{
		pay.RailRedirect: {`{"redirect":"https://cashier.tea.example/pay/1"}`, pay.Action{Kind: pay.ActionRedirect, URL: "https://cashier.tea.example/pay/1"}},
		pay.RailDeepLink: {`{"deep_link":"uppaywallet://pay?tn=1"}`, pay.Action{Kind: pay.ActionRedirect, URL: "uppaywallet://pay?tn=1"}},
		pay.RailQR:       {`{"qr":"https://95516.com/00010000/1"}`, pay.Action{Kind: pay.ActionQRCode, Payload: "https://95516.com/00010000/1"}},
		pay.RailJSAPI: {`{"jsapi":` + weixinCall + `}`, pay.Action{Kind: pay.ActionBridge, Bridge: "weixin", Params: map[string]string{
			"appId": "wx1", "timeStamp": "1795000000", "nonceStr": "n", "package": "prepay_id=1", "signType": "RSA", "paySign": "s",
		}}},
	} {
		t.Run(string(rail), func(t *testing.T) {
			w := newWire(t, answer{status: 200, body: c.body})
			action, err := providertest.Start(t, openFull(t, w.URL), orderBy(rail))
			if err != nil {
				t.Fatal(err)
			}
			c.want.ExpiresAt = now.Add(5 * time.Minute)
			if diff := gocmp.Diff(c.want, action); diff != "" {
				t.Error(diff)
			}
			payer := ""
			if rail == pay.RailJSAPI {
				payer = `"payer":"oUpF8",`
			}
			body := `{"version":2,"id":"` + number + `","method":"unionpay","rail":"` + string(rail) + `","amount":{"currency":"CNY","value":5980},` +
				`"description":"Tea \u003cgreen\u003e \u0026 cup","expires_at":"2026-11-23T12:30:00Z","return_url":"https://pay.example/return/at_1?x=1\u0026y=2",` +
				`"notify_url":"https://pay.example/notify/merchantlink/teashop",` + payer + `"payer_ip":"123.125.81.6","os":"ios"}`
			if diff := gocmp.Diff(providertest.Sent{Path: "POST cashier.tea.example/morepay", Body: body}, w.Sent()[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever else an answer holds is no answer: nobody is sent anywhere.
func TestRailAnswers(t *testing.T) {
	t.Parallel()
	bridge := func(old, new string) string { return `{"jsapi":` + strings.Replace(weixinCall, old, new, 1) + `}` }
	for name, c := range map[string]struct {
		rail pay.Rail
		body string
	}{
		"version-1":          {pay.RailRedirect, `{"url":"https://cashier.tea.example/pay/1"}`},
		"version-1-for-qr":   {pay.RailQR, `{"url":"https://cashier.tea.example/pay/1"}`},
		"other-rail":         {pay.RailQR, `{"redirect":"https://cashier.tea.example/pay/1"}`},
		"two-rails":          {pay.RailQR, `{"qr":"https://95516.com/1","redirect":"https://cashier.tea.example/pay/1"}`},
		"nothing":            {pay.RailQR, `{}`},
		"qr-elsewhere":       {pay.RailQR, `{"qr":"https://evil.example/1"}`},
		"qr-http":            {pay.RailQR, `{"qr":"http://95516.com/1"}`},
		"qr-of-other-app":    {pay.RailQR, `{"qr":"weixin://wxpay/bizpayurl?pr=1"}`},
		"qr-too-long":        {pay.RailQR, `{"qr":"https://95516.com/` + strings.Repeat("1", provider.MaxQR) + `"}`},
		"qr-script":          {pay.RailQR, `{"qr":"javascript:canary"}`},
		"qr-number":          {pay.RailQR, `{"qr":5}`},
		"app-elsewhere":      {pay.RailDeepLink, `{"deep_link":"https://evil.example/"}`},
		"app-of-other-app":   {pay.RailDeepLink, `{"deep_link":"alipays://canary"}`},
		"app-script":         {pay.RailDeepLink, `{"deep_link":"javascript:canary"}`},
		"app-intent":         {pay.RailDeepLink, `{"deep_link":"intent://pay#Intent;scheme=uppaywallet;end"}`},
		"app-line-break":     {pay.RailDeepLink, `{"deep_link":"uppaywallet://pay\r\nSet-Cookie:canary"}`},
		"redirect-to-an-app": {pay.RailRedirect, `{"redirect":"uppaywallet://pay?tn=1"}`},
		"unknown-bridge":     {pay.RailJSAPI, bridge(`"weixin"`, `"douyin"`)},
		"no-bridge":          {pay.RailJSAPI, `{"jsapi":{}}`},
		"parameter-missing":  {pay.RailJSAPI, bridge(`,"signType":"RSA"`, ``)},
		"parameter-empty":    {pay.RailJSAPI, bridge(`"RSA"`, `""`)},
		"parameter-too-many": {pay.RailJSAPI, bridge(`"signType"`, `"canary":"x","signType"`)},
		"parameter-too-long": {pay.RailJSAPI, bridge(`"RSA"`, `"`+strings.Repeat("R", provider.MaxLink)+`"`)},
		"parameter-number":   {pay.RailJSAPI, bridge(`"1795000000"`, `1795000000`)},
		"alipay-of-weixin":   {pay.RailJSAPI, bridge(`"weixin"`, `"alipay"`)},
		"dead":               {pay.RailQR, `{"qr":"https://95516.com/1","expires_at":"2026-11-23T12:00:00Z"}`},
		"odd-expiry":         {pay.RailQR, `{"qr":"https://95516.com/1","expires_at":"soon"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, answer{status: 200, body: c.body})
			_, err := providertest.Start(t, openFull(t, w.URL), orderBy(c.rail))
			providertest.Undecided(t, err, secrets...)
		})
	}
}

// The cashier says how long its code lives, but not longer than the order.
func TestRailExpiry(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]time.Duration{
		`,"expires_at":"2026-11-23T12:20:00Z"`:      20 * time.Minute,
		`,"expires_at":"2026-11-23T20:20:00+08:00"`: 20 * time.Minute,
		`,"expires_at":"2026-11-24T12:00:00Z"`:      30 * time.Minute,
		``:                                          5 * time.Minute,
	} {
		w := newWire(t, answer{status: 200, body: `{"qr":"https://95516.com/1"` + said + `}`})
		action, err := providertest.Start(t, openFull(t, w.URL), orderBy(pay.RailQR))
		if err != nil || !action.ExpiresAt.Equal(now.Add(want)) {
			t.Errorf("%s: it lives until %v, %v", said, action.ExpiresAt, err)
		}
	}
}

// A cashier says by a code that a rail isn't the merchant's, which is kept in mind.
func TestRailRefusals(t *testing.T) {
	t.Parallel()
	for body, granted := range map[string]bool{
		`{"code":"not_granted"}`: false, `{"code":"amount"}`: true, `{}`: true, `canary`: true,
	} {
		w := newWire(t, answer{status: 403, body: body})
		_, err := providertest.Start(t, openFull(t, w.URL), orderBy(pay.RailQR))
		var refusal *provider.Refusal
		if !errors.As(err, &refusal) || refusal.NotGranted == granted {
			t.Errorf("%s: got %v, %+v", body, err, refusal)
		}
		providertest.Clean(t, err, secrets...)
	}
	w := newWire(t, answer{status: 429, body: `{}`, sign: func(h http.Header) { h.Set("Retry-After", "7") }})
	_, err := providertest.Start(t, openFull(t, w.URL), orderBy(pay.RailQR))
	if busy := (*provider.Busy)(nil); !errors.As(err, &busy) || busy.RetryAfter != 7*time.Second {
		t.Errorf("too often: %v", err)
	}
	w = newWire(t, answer{status: 418, body: `{}`})
	_, err = providertest.Start(t, openFull(t, w.URL), orderBy(pay.RailQR))
	if strange := (*provider.Strange)(nil); !errors.As(err, &strange) || strange.Code != "418" {
		t.Errorf("a status that the protocol has not: %v", err)
	}
}

// A request of version 1 that was stored before the cashier learnt version 2 is sent as
// it is, and answered as it was.
func TestStoredRequestKeepsItsVersion(t *testing.T) {
	t.Parallel()
	request, err := open(t, providertest.Nowhere).Request(order())
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, answer{status: 200, body: `{"url":"https://cashier.tea.example/pay/1"}`})
	action, err := openFull(t, w.URL).Start(t.Context(), pay.RailRedirect, request)
	if err != nil || action.URL != "https://cashier.tea.example/pay/1" || w.Sent()[0].Body != string(request) {
		t.Errorf("got %+v, %v", action, err)
	}
}

// Where the payer's address is not known, none is made up.
func TestRequestWithoutAddress(t *testing.T) {
	t.Parallel()
	o := orderBy(pay.RailQR)
	for _, unknown := range []string{"", "invalid IP"} {
		o.PayerIP = unknown
		request, err := openFull(t, providertest.Nowhere).Request(o)
		if err != nil || strings.Contains(string(request), "payer_ip") {
			t.Errorf("%q: %s, %v", unknown, request, err)
		}
	}
}

func TestRequestNeedsThePayer(t *testing.T) {
	t.Parallel()
	o := orderBy(pay.RailJSAPI)
	for _, payer := range []string{"", "a b", strings.Repeat("x", 129)} {
		o.WalletPayerID = payer
		if _, err := openFull(t, providertest.Nowhere).Request(o); pay.CodeOf(err) != pay.CodeInvalid {
			t.Errorf("%q: %v", payer, err)
		}
	}
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer
		payer string // "" for none
		spent bool
	}{
		"known":      {answer{status: 200, body: `{"payer":"oUpF8"}`}, "oUpF8", false},
		"spent":      {answer{status: 422, body: `{}`}, "", true},
		"gone":       {answer{status: 410, body: `{}`}, "", true},
		"broken":     {answer{status: 500, body: `{}`}, "", false},
		"no-payer":   {answer{status: 200, body: `{}`}, "", false},
		"odd-payer":  {answer{status: 200, body: `{"payer":"a b"}`}, "", false},
		"no-address": {answer{status: 401, body: `{}`, sign: func(h http.Header) { clear(h) }}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := wireOf(t, "", c.answer)
			p := openFull(t, w.URL).(provider.PayerIdentifier)
			payer, err := p.WalletPayerID(t.Context(), pay.RailJSAPI, "code-1")
			if payer != c.payer || (err == nil) != (c.payer != "") || (pay.CodeOf(err) == pay.CodeInvalid) != c.spent {
				t.Errorf("got %q, %v", payer, err)
			}
			if want := (providertest.Sent{Path: "POST cashier.tea.example/morepay/payers", Body: `{"version":2,"code":"code-1"}`}); w.Sent()[0] != want {
				t.Errorf("sent %+v", w.Sent()[0])
			}
			if link := p.AuthorizeURL("https://pay.example/back?a=b&c", "s1"); link != w.URL+"/payer?redirect_uri=https%3A%2F%2Fpay.example%2Fback%3Fa%3Db%26c&state=s1" {
				t.Errorf("sent to %s", link)
			}
		})
	}
	for _, code := range []string{"", "a b", strings.Repeat("x", 513)} {
		if _, err := openFull(t, providertest.Nowhere).(provider.PayerIdentifier).WalletPayerID(t.Context(), pay.RailJSAPI, code); pay.CodeOf(err) != pay.CodeInvalid {
			t.Errorf("%q: %v", code, err)
		}
	}
	live := fullSettings()
	e := env("", whsec(secret))
	p := providertest.Open(t, merchantlink.Open, live, e).(provider.PayerIdentifier)
	if link := p.AuthorizeURL("https://pay.example/back", "s1"); !strings.HasPrefix(link, "https://cashier.tea.example/payer?") {
		t.Errorf("in live mode sent to %s", link)
	}
}

// The cashier hears of instalments, and of none where there are none.
func TestInstalmentsAreAskedFor(t *testing.T) {
	t.Parallel()
	p := openFull(t, providertest.Nowhere)
	for n, want := range map[int]bool{0: false, 24: true} {
		o := orderBy(pay.RailRedirect)
		o.Method, o.Instalments = "jd_pay", n
		request, err := p.Request(o)
		if err != nil || strings.Contains(string(request), `"instalments":24`) != want || strings.Contains(string(request), "instalments") != want {
			t.Errorf("in %d: %s, %v", n, request, err)
		}
	}
}
