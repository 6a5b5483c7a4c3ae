package providersim_test

import (
	"crypto/x509"
	"encoding/base64"
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
	return fx, fx.alipayClient(alipayApp)
}

// alipayClient makes a client of an application in public-key mode.
func (fx *fixture) alipayClient(app string) *alipay.Client {
	fx.t.Helper()
	private, err := x509.MarshalPKCS8PrivateKey(merchantKey())
	if err != nil {
		fx.t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&platformKey().PublicKey)
	if err != nil {
		fx.t.Fatal(err)
	}
	c, err := alipay.New(app, base64.StdEncoding.EncodeToString(private), true,
		alipay.WithHTTPClient(fx.http), alipay.WithTimeLocation(time.FixedZone("CST", 8*3600)),
		alipay.WithProductionGateway(fx.server.URL+"/gateway.do"))
	if err != nil {
		fx.t.Fatal(err)
	}
	if err := c.LoadAliPayPublicKey(base64.StdEncoding.EncodeToString(public)); err != nil {
		fx.t.Fatal(err)
	}
	return c
}

func (fx *fixture) trade(number string) alipay.Trade {
	return alipay.Trade{
		OutTradeNo: number, Subject: "龙井茶 <100g>", TotalAmount: "59.80", NotifyURL: fx.merchant.url, ReturnURL: "http://127.0.0.1:8080/pay/x?a=1",
		PassbackParams: "attempt-1", Body: "that nobody reads",
	}
}

// wap returns what a trade in a phone's browser is asked for with.
func (fx *fixture) wap(number string) alipay.TradeWapPay {
	p := alipay.TradeWapPay{Trade: fx.trade(number)}
	p.ProductCode = "QUICK_WAP_WAY"
	return p
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
	if !strings.HasPrefix(code, "https://qr.alipay.com/baxSIM") {
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
	if n.TradeStatus != alipay.TradeStatusSuccess || n.OutTradeNo != "qr_paid_1" || n.TotalAmount != "59.80" || n.SellerId != alipaySeller || n.BuyerId != "2088000000000002" ||
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
	if r := refund("0.81", strings.Repeat("R", 65)); r.SubCode != "ACQ.INVALID_PARAMETER" {
		t.Errorf("a long number: %+v", r)
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
	pay := fx.wap("wap_paid_1")
	pay.QuitURL = "http://127.0.0.1:8080/quit"
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
	pay := fx.wap("wap_late_1")
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
	pay := alipay.TradePagePay{Trade: fx.trade("page_1")}
	pay.ProductCode = "FAST_INSTANT_TRADE_PAY"
	link, err := c.TradePagePay(pay)
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
