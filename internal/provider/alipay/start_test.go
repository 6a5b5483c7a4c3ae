package alipay_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

const qrCode = "https://qr.alipay.com/bax03431ljhokirwl38f00a7"

func start(t *testing.T, p provider.Provider, rail pay.Rail) (pay.Action, error) {
	t.Helper()
	return providertest.Start(t, p, order(rail))
}

func TestStartQRCode(t *testing.T) {
	t.Parallel()
	w := newWire(t, always(ok(map[string]any{"out_trade_no": number, "qr_code": qrCode})))
	action, err := start(t, open(t, w.URL), pay.RailQR)
	if err != nil {
		t.Fatal(err)
	}
	if action.Kind != pay.ActionQRCode || action.Payload != qrCode || !action.ExpiresAt.Equal(now.Add(30*time.Minute)) {
		t.Errorf("got %+v", action)
	}
	sent := forms(t, w)[0]
	want := `{"out_trade_no":"` + number + `","total_amount":"59.80","subject":"Tea \u003cgreen\u003e   cup",` +
		`"product_code":"QR_CODE_OFFLINE","time_expire":"2026-11-23 20:30:00"}`
	if got := sent.Get("biz_content"); got != want {
		t.Errorf("sent\n%s\nwant\n%s", got, want)
	}
	if sent.Get("notify_url") != order(pay.RailQR).NotifyURL || sent.Has("return_url") || sent.Get("sign_type") != "RSA2" {
		t.Errorf("sent %v", sent)
	}
	verifySent(t, sent)
}

// verifySent checks our signature and clock as Alipay does.
func verifySent(t *testing.T, form url.Values) {
	t.Helper()
	var pairs []string
	for name := range form {
		if v := form.Get(name); name != "sign" && v != "" {
			pairs = append(pairs, name+"="+v)
		}
	}
	slices.Sort(pairs)
	signature, err := base64.StdEncoding.DecodeString(form.Get("sign"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(strings.Join(pairs, "&")))
	if err := rsa.VerifyPKCS1v15(&providertest.MerchantKey().PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		t.Errorf("signature: %v", err)
	}
	at, err := time.ParseInLocation(time.DateTime, form.Get("timestamp"), time.FixedZone("", 8*60*60))
	if err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("timestamp %s, %v", form.Get("timestamp"), err)
	}
}

func TestStartLinks(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere) // nothing is sent
	for rail, want := range map[pay.Rail]struct{ method, product, quit string }{
		pay.RailDeepLink: {"alipay.trade.wap.pay", "QUICK_WAP_WAY", `"quit_url"`},
		pay.RailRedirect: {"alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY", ""},
	} {
		t.Run(string(rail), func(t *testing.T) {
			action, err := start(t, p, rail)
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(action.URL)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			if action.Kind != pay.ActionRedirect || u.Scheme != "https" || u.Host != "openapi.alipay.com" || u.Path != "/gateway.do" {
				t.Errorf("goes to %s", action.URL)
			}
			content := q.Get("biz_content")
			if q.Get("method") != want.method || !strings.Contains(content, want.product) || !strings.Contains(content, want.quit) {
				t.Errorf("asks for %s with %s", q.Get("method"), content)
			}
			if q.Get("return_url") != order(rail).ReturnURL || q.Get("notify_url") != order(rail).NotifyURL {
				t.Errorf("comes back to %s, tells %s", q.Get("return_url"), q.Get("notify_url"))
			}
			verifySent(t, q)
		})
	}
}

// What the shop's own app hands to Alipay's SDK is signed here, and sent by nobody.
func TestStartOrderString(t *testing.T) {
	t.Parallel()
	action, err := start(t, open(t, providertest.Nowhere), pay.RailApp)
	if err != nil || action.Kind != pay.ActionBridge || action.Bridge != "host" || len(action.Params) != 1 {
		t.Fatalf("got %+v, %v", action, err)
	}
	if want := now.Add(15 * time.Minute); !action.ExpiresAt.Equal(want) {
		t.Errorf("it lives until %v, want %v", action.ExpiresAt, want)
	}
	form, err := url.ParseQuery(action.Params["orderStr"])
	if err != nil {
		t.Fatal(err)
	}
	if form.Get("method") != "alipay.trade.app.pay" || form.Get("notify_url") != order(pay.RailApp).NotifyURL || form.Has("return_url") ||
		!strings.Contains(form.Get("biz_content"), `"product_code":"QUICK_MSECURITY_PAY"`) || strings.Contains(form.Get("biz_content"), "quit_url") {
		t.Errorf("it says %v", form)
	}
	verifySent(t, form)
}

