package providersim_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/partnerpayments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/partnerpayments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/partnerpayments/native"
	ordinary "github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"morepay/internal/providersim"
)

const (
	spMchID     = "1900000002"
	spAppID     = "wx0000000000000002"
	subMchID    = "1900000077"
	subAppID    = "wx0000000000000077"
	otherMchID  = "1900000078" // under the same service provider, without an app of its own
	foreignMch  = "1900000099" // under another one
	foreignSP   = "1900000003"
	partnerPath = "/v3/pay/partner/transactions/"
)

// newPartnerFixture adds a service provider with two merchants, and another one with one.
func newPartnerFixture(t *testing.T) *fixture {
	t.Helper()
	fx := newFixture(t)
	for _, a := range []providersim.WeChatAccount{
		{MchID: subMchID, AppID: subAppID, Under: &providersim.WeChatServiceProvider{MchID: spMchID, AppID: spAppID}},
		{MchID: otherMchID, AppID: "wx0000000000000078", Under: &providersim.WeChatServiceProvider{MchID: spMchID, AppID: spAppID}},
		{MchID: foreignMch, AppID: "wx0000000000000099", Under: &providersim.WeChatServiceProvider{MchID: foreignSP, AppID: "wx0000000000000093"}},
	} {
		a.MerchantSerial, a.MerchantPublicKey, a.APIv3Key = serial, &merchantKey().PublicKey, []byte(apiV3Key)
		a.PlatformKey, a.PublicKeyID = platformKey(), publicID
		if err := fx.sim.AddWeChatAccount(a); err != nil {
			t.Fatal(err)
		}
	}
	return fx
}

// provider is the official SDK in the hands of the service provider.
func (fx *fixture) provider() *core.Client {
	fx.t.Helper()
	c, err := core.NewClient(fx.t.Context(),
		option.WithWechatPayPublicKeyAuthCipher(spMchID, serial, merchantKey(), publicID, &platformKey().PublicKey), option.WithHTTPClient(fx.http))
	if err != nil {
		fx.t.Fatal(err)
	}
	return c
}

func partnerRequest(fx *fixture, number string) native.PrepayRequest {
	return native.PrepayRequest{
		SpAppid: core.String(spAppID), SpMchid: core.String(spMchID), SubAppid: core.String(subAppID), SubMchid: core.String(subMchID),
		Description: core.String("茶"), OutTradeNo: core.String(number), NotifyUrl: core.String(fx.merchant.url),
		Amount: &native.Amount{Total: core.Int64(5980), Currency: core.String("CNY")},
	}
}

