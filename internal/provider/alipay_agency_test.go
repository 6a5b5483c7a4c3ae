package provider_test

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
	"morepay/internal/providersim"
)

// Merchants under a service provider's application at Alipay, and one under another's
// that is in certificate mode.
const (
	alipayAgency          = alipay.ID + "+agency"
	alipayAgencyCertified = alipay.ID + "+agency-certificates"

	alipayProvider          = "2021000000000009"
	alipayCertifiedProvider = "2021000000000010"
)

// alipayToken returns the token by which a service provider acts for a merchant.
func alipayToken(merchant string) string {
	return "202611BB" + strings.Repeat("0", 29) + merchant
}

// alipayTokens are the files of them, and one that nobody gave out.
func alipayTokens() map[string][]byte {
	files := map[string][]byte{}
	for _, merchant := range []string{"101", "102", "103", "404"} {
		files["token-"+merchant] = []byte(alipayToken(merchant) + "\n")
	}
	return files
}

func underAlipayProvider(merchant, app string) providersim.AlipayAccount {
	return providersim.AlipayAccount{
		AppID: "2021000000000" + merchant, SellerID: "2088000000000" + merchant, MerchantPublicKey: &providertest.MerchantKey().PublicKey,
		PlatformKey: providertest.ProviderKey(), OAuthDomains: []string{"pay.example"}, Certified: app == alipayCertifiedProvider,
		Under: &providersim.AlipayServiceProvider{AppID: app, Token: alipayToken(merchant)},
	}
}

func alipayAgencySettings(merchant, token string) map[string]any {
	return map[string]any{
		"app_id": alipayProvider, "auth_app_id": "2021000000000" + merchant, "app_auth_token": token, "seller_id": "2088000000000" + merchant,
		"private_key": "own", "public_key": "platform", "qr_product": "QR_CODE_OFFLINE", "jsapi_product": "JSAPI_PAY",
	}
}

func alipayAgencyCertifiedSettings() map[string]any {
	settings := alipayAgencySettings("103", "token-103")
	maps.Copy(settings, map[string]any{
		"app_id": alipayCertifiedProvider, "app_certificate": "app.crt", "root_certificate": "root.crt", "alipay_certificate": "alipay.crt",
	})
	delete(settings, "public_key")
	return settings
}

// Two merchants under one application are strangers to each other.
func TestAlipayMerchantsOfOneProvider(t *testing.T) {
	t.Parallel()
	const other = alipay.ID + "+other"
	fx := newFixture(t)
	fx.open(other, alipayAgencySettings("102", "token-102"))
	o := fx.order(alipayAgency, pay.RailQR)
	fx.pay(fx.start(alipayAgency, o), o.OutTradeNo)
	if ev := fx.query(other, o.OutTradeNo); ev.Outcome != pay.OutcomeAbsent {
		t.Errorf("the other merchant sees %+v", ev)
	}
	// What is told of the one says so to whoever gets it.
	o = fx.order(alipayAgency, pay.RailQR)
	o.NotifyURL = fx.notifyURL + other
	fx.pay(fx.start(alipayAgency, o), o.OutTradeNo)
	told := fx.next(other)
	if p := fx.providers[other]; told.err != nil || told.statement.Account == p.Account() || told.statement.App == p.App(pay.RailQR) {
		t.Errorf("the other merchant is told %+v", told)
	}
	refund := provider.RefundOrder{OutTradeNo: o.OutTradeNo, Number: o.OutTradeNo + "R", Amount: o.Amount, Total: o.Amount}
	if _, err := fx.providers[other].(provider.Refunder).Refund(t.Context(), refund); !errors.Is(err, provider.ErrRefused) {
		t.Errorf("the other merchant gives it back: %v", err)
	}
}

// A token that is another application's, or nobody's, or none at all where the
// application is a service provider's, gets no order by any rail.
func TestAlipayWrongTokens(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	direct := alipayAgencySettings("101", "")
	delete(direct, "auth_app_id")
	delete(direct, "app_auth_token")
	for name, c := range map[string]struct {
		settings map[string]any
		says     string
	}{
		"nobodys":          {alipayAgencySettings("101", "token-404"), "aop.invalid-app-auth-token"},
		"anothers":         {alipayAgencySettings("101", "token-103"), "aop.invalid-app-auth-token"},
		"without-provider": {providertest.With(alipayAgencySettings("101", "token-101"), map[string]any{"app_id": alipayApp}), "aop.invalid-app-auth-token"},
		"missing":          {direct, "isv.insufficient-isv-permissions"},
	} {
		t.Run(name, func(t *testing.T) {
			id := alipay.ID + "+" + name
			fx.open(id, c.settings)
			o := fx.order(id, pay.RailQR)
			_, err := fx.providers[id].Start(t.Context(), pay.RailQR, fx.request(id, o))
			if !errors.Is(err, provider.ErrRefused) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("a code: %v", err)
			}
			for _, token := range alipayTokens() {
				if strings.Contains(err.Error(), strings.TrimSpace(string(token))) {
					t.Error("the error holds the token")
				}
			}
			for _, rail := range []pay.Rail{pay.RailDeepLink, pay.RailRedirect} {
				o := fx.order(id, rail)
				if res := fx.get(fx.start(id, o).URL, shop); res.StatusCode != http.StatusOK { // a page with the reason, and no way on
					t.Errorf("%s: the cashier answers %d", rail, res.StatusCode)
				}
			}
		})
	}
	if orders := fx.sim.Orders(); len(orders) != 0 {
		t.Errorf("%d orders were taken", len(orders))
	}
}

// When Alipay renews the certificate that it signs with for a service provider, that goes
// for all merchants.
func TestAlipayRenewsTheProvidersCertificate(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	if err := fx.sim.RotateAlipay("2021000000000103", renewedKey()); err == nil {
		t.Error("a merchant's application was given a certificate in its service provider's place")
	}
	if err := fx.sim.RotateAlipay(alipayCertifiedProvider, renewedKey()); err != nil {
		t.Fatal(err)
	}
	o := fx.order(alipayAgencyCertified, pay.RailQR)
	fx.pay(fx.start(alipayAgencyCertified, o), o.OutTradeNo)
	if told := fx.next(alipayAgencyCertified); told.err != nil || told.statement.App != "2021000000000103" {
		t.Errorf("told %+v", told)
	}
}

// The bill of a merchant holds what they were paid, and nothing of another's.
func TestAlipayBillUnderAProvider(t *testing.T) {
	t.Parallel()
	const other = alipay.ID + "+other"
	fx := newFixture(t)
	fx.open(other, alipayAgencySettings("102", "token-102"))
	var last provider.Order
	for _, id := range []string{other, alipayAgency} {
		last = fx.order(id, pay.RailQR)
		fx.pay(fx.start(id, last), last.OutTradeNo)
		fx.next(id)
	}
	day := fx.sim.Now()
	fx.sim.Advance(48 * time.Hour)
	bill, err := fx.providers[alipayAgency].(provider.Biller).Bill(t.Context(), day)
	if err != nil || len(bill.Lines) != 1 || bill.Lines[0].OutTradeNo != last.OutTradeNo {
		t.Errorf("got %+v, %v", bill, err)
	}
}
