package provider_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"morepay/internal/account"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/unionpay"
	"morepay/internal/provider/wechatpay"
)

// issuer issues certificates by a key.
type issuer struct {
	t    *testing.T
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

// issue makes a certificate that is in force for a day before and after now.
func (i issuer) issue(name string, serial int64, public *rsa.PublicKey, change func(*x509.Certificate)) *x509.Certificate {
	i.t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, SerialNumber: big.NewInt(serial), BasicConstraintsValid: true,
		NotBefore: providertest.Now.Add(-24 * time.Hour), NotAfter: providertest.Now.Add(24 * time.Hour),
	}
	if change != nil {
		change(template)
	}
	parent := i.cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, i.key)
	if err != nil {
		i.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		i.t.Fatal(err)
	}
	return cert
}

func authority(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }

func ended(c *x509.Certificate) { c.NotAfter = providertest.Now.Add(-time.Hour) }

func certPEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// remedy is what a refusal ends with.
var remedy = regexp.MustCompile(`needed|take|get a|give|must be`)

// A file of somebody else, an ended one, one in the place of another and an authority's in
// that of whom it has issued are refused when the account is opened. The error names the
// setting and the file, and says what to do.
func TestWrongFiles(t *testing.T) {
	t.Parallel()
	ours, theirs, stranger := providertest.MerchantKey(), providertest.ProviderKey(), newKey(t, 2048)
	root := issuer{t, nil, newKey(t, 2048)}
	root.cert = root.issue("root", 1, &root.key.PublicKey, authority)
	middle := issuer{t, nil, newKey(t, 2048)}
	middle.cert = root.issue("middle", 2, &middle.key.PublicKey, authority)
	otherRoot := issuer{t, nil, stranger}
	otherRoot.cert = otherRoot.issue("root", 3, &stranger.PublicKey, authority)
	const mchID = "1900000001"
	files := map[string][]byte{
		"ours.key": providertest.PrivatePEM(ours), "api.key": []byte(apiV3Key), "public.pem": providertest.PublicPEM(theirs),
		"root.cer": certPEM(root.cert), "middle.cer": certPEM(middle.cert), "other-root.cer": certPEM(otherRoot.cert),
		"ended-root.cer": certPEM(root.issue("root", 4, &root.key.PublicKey, func(c *x509.Certificate) { authority(c); ended(c) })),

		"ours.cer": certPEM(root.issue(mchID, 0x5157F09E, &ours.PublicKey, nil)), "theirs.cer": certPEM(root.issue("theirs", 0x7A117A11, &theirs.PublicKey, nil)),
		"middles-ours.cer":       certPEM(middle.issue(mchID, 0x5157F09E, &ours.PublicKey, nil)),
		"ended-ours.cer":         certPEM(root.issue(mchID, 0x5157F09E, &ours.PublicKey, ended)),
		"ended-theirs.cer":       certPEM(root.issue("theirs", 0x7A117A11, &theirs.PublicKey, ended)),
		"other-merchant.cer":     certPEM(root.issue("1900000009", 0x5157F09E, &stranger.PublicKey, nil)),
		"other-merchants-no.cer": certPEM(root.issue("1900000009", 0x5157F09E, &ours.PublicKey, nil)),
	}
	accounts := map[string]struct {
		open     provider.Open
		settings map[string]any
	}{
		"wechatpay": {wechatpay.Open, map[string]any{
			"mchid": mchID, "appid": "wx0000000000000001", "certificate_serial": "5157F09E", "private_key": "ours.key", "api_v3_key": "api.key",
			"certificate": "ours.cer", "platform_certificates": []string{"theirs.cer"},
		}},
		"alipay": {alipay.Open, map[string]any{
			"app_id": "2021000000000001", "seller_id": "2088000000000001", "private_key": "ours.key", "qr_product": "FACE_TO_FACE_PAYMENT",
			"app_certificate": "ours.cer", "alipay_certificate": "theirs.cer", "root_certificate": "root.cer",
		}},
		"unionpay": {unionpay.Open, map[string]any{
			"mer_id": "777290000000001", "private_key": "ours.key", "certificate": "middles-ours.cer", "root_certificate": "root.cer", "middle_certificate": "middle.cer",
		}},
	}
	for id, a := range accounts {
		providertest.Open(t, a.open, a.settings, providertest.Env(providertest.Nowhere, files))
		for _, c := range []struct {
			name     string
			provider string
			change   map[string]any
			field    string
			names    string // the file, or what is wrong with it
		}{
			{"of-another-merchant", "wechatpay", map[string]any{"certificate": "other-merchant.cer"}, "certificate", "other-merchant.cer"},
			{"of-another-number", "wechatpay", map[string]any{"certificate": "other-merchants-no.cer"}, "certificate", "other-merchants-no.cer holds the certificate of 1900000009"},
			{"ended", "wechatpay", map[string]any{"certificate": "ended-ours.cer"}, "certificate", "ended-ours.cer ended on"},
			{"theirs-ended", "wechatpay", map[string]any{"platform_certificates": []string{"ended-theirs.cer"}}, "platform_certificates", "ended-theirs.cer ended on"},
			{"serial-of-theirs", "wechatpay", map[string]any{"certificate_serial": "7A117A11"}, "certificate_serial", "theirs.cer"},
			{"serial-of-nobody", "wechatpay", map[string]any{"certificate_serial": "5157F09F"}, "certificate_serial", "ours.cer"},
			{"swapped", "wechatpay", map[string]any{"certificate": "theirs.cer", "platform_certificates": []string{"ours.cer"}}, "platform_certificates", "ours.cer holds the merchant's own"},
			{"theirs-for-ours", "wechatpay", map[string]any{"certificate": "theirs.cer"}, "certificate", "theirs.cer"},
			{"root-for-ours", "wechatpay", map[string]any{"certificate": "root.cer"}, "certificate", "root.cer holds an authority's"},
			{"root-for-theirs", "wechatpay", map[string]any{"platform_certificates": []string{"root.cer"}}, "platform_certificates", "root.cer holds an authority's"},
			{"certificate-for-key", "wechatpay", map[string]any{"private_key": "ours.cer"}, "private_key", "ours.cer"},
			{"certificate-for-public-key", "wechatpay", map[string]any{"public_key_id": "PUB_KEY_ID_1", "public_key": "theirs.cer"}, "public_key", "theirs.cer holds a certificate"},

			{"of-another-merchant", "alipay", map[string]any{"app_certificate": "other-merchant.cer"}, "app_certificate", "other-merchant.cer"},
			{"ended", "alipay", map[string]any{"app_certificate": "ended-ours.cer"}, "app_certificate", "ended-ours.cer ended on"},
			{"theirs-ended", "alipay", map[string]any{"alipay_certificate": "ended-theirs.cer"}, "alipay_certificate", "ended-theirs.cer ended on"},
			{"swapped", "alipay", map[string]any{"app_certificate": "theirs.cer", "alipay_certificate": "ours.cer"}, "app_certificate", "theirs.cer"},
			{"ours-for-theirs", "alipay", map[string]any{"alipay_certificate": "ours.cer"}, "alipay_certificate", "ours.cer is the application's own"},
			{"root-for-ours", "alipay", map[string]any{"app_certificate": "root.cer"}, "app_certificate", "root.cer holds an authority's"},
			{"root-for-theirs", "alipay", map[string]any{"alipay_certificate": "root.cer"}, "alipay_certificate", "root.cer holds an authority's"},
			{"theirs-for-root", "alipay", map[string]any{"root_certificate": "theirs.cer"}, "root_certificate", "theirs.cer holds the certificate of theirs"},
			{"other-root", "alipay", map[string]any{"root_certificate": "other-root.cer"}, "alipay_certificate", "theirs.cer does not come from the root"},

			{"of-another-merchant", "unionpay", map[string]any{"certificate": "other-merchant.cer"}, "certificate", "other-merchant.cer"},
			{"ended", "unionpay", map[string]any{"certificate": "ended-ours.cer"}, "certificate", "ended-ours.cer ended on"},
			{"root-ended", "unionpay", map[string]any{"root_certificate": "ended-root.cer"}, "root_certificate", "ended-root.cer ended on"},
			{"theirs-for-ours", "unionpay", map[string]any{"certificate": "theirs.cer"}, "certificate", "theirs.cer"},
			{"swapped", "unionpay", map[string]any{"root_certificate": "middle.cer", "middle_certificate": "root.cer"}, "middle_certificate", "root.cer was not issued by the one in middle.cer"},
			{"root-for-ours", "unionpay", map[string]any{"certificate": "root.cer"}, "certificate", "root.cer holds an authority's"},
			{"ours-for-root", "unionpay", map[string]any{"root_certificate": "ours.cer"}, "root_certificate", "ours.cer holds the certificate of " + mchID},
			{"ours-for-middle", "unionpay", map[string]any{"middle_certificate": "ours.cer"}, "middle_certificate", "ours.cer holds the certificate of " + mchID},
			{"other-root", "unionpay", map[string]any{"root_certificate": "other-root.cer"}, "middle_certificate", "middle.cer was not issued by the one in other-root.cer"},
		} {
			if c.provider != id {
				continue
			}
			t.Run(id+"/"+c.name, func(t *testing.T) {
				settings := maps.Clone(a.settings)
				maps.Copy(settings, c.change)
				_, err := a.open([]byte(providertest.JSON(t, settings)), providertest.Env(providertest.Nowhere, files))
				problem, ok := errors.AsType[*pay.Error](err)
				if !ok || problem.Code != pay.CodeInvalid || problem.Field != c.field {
					t.Fatalf("got %v, want one of %s", err, c.field)
				}
				if !strings.Contains(problem.Message, c.names) || !remedy.MatchString(problem.Message) {
					t.Errorf("%q does not say %q, or not what to do", problem.Message, c.names)
				}
			})
		}
	}
}

