package foreign_test

import (
	"testing"

	"github.com/go-pay/gopay"
	smartwalle "github.com/smartwalle/alipay/v3"

	"morepay/internal/providersim"
)

// A service provider's application, and what it acts by for the merchant.
const (
	agencyApp   = "2021000000000077"
	agencyToken = "202611BB0000000000000000000000000000X77"
)

func newAgency(t *testing.T) *fixture {
	t.Helper()
	fx := newFixture(t, "success")
	fx.addAlipay(providersim.AlipayAccount{Under: &providersim.AlipayServiceProvider{AppID: agencyApp, Token: agencyToken}})
	return fx
}

// wantAgency checks of a notification who it says is called for, and by whom.
func wantAgency(t *testing.T, told gopay.BodyMap) {
	t.Helper()
	for name, want := range map[string]string{"app_id": agencyApp, "auth_app_id": app, "seller_id": seller} {
		if got := told.GetString(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// TestAlipayAgency: with the merchant's app_auth_token gopay does everything of a trade,
// and nothing without it.
func TestAlipayAgency(t *testing.T) {
	t.Parallel()
	fx := newAgency(t)
	c := fx.gopayAlipay(agencyApp)
	c.AutoVerifySign(publicPEM(t))
	_, err := c.TradePrecreate(t.Context(), trade("agency_1"))
	wantSub(t, err, "isv.insufficient-isv-permissions")
	c.SetAppAuthToken(agencyToken)
	fx.approve(providersim.Ming, fx.qr(c, "agency_1"))
	wantAgency(t, fx.hear())
	fx.wantStatus(c, "agency_1", "TRADE_SUCCESS")
	refund := numbered("agency_1").Set("refund_amount", "0.80").Set("out_request_no", "R1")
	if r, err := c.TradeRefund(t.Context(), refund); err != nil || r.Response.FundChange != "Y" {
		t.Errorf("refund: %+v, %v", r, err)
	}
	wantAgency(t, fx.hear())
	link, err := c.TradeWapPay(t.Context(), trade("agency_2").Set("quit_url", "http://127.0.0.1:8080/quit"))
	if err != nil {
		t.Fatal(err)
	}
	fx.get(link)
	fx.approve(providersim.Ming, "agency_2")
	signed := fx.returned()
	wantAgency(t, signed)
	fx.verify(signed)
}

// TestSmartwalleAgency: so does smartwalle/alipay, which is given the token with each call.
func TestSmartwalleAgency(t *testing.T) {
	t.Parallel()
	fx := newAgency(t)
	c := fx.smartwalleClient(agencyApp)
	if err := c.LoadAliPayPublicKey(string(publicPEM(t))); err != nil {
		t.Fatal(err)
	}
	request := smartwalle.TradePreCreate{Trade: smartwalle.Trade{
		NotifyURL: fx.notifyURL, Subject: "龙井茶", OutTradeNo: "agency_3", TotalAmount: "59.80", ProductCode: "QR_CODE_OFFLINE", AppAuthToken: agencyToken,
	}}
	made, err := c.TradePreCreate(t.Context(), request)
	if err != nil || !made.IsSuccess() {
		t.Fatalf("precreate: %+v, %v", made, err)
	}
	fx.approve(providersim.Ming, made.QRCode)
	told := fx.next()
	if err := told.ParseForm(); err != nil {
		t.Fatal(err)
	}
	if n, err := c.DecodeNotification(t.Context(), told.PostForm); err != nil || n.AppId != agencyApp || n.AuthAppId != app || n.SellerId != seller {
		t.Errorf("notification: %+v, %v", n, err)
	}
	asked, err := c.TradeQuery(t.Context(), smartwalle.TradeQuery{AppAuthToken: agencyToken, OutTradeNo: "agency_3"})
	if err != nil || asked.TradeStatus != smartwalle.TradeStatusSuccess {
		t.Errorf("query: %+v, %v", asked, err)
	}
	refund := smartwalle.TradeRefund{AppAuthToken: agencyToken, OutTradeNo: "agency_3", RefundAmount: "59.80", OutRequestNo: "R1"}
	back, err := c.TradeRefund(t.Context(), refund)
	if err != nil || back.FundChange != "Y" {
		t.Errorf("refund: %+v, %v", back, err)
	}
	request.AppAuthToken, request.OutTradeNo = agencyToken+"x", "agency_4"
	if r, err := c.TradePreCreate(t.Context(), request); err != nil || r.SubCode != "aop.invalid-app-auth-token" {
		t.Errorf("by another token: %+v, %v", r, err)
	}
}
