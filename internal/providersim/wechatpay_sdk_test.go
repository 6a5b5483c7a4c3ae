package providersim_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"morepay/internal/providersim"
)

// The official SDK is the judge in this file: what it can't use is wrong.

func (fx *fixture) client() *core.Client {
	fx.t.Helper()
	c, err := core.NewClient(fx.t.Context(),
		option.WithWechatPayPublicKeyAuthCipher(mchID, serial, merchantKey(), publicID, &platformKey().PublicKey),
		option.WithHTTPClient(fx.http))
	if err != nil {
		fx.t.Fatal(err)
	}
	return c
}

func (fx *fixture) native() *native.NativeApiService {
	return &native.NativeApiService{Client: fx.client()}
}

func (fx *fixture) nativeRequest(number string) native.PrepayRequest {
	return native.PrepayRequest{
		Appid: core.String(appID), Mchid: core.String(mchID), Description: core.String("龙井茶 <100g> & more"), OutTradeNo: core.String(number),
		NotifyUrl: core.String(fx.merchant.url), Amount: &native.Amount{Total: core.Int64(5980), Currency: core.String("CNY")},
	}
}

// order makes a Native order and returns its code_url.
func (fx *fixture) order(number string) string {
	fx.t.Helper()
	p, _, err := fx.native().Prepay(fx.t.Context(), fx.nativeRequest(number))
	if err != nil {
		fx.t.Fatal(err)
	}
	return *p.CodeUrl
}

func (fx *fixture) query(number string) *payments.Transaction {
	fx.t.Helper()
	t, _, err := fx.native().QueryOrderByOutTradeNo(fx.t.Context(), native.QueryOrderByOutTradeNoRequest{
		OutTradeNo: core.String(number), Mchid: core.String(mchID),
	})
	if err != nil {
		fx.t.Fatal(err)
	}
	return t
}

func (fx *fixture) approve(user providersim.User, ref string) {
	fx.t.Helper()
	if _, err := fx.sim.Approve(user, ref); err != nil {
		fx.t.Fatal(err)
	}
}

// wantCode checks that err is an answer of the API with a status and a code.
func wantCode(t *testing.T, err error, status int, code string) {
	t.Helper()
	var e *core.APIError
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want an API error %d %s", err, status, code)
	}
	if e.StatusCode != status || e.Code != code {
		t.Fatalf("error is %d %s (%s), want %d %s", e.StatusCode, e.Code, e.Message, status, code)
	}
}

func (fx *fixture) notifyHandler() *notify.Handler {
	fx.t.Helper()
	h, err := notify.NewRSANotifyHandler(apiV3Key, verifiers.NewSHA256WithRSAPubkeyVerifier(publicID, platformKey().PublicKey))
	if err != nil {
		fx.t.Fatal(err)
	}
	return h
}

// read verifies and decrypts a notification about a payment.
func (fx *fixture) read(d delivery) (*notify.Request, *payments.Transaction, error) {
	var t payments.Transaction
	n, err := fx.notifyHandler().ParseNotifyRequest(fx.t.Context(), d.request(), &t)
	return n, &t, err
}

func TestNativePaid(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	code := fx.order("native-paid|*1")
	if !strings.HasPrefix(code, "weixin://wxpay/bizpayurl?pr=SIM") {
		t.Fatalf("code_url is %q", code)
	}
	if got := *fx.query("native-paid|*1").TradeState; got != "NOTPAY" {
		t.Fatalf("trade_state before payment is %s", got)
	}
	fx.approve(providersim.Ming, code)

	n, paid, err := fx.read(fx.merchant.next(t))
	if err != nil {
		t.Fatal(err)
	}
	if n.EventType != "TRANSACTION.SUCCESS" || len(n.ID) > 36 {
		t.Errorf("event is %s, id %s", n.EventType, n.ID)
	}
	asked := fx.query("native-paid|*1")
	if paid.String() != asked.String() {
		t.Errorf("the notification and the query differ:\n%s\n%s", paid, asked)
	}
	if *asked.TradeState != "SUCCESS" || *asked.Amount.Total != 5980 || *asked.TradeType != "NATIVE" || *asked.Payer.Openid == "" {
		t.Errorf("transaction is %s", asked)
	}
	byID, _, err := fx.native().QueryOrderById(t.Context(), native.QueryOrderByIdRequest{TransactionId: asked.TransactionId, Mchid: core.String(mchID)})
	if err != nil || byID.String() != asked.String() {
		t.Errorf("query by id: %v, %v", byID, err)
	}
}