// The official SDK's services for partners do everything with an order.
func TestPartnerSDK(t *testing.T) {
	t.Parallel()
	fx := newPartnerFixture(t)
	orders := native.NativeApiService{Client: fx.provider()}
	const number = "PARTNER-0001"
	made, _, err := orders.Prepay(t.Context(), partnerRequest(fx, number))
	if err != nil {
		t.Fatal(err)
	}
	fx.approve(providersim.Ming, *made.CodeUrl)
	tx, _, err := orders.QueryOrderByOutTradeNo(t.Context(), native.QueryOrderByOutTradeNoRequest{
		OutTradeNo: core.String(number), SpMchid: core.String(spMchID), SubMchid: core.String(subMchID),
	})
	if err != nil {
		t.Fatal(err)
	}
	if *tx.SpMchid != spMchID || *tx.SubMchid != subMchID || *tx.SpAppid != spAppID || *tx.SubAppid != subAppID || *tx.TradeState != "SUCCESS" {
		t.Errorf("the SDK reads %+v", tx)
	}
	if tx.Payer == nil || tx.Payer.SpOpenid == nil || tx.Payer.SubOpenid == nil || *tx.Payer.SpOpenid == *tx.Payer.SubOpenid {
		t.Errorf("the payer is %+v, want an openid under each app", tx.Payer)
	}
	_, err = orders.CloseOrder(t.Context(), native.CloseOrderRequest{OutTradeNo: core.String(number), SpMchid: core.String(spMchID), SubMchid: core.String(subMchID)})
	wantCode(t, err, 400, "ORDERPAID")

	told := fx.partnerNotice(new(partnerpayments.Transaction)).(*partnerpayments.Transaction)
	if *told.SubMchid != subMchID || *told.OutTradeNo != number {
		t.Errorf("told %+v", told)
	}
	refunds := refunddomestic.RefundsApiService{Client: fx.provider()}
	request := refunddomestic.CreateRequest{
		SubMchid: core.String(subMchID), OutTradeNo: core.String(number), OutRefundNo: core.String("PR-1"), NotifyUrl: core.String(fx.merchant.url),
		Amount: &refunddomestic.AmountReq{Refund: core.Int64(1000), Total: core.Int64(5980), Currency: core.String("CNY")},
	}
	if _, _, err := refunds.Create(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if _, _, err := refunds.QueryByOutRefundNo(t.Context(), refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: core.String("PR-1"), SubMchid: core.String(subMchID)}); err != nil {
		t.Fatal(err)
	}
	back := *fx.partnerNotice(&map[string]any{}).(*map[string]any)
	if back["sp_mchid"] != spMchID || back["sub_mchid"] != subMchID || back["mchid"] != nil || back["refund_status"] != "SUCCESS" {
		t.Errorf("told of the refund %v", back)
	}
	request.SubMchid, request.OutRefundNo = nil, core.String("PR-2")
	_, _, err = refunds.Create(t.Context(), request)
	wantCode(t, err, 400, "PARAM_ERROR")
	_, _, err = refunds.QueryByOutRefundNo(t.Context(), refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: core.String("PR-1")})
	wantCode(t, err, 400, "PARAM_ERROR")
}

// partnerNotice reads the next notification with the SDK.
func (fx *fixture) partnerNotice(into any) any {
	fx.t.Helper()
	handler, err := notify.NewRSANotifyHandler(apiV3Key, verifiers.NewSHA256WithRSAPubkeyVerifier(publicID, platformKey().PublicKey))
	if err != nil {
		fx.t.Fatal(err)
	}
	if _, err := handler.ParseNotifyRequest(fx.t.Context(), fx.merchant.next(fx.t).request(), into); err != nil {
		fx.t.Fatal(err)
	}
	return into
}

// A merchant is bound to its service provider, and so are apps and numbers.
func TestPartnerRules(t *testing.T) {
	t.Parallel()
	fx := newPartnerFixture(t)
	orders := native.NativeApiService{Client: fx.provider()}
	if _, _, err := orders.Prepay(t.Context(), partnerRequest(fx, "PARTNER-USED")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*native.PrepayRequest)
		status int
		code   string
	}{
		"of-another-provider":    {func(r *native.PrepayRequest) { r.SubMchid = core.String(foreignMch) }, 403, "NO_AUTH"},
		"a-direct-merchant":      {func(r *native.PrepayRequest) { r.SubMchid = core.String(mchID) }, 403, "NO_AUTH"},
		"other-providers-number": {func(r *native.PrepayRequest) { r.SpMchid = core.String(foreignSP) }, 400, "PARAM_ERROR"},
		"other-providers-app":    {func(r *native.PrepayRequest) { r.SpAppid = core.String("wx0000000000000093") }, 400, "APPID_MCHID_NOT_MATCH"},
		"app-of-another":         {func(r *native.PrepayRequest) { r.SubAppid = core.String("wx0000000000000078") }, 400, "APPID_MCHID_NOT_MATCH"},
		"no-app-of-its-own":      {func(r *native.PrepayRequest) { r.SubAppid = nil }, 200, ""},
		"number-of-another": {func(r *native.PrepayRequest) {
			r.SubMchid, r.SubAppid, r.OutTradeNo = core.String(otherMchID), nil, core.String("PARTNER-USED")
		}, 400, "INVALID_REQUEST"},
	} {
		t.Run(name, func(t *testing.T) {
			request := partnerRequest(fx, "PARTNER-"+name)
			c.change(&request)
			_, _, err := orders.Prepay(t.Context(), request)
			if c.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCode(t, err, c.status, c.code)
		})
	}
	_, err := fx.native().CloseOrder(t.Context(), ordinary.CloseOrderRequest{OutTradeNo: core.String("PARTNER-USED"), Mchid: core.String(mchID)})
	wantCode(t, err, 404, "ORDER_NOT_EXIST") // another merchant's orders are none of a direct one's
	if a := fx.send(newCall("POST", partnerPath+"native", fx.body(nil))); a.status != 403 || a.Code != "NO_AUTH" {
		t.Errorf("a direct merchant on the partners' path is answered %d %s", a.status, a.Code)
	}
}

