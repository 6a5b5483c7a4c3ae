package providersim_test

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/smartwalle/alipay/v3"

	"morepay/internal/providersim"
)

// A widely used client of Alipay is the judge in this file.

const (
	alipayApp    = "2021000000000001"
	alipaySeller = "2088000000000009"
)

// newAlipayWorld starts a simulator with an Alipay account too, and a client
// of it.
func newAlipayWorld(t *testing.T) (*fixture, *alipay.Client) {
	t.Helper()
	fx := newFixture(t)
	fx.merchant.answer = func(_ int, _ delivery, rw http.ResponseWriter) { io.WriteString(rw, "success") }
	err := fx.sim.AddAlipayAccount(providersim.AlipayAccount{
		AppID: alipayApp, SellerID: alipaySeller, Name: "Tea & Co", MerchantPublicKey: &merchantKey().PublicKey, PlatformKey: platformKey(), OAuthDomains: []string{"pay.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(merchantKey())
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&platformKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := alipay.New(alipayApp, base64.StdEncoding.EncodeToString(private), true,
		alipay.WithHTTPClient(fx.http), alipay.WithTimeLocation(time.FixedZone("CST", 8*3600)),
		alipay.WithProductionGateway(fx.server.URL+"/gateway.do"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.LoadAliPayPublicKey(base64.StdEncoding.EncodeToString(public)); err != nil {
		t.Fatal(err)
	}
	return fx, c
}

func (fx *fixture) trade(number string) alipay.Trade {
	return alipay.Trade{
		OutTradeNo: number, Subject: "龙井茶 a/b", TotalAmount: "59.80", NotifyURL: fx.merchant.url, ReturnURL: "http://127.0.0.1:8080/pay/x?a=1",
		PassbackParams: "attempt-1",
	}
}

func (fx *fixture) qr(c *alipay.Client, number string) string {
	fx.t.Helper()
	r, err := c.TradePreCreate(fx.t.Context(), alipay.TradePreCreate{Trade: fx.trade(number)})
	if err != nil || !r.IsSuccess() {
		fx.t.Fatalf("precreate: %+v, %v", r, err)
	}
	return r.QRCode
}

func wantSub(t testing.TB, e alipay.Error, err error, sub string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if e.SubCode != sub {
		t.Fatalf("sub_code is %q (%s), want %q", e.SubCode, e.SubMsg, sub)
	}
}

func status(t *testing.T, c *alipay.Client, number string) alipay.TradeStatus {
	t.Helper()
	r, err := c.TradeQuery(t.Context(), alipay.TradeQuery{OutTradeNo: number})
	if err != nil {
		t.Fatal(err)
	}
	return r.TradeStatus
}

func (fx *fixture) told(c *alipay.Client) *alipay.Notification {
	fx.t.Helper()
	form, err := url.ParseQuery(string(fx.merchant.next(fx.t).body))
	if err != nil {
		fx.t.Fatal(err)
	}
	n, err := c.DecodeNotification(fx.t.Context(), form)
	if err != nil {
		fx.t.Fatal(err)
	}
	return n
}

func TestAlipayQRPaid(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	code := fx.qr(c, "qr_paid_1")
	if !strings.HasPrefix(code, "https://qr.alipay.com/bax") {
		t.Fatalf("qr_code is %q", code)
	}
	q, err := c.TradeQuery(t.Context(), alipay.TradeQuery{OutTradeNo: "qr_paid_1"})
	wantSub(t, q.Error, err, "ACQ.TRADE_NOT_EXIST") // nobody has scanned it
	if _, err := fx.sim.Scan(providersim.Hong, code, providersim.ByCamera); err != nil {
		t.Fatal(err)
	}
	if got := status(t, c, "qr_paid_1"); got != alipay.TradeStatusWaitBuyerPay {
		t.Errorf("status after the scan is %s", got)
	}
	fx.approve(providersim.Hong, code)
	n := fx.told(c)
	if n.TradeStatus != alipay.TradeStatusSuccess || n.OutTradeNo != "qr_paid_1" || n.TotalAmount != "59.80" || n.SellerId != alipaySeller ||
		n.AppId != alipayApp || n.PassbackParams != "attempt-1" {
		t.Errorf("notification is %+v", n)
	}
	q, err = c.TradeQuery(t.Context(), alipay.TradeQuery{TradeNo: n.TradeNo})
	if err != nil || q.TradeStatus != alipay.TradeStatusSuccess || q.OutTradeNo != "qr_paid_1" || q.TotalAmount != "59.80" {
		t.Errorf("query by trade_no: %+v, %v", q, err)
	}
	r, err := c.TradePreCreate(t.Context(), alipay.TradePreCreate{Trade: fx.trade("qr_paid_1")})
	wantSub(t, r.Error, err, "ACQ.TRADE_HAS_SUCCESS")
}

func TestAlipayNotificationNeedsSuccess(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	answers := []string{"SUCCESS", "success\n", "success", "success"}
	fx.merchant.answer = func(n int, _ delivery, rw http.ResponseWriter) { io.WriteString(rw, answers[n-1]) }
	fx.sim.Advance(0)
	fx.approve(providersim.Ming, fx.qr(c, "stubborn_1"))
	first := fx.told(c)
	fx.sim.Advance(4 * time.Minute)
	second := fx.told(c)
	fx.sim.Advance(10 * time.Minute)
	third := fx.told(c)
	if first.NotifyId != second.NotifyId || second.NotifyId != third.NotifyId {
		t.Error("a retry has another notify_id")
	}
	fx.sim.Advance(24 * time.Hour)
	fx.approve(providersim.Ming, fx.qr(c, "stubborn_2"))
	if n := fx.told(c); n.OutTradeNo != "stubborn_2" {
		t.Error("a notification was sent again after success")
	}
}

func TestAlipayClose(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	code := fx.qr(c, "closed_1")
	r, err := c.TradeClose(t.Context(), alipay.TradeClose{OutTradeNo: "closed_1"})
	wantSub(t, r.Error, err, "ACQ.TRADE_NOT_EXIST")
	if _, err := fx.sim.Scan(providersim.Ming, code, providersim.ByCamera); err != nil {
		t.Fatal(err)
	}
	r, err = c.TradeClose(t.Context(), alipay.TradeClose{OutTradeNo: "closed_1"})
	wantSub(t, r.Error, err, "")
	if got := status(t, c, "closed_1"); got != alipay.TradeStatusClosed {
		t.Errorf("status is %s", got)
	}
	_, err = fx.sim.Approve(providersim.Ming, code)
	wantRefusal(t, err, "order_closed")

	fx.approve(providersim.Ming, fx.qr(c, "closed_2"))
	r, err = c.TradeClose(t.Context(), alipay.TradeClose{OutTradeNo: "closed_2"})
	wantSub(t, r.Error, err, "ACQ.TRADE_STATUS_ERROR")
}

func TestAlipayCancel(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	unscanned := fx.qr(c, "canceled_1")
	fx.approve(providersim.Ming, fx.qr(c, "canceled_2"))
	for _, want := range []struct{ number, action string }{{"canceled_1", "close"}, {"canceled_2", "refund"}, {"never_made", ""}} {
		r, err := c.TradeCancel(t.Context(), alipay.TradeCancel{OutTradeNo: want.number})
		wantSub(t, r.Error, err, "")
		if r.Action != want.action || r.RetryFlag != "N" {
			t.Errorf("%s: action is %q, retry_flag %q", want.number, r.Action, r.RetryFlag)
		}
	}
	_, err := fx.sim.Scan(providersim.Ming, unscanned, providersim.ByCamera)
	wantRefusal(t, err, "order_closed")
	if got := status(t, c, "canceled_2"); got != alipay.TradeStatusClosed {
		t.Errorf("status of the paid one is %s", got)
	}
}

func TestAlipayRefund(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	fx.approve(providersim.Ming, fx.qr(c, "refunded_1"))
	fx.told(c)
	refund := func(amount, number string) *alipay.TradeRefundRsp {
		t.Helper()
		r, err := c.TradeRefund(t.Context(), alipay.TradeRefund{OutTradeNo: "refunded_1", RefundAmount: amount, OutRequestNo: number})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := refund("0.80", "R1"); !r.IsSuccess() || r.FundChange != "Y" || r.RefundFee != "0.80" {
		t.Errorf("first refund: %+v", r)
	}
	if n := fx.told(c); n.TradeStatus != alipay.TradeStatusSuccess || n.RefundFee != "0.80" || n.OutBizNo != "R1" {
		t.Errorf("notification of a partial refund: %+v", n)
	}
	if r := refund("0.80", "R1"); !r.IsSuccess() || r.FundChange != "N" || r.RefundFee != "0.80" {
		t.Errorf("the same again: %+v", r)
	}
	if r := refund("0.81", "R1"); r.SubCode != "ACQ.DISCORDANT_REPEAT_REQUEST" {
		t.Errorf("another amount: %+v", r)
	}
	if r := refund("59.01", "R2"); r.SubCode != "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL" {
		t.Errorf("too much: %+v", r)
	}
	if r := refund("59.00", "R2"); !r.IsSuccess() || r.RefundFee != "59.80" {
		t.Errorf("the rest: %+v", r)
	}
	if n := fx.told(c); n.TradeStatus != alipay.TradeStatusClosed || n.RefundFee != "59.80" {
		t.Errorf("notification of a full refund: %+v", n)
	}
	q, err := c.TradeFastPayRefundQuery(t.Context(), alipay.TradeFastPayRefundQuery{OutTradeNo: "refunded_1", OutRequestNo: "R1"})
	if err != nil || q.RefundStatus != "REFUND_SUCCESS" || q.RefundAmount != "0.80" {
		t.Errorf("query: %+v, %v", q, err)
	}
	q, err = c.TradeFastPayRefundQuery(t.Context(), alipay.TradeFastPayRefundQuery{OutTradeNo: "refunded_1", OutRequestNo: "R9"})
	if err != nil || !q.IsSuccess() || q.RefundStatus != "" {
		t.Errorf("query of no refund: %+v, %v", q, err)
	}
}

func TestAlipayWapPaid(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	pay := alipay.TradeWapPay{Trade: fx.trade("wap_paid_1"), QuitURL: "http://127.0.0.1:8080/quit"}
	pay.ProductCode = "QUICK_WAP_WAY"
	link, err := c.TradeWapPay(pay)
	if err != nil {
		t.Fatal(err)
	}
	page := fx.visit(link.String(), nil)
	if !strings.Contains(page, "¥59.80") || !strings.Contains(page, "http://127.0.0.1:8080/quit") {
		t.Fatalf("the cashier shows %s", page)
	}
	if got := status(t, c, "wap_paid_1"); got != alipay.TradeStatusWaitBuyerPay {
		t.Errorf("status with the cashier open is %s", got)
	}
	fx.approve(providersim.Ming, "wap_paid_1")
	if n := fx.told(c); n.TradeStatus != alipay.TradeStatusSuccess {
		t.Errorf("notification is %+v", n)
	}
	back, err := url.Parse(fx.sim.Orders()[0].Return)
	if err != nil || back.Host != "127.0.0.1:8080" || back.Query().Get("a") != "1" || back.Query().Get("out_trade_no") != "wap_paid_1" {
		t.Fatalf("return address is %s", back)
	}
	signed := back.Query()
	signed.Del("a") // the merchant's own
	if err := c.VerifySign(t.Context(), signed); err != nil {
		t.Errorf("return address: %v", err)
	}
	if page := fx.visit(link.String(), nil); !strings.Contains(page, "交易已被支付") {
		t.Errorf("the paid trade's cashier shows %s", page)
	}
}

func TestAlipayWapTimesOut(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	pay := alipay.TradeWapPay{Trade: fx.trade("wap_late_1")}
	pay.TimeoutExpress = "5m"
	link, err := c.TradeWapPay(pay)
	if err != nil {
		t.Fatal(err)
	}
	fx.visit(link.String(), nil)
	fx.sim.Advance(5 * time.Minute)
	if n := fx.told(c); n.TradeStatus != alipay.TradeStatusClosed || n.GmtClose == "" {
		t.Errorf("notification is %+v", n)
	}
	_, err = fx.sim.Approve(providersim.Ming, "wap_late_1")
	wantRefusal(t, err, "order_closed")
}

func TestAlipayPageRefusesTamperedAddress(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	link, err := c.TradePagePay(alipay.TradePagePay{Trade: fx.trade("page_1")})
	if err != nil {
		t.Fatal(err)
	}
	q := link.Query()
	q.Set("biz_content", strings.Replace(q.Get("biz_content"), "59.80", "0.01", 1))
	link.RawQuery = q.Encode()
	if page := fx.visit(link.String(), nil); strings.Contains(page, "0.01") || !strings.Contains(page, "signature") {
		t.Errorf("the cashier shows %s", page)
	}
}

// TestAlipayRefusesCommonParameters changes one parameter of a signed request
// at a time.
func TestAlipayRefusesCommonParameters(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	for name, want := range map[string]struct{ value, sub string }{
		"sign":      {"AAAA", "isv.invalid-signature"},
		"app_id":    {"2021000000000009", "isv.invalid-app-id"},
		"method":    {"alipay.trade.nothing", "isv.invalid-signature"},
		"version":   {"2.0", "isv.invalid-version"},
		"charset":   {"gbk", "isv.invalid-charset"},
		"sign_type": {"RSA", "isv.invalid-sign-type"},
		"timestamp": {time.Now().UTC().Format(time.DateTime), "isv.invalid-timestamp"}, // eight hours off: the classic
		"format":    {"XML", "isv.invalid-format"},
	} {
		t.Run(strings.ReplaceAll(name, "_", "-"), func(t *testing.T) {
			p, err := c.URLValues(alipay.TradeQuery{OutTradeNo: "any_1"})
			if err != nil {
				t.Fatal(err)
			}
			p.Set(name, want.value)
			if got := fx.gatewayError(p); got != want.sub {
				t.Errorf("sub_code is %q, want %q", got, want.sub)
			}
			p.Del(name)
			if got := fx.gatewayError(p); name != "format" && got != "isv.missing-"+name {
				t.Errorf("without it, sub_code is %q", got)
			}
		})
	}
}

// TestAlipayParametersInAddressAndForm posts a signed query with its parameters
// spread over both: they are one set.
func TestAlipayParametersInAddressAndForm(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	p, err := c.URLValues(alipay.TradeQuery{OutTradeNo: "never_made"})
	if err != nil {
		t.Fatal(err)
	}
	all, content := p.Encode(), url.Values{"biz_content": p["biz_content"]}.Encode()
	p.Del("biz_content")
	common := p.Encode()
	for name, c := range map[string]struct{ address, form, sub string }{
		"form-only":                {"", all, "ACQ.TRADE_NOT_EXIST"},
		"address-only":             {all, "", "ACQ.TRADE_NOT_EXIST"},
		"charset-in-both":          {"charset=utf-8", all, "ACQ.TRADE_NOT_EXIST"},
		"content-in-form":          {common, content, "ACQ.TRADE_NOT_EXIST"},
		"all-in-both":              {all, all, "ACQ.TRADE_NOT_EXIST"},
		"other-value":              {"charset=gbk", all, "isv.invalid-charset"},
		"other-case":               {"charset=UTF-8", all, "isv.invalid-charset"},
		"twice-in-address":         {"charset=utf-8&charset=utf-8", all, "isv.invalid-charset"},
		"twice-in-form":            {"charset=utf-8", all + "&charset=utf-8", "isv.invalid-charset"},
		"twice-in-both":            {"charset=utf-8&charset=utf-8", all + "&charset=utf-8", "isv.invalid-charset"},
		"unsigned-part-in-address": {"notify_url=http%3A%2F%2F127.0.0.1%2F", all, "isv.invalid-signature"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fx.gatewayRefusal(c.address, c.form); got != c.sub {
				t.Errorf("sub_code is %q, want %q", got, c.sub)
			}
		})
	}
}

// gatewayError posts to the gateway and returns the sub_code of its
// error_response.
func (fx *fixture) gatewayError(p url.Values) string {
	fx.t.Helper()
	return fx.gatewayRefusal("", p.Encode())
}

// gatewayRefusal posts a form to the gateway with a query in its address, and returns
// the sub_code of what is answered.
func (fx *fixture) gatewayRefusal(query, form string) string {
	fx.t.Helper()
	res, err := fx.http.Post(fx.server.URL+"/gateway.do?"+query, "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Error alipay.Error `json:"error_response"`
		Query alipay.Error `json:"alipay_trade_query_response"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		fx.t.Fatal(err)
	}
	return cmp.Or(answer.Error.SubCode, answer.Query.SubCode)
}

func TestAlipayTradeRules(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	for name, change := range map[string]func(*alipay.TradePreCreate){
		"three-decimals":   func(p *alipay.TradePreCreate) { p.TotalAmount = "0.001" },
		"zero":             func(p *alipay.TradePreCreate) { p.TotalAmount = "0.00" },
		"negative":         func(p *alipay.TradePreCreate) { p.TotalAmount = "-1.00" },
		"too-much":         func(p *alipay.TradePreCreate) { p.TotalAmount = "100000000.01" },
		"exponent":         func(p *alipay.TradePreCreate) { p.TotalAmount = "1e2" },
		"no-subject":       func(p *alipay.TradePreCreate) { p.Subject = "" },
		"odd-number":       func(p *alipay.TradePreCreate) { p.OutTradeNo = "a-b" },
		"long-number":      func(p *alipay.TradePreCreate) { p.OutTradeNo = strings.Repeat("a", 65) },
		"fraction-timeout": func(p *alipay.TradePreCreate) { p.TimeoutExpress = "1.5h" },
		"long-timeout":     func(p *alipay.TradePreCreate) { p.TimeoutExpress = "16d" },
		"past-expiry":      func(p *alipay.TradePreCreate) { p.TimeExpire = "2020-01-01 00:00:00" },
	} {
		t.Run(name, func(t *testing.T) {
			p := alipay.TradePreCreate{Trade: fx.trade("rules_1")}
			change(&p)
			r, err := c.TradePreCreate(t.Context(), p)
			wantSub(t, r.Error, err, "ACQ.INVALID_PARAMETER")
		})
	}
	fx.qr(c, "rules_1")
	p := alipay.TradePreCreate{Trade: fx.trade("rules_1")}
	p.TotalAmount = "59.79"
	r, err := c.TradePreCreate(t.Context(), p)
	wantSub(t, r.Error, err, "ACQ.CONTEXT_INCONSISTENT")
}