// The longest order that checkout lets through still makes a link of a length
// that every browser and server takes, in every mode and with all that can be set.
func TestLongestLink(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	files, _ := certifiedFiles(a)
	files["root.crt"] = append(files["root.crt"], files["root.crt"]...) // real ones have two that count
	files["token"] = []byte(appToken)
	settings := providertest.With(agencySettings(nil), map[string]any{
		"public_key": nil, "app_certificate": "app.crt", "root_certificate": "root.crt", "alipay_certificate": "alipay.crt",
		"enable_pay_channels": strings.Repeat("c,", 63) + "c", "store_id": strings.Repeat("s", 32), "goods_type": "1", "sys_service_provider_id": sellerID,
	})
	for name, p := range map[string]provider.Provider{
		"plain": open(t, providertest.Nowhere),
		"full":  providertest.Open(t, alipay.Open, settings, providertest.Env(providertest.Nowhere, files)),
	} {
		o := order(pay.RailDeepLink)
		o.Description = strings.Repeat("🍵茶", 300)
		o.ReturnURL = "https://checkout.a-merchant-with-a-long-name.example.com/return/at_" + strings.Repeat("x", 32)
		o.NotifyURL = "https://checkout.a-merchant-with-a-long-name.example.com/notify/alipay/" + sellerID
		request, err := p.Request(o)
		if err != nil {
			t.Fatal(err)
		}
		action, err := p.Start(t.Context(), pay.RailDeepLink, request)
		if err != nil || len(action.URL) > provider.MaxLink {
			t.Errorf("%s: %d bytes, %v", name, len(action.URL), err)
		}
		if !strings.Contains(parameters(t, action.URL).Get("biz_content"), strings.Repeat("🍵茶", 6)) {
			t.Errorf("%s: nothing is left of the description", name)
		}
	}
}

// The content that is sent again is the same to the byte; time and signature
// can't be.
func TestStartSendsTheStoredContent(t *testing.T) {
	t.Parallel()
	w := newWire(t, always(ok(map[string]any{"qr_code": qrCode})))
	request, err := open(t, w.URL).Request(order(pay.RailQR))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := open(t, w.URL).Start(t.Context(), pay.RailQR, request); err != nil {
			t.Fatal(err)
		}
	}
	if first, second := forms(t, w)[0].Get("biz_content"), forms(t, w)[1].Get("biz_content"); first != second || first == "" {
		t.Errorf("sent %s, then %s", first, second)
	}
}

func TestTestModeLinksToTheSimulator(t *testing.T) {
	t.Parallel()
	e := providertest.Env(providertest.Nowhere, keyFiles())
	e.TestURL = "http://127.0.0.1:8081"
	p, err := alipay.Open([]byte(providertest.JSON(t, goodSettings())), e)
	if err != nil {
		t.Fatal(err)
	}
	action, err := start(t, p, pay.RailRedirect)
	if err != nil || !strings.HasPrefix(action.URL, "http://127.0.0.1:8081/gateway.do?") {
		t.Errorf("goes to %s, %v", action.URL, err)
	}
	if !slices.Contains(p.(provider.FormTargeter).FormTargets(), e.TestURL) {
		t.Error("the simulator is not among the form targets")
	}
}

