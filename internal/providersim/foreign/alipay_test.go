package foreign_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-pay/gopay"
	"github.com/go-pay/gopay/alipay"
	"github.com/go-pay/gopay/pkg/xhttp"

	"morepay/internal/providersim"
)

const (
	app    = "2021000000000001"
	seller = "2088000000000009"
)

// newAlipay starts a simulator with an Alipay account, and a client that verifies
// every answer.
func newAlipay(t *testing.T) (*fixture, *alipay.Client) {
	t.Helper()
	fx := newFixture(t, "success")
	fx.addAlipay(providersim.AlipayAccount{})
	c := fx.gopayAlipay(app)
	c.AutoVerifySign(publicPEM(t))
	return fx, c
}

// addAlipay opens an account of the application.
func (fx *fixture) addAlipay(a providersim.AlipayAccount) {
	fx.t.Helper()
	a.AppID, a.SellerID, a.Name, a.OAuthDomains = app, seller, "Tea & Co", []string{"pay.example"}
	a.MerchantPublicKey, a.PlatformKey = &merchantKey().PublicKey, platformKey()
	if err := fx.sim.AddAlipayAccount(a); err != nil {
		fx.t.Fatal(err)
	}
}

// gopayAlipay is a client of an application, which verifies nothing yet.
func (fx *fixture) gopayAlipay(caller string) *alipay.Client {
	fx.t.Helper()
	c, err := alipay.NewClient(caller, base64.StdEncoding.EncodeToString(privateDER(fx.t)), true)
	if err != nil {
		fx.t.Fatal(err)
	}
	c.SetHttpClient(xhttp.NewClient().SetTransport(fx.transport))
	c.SetLocation(alipay.LocationShanghai)
	c.SetNotifyUrl(fx.notifyURL)
	c.SetReturnUrl("http://127.0.0.1:8080/pay/x?a=1")
	return c
}

func trade(number string) gopay.BodyMap {
	return gopay.BodyMap{"out_trade_no": number, "total_amount": "59.80", "subject": "龙井茶 <100g>", "passback_params": "attempt-1"}
}

func numbered(number string) gopay.BodyMap { return gopay.BodyMap{"out_trade_no": number} }

// wantSub checks that a call was refused with a sub_code.
func wantSub(t *testing.T, err error, sub string) {
	t.Helper()
	if e, ok := alipay.IsBizError(err); !ok || e.SubCode != sub {
		t.Fatalf("error is %v, want %s", err, sub)
	}
}

// qr makes a trade for a QR code.
func (fx *fixture) qr(c *alipay.Client, number string) string {
	fx.t.Helper()
	r, err := c.TradePrecreate(fx.t.Context(), trade(number).Set("product_code", "QR_CODE_OFFLINE"))
	if err != nil {
		fx.t.Fatal(err)
	}
	return r.Response.QrCode
}

func (fx *fixture) wantStatus(c *alipay.Client, number, status string) {
	fx.t.Helper()
	r, err := c.TradeQuery(fx.t.Context(), numbered(number))
	if err != nil || r.Response.TradeStatus != status || r.Response.TotalAmount != "59.80" {
		fx.t.Fatalf("query: %+v, %v", r.Response, err)
	}
}

// hear verifies the next notification.
func (fx *fixture) hear() gopay.BodyMap {
	fx.t.Helper()
	told, err := alipay.ParseNotifyToBodyMap(fx.next())
	if err != nil {
		fx.t.Fatal(err)
	}
	fx.verify(told)
	return told
}

func (fx *fixture) verify(told gopay.BodyMap) {
	fx.t.Helper()
	key := strings.Join(strings.Split(strings.TrimSpace(string(publicPEM(fx.t))), "\n")[1:], "")
	if ok, err := alipay.VerifySign(strings.TrimSuffix(key, "-----END PUBLIC KEY-----"), merged(told, nil)); !ok || err != nil {
		fx.t.Fatalf("%v is not signed: %v", told, err)
	}
}

