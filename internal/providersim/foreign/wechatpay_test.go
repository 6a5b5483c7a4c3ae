package foreign_test

import (
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-pay/gopay"
	"github.com/go-pay/gopay/pkg/xhttp"
	"github.com/go-pay/gopay/wechat/v3"

	"morepay/internal/providersim"
)

// newWeChatPay starts a simulator with accounts at WeChat Pay, and a client of the direct
// merchant that verifies every answer.
func newWeChatPay(t *testing.T) (*fixture, *wechat.ClientV3) {
	t.Helper()
	fx := newMerchant(t)
	c := fx.gopay(mchID)
	if err := c.AutoVerifySignByPublicKey(publicPEM(t), publicID); err != nil {
		t.Fatal(err)
	}
	return fx, c
}

// gopay is a client in the hands of a caller.
func (fx *fixture) gopay(caller string) *wechat.ClientV3 {
	fx.t.Helper()
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER(fx.t)})
	c, err := wechat.NewClientV3(caller, serial, apiV3Key, string(private))
	if err != nil {
		fx.t.Fatal(err)
	}
	c.SetHttpClient(xhttp.NewClient().SetTransport(fx.transport))
	return c
}

func (fx *fixture) order(number string) gopay.BodyMap {
	return gopay.BodyMap{
		"appid": directApps.service, "mchid": mchID, "description": "龙井茶 <100g> & more", "out_trade_no": number, "notify_url": fx.notifyURL,
		"amount": gopay.BodyMap{"total": 5980, "currency": "CNY"},
	}
}

// code makes a Native order.
func (fx *fixture) code(c *wechat.ClientV3, number string) string {
	fx.t.Helper()
	r, err := c.V3TransactionNative(fx.t.Context(), fx.order(number))
	if err != nil || r.Code != wechat.Success {
		fx.t.Fatalf("native: %v, %v", r, err)
	}
	return r.Response.CodeUrl
}

// paid verifies and decrypts the next notification, which is about a payment.
func (fx *fixture) paid() *wechat.V3DecryptPayResult {
	fx.t.Helper()
	told := fx.heard("TRANSACTION.SUCCESS")
	paid, err := told.DecryptPayCipherText(apiV3Key)
	if err != nil {
		fx.t.Fatal(err)
	}
	return paid
}

func (fx *fixture) heard(event string) *wechat.V3NotifyReq {
	fx.t.Helper()
	told, err := wechat.V3ParseNotify(fx.next())
	if err != nil {
		fx.t.Fatal(err)
	}
	if err := told.VerifySignByPK(&platformKey().PublicKey); err != nil {
		fx.t.Fatal(err)
	}
	if told.EventType != event || told.SignInfo.HeaderSerial != publicID {
		fx.t.Fatalf("event %s, signed by %s", told.EventType, told.SignInfo.HeaderSerial)
	}
	return told
}

func (fx *fixture) wantState(c *wechat.ClientV3, number, state string) {
	fx.t.Helper()
	r, err := c.V3TransactionQueryOrder(fx.t.Context(), wechat.OutTradeNo, number)
	if err != nil || r.Response.TradeState != state {
		fx.t.Fatalf("query of %s: %+v, %v", number, r, err)
	}
}

