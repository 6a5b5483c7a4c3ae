package providersim_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/smartwalle/alipay/v3"

	"morepay/internal/providersim"
)

const certifiedApp = "2021000000000042"

// certifiedClient is a widely used client in certificate mode.
func (fx *fixture) certifiedClient(load func(*alipay.Client, providersim.AlipayCertificates) error) *alipay.Client {
	fx.t.Helper()
	private, err := x509.MarshalPKCS8PrivateKey(merchantKey())
	if err != nil {
		fx.t.Fatal(err)
	}
	c, err := alipay.New(certifiedApp, base64.StdEncoding.EncodeToString(private), true,
		alipay.WithHTTPClient(fx.http), alipay.WithTimeLocation(time.FixedZone("CST", 8*3600)),
		alipay.WithProductionGateway(fx.server.URL+"/gateway.do"))
	if err != nil {
		fx.t.Fatal(err)
	}
	if err := load(c, providersim.IssueAlipay(platformKey(), &merchantKey().PublicKey)); err != nil {
		fx.t.Fatal(err)
	}
	return c
}

// TestAlipayCertificateMode: requests name their certificates; answers name Alipay's,
// which the client downloads when it is a new one.
func TestAlipayCertificateMode(t *testing.T) {
	t.Parallel()
	fx, _ := newAlipayWorld(t)
	err := fx.sim.AddAlipayAccount(providersim.AlipayAccount{
		AppID: certifiedApp, SellerID: "2088000000000042", MerchantPublicKey: &merchantKey().PublicKey, PlatformKey: platformKey(), Certified: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	all := func(c *alipay.Client, files providersim.AlipayCertificates) error {
		if err := c.LoadAppCertPublicKey(string(files.App)); err != nil {
			return err
		}
		if err := c.LoadAliPayRootCert(string(files.Root)); err != nil {
			return err
		}
		return c.LoadAlipayCertPublicKey(string(files.Alipay))
	}
	good := fx.certifiedClient(all)
	for name, c := range map[string]struct {
		load func(*alipay.Client, providersim.AlipayCertificates) error
		want string
	}{
		"no-app": {func(c *alipay.Client, files providersim.AlipayCertificates) error {
			return c.LoadAlipayCertPublicKey(string(files.Alipay))
		}, "isv.missing-app-cert-sn"},
		"no-root": {func(c *alipay.Client, files providersim.AlipayCertificates) error {
			return c.LoadAppCertPublicKey(string(files.App))
		}, "isv.missing-alipay-root-cert-sn"},
		"swapped": {func(c *alipay.Client, files providersim.AlipayCertificates) error {
			files.App = files.Alipay
			return all(c, files)
		}, "isv.invalid-app-cert-sn"},
	} {
		_, err := fx.certifiedClient(c.load).TradePreCreate(t.Context(), alipay.TradePreCreate{Trade: fx.trade("cert_" + strings.ReplaceAll(name, "-", "_"))})
		if refusal, ok := errors.AsType[*alipay.Error](err); !ok || refusal.SubCode != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	create := func(number string) {
		t.Helper()
		trade := fx.trade(number)
		trade.ProductCode = "QR_CODE_OFFLINE"
		if rsp, err := good.TradePreCreate(t.Context(), alipay.TradePreCreate{Trade: trade}); err != nil || !rsp.IsSuccess() {
			t.Errorf("%s: got %+v, %v", number, rsp, err)
		}
	}
	create("cert_before")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if err := fx.sim.RotateAlipay(certifiedApp, key); err != nil {
		t.Fatal(err)
	}
	create("cert_after")
	rsp, err := good.CertDownload(t.Context(), alipay.CertDownload{AliPayCertSN: strings.Repeat("c0", 16)})
	if err == nil && rsp.SubCode != "isv.invalid-alipay-cert-sn" {
		t.Errorf("a made-up certificate: %+v", rsp)
	}
	if err := fx.sim.RotateAlipay(alipayApp, key); err == nil {
		t.Error("an application in public-key mode was given a certificate")
	}
	if err := fx.sim.RotateAlipay(certifiedApp, nil); err == nil {
		t.Error("no key was taken")
	}
}

// The files come from one root, and those of Alipay are the same again.
func TestIssueAlipay(t *testing.T) {
	t.Parallel()
	files := providersim.IssueAlipay(platformKey(), &merchantKey().PublicKey)
	again := providersim.IssueAlipay(platformKey(), &merchantKey().PublicKey)
	if string(files.Root) != string(again.Root) || string(files.Alipay) != string(again.Alipay) {
		t.Error("the files of one key differ")
	}
	roots, middles := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(files.Root)
	middles.AppendCertsFromPEM(files.Alipay)
	for _, text := range [][]byte{files.App, files.Alipay} {
		block, _ := pem.Decode(text)
		cert, err := x509.ParseCertificate(block.Bytes)
		if err == nil {
			_, err = cert.Verify(x509.VerifyOptions{Roots: roots, Intermediates: middles, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		}
		if err != nil {
			t.Error(err)
		}
	}
}