func TestAlipayCode(t *testing.T) {
	t.Parallel()
	fx, c := newAlipay(t)
	code := fx.qr(c, "qr_1")
	_, err := c.TradeQuery(t.Context(), numbered("qr_1"))
	wantSub(t, err, "ACQ.TRADE_NOT_EXIST")
	if _, err := fx.sim.Scan(providersim.Ming, code, providersim.ByCamera); err != nil {
		t.Fatal(err)
	}
	fx.wantStatus(c, "qr_1", "WAIT_BUYER_PAY")
	fx.approve(providersim.Ming, code)
	fx.wantStatus(c, "qr_1", "TRADE_SUCCESS")
	told := fx.hear()
	for name, want := range map[string]string{
		"trade_status": "TRADE_SUCCESS", "total_amount": "59.80", "app_id": app, "seller_id": seller, "out_trade_no": "qr_1", "passback_params": "attempt-1",
	} {
		if got := told.GetString(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	r, err := c.TradeQuery(t.Context(), gopay.BodyMap{"trade_no": told.GetString("trade_no")})
	if err != nil || r.Response.OutTradeNo != "qr_1" {
		t.Errorf("query by trade_no: %+v, %v", r.Response, err)
	}
}

// TestAlipayAmountAsNumber: who sends a number instead of text is understood.
func TestAlipayAmountAsNumber(t *testing.T) {
	t.Parallel()
	fx, c := newAlipay(t)
	for amount, sub := range map[any]string{59.8: "", 59.801: "ACQ.INVALID_PARAMETER", 1e9: "ACQ.INVALID_PARAMETER", true: "ACQ.INVALID_PARAMETER"} {
		r, err := c.TradePrecreate(t.Context(), trade("number_1").Set("total_amount", amount))
		if sub != "" {
			wantSub(t, err, sub)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		fx.approve(providersim.Ming, r.Response.QrCode)
	}
	fx.wantStatus(c, "number_1", "TRADE_SUCCESS")
	r, err := c.TradeRefund(t.Context(), numbered("number_1").Set("refund_amount", 0.8).Set("out_request_no", "R1"))
	if err != nil || r.Response.RefundFee != "0.80" {
		t.Errorf("refund: %+v, %v", r, err)
	}
}

func TestAlipayPages(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]func(*alipay.Client, *testing.T) (string, error){
		"wap": func(c *alipay.Client, t *testing.T) (string, error) {
			return c.TradeWapPay(t.Context(), trade("page_1").Set("quit_url", "http://127.0.0.1:8080/quit"))
		},
		"page": func(c *alipay.Client, t *testing.T) (string, error) {
			return c.TradePagePay(t.Context(), trade("page_1"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fx, c := newAlipay(t)
			address, err := link(c, t)
			if err != nil {
				t.Fatal(err)
			}
			to, page := fx.get(address)
			if !strings.HasPrefix(to, "/phone/orders/") {
				t.Fatalf("it leads to %q:\n%s", to, page)
			}
			fx.approve(providersim.Ming, "page_1")
			if told := fx.hear(); told.GetString("trade_status") != "TRADE_SUCCESS" {
				t.Errorf("notification: %v", told)
			}
			signed := fx.returned()
			if signed.GetString("out_trade_no") != "page_1" {
				t.Fatalf("the payer comes back with %v", signed)
			}
			fx.verify(signed)
		})
	}
}

// returned is what the payer's browser brings back, without what is the merchant's own.
func (fx *fixture) returned() gopay.BodyMap {
	fx.t.Helper()
	back, err := url.Parse(fx.sim.Orders()[0].Return)
	if err != nil {
		fx.t.Fatal(err)
	}
	signed, err := alipay.ParseNotifyByURLValues(back.Query())
	if err != nil || signed.GetString("a") != "1" {
		fx.t.Fatalf("return address %s: %v", back, err)
	}
	signed.Remove("a")
	return signed
}

// openID gets a buyer's id by OAuth, as the merchant's server does. The client's own
// call for it takes no HTTP client but the one to the real gateway.
func (fx *fixture) openID(c *alipay.Client) string {
	fx.t.Helper()
	location, page := fx.get("https://openauth.alipay.com/oauth2/publicAppAuthorize.htm?app_id=" + app +
		"&scope=auth_base&state=S1&redirect_uri=https%3A%2F%2Fpay.example%2Fback")
	back, err := url.Parse(location)
	if err != nil || back.Host != "pay.example" || back.Query().Get("state") != "S1" {
		fx.t.Fatalf("authorize leads to %q: %s", location, page)
	}
	var token alipay.SystemOauthTokenResponse
	asked := gopay.BodyMap{"grant_type": "authorization_code", "code": back.Query().Get("auth_code")}
	if err := c.PostAliPayAPISelfV2(fx.t.Context(), asked, "alipay.system.oauth.token", &token); err != nil || token.Response == nil {
		fx.t.Fatalf("token: %+v, %v", token, err)
	}
	return token.Response.OpenId
}

func TestAlipayBridge(t *testing.T) {
	t.Parallel()
	for name, buyer := range map[string]func(*fixture, *alipay.Client) gopay.BodyMap{
		"open-id": func(fx *fixture, c *alipay.Client) gopay.BodyMap {
			return gopay.BodyMap{"buyer_open_id": fx.openID(c), "product_code": "JSAPI_PAY", "op_app_id": app}
		},
		"user-id": func(*fixture, *alipay.Client) gopay.BodyMap { return gopay.BodyMap{"buyer_id": "2088000000000001"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fx, c := newAlipay(t)
			r, err := c.TradeCreate(t.Context(), merged(trade("bridge_1"), buyer(fx, c)))
			if err != nil {
				t.Fatal(err)
			}
			answer := fx.post("/phone/tradepay", map[string]string{"tradeNO": r.Response.TradeNo, "user": "ming", "do": "approve"})
			if answer["resultCode"] != "9000" {
				t.Errorf("the bridge says %v", answer)
			}
			fx.wantStatus(c, "bridge_1", "TRADE_SUCCESS")
		})
	}
}

// TestAlipayAppAuthToken: nobody has let the application act for them.
func TestAlipayAppAuthToken(t *testing.T) {
	t.Parallel()
	_, c := newAlipay(t)
	c.SetAppAuthToken("202611BB0000000000000000000000000000X01")
	_, err := c.TradePrecreate(t.Context(), trade("token_1"))
	wantSub(t, err, "aop.invalid-app-auth-token")
}

func TestAlipayEnds(t *testing.T) {
	t.Parallel()
	fx, c := newAlipay(t)
	_, err := c.TradeClose(t.Context(), numbered("never_made"))
	wantSub(t, err, "ACQ.TRADE_NOT_EXIST")
	code := fx.qr(c, "closed_1")
	if _, err := fx.sim.Scan(providersim.Ming, code, providersim.ByCamera); err != nil {
		t.Fatal(err)
	}
	if r, err := c.TradeClose(t.Context(), numbered("closed_1")); err != nil || r.Response.OutTradeNo != "closed_1" {
		t.Fatalf("close: %v", err)
	}
	fx.wantStatus(c, "closed_1", "TRADE_CLOSED")
	fx.qr(c, "canceled_1")
	fx.approve(providersim.Ming, fx.qr(c, "canceled_2"))
	for number, action := range map[string]string{"canceled_1": "close", "canceled_2": "refund", "never_made": ""} {
		r, err := c.TradeCancel(t.Context(), numbered(number))
		if err != nil || r.Response.Action != action || r.Response.RetryFlag != "N" {
			t.Errorf("cancel of %s: %+v, %v", number, r.Response, err)
		}
	}
}

func TestAlipayRefund(t *testing.T) {
	t.Parallel()
	fx, c := newAlipay(t)
	fx.approve(providersim.Ming, fx.qr(c, "refunded_1"))
	fx.hear()
	refund := func(amount, number string) (*alipay.TradeRefundResponse, error) {
		return c.TradeRefund(t.Context(), numbered("refunded_1").Set("refund_amount", amount).Set("out_request_no", number))
	}
	for i, changed := range []string{"Y", "N"} {
		r, err := refund("0.80", "R1")
		if err != nil || r.Response.FundChange != changed || r.Response.RefundFee != "0.80" {
			t.Errorf("refund, time %d: %+v, %v", i+1, r.Response, err)
		}
	}
	if told := fx.hear(); told.GetString("refund_fee") != "0.80" || told.GetString("out_biz_no") != "R1" || told.GetString("trade_status") != "TRADE_SUCCESS" {
		t.Errorf("notification: %v", told)
	}
	_, err := refund("0.81", "R1")
	wantSub(t, err, "ACQ.DISCORDANT_REPEAT_REQUEST")
	_, err = refund("59.01", "R2")
	wantSub(t, err, "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
	q, err := c.TradeFastPayRefundQuery(t.Context(), numbered("refunded_1").Set("out_request_no", "R1"))
	if err != nil || q.Response.RefundStatus != "REFUND_SUCCESS" || q.Response.RefundAmount != "0.80" {
		t.Errorf("query: %+v, %v", q.Response, err)
	}
}

func TestAlipayBill(t *testing.T) {
	t.Parallel()
	fx, c := newAlipay(t)
	fx.approve(providersim.Ming, fx.qr(c, "bill_1"))
	day := fx.sim.Now().In(time.FixedZone("CST", 8*3600)).Format(time.DateOnly)
	fx.sim.Advance(35 * time.Hour)
	r, err := c.DataBillDownloadUrlQuery(t.Context(), gopay.BodyMap{"bill_type": "trade", "bill_date": day})
	if err != nil {
		t.Fatal(err)
	}
	_, file := fx.get(r.Response.BillDownloadUrl)
	if z, err := zip.NewReader(bytes.NewReader([]byte(file)), int64(len(file))); err != nil || len(z.File) != 2 {
		t.Errorf("the bill is no archive of two files: %v", err)
	}
}