// TestNativeWithEveryField sends all that the SDK can, and all that a number may hold.
func TestNativeWithEveryField(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	const number = "Every_field-1|*"
	r := fx.nativeRequest(number)
	r.TimeExpire, r.Attach, r.GoodsTag = core.Time(fx.sim.Now().Add(time.Hour)), core.String("at_1"), core.String("WXG")
	r.LimitPay, r.SupportFapiao = []string{"no_credit"}, core.Bool(true)
	r.Detail = &native.Detail{CostPrice: core.Int64(6080), InvoiceId: core.String("wx123"), GoodsDetail: []native.GoodsDetail{{
		MerchantGoodsId: core.String("tea"), WechatpayGoodsId: core.String("1001"), GoodsName: core.String("龙井茶"), Quantity: core.Int64(1), UnitPrice: core.Int64(6080),
	}}}
	r.SceneInfo = &native.SceneInfo{PayerClientIp: core.String("203.0.113.7"), DeviceId: core.String("till-1"), StoreInfo: &native.StoreInfo{
		Id: core.String("0001"), Name: core.String("茶馆"), AreaCode: core.String("440305"), Address: core.String("广东省深圳市"),
	}}
	r.SettleInfo = &native.SettleInfo{ProfitSharing: core.Bool(false)}
	p, _, err := fx.native().Prepay(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	fx.approve(providersim.Ming, *p.CodeUrl)
	if _, paid, err := fx.read(fx.merchant.next(t)); err != nil || *paid.OutTradeNo != number || *paid.Attach != "at_1" {
		t.Errorf("notification: %v, %v", paid, err)
	}
}

func TestRepeatedPrepayRenewsTheCode(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	first, second := fx.order("renewed-1"), fx.order("renewed-1")
	if first == second {
		t.Fatal("the repeat got the same code_url")
	}
	_, err := fx.sim.Scan(providersim.Ming, first, providersim.ByCamera)
	wantRefusal(t, err, "code_dead")
	fx.approve(providersim.Ming, second)

	_, _, err = fx.native().Prepay(t.Context(), fx.nativeRequest("renewed-1"))
	wantCode(t, err, 400, "ORDERPAID")
}

func TestChangedPrepayIsRefused(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.order("changed-1")
	for name, change := range map[string]func(*native.PrepayRequest){
		"amount":      func(r *native.PrepayRequest) { r.Amount.Total = core.Int64(1) },
		"description": func(r *native.PrepayRequest) { r.Description = core.String("other") },
		"attach":      func(r *native.PrepayRequest) { r.Attach = core.String("more") },
		"expiry":      func(r *native.PrepayRequest) { r.TimeExpire = core.Time(fx.sim.Now().Add(time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := fx.nativeRequest("changed-1")
			change(&r)
			_, result, err := fx.native().Prepay(t.Context(), r)
			wantCode(t, err, 400, "INVALID_REQUEST")
			if id := result.Response.Header.Get("Request-ID"); !strings.HasSuffix(id, "-268498688") {
				t.Errorf("Request-ID is %s", id)
			}
		})
	}
	t.Run("other-product", func(t *testing.T) {
		_, _, err := (&h5.H5ApiService{Client: fx.client()}).Prepay(t.Context(), fx.h5Request("changed-1"))
		wantCode(t, err, 400, "INVALID_REQUEST")
	})
}

func (fx *fixture) h5Request(number string) h5.PrepayRequest {
	return h5.PrepayRequest{
		Appid: core.String(appID), Mchid: core.String(mchID), Description: core.String("tea"), OutTradeNo: core.String(number),
		NotifyUrl: core.String(fx.merchant.url), Amount: &h5.Amount{Total: core.Int64(1)},
		SceneInfo: &h5.SceneInfo{PayerClientIp: core.String("203.0.113.7"), H5Info: &h5.H5Info{Type: core.String("Wap")}},
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	code := fx.order("closed-1")
	req := native.CloseOrderRequest{OutTradeNo: core.String("closed-1"), Mchid: core.String(mchID)}
	for range 2 { // closing again is fine
		result, err := fx.native().CloseOrder(t.Context(), req)
		if err != nil || result.Response.StatusCode != http.StatusNoContent {
			t.Fatalf("close: %v", err)
		}
	}
	if got := *fx.query("closed-1").TradeState; got != "CLOSED" {
		t.Errorf("trade_state is %s", got)
	}
	_, err := fx.sim.Approve(providersim.Ming, code)
	wantRefusal(t, err, "order_closed")
	_, _, err = fx.native().Prepay(t.Context(), fx.nativeRequest("closed-1"))
	wantCode(t, err, 400, "ORDER_CLOSED")

	fx.approve(providersim.Ming, fx.order("closed-2"))
	req.OutTradeNo = core.String("closed-2")
	_, err = fx.native().CloseOrder(t.Context(), req)
	wantCode(t, err, 400, "ORDERPAID")
	req.OutTradeNo = core.String("never-made")
	_, err = fx.native().CloseOrder(t.Context(), req)
	wantCode(t, err, 404, "ORDER_NOT_EXIST")
}

func TestQueryOfUnknown(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	_, _, err := fx.native().QueryOrderByOutTradeNo(t.Context(), native.QueryOrderByOutTradeNoRequest{
		OutTradeNo: core.String("never-made"), Mchid: core.String(mchID),
	})
	wantCode(t, err, 404, "ORDER_NOT_EXIST")
	_, _, err = fx.native().QueryOrderByOutTradeNo(t.Context(), native.QueryOrderByOutTradeNoRequest{
		OutTradeNo: core.String("never-made"), Mchid: core.String("1900000009"),
	})
	wantCode(t, err, 400, "PARAM_ERROR")
}

func TestH5Paid(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	p, _, err := (&h5.H5ApiService{Client: fx.client()}).Prepay(t.Context(), fx.h5Request("h5-paid-1"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(*p.H5Url, fx.server.URL+"/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx") {
		t.Fatalf("h5_url is %q", *p.H5Url)
	}
	fx.approve(providersim.Ming, "h5-paid-1")
	if _, paid, err := fx.read(fx.merchant.next(t)); err != nil || *paid.TradeType != "MWEB" {
		t.Errorf("notification: %v, %v", paid, err)
	}
}

// bridgeParameters makes a JSAPI order for a user, the SDK signing the bridge's
// parameters.
func (fx *fixture) bridgeParameters(number string, user providersim.User) map[string]string {
	fx.t.Helper()
	p, _, err := (&jsapi.JsapiApiService{Client: fx.client()}).PrepayWithRequestPayment(fx.t.Context(), jsapi.PrepayRequest{
		Appid: core.String(appID), Mchid: core.String(mchID), Description: core.String("tea"), OutTradeNo: core.String(number),
		NotifyUrl: core.String(fx.merchant.url), Amount: &jsapi.Amount{Total: core.Int64(1)},
		Payer: &jsapi.Payer{Openid: core.String(fx.openid(user))},
	})
	if err != nil {
		fx.t.Fatal(err)
	}
	return map[string]string{
		"appId": *p.Appid, "timeStamp": *p.TimeStamp, "nonceStr": *p.NonceStr, "package": *p.Package,
		"signType": *p.SignType, "paySign": *p.PaySign, "user": string(user), "do": "approve",
	}
}

func TestBridge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(map[string]string)
		result string
	}{
		"approve":       {func(map[string]string) {}, "ok"},
		"cancel":        {func(p map[string]string) { p["do"] = "cancel" }, "cancel"},
		"other-user":    {func(p map[string]string) { p["user"] = "hong" }, "fail"},
		"bare-package":  {func(p map[string]string) { p["package"] = strings.TrimPrefix(p["package"], "prepay_id=") }, "fail"},
		"milliseconds":  {func(p map[string]string) { p["timeStamp"] += "000" }, "fail"},
		"bad-signature": {func(p map[string]string) { p["nonceStr"] += "x" }, "fail"},
		"other-app":     {func(p map[string]string) { p["appId"] = mobileID }, "fail"},
		"md5":           {func(p map[string]string) { p["signType"] = "MD5" }, "fail"},
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			params := fx.bridgeParameters("bridge-1", providersim.Ming)
			c.change(params)
			var answer map[string]string
			fx.control(http.MethodPost, "/phone/bridge", params, &answer)
			if got := answer["err_msg"]; got != "get_brand_wcpay_request:"+c.result {
				t.Errorf("err_msg is %q (%s)", got, answer["err_desc"])
			}
			want := "NOTPAY"
			if c.result == "ok" {
				want = "SUCCESS"
			}
			if got := *fx.query("bridge-1").TradeState; got != want {
				t.Errorf("trade_state is %s, want %s", got, want)
			}
		})
	}
}

func (fx *fixture) refund(number, refundNumber string, fen int64) (*refunddomestic.Refund, error) {
	r, _, err := (&refunddomestic.RefundsApiService{Client: fx.client()}).Create(fx.t.Context(), refunddomestic.CreateRequest{
		OutTradeNo: core.String(number), OutRefundNo: core.String(refundNumber), NotifyUrl: core.String(fx.merchant.url),
		Amount: &refunddomestic.AmountReq{Refund: core.Int64(fen), Total: core.Int64(5980), Currency: core.String("CNY")},
	})
	return r, err
}

func TestRefund(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.approve(providersim.Ming, fx.order("refunded-1"))
	fx.merchant.next(t)

	first, err := fx.refund("refunded-1", "R1", 80)
	if err != nil {
		t.Fatal(err)
	}
	if *first.Status != refunddomestic.STATUS_PROCESSING {
		t.Errorf("status is %s", *first.Status)
	}
	var told struct {
		Status string `json:"refund_status"`
		Number string `json:"out_refund_no"`
		Amount struct {
			Refund int64 `json:"refund"`
		} `json:"amount"`
	}
	n, err := fx.notifyHandler().ParseNotifyRequest(context.Background(), fx.merchant.next(t).request(), &told)
	if err != nil || n.EventType != "REFUND.SUCCESS" || told.Status != "SUCCESS" || told.Number != "R1" || told.Amount.Refund != 80 {
		t.Errorf("notification: %+v, %v", told, err)
	}

	again, err := fx.refund("refunded-1", "R1", 80)
	if err != nil || *again.RefundId != *first.RefundId || *again.Status != refunddomestic.STATUS_SUCCESS {
		t.Errorf("the same refund again: %v, %v", again, err)
	}
	_, err = fx.refund("refunded-1", "R1", 81)
	wantCode(t, err, 400, "INVALID_REQUEST")
	_, err = fx.refund("refunded-1", "R2", 80)
	wantCode(t, err, 429, "FREQUENCY_LIMITED")
	fx.sim.Advance(time.Minute)
	_, err = fx.refund("refunded-1", "R2", 5901)
	wantCode(t, err, 400, "INVALID_REQUEST")
	if _, err = fx.refund("refunded-1", "R2", 5900); err != nil {
		t.Error(err)
	}
	if got := *fx.query("refunded-1").TradeState; got != "REFUND" {
		t.Errorf("trade_state is %s", got)
	}
	q, _, err := (&refunddomestic.RefundsApiService{Client: fx.client()}).QueryByOutRefundNo(t.Context(), refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: core.String("R1")})
	if err != nil || *q.Amount.Refund != 80 || *q.RefundId != *first.RefundId {
		t.Errorf("query of the refund: %v, %v", q, err)
	}
}