func TestWeChatPayNative(t *testing.T) {
	t.Parallel()
	fx, c := newWeChatPay(t)
	code := fx.code(c, "native-1")
	fx.wantState(c, "native-1", "NOTPAY")
	fx.approve(providersim.Ming, code)
	paid := fx.paid()
	if paid.OutTradeNo != "native-1" || paid.Amount.Total != 5980 || paid.TradeType != "NATIVE" || paid.TradeState != "SUCCESS" {
		t.Errorf("notification: %+v", paid)
	}
	r, err := c.V3TransactionQueryOrder(t.Context(), wechat.TransactionId, paid.TransactionId)
	if err != nil || r.Response.OutTradeNo != "native-1" || r.Response.Payer.Openid != paid.Payer.Openid {
		t.Errorf("query by transaction_id: %+v, %v", r, err)
	}
	again, err := c.V3TransactionNative(t.Context(), fx.order("native-1"))
	if err != nil || again.Code != 400 || again.ErrResponse.Code != "ORDERPAID" {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestWeChatPayClose(t *testing.T) {
	t.Parallel()
	fx, c := newWeChatPay(t)
	fx.code(c, "closed-1")
	for range 2 {
		if r, err := c.V3TransactionCloseOrder(t.Context(), "closed-1"); err != nil || r.Code != wechat.Success {
			t.Errorf("close: %+v, %v", r, err)
		}
	}
	fx.wantState(c, "closed-1", "CLOSED")
	if r, err := c.V3TransactionCloseOrder(t.Context(), "never-made"); err != nil || r.ErrResponse.Code != "ORDER_NOT_EXIST" {
		t.Errorf("close of none: %+v, %v", r, err)
	}
}

func TestWeChatPayRefund(t *testing.T) {
	t.Parallel()
	fx, c := newWeChatPay(t)
	fx.approve(providersim.Ming, fx.code(c, "refunded-1"))
	fx.paid()
	refund := gopay.BodyMap{
		"out_trade_no": "refunded-1", "out_refund_no": "R1", "notify_url": fx.notifyURL,
		"amount": gopay.BodyMap{"total": 5980, "refund": 80, "currency": "CNY"},
	}
	r, err := c.V3Refund(t.Context(), refund)
	if err != nil || r.Response.Status != "PROCESSING" {
		t.Fatalf("refund: %+v, %v", r, err)
	}
	told, err := fx.heard("REFUND.SUCCESS").DecryptRefundCipherText(apiV3Key)
	if err != nil || told.OutRefundNo != "R1" || told.Amount.Refund != 80 || told.RefundStatus != "SUCCESS" {
		t.Errorf("notification: %+v, %v", told, err)
	}
	q, err := c.V3RefundQuery(t.Context(), "R1", nil)
	if err != nil || q.Response.Status != "SUCCESS" || q.Response.RefundId != r.Response.RefundId {
		t.Errorf("query: %+v, %v", q, err)
	}
	fx.wantState(c, "refunded-1", "REFUND")
}

func TestWeChatPayH5(t *testing.T) {
	t.Parallel()
	fx, c := newWeChatPay(t)
	scene := gopay.BodyMap{"payer_client_ip": "203.0.113.7", "h5_info": gopay.BodyMap{"type": "Wap"}}
	r, err := c.V3TransactionH5(t.Context(), fx.order("h5-paid-1").Set("scene_info", scene))
	if err != nil || !strings.HasPrefix(r.Response.H5Url, origin+"/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx") {
		t.Fatalf("h5: %+v, %v", r, err)
	}
	fx.approve(providersim.Ming, "h5-paid-1")
	if paid := fx.paid(); paid.TradeType != "MWEB" {
		t.Errorf("notification: %+v", paid)
	}
}

func TestWeChatPayJSAPI(t *testing.T) {
	t.Parallel()
	fx, c := newWeChatPay(t)
	r, err := c.V3TransactionJsapi(t.Context(), fx.order("jsapi-1").Set("payer", gopay.BodyMap{"openid": fx.openid(directApps.service, directApps.secret)}))
	if err != nil || r.Code != wechat.Success {
		t.Fatalf("jsapi: %+v, %v", r, err)
	}
	p, err := c.PaySignOfJSAPI(directApps.service, r.Response.PrepayId)
	if err != nil {
		t.Fatal(err)
	}
	answer := fx.post("/phone/bridge", map[string]string{
		"appId": p.AppId, "timeStamp": p.TimeStamp, "nonceStr": p.NonceStr, "package": p.Package, "signType": p.SignType, "paySign": p.PaySign,
		"user": "ming", "do": "approve",
	})
	if answer["err_msg"] != "get_brand_wcpay_request:ok" {
		t.Errorf("the bridge says %v", answer)
	}
	if paid := fx.paid(); paid.TradeType != "JSAPI" {
		t.Errorf("notification: %+v", paid)
	}
}

func TestWeChatPayBill(t *testing.T) {
	t.Parallel()
	fx, c := newWeChatPay(t)
	fx.approve(providersim.Ming, fx.code(c, "bill-1"))
	day := fx.sim.Now().In(time.FixedZone("CST", 8*3600)).Format(time.DateOnly)
	fx.sim.Advance(35 * time.Hour)
	r, err := c.V3BillTradeBill(t.Context(), gopay.BodyMap{"bill_date": day, "bill_type": "ALL", "tar_type": "GZIP"})
	if err != nil || r.Code != wechat.Success {
		t.Fatalf("bill: %+v, %v", r, err)
	}
	file, err := c.V3BillDownLoadBill(t.Context(), r.Response.DownloadUrl)
	if err != nil {
		t.Fatal(err)
	}
	in, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(in)
	if err != nil || !strings.Contains(string(text), "bill-1") {
		t.Errorf("the bill holds %s, %v", text, err)
	}
}
