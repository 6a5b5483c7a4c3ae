package provider_test

import (
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"sync"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
	"morepay/internal/providersim"
)

// alipayCertified is an application of Alipay's in certificate mode.
const (
	alipayCertified    = alipay.ID + "+certificates"
	alipayCertifiedApp = "2021000000000077"
)

// alipayFiles are the certificates of that application, made once.
var alipayFiles = sync.OnceValue(func() map[string][]byte {
	files := providersim.IssueAlipay(providertest.ProviderKey(), &providertest.MerchantKey().PublicKey)
	return map[string][]byte{"app.crt": files.App, "root.crt": files.Root, "alipay.crt": files.Alipay}
})

func alipayCertifiedAccount() providersim.AlipayAccount {
	return providersim.AlipayAccount{
		AppID: alipayCertifiedApp, SellerID: "2088000000000077", MerchantPublicKey: &providertest.MerchantKey().PublicKey, PlatformKey: providertest.ProviderKey(),
		OAuthDomains: []string{"pay.example"}, Certified: true,
	}
}

func alipayCertifiedSettings() map[string]any {
	return map[string]any{
		"app_id": alipayCertifiedApp, "seller_id": "2088000000000077", "private_key": "own", "qr_product": "QR_CODE_OFFLINE", "jsapi_product": "JSAPI_PAY",
		"app_certificate": "app.crt", "root_certificate": "root.crt", "alipay_certificate": "alipay.crt",
	}
}

// renewedKey is the one that Alipay signs with after its certificate was renewed.
var renewedKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// Alipay renews its certificate while an order is open: answers and notifications are
// understood at once, for one download.
func TestAlipayRenewsItsCertificate(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]bool{"answer-first": true, "notification-first": false} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			o := fx.order(alipayCertified, pay.RailQR)
			action := fx.start(alipayCertified, o)
			if err := fx.sim.RotateAlipay(alipayCertifiedApp, renewedKey()); err != nil {
				t.Fatal(err)
			}
			if query {
				if ev, err := fx.providers[alipayCertified].Query(t.Context(), provider.QueryOrder{OutTradeNo: o.OutTradeNo}); err != nil || ev.Outcome != pay.OutcomeAbsent {
					t.Errorf("nobody has scanned, got %+v, %v", ev, err)
				}
			}
			fx.pay(action, o.OutTradeNo)
			if told := fx.next(alipayCertified); told.err != nil || told.statement.Amount != o.Amount {
				t.Errorf("told %+v", told)
			}
			if ev := fx.query(alipayCertified, o.OutTradeNo); ev.Outcome != pay.OutcomePaid {
				t.Errorf("got %+v", ev)
			}
			downloads := slices.DeleteFunc(fx.sim.History(alipayCertifiedApp, ""), func(e providersim.Exchange) bool {
				return e.Name != "alipay.open.app.alipaycert.download"
			})
			if len(downloads) != 1 {
				t.Errorf("%d downloads, want one", len(downloads))
			}
		})
	}
}

// An application in certificate mode that does not say so is refused at Alipay, and so
// is the opposite.
func TestAlipayWantsSerials(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	certified, plain := alipayCertifiedSettings(), map[string]any{
		"app_id": alipayCertifiedApp, "seller_id": "2088000000000077", "private_key": "own", "public_key": "platform", "qr_product": "QR_CODE_OFFLINE",
	}
	certified["app_id"], certified["seller_id"] = alipayApp, alipayAccount
	for name, settings := range map[string]map[string]any{"missing": plain, "too-many": certified} {
		id := alipay.ID + "+" + name
		fx.open(id, settings)
		o := fx.order(id, pay.RailQR)
		if action, err := fx.providers[id].Start(t.Context(), pay.RailQR, fx.request(id, o)); err == nil {
			t.Errorf("%s: got %+v", name, action)
		}
	}
}