func TestRefundLimits(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.order("limits-1")
	_, err := fx.refund("limits-1", "R1", 1)
	wantCode(t, err, 400, "INVALID_REQUEST") // unpaid
	fx.approve(providersim.Ming, "limits-1")
	for i := range 50 {
		if _, err := fx.refund("limits-1", "R"+string(rune('A'+i%26))+string(rune('A'+i/26)), 1); err != nil {
			t.Fatalf("refund %d: %v", i, err)
		}
		fx.sim.Advance(time.Minute)
	}
	_, err = fx.refund("limits-1", "R-last", 1)
	wantCode(t, err, 403, "RULE_LIMIT")

	fx.approve(providersim.Ming, fx.order("limits-2"))
	fx.sim.Advance(366 * 24 * time.Hour)
	_, err = fx.refund("limits-2", "R1", 1)
	wantCode(t, err, 403, "TRADE_ERROR")
}

func TestProductsMustBeGranted(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	a := weChatAccount()
	a.MchID, a.Products = "1900000002", []providersim.Product{providersim.JSAPI}
	if err := fx.sim.AddWeChatAccount(a); err != nil {
		t.Fatal(err)
	}
	c, err := core.NewClient(t.Context(),
		option.WithWechatPayPublicKeyAuthCipher("1900000002", serial, merchantKey(), publicID, &platformKey().PublicKey), option.WithHTTPClient(fx.http))
	if err != nil {
		t.Fatal(err)
	}
	r := fx.nativeRequest("not-granted")
	r.Mchid = core.String("1900000002")
	_, _, err = (&native.NativeApiService{Client: c}).Prepay(t.Context(), r)
	wantCode(t, err, 403, "NO_AUTH")
}

