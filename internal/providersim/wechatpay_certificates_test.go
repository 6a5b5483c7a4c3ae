package providersim_test

import (
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/downloader"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"

	"morepay/internal/providersim"
)

func certificate(t *testing.T, serial int64, from, until time.Duration) providersim.PlatformCertificate {
	t.Helper()
	now := time.Now()
	c, err := providersim.IssuePlatformCertificate(platformKey(), big.NewInt(serial), now.Add(from), now.Add(until))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The SDK's own downloader reads the list, and its verifier for both keys takes what is
// signed by either.
func TestCertificatesBySDK(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	const hour = time.Hour
	if err := fx.sim.SetCertificates(mchID, true, certificate(t, 0x0A1B, -48*hour, 48*hour), certificate(t, 0xA2, -hour, 1000*hour), certificate(t, 0xA0, -1000*hour, -hour)); err != nil {
		t.Fatal(err)
	}
	client, err := core.NewClient(t.Context(), option.WithMerchantCredential(mchID, serial, merchantKey()), option.WithoutValidator(), option.WithHTTPClient(fx.http))
	if err != nil {
		t.Fatal(err)
	}
	list, err := downloader.NewCertificateDownloaderWithClient(t.Context(), client, apiV3Key)
	if err != nil {
		t.Fatal(err)
	}
	if all := list.GetAll(t.Context()); len(all) != 2 || all["0A1B"] == nil || all["A2"] == nil {
		t.Fatalf("the SDK has %d certificates, want the two that have not ended", len(all))
	}
	fx.approve(providersim.Ming, fx.order("certified-1")) // the SDK asks for answers by the public key
	told := fx.merchant.next(t)
	if by := told.header.Get("Wechatpay-Serial"); by != "A2" {
		t.Errorf("told by %s, want the newest certificate", by)
	}
	both := verifiers.NewSHA256WithRSACombinedVerifier(list, publicID, platformKey().PublicKey)
	handler, err := notify.NewRSANotifyHandler(apiV3Key, both)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handler.ParseNotifyRequest(t.Context(), told.request(), new(payments.Transaction)); err != nil {
		t.Error(err)
	}
	if err := fx.sim.SetCertificates(mchID, false); err != nil {
		t.Fatal(err)
	}
	if a := fx.send(newCall("GET", "/v3/certificates", "")); a.status != 404 || a.Code != "RESOURCE_NOT_EXISTS" {
		t.Errorf("an account with the public key only is answered %d %s", a.status, a.Code)
	}
	fx.approve(providersim.Ming, fx.order("certified-2"))
	if by := fx.merchant.next(t).header.Get("Wechatpay-Serial"); by != publicID {
		t.Errorf("told by %s, want the public key", by)
	}
}

// Certificates change while calls are answered: each answer is by one that there was.
func TestCertificatesChangeMeanwhile(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	first, second := certificate(t, 0xA1, -time.Hour, time.Hour), certificate(t, 0xA2, -time.Hour, time.Hour)
	fx.order("meanwhile-1")
	over, changes := make(chan struct{}), sync.WaitGroup{}
	changes.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			default:
			}
			if err := fx.sim.SetCertificates(mchID, true, []providersim.PlatformCertificate{first, second}[i%2]); err != nil {
				t.Error(err)
			}
		}
	})
	for range 20 {
		fx.query("meanwhile-1")
	}
	close(over)
	changes.Wait()
}

func TestCertificatesAreChecked(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	wrong := certificate(t, 0xA1, -time.Hour, time.Hour)
	wrong.Key = merchantKey()
	for name, err := range map[string]error{
		"another-key": fx.sim.SetCertificates(mchID, false, wrong),
		"no-account":  fx.sim.SetCertificates("1900000099", false),
		"no-key": fx.sim.AddWeChatAccount(func() providersim.WeChatAccount {
			a := weChatAccount()
			a.MchID, a.PublicKeyID = "1900000098", ""
			return a
		}()),
	} {
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