func TestRequestRefuses(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	for name, c := range map[string]struct {
		change func(*provider.Order)
		field  string
	}{
		"rail":           {func(o *provider.Order) { o.Rail = pay.RailPageQR }, "rail"},
		"nobody":         {func(o *provider.Order) { o.Rail = pay.RailJSAPI }, "payer_id"},
		"odd-payer":      {func(o *provider.Order) { o.Rail, o.WalletPayerID = pay.RailJSAPI, openID+`"` }, "payer_id"},
		"number":         {func(o *provider.Order) { o.OutTradeNo = "a-b-c-d" }, "out_trade_no"},
		"dollars":        {func(o *provider.Order) { o.Amount.Currency = "USD" }, "amount.currency"},
		"zero":           {func(o *provider.Order) { o.Amount.Value = 0 }, "amount.value"},
		"too-much":       {func(o *provider.Order) { o.Amount.Value = 10_000_000_001 }, "amount.value"},
		"no-description": {func(o *provider.Order) { o.Description = " " }, "description"},
		"notify-query":   {func(o *provider.Order) { o.NotifyURL += "?a" }, "notify_url"},
	} {
		t.Run(name, func(t *testing.T) {
			o := order(pay.RailQR)
			c.change(&o)
			_, err := p.Request(o)
			var wrong *pay.Error
			if !errors.As(err, &wrong) || wrong.Code != pay.CodeInvalid || wrong.Field != c.field {
				t.Errorf("got %v, want invalid_request of %s", err, c.field)
			}
		})
	}
}

func TestStartAnswers(t *testing.T) {
	t.Parallel()
	name := responseName("alipay.trade.precreate")
	forgedSign := sign("something else")
	for test, c := range map[string]struct {
		answer
		want error // nil for unknown
	}{
		"missing-param":     {no("40001", "isv.missing-method"), provider.ErrRefused},
		"bad-signature":     {no("40002", "isv.invalid-signature"), provider.ErrRefused},
		"conditions":        {no("40003", "isv.x"), provider.ErrRefused},
		"no-permission":     {no("40006", "isv.insufficient-isv-permissions"), provider.ErrRefused},
		"auth-token":        {no("20001", "aop.invalid-auth-token"), provider.ErrRefused},
		"parameter":         {no("40004", "ACQ.INVALID_PARAMETER"), provider.ErrRefused},
		"forbidden":         {no("40004", "ACQ.ACCESS_FORBIDDEN"), provider.ErrRefused},
		"word":              {no("40004", "ACQ.EXIST_FORBIDDEN_WORD"), provider.ErrRefused},
		"paid":              {no("40004", "ACQ.TRADE_HAS_SUCCESS"), provider.ErrPaid},
		"closed":            {no("40004", "ACQ.TRADE_HAS_CLOSE"), provider.ErrClosed},
		"other-params":      {no("40004", "ACQ.CONTEXT_INCONSISTENT"), nil},
		"system":            {no("40004", "ACQ.SYSTEM_ERROR"), nil},
		"new-sub-code":      {no("40004", "ACQ.SOMETHING_NEW"), nil},
		"no-sub-code":       {no("40004", ""), nil},
		"unavailable":       {no("20000", "aop.unknow-error"), nil},
		"too-often":         {no("40005", "isv.app-call-limited"), nil},
		"in-process":        {no("10003", ""), nil},
		"new-code":          {no("77777", ""), nil},
		"gateway-error":     {answer{raw: `{"error_response":{"code":"40002","sub_code":"isv.invalid-app-id","sub_msg":"canary"}}`}, nil},
		"unsigned-error":    {answer{raw: `{"` + name + `":{"code":"40006","sub_msg":"canary"}}`}, nil},
		"unsigned-success":  {answer{raw: `{"` + name + `":{"code":"10000","qr_code":"` + qrCode + `"}}`}, nil},
		"forged-success":    {answer{raw: `{"` + name + `":{"code":"10000","qr_code":"` + qrCode + `"},"sign":"` + forgedSign + `"}`}, nil},
		"names-certificate": {answer{raw: `{"` + name + `":{"code":"10000"},"sign":"` + forgedSign + `","alipay_cert_sn":"canary"}`}, nil},
		"null-error":        {answer{raw: `{"error_response":null}`}, nil},
		"null-result":       {answer{raw: `{"` + name + `":null,"sign":""}`}, nil},
		"encrypted":         {answer{raw: `{"` + name + `":"AAAAAAAAAAAAAAAAAAAAAA==","sign":"x"}`}, nil},
		"odd-sign":          {answer{raw: `{"` + name + `":{"code":"10000"},"sign":5}`}, nil},
		"other-method":      {answer{raw: `{"alipay_trade_query_response":{"code":"10000"},"sign":"x"}`}, nil},
		"web-page":          {answer{raw: `<html>canary</html>`}, nil},
		"empty":             {answer{}, nil},
		"bad-gateway":       {answer{raw: `<html>canary</html>`, status: 502}, nil},
		"cut":               {answer{cut: true}, nil},
		"too-long":          {answer{raw: strings.Repeat(" ", provider.MaxReply+1)}, nil},
		"no-code":           {ok(nil), nil},
		"foreign-code":      {ok(map[string]any{"qr_code": "https://qr.alipay.com.evil.example/canary"}), nil},
		"script":            {ok(map[string]any{"qr_code": "javascript:canary"}), nil},
		"code-of-wrong-typ": {ok(map[string]any{"qr_code": 5}), nil},
	} {
		t.Run(test, func(t *testing.T) {
			_, err := start(t, open(t, newWire(t, always(c.answer)).URL), pay.RailQR)
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

func TestStartRefusesForeignRequests(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	request, err := p.Request(order(pay.RailQR))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		rail pay.Rail
		kept string
	}{
		"other-rail": {pay.RailRedirect, string(request)},
		"not-json":   {pay.RailQR, "{"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := p.Start(t.Context(), c.rail, []byte(c.kept)); pay.CodeOf(err) != pay.CodeInternal {
				t.Errorf("got %v, want internal", err)
			}
		})
	}
}

// Replies are parsed before their signature holds: nothing in one may panic.
func FuzzReply(f *testing.F) {
	name := responseName("alipay.trade.precreate")
	f.Add(`{"` + name + `":{"code":"10000","qr_code":"` + qrCode + `"},"sign":"x"}`)
	f.Add(`{"` + name + `":"AAAAAAAAAAAAAAAAAAAAAA==","sign":"x"}`)
	f.Add(`{"` + name + `":"A","sign":"","alipay_cert_sn":"x"}`)
	f.Add(`{"error_response":null}`)
	f.Add(`{"` + name + `":{},"sign":1}`)
	var raw string
	p := open(f, newWire(f, func(string, map[string]string) answer { return answer{raw: raw} }).URL)
	request, err := p.Request(order(pay.RailQR))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw = text
		if action, err := p.Start(t.Context(), pay.RailQR, request); err == nil {
			t.Fatalf("took %+v from %q", action, text)
		}
	})
}