func TestClientOfAnotherPlatformKeyRefusesReplies(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	c, err := core.NewClient(t.Context(),
		option.WithWechatPayPublicKeyAuthCipher(mchID, serial, merchantKey(), publicID, &merchantKey().PublicKey), option.WithHTTPClient(fx.http))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := (&native.NativeApiService{Client: c}).Prepay(t.Context(), fx.nativeRequest("foreign-key")); err == nil {
		t.Error("a reply passed under a key that did not sign it")
	}
}

func wantRefusal(t testing.TB, err error, code string) {
	t.Helper()
	var r *providersim.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Fatalf("refusal is %v, want %s", err, code)
	}
	if r.Text == "" || r.English == "" {
		t.Errorf("refusal %s has no words: %+v", code, r)
	}
}

func states(list []providersim.Payment) (numbers []string) {
	for _, p := range list {
		numbers = append(numbers, p.Number+" "+p.State)
	}
	slices.Sort(numbers)
	return numbers
}

// asksOfRefund queries a refund and reports whether that was answered.
func (fx *fixture) asksOfRefund(number string) bool {
	fx.t.Helper()
	api := refunddomestic.RefundsApiService{Client: fx.client()}
	_, _, err := api.QueryByOutRefundNo(fx.t.Context(), refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: core.String(number)})
	return err == nil
}