// The payer is named under the app that they meet.
func TestPartnerPayer(t *testing.T) {
	t.Parallel()
	fx := newPartnerFixture(t)
	orders := jsapi.JsapiApiService{Client: fx.provider()}
	request := func(number string, payer *jsapi.Payer) jsapi.PrepayRequest {
		r := partnerRequest(fx, number)
		return jsapi.PrepayRequest{
			SpAppid: r.SpAppid, SpMchid: r.SpMchid, SubAppid: r.SubAppid, SubMchid: r.SubMchid, Description: r.Description, OutTradeNo: r.OutTradeNo,
			NotifyUrl: r.NotifyUrl, Amount: &jsapi.Amount{Total: core.Int64(5980), Currency: core.String("CNY")}, Payer: payer,
		}
	}
	known, _, err := (&native.NativeApiService{Client: fx.provider()}).Prepay(t.Context(), partnerRequest(fx, "PARTNER-KNOWN"))
	if err != nil {
		t.Fatal(err)
	}
	fx.approve(providersim.Ming, *known.CodeUrl)
	tx := fx.partnerNotice(new(partnerpayments.Transaction)).(*partnerpayments.Transaction)
	for name, c := range map[string]struct {
		payer jsapi.Payer
		code  string
	}{
		"own":      {jsapi.Payer{SubOpenid: tx.Payer.SubOpenid}, ""},
		"provider": {jsapi.Payer{SpOpenid: tx.Payer.SpOpenid}, ""},
		"swapped":  {jsapi.Payer{SpOpenid: tx.Payer.SubOpenid}, "OPENID_MISMATCH"},
		"nobody":   {jsapi.Payer{}, "PARAM_ERROR"},
	} {
		_, _, err := orders.Prepay(t.Context(), request("PARTNER-"+name, &c.payer))
		var refused *core.APIError
		switch {
		case c.code == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.code != "" && (!errors.As(err, &refused) || refused.Code != c.code):
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

// A service provider's bill is of all merchants under it, or of one.
func TestPartnerBill(t *testing.T) {
	t.Parallel()
	fx := newPartnerFixture(t)
	for _, sub := range []string{subMchID, otherMchID} {
		request := partnerRequest(fx, "PARTNER-"+sub)
		request.SubMchid, request.SubAppid = core.String(sub), nil
		made, _, err := (&native.NativeApiService{Client: fx.provider()}).Prepay(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		fx.approve(providersim.Ming, *made.CodeUrl)
	}
	day := fx.sim.Now().In(time.FixedZone("", 8*60*60)).Format(time.DateOnly)
	fx.sim.Advance(48 * time.Hour)
	downloads, err := core.NewClient(t.Context(),
		option.WithMerchantCredential(spMchID, serial, merchantKey()), option.WithoutValidator(), option.WithHTTPClient(fx.http))
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{"": 2, "&sub_mchid=" + subMchID: 1} {
		result, err := fx.provider().Get(t.Context(), "https://api.mch.weixin.qq.com/v3/bill/tradebill?bill_date="+day+query)
		if err != nil {
			t.Fatal(err)
		}
		var link struct {
			URL string `json:"download_url"`
		}
		if err := core.UnMarshalResponse(result.Response, &link); err != nil {
			t.Fatal(err)
		}
		if result, err = downloads.Get(t.Context(), link.URL); err != nil {
			t.Fatal(err)
		}
		file, err := io.ReadAll(result.Response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(file), "`"+spMchID+",`19000000"); got != want {
			t.Errorf("%q: %d rows, want %d\n%s", query, got, want, file)
		}
	}
}