// The payer's instalments go along, with who pays their fee; payment at once says nothing.
func TestInstalments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number, percent int
		want            string
	}{
		{0, 100, ""},
		{3, 0, `"extend_params":{"hb_fq_num":"3","hb_fq_seller_percent":"0"}`},
		{12, 100, `"extend_params":{"hb_fq_num":"12","hb_fq_seller_percent":"100"}`},
	} {
		p := openWith(t, providertest.Nowhere, map[string]any{"hb_fq_seller_percent": c.percent})
		for _, rail := range p.Rails() {
			o := order(rail)
			o.Instalments = c.number
			if rail == pay.RailJSAPI {
				o.WalletPayerID = "2088101117955611"
			}
			request, err := p.Request(o)
			if err != nil {
				t.Fatalf("%s: %v", rail, err)
			}
			if c.want == "" && strings.Contains(string(request), "extend_params") || !strings.Contains(string(request), c.want) {
				t.Errorf("%s in %d: %s", rail, c.number, request)
			}
		}
	}
	o := order(pay.RailQR)
	o.Instalments = 5
	var wrong *pay.Error
	if _, err := open(t, providertest.Nowhere).Request(o); !errors.As(err, &wrong) || wrong.Field != "instalments" {
		t.Errorf("in five: %v", err)
	}
}
