package foreign_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/go-pay/gopay"
	"github.com/go-pay/gopay/wechat/v3"

	"morepay/internal/providersim"
)

// partnerPrepay are gopay's calls for service providers.
var partnerPrepay = map[string]func(*wechat.ClientV3, context.Context, gopay.BodyMap) (id string, code int, err error){
	"NATIVE": func(c *wechat.ClientV3, ctx context.Context, order gopay.BodyMap) (string, int, error) {
		r, err := c.V3PartnerTransactionNative(ctx, order)
		if err != nil {
			return "", 0, err
		}
		return r.Response.CodeUrl, r.Code, nil
	},
	"MWEB": func(c *wechat.ClientV3, ctx context.Context, order gopay.BodyMap) (string, int, error) {
		r, err := c.V3PartnerTransactionH5(ctx, order)
		if err != nil {
			return "", 0, err
		}
		return r.Response.H5Url, r.Code, nil
	},
	"JSAPI": func(c *wechat.ClientV3, ctx context.Context, order gopay.BodyMap) (string, int, error) {
		return prepaid(c.V3PartnerTransactionJsapi(ctx, order))
	},
	"APP": func(c *wechat.ClientV3, ctx context.Context, order gopay.BodyMap) (string, int, error) {
		return prepaid(c.V3PartnerTransactionApp(ctx, order))
	},
}

func prepaid(r *wechat.PrepayRsp, err error) (id string, code int, _ error) {
	if err != nil {
		return "", 0, err
	}
	return r.Response.PrepayId, r.Code, nil
}

// newPartner is gopay in the hands of a service provider, verifying every answer.
func newPartner(t *testing.T) (*fixture, *wechat.ClientV3) {
	t.Helper()
	fx := newMerchant(t)
	c := fx.gopay(spMchID)
	if err := c.AutoVerifySignByPublicKey(publicPEM(t), publicID); err != nil {
		t.Fatal(err)
	}
	return fx, c
}

// prepaid makes an order of a product and returns what the payer is given.
func (fx *fixture) prepaid(c *wechat.ClientV3, number, product string) string {
	fx.t.Helper()
	order := modes["partner"].order(fx, number, product)
	given, code, err := partnerPrepay[product](c, fx.t.Context(), gopay.BodyMap(order))
	if err != nil || code != wechat.Success || given == "" {
		fx.t.Fatalf("%s: %q, %d, %v", product, given, code, err)
	}
	return given
}

func underProvider() gopay.BodyMap { return gopay.BodyMap{"sub_mchid": subMchID} }

// TestWeChatPayPartner: gopay does for a merchant under a service provider what it does
// for a direct one.
func TestWeChatPayPartner(t *testing.T) {
	t.Parallel()
	for product := range partnerPrepay {
		t.Run(product, func(t *testing.T) {
			t.Parallel()
			fx, c := newPartner(t)
			fx.prepaid(c, "partner-1", product)
			fx.approve(providersim.Ming, "partner-1")
			told, err := fx.heard("TRANSACTION.SUCCESS").DecryptPartnerPayCipherText(apiV3Key)
			if err != nil || told.SpMchid != spMchID || told.SubMchid != subMchID || told.SpAppid != spAppID || told.TradeType != product {
				t.Fatalf("notification: %+v, %v", told, err)
			}
			for kind, number := range map[wechat.OrderNoType]string{wechat.OutTradeNo: "partner-1", wechat.TransactionId: told.TransactionId} {
				r, err := c.V3PartnerQueryOrder(t.Context(), kind, number, underProvider())
				if err != nil || r.Response.TradeState != "SUCCESS" || r.Response.SubMchid != subMchID || r.Response.OutTradeNo != "partner-1" {
					t.Errorf("query of %s: %+v, %v", number, r, err)
				}
			}
			if r, err := c.V3PartnerCloseOrder(t.Context(), "partner-1", underProvider()); err != nil || r.ErrResponse.Code != "ORDERPAID" {
				t.Errorf("close: %+v, %v", r, err)
			}
			fx.partnerRefund(c)
		})
	}
}

func (fx *fixture) partnerRefund(c *wechat.ClientV3) {
	fx.t.Helper()
	refund := gopay.BodyMap{
		"sub_mchid": subMchID, "out_trade_no": "partner-1", "out_refund_no": "R1", "notify_url": fx.notifyURL,
		"amount": gopay.BodyMap{"total": 5980, "refund": 5980, "currency": "CNY"},
	}
	made, err := c.V3Refund(fx.t.Context(), refund)
	if err != nil || made.Code != wechat.Success {
		fx.t.Fatalf("refund: %+v, %v", made, err)
	}
	told, err := fx.heard("REFUND.SUCCESS").DecryptPartnerRefundCipherText(apiV3Key)
	if err != nil || told.SpMchid != spMchID || told.SubMchid != subMchID || told.RefundId != made.Response.RefundId || told.RefundStatus != "SUCCESS" {
		fx.t.Errorf("notification: %+v, %v", told, err)
	}
	asked, err := c.V3RefundQuery(fx.t.Context(), "R1", underProvider())
	if err != nil || asked.Response.Status != "SUCCESS" {
		fx.t.Errorf("query: %+v, %v", asked, err)
	}
	if asked, err := c.V3RefundQuery(fx.t.Context(), "R1", nil); err != nil || asked.Code != http.StatusBadRequest {
		fx.t.Errorf("query that names no merchant: %+v, %v", asked, err)
	}
}

