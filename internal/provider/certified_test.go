package provider_test

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/unionpay"
	"morepay/internal/providersim"
)

// platformCertificate makes one that is in force from and until so many days from now.
func platformCertificate(t *testing.T, key *rsa.PrivateKey, serial int64, from, until int) providersim.PlatformCertificate {
	t.Helper()
	day := 24 * time.Hour
	cert, err := providersim.IssuePlatformCertificate(key, big.NewInt(serial), time.Now().Add(time.Duration(from)*day), time.Now().Add(time.Duration(until)*day))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// certified completes an account that verifies by platform certificates.
func certified(t *testing.T, a providersim.WeChatAccount) providersim.WeChatAccount {
	a.AppID, a.MerchantSerial, a.MerchantPublicKey, a.APIv3Key = "wx0000000000000004", "5157F09EFDC096DE", &providertest.MerchantKey().PublicKey, []byte(apiV3Key)
	a.PlatformKey = providertest.ProviderKey()
	a.Certificates = []providersim.PlatformCertificate{platformCertificate(t, providertest.ProviderKey(), 0x7A11, -400, 900)}
	return a
}

// keys are those that an account holds after its provider was asked for them.
func (fx *fixture) keys(id string) []provider.Key {
	fx.t.Helper()
	if err := fx.providers[id].(provider.KeyRenewer).RenewKeys(fx.t.Context()); err != nil {
		fx.t.Fatal(err)
	}
	return fx.providers[id].(provider.KeyHolder).Keys()
}

func TestKeysInForce(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	if held := fx.providers[wechatCertified].(provider.KeyHolder).Keys(); len(held) > 0 || fx.asked("/v3/certificates") > 0 {
		t.Errorf("before WeChat Pay is asked: %v", held)
	}
	for id, want := range map[string]string{
		"wechatpay": "PUB_KEY_ID_0119", wechatCertified: "7A11", wechatBoth: "PUB_KEY_ID_0121 7A11",
	} {
		got := ""
		for _, k := range fx.keys(id) {
			if got != "" {
				got += " "
			}
			if got += k.ID; k.ID == "7A11" && k.Ends.IsZero() {
				t.Errorf("%s: the certificate has no end", id)
			}
		}
		if got != want {
			t.Errorf("%s: the keys are %s, want %s", id, got, want)
		}
	}
}

// WeChat Pay changes its certificate under way: what is signed by the new one is verified
// once it has been asked for.
func TestCertificateIsRotated(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	first := fx.order(wechatCertified, pay.RailQR)
	fx.pay(fx.start(wechatCertified, first), first.OutTradeNo)
	if told := fx.next(wechatCertified); told.err != nil {
		t.Fatal(told.err)
	}
	newer := platformCertificate(t, newKey(t, 2048), 0x7A12, -1, 1800)
	if err := fx.sim.SetCertificates("1900000004", true, platformCertificate(t, providertest.ProviderKey(), 0x7A11, -400, 900), newer); err != nil {
		t.Fatal(err)
	}
	second := fx.order(wechatCertified, pay.RailQR) // answered by the older one, which the request names
	fx.pay(fx.start(wechatCertified, second), second.OutTradeNo)
	if told := fx.next(wechatCertified); !errors.Is(told.err, provider.ErrUnknownKey) {
		t.Errorf("told by a new key minutes after the last: %v, want it to come again", told.err)
	}
	if len(fx.keys(wechatCertified)) != 2 { // asked by a person, who need not wait
		t.Error("the new certificate is not there")
	}
	if told := fx.next(wechatCertified); told.err != nil || told.statement.Outcome != pay.OutcomePaid {
		t.Errorf("told again: %+v", told)
	}
}

// Whoever sends messages by keys that nobody knows makes us ask once, not for each.
func TestStormOfUnknownKeys(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.keys(wechatCertified)
	before := fx.asked("/v3/certificates")
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			h := http.Header{}
			h.Set("Wechatpay-Timestamp", fmt.Sprint(time.Now().Unix()))
			h.Set("Wechatpay-Nonce", "n")
			h.Set("Wechatpay-Signature", "AAAA")
			h.Set("Wechatpay-Serial", fmt.Sprintf("7B%02X", i))
			if _, err := fx.providers[wechatCertified].Notification(h, []byte("{}")); !errors.Is(err, provider.ErrUnknownKey) || !errors.Is(err, provider.ErrForged) {
				t.Errorf("%v, want it refused for its key", err)
			}
		})
	}
	all.Wait()
	if n := fx.asked("/v3/certificates") - before; n != 0 {
		t.Errorf("asked %d times, right after the last", n)
	}
}

// A provider changes its certificate while the payer pays: what it tells is believed at
// once, after asking for the certificate where it doesn't come along, once.
func TestSerialRotated(t *testing.T) {
	t.Parallel()
	downloads := map[string]string{wechatCertified: "GET /v3/certificates", wechatBoth: "GET /v3/certificates", alipayCertified: "alipay.open.app.alipaycert.download", unionpay.ID: ""}
	for id, download := range downloads {
		t.Run(id, func(t *testing.T) {
			fx := newFixture(t)
			o := fx.order(id, pay.RailQR)
			action := fx.start(id, o)
			fx.sim.Forget()
			if err := fx.sim.Inject(providersim.Rule{Fault: "serial-rotated", Operation: "approve", Percent: 100}); err != nil {
				t.Fatal(err)
			}
			fx.forget()
			fx.pay(action, o.OutTradeNo)
			if told := fx.next(id); told.err != nil || told.statement.Outcome != pay.OutcomePaid || told.statement.Amount != o.Amount {
				t.Errorf("told %+v", told)
			}
			if ev := fx.query(id, o.OutTradeNo); ev.Outcome != pay.OutcomePaid {
				t.Errorf("asked: %+v", ev)
			}
			asked := 0
			for _, e := range fx.sim.History("", "") {
				if e.Name == download {
					asked++
				}
			}
			if want := min(len(download), 1); asked != want {
				t.Errorf("certificates were asked for %d times, want %d", asked, want)
			}
		})
	}
}

// A merchant who has moved some of the callbacks to the public key is told by either, each
// message by the key that it names.
func TestCallbacksMoved(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	if err := fx.sim.Inject(providersim.Rule{Fault: "callbacks-moved", Percent: 50}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		o := fx.order(wechatBoth, pay.RailQR)
		fx.pay(fx.start(wechatBoth, o), o.OutTradeNo)
		if told := fx.next(wechatBoth); told.err != nil || told.statement.OutTradeNo != o.OutTradeNo {
			t.Errorf("told %+v", told)
		}
	}
	moved := 0
	for _, e := range fx.sim.History("", "") {
		if slices.Contains(e.Faults, "callbacks-moved") {
			moved++
		}
	}
	if moved == 0 || moved == 20 {
		t.Errorf("%d of 20 callbacks were moved, want about half", moved)
	}
}