// Whose merchant a number is only WeChat Pay knows; that it is not two service providers'
// is known at the start.
func TestSubMerchantOfAnotherProvider(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{
		"ours.key": providertest.PrivatePEM(providertest.MerchantKey()), "api.key": []byte(apiV3Key), "public.pem": providertest.PublicPEM(providertest.ProviderKey()),
	}
	open := func(change map[string]any) provider.Provider {
		return providertest.Open(t, wechatpay.Open, providertest.With(map[string]any{
			"sp_mchid": "1900000002", "sp_appid": "wx0000000000000002", "sub_mchid": "1900000077", "certificate_serial": "5157F09E",
			"private_key": "ours.key", "api_v3_key": "api.key", "public_key_id": "PUB_KEY_ID_1", "public_key": "public.pem",
		}, change), providertest.Env(providertest.Nowhere, files))
	}
	accounts := account.NewRegistry(nil)
	if err := accounts.Add("shop", "wechatpay", open(nil)); err != nil {
		t.Fatal(err)
	}
	if err := accounts.Add("branch", "wechatpay", open(nil)); err != nil {
		t.Errorf("another shop of the same merchant: %v", err)
	}
	err := accounts.Add("platform", "wechatpay", open(map[string]any{"sp_mchid": "1900000003", "sp_appid": "wx0000000000000003"}))
	if err == nil || !strings.Contains(err.Error(), "the account 1900000077 is shop's too") || !remedy.MatchString(err.Error()) {
		t.Errorf("under another service provider: %v", err)
	}
}