func TestWeChatPayPartnerClose(t *testing.T) {
	t.Parallel()
	fx, c := newPartner(t)
	fx.prepaid(c, "partner-2", "NATIVE")
	for range 2 {
		if r, err := c.V3PartnerCloseOrder(t.Context(), "partner-2", underProvider()); err != nil || r.Code != wechat.Success {
			t.Errorf("close: %+v, %v", r, err)
		}
	}
	if r, err := c.V3PartnerQueryOrder(t.Context(), wechat.OutTradeNo, "partner-2", underProvider()); err != nil || r.Response.TradeState != "CLOSED" {
		t.Errorf("query: %+v, %v", r, err)
	}
}

// appParameters are gopay's, by the names of PayReq.
func appParameters(p *wechat.AppPayParams) fields {
	return fields{
		"appid": p.Appid, "partnerid": p.Partnerid, "prepayid": p.Prepayid, "package": p.Package,
		"noncestr": p.Noncestr, "timestamp": p.Timestamp, "sign": p.Sign,
	}
}

// TestWeChatPayApp: the SDK on the phone takes what gopay signs. Under a service provider
// partnerid is the merchant's number, of which gopay knows nothing.
func TestWeChatPayApp(t *testing.T) {
	t.Parallel()
	paid := launch{path: "/phone/sdk", answers: fields{"errCode": 0.0}}
	for name, mobile := range map[string]string{"direct": directApps.mobile, "partner": subApps.mobile} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fx, m := newMerchant(t), modes[name]
			c := fx.gopay(m.caller)
			order := gopay.BodyMap(m.order(fx, "app-paid-1", "APP"))
			prepay := c.V3TransactionApp
			if name == "partner" {
				prepay = c.V3PartnerTransactionApp
			}
			r, err := prepay(t.Context(), order)
			if err != nil || r.Code != wechat.Success {
				t.Fatalf("prepay: %+v, %v", r, err)
			}
			p, err := c.PaySignOfApp(mobile, r.Response.PrepayId)
			if err != nil {
				t.Fatal(err)
			}
			if name == "partner" {
				p.Partnerid = subMchID
			}
			fx.launches(paid, appParameters(p))
		})
	}
}

func TestWeChatPayApplet(t *testing.T) {
	t.Parallel()
	fx, c := newWeChatPay(t)
	r, err := c.V3TransactionJsapi(t.Context(), fx.order("applet-1").Set("appid", directApps.mini).Set("payer", gopay.BodyMap{"openid": fx.miniOpenID()}))
	if err != nil || r.Code != wechat.Success {
		t.Fatalf("prepay: %+v, %v", r, err)
	}
	p, err := c.PaySignOfApplet(directApps.mini, r.Response.PrepayId)
	if err != nil {
		t.Fatal(err)
	}
	fx.launches(launches["mini-program"], fields{
		"appId": p.AppId, "timeStamp": p.TimeStamp, "nonceStr": p.NonceStr, "package": p.Package, "signType": p.SignType, "paySign": p.PaySign,
	})
}

// TestWeChatPayCertificates: gopay reads the list, takes the newest, and verifies answers
// and notifications by what it has.
func TestWeChatPayCertificates(t *testing.T) {
	t.Parallel()
	fx := newMerchant(t)
	c := fx.gopay(mchID)
	if _, _, err := c.GetAndSelectNewestCertRSA(); err == nil {
		t.Error("an account without certificates has some")
	}
	fx.certified(mchID, certificate(t, platformKey(), 0xA1, -year, time.Hour), certificate(t, renewedKey(), 0xA2, -time.Hour, year))
	newest, all, err := c.GetAndSelectNewestCertRSA()
	if err != nil || newest != "A2" || len(all) != 2 {
		t.Fatalf("the newest is %s of %d, %v", newest, len(all), err)
	}
	if err := c.AutoVerifySign(false); err != nil {
		t.Fatal(err)
	}
	fx.approve(providersim.Ming, fx.code(c, "certified-1"))
	told := fx.parsed()
	if err := told.VerifySignByPKMap(c.WxPublicKeyMap()); err != nil || told.SignInfo.HeaderSerial != "A2" {
		t.Errorf("told by %s: %v", told.SignInfo.HeaderSerial, err)
	}
	fx.certified(mchID, certificate(t, renewedKey(), 0xA2, -time.Hour, year), certificate(t, newKey(), 0xA3, -time.Minute, year))
	fx.approve(providersim.Ming, fx.code(c, "certified-2"))
	told = fx.parsed()
	if err := told.VerifySignByPKMap(c.WxPublicKeyMap()); err == nil {
		t.Error("gopay knows a certificate that it has not downloaded")
	}
	if err := c.AutoVerifySign(false); err != nil {
		t.Fatal(err)
	}
	if err := told.VerifySignByPKMap(c.WxPublicKeyMap()); err != nil || c.WxSerialNo != "A3" {
		t.Errorf("the newest is %s: %v", c.WxSerialNo, err)
	}
	fx.wantState(c, "certified-2", "SUCCESS")
}

func (fx *fixture) parsed() *wechat.V3NotifyReq {
	fx.t.Helper()
	told, err := wechat.V3ParseNotify(fx.next())
	if err != nil {
		fx.t.Fatal(err)
	}
	return told
}
