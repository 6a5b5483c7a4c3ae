package foreign_test

import (
	"crypto/rsa"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/downloader"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"

	"morepay/internal/providersim"
)

const year = 365 * 24 * time.Hour

// certificate makes one of WeChat Pay's platform certificates.
func certificate(t *testing.T, key *rsa.PrivateKey, serial int64, from, until time.Duration) providersim.PlatformCertificate {
	t.Helper()
	c, err := providersim.IssuePlatformCertificate(key, big.NewInt(serial), time.Now().Add(from), time.Now().Add(until))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// certified gives an account certificates, by which notifications are from now on.
func (fx *fixture) certified(id string, list ...providersim.PlatformCertificate) {
	fx.t.Helper()
	if err := fx.sim.SetCertificates(id, true, list...); err != nil {
		fx.t.Fatal(err)
	}
}

// downloads is the SDK's downloader for a caller.
func (fx *fixture) downloads(caller, key string) (*downloader.CertificateDownloader, error) {
	fx.t.Helper()
	plain := fx.officialClient(option.WithMerchantCredential(caller, serial, merchantKey()), option.WithoutValidator())
	return downloader.NewCertificateDownloaderWithClient(fx.t.Context(), plain, key)
}

// TestOfficialCertificates: the SDK verifies answers and notifications by certificates that
// it has downloaded, before, while and after they are replaced.
func TestOfficialCertificates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ mode, account string }{"direct": {"direct", mchID}, "partner": {"partner", subMchID}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fx, m := newMerchant(t), modes[c.mode]
			fx.certified(c.account, certificate(t, platformKey(), 0xA1, -year, time.Hour))
			list, err := fx.downloads(m.caller, apiV3Key)
			if err != nil {
				t.Fatal(err)
			}
			client := fx.officialClient(option.WithMerchantCredential(m.caller, serial, merchantKey()), option.WithVerifier(verifiers.NewSHA256WithRSAVerifier(list)))
			fx.rotates(m, c.account, client, list)
		})
	}
}

func (fx *fixture) rotates(m mode, account string, c *core.Client, list *downloader.CertificateDownloader) {
	fx.t.Helper()
	by := verifiers.NewSHA256WithRSAVerifier(list)
	pays := func(number string) {
		fx.must(m.services(c)["NATIVE"].prepay(fx.t.Context(), m.order(fx, number, "NATIVE")))
		fx.approve(providersim.Ming, number)
	}
	pays("before")
	fx.read("TRANSACTION.SUCCESS", by)

	renewed := certificate(fx.t, renewedKey(), 0xA2, -time.Hour, 5*year)
	fx.certified(account, certificate(fx.t, platformKey(), 0xA1, -year, time.Hour), renewed)
	pays("meanwhile") // the SDK asks for answers by the old one, which is in force
	told := fx.next()
	if err := fx.understood(told, by); err == nil || told.Header.Get("Wechatpay-Serial") != "A2" {
		fx.t.Errorf("a notification by %s: %v, want one by A2 that the SDK does not know", told.Header.Get("Wechatpay-Serial"), err)
	}
	if err := list.DownloadCertificates(fx.t.Context()); err != nil || list.GetNewestSerial(fx.t.Context()) != "A2" {
		fx.t.Errorf("the newest is %s, %v", list.GetNewestSerial(fx.t.Context()), err)
	}
	if err := fx.understood(told, by); err != nil {
		fx.t.Error(err)
	}

	fx.certified(account, renewed)
	pays("afterwards")
	fx.read("TRANSACTION.SUCCESS", by)
}

// understood verifies and opens a notification, and leaves it as it was.
func (fx *fixture) understood(told *http.Request, by auth.Verifier) error {
	fx.t.Helper()
	handler, err := notify.NewRSANotifyHandler(apiV3Key, by)
	if err != nil {
		fx.t.Fatal(err)
	}
	_, err = handler.ParseNotifyRequest(fx.t.Context(), told, &fields{})
	return err
}

// TestOfficialCertificatesAreSealed: without the merchant's APIv3 key nobody reads them, and
// an account that has the public key only has none.
func TestOfficialCertificatesAreSealed(t *testing.T) {
	t.Parallel()
	fx := newMerchant(t)
	if _, err := fx.downloads(mchID, apiV3Key); err == nil {
		t.Error("an account without certificates has some")
	}
	fx.certified(mchID, certificate(t, platformKey(), 0xA1, -year, year))
	if _, err := fx.downloads(mchID, strings.ToUpper(apiV3Key)); err == nil || !strings.Contains(err.Error(), "decrypt") {
		t.Errorf("by another key: %v", err)
	}
}

// TestOfficialBothKeys: while an account changes from certificates to the public key, the
// SDK takes what is signed by either.
func TestOfficialBothKeys(t *testing.T) {
	t.Parallel()
	fx, m := newMerchant(t), modes["direct"]
	fx.certified(mchID, certificate(t, renewedKey(), 0xA1, -year, year))
	list, err := fx.downloads(mchID, apiV3Key)
	if err != nil {
		t.Fatal(err)
	}
	both := verifiers.NewSHA256WithRSACombinedVerifier(list, publicID, platformKey().PublicKey)
	c := fx.officialClient(option.WithMerchantCredential(mchID, serial, merchantKey()), option.WithVerifier(both))
	for _, callbacks := range []bool{true, false} {
		if err := fx.sim.SetCertificates(mchID, callbacks, certificate(t, renewedKey(), 0xA1, -year, year)); err != nil {
			t.Fatal(err)
		}
		number := "Both-" + strconv.FormatBool(callbacks)
		fx.must(directServices(c)["NATIVE"].prepay(t.Context(), m.order(fx, number, "NATIVE")))
		fx.approve(providersim.Ming, number)
		if told := fx.read("TRANSACTION.SUCCESS", both); told["out_trade_no"] != number {
			t.Errorf("told %v", told)
		}
	}
}
