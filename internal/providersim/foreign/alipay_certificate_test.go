package foreign_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-pay/gopay"
	"github.com/go-pay/gopay/alipay"
	smartwalle "github.com/smartwalle/alipay/v3"

	"morepay/internal/providersim"
)

// newCertified starts a simulator with an application in certificate mode.
func newCertified(t *testing.T, nameless bool) (*fixture, providersim.AlipayCertificates) {
	t.Helper()
	fx := newFixture(t, "success")
	fx.addAlipay(providersim.AlipayAccount{Certified: true, Nameless: nameless})
	return fx, providersim.IssueAlipay(platformKey(), &merchantKey().PublicKey)
}

// gopayCertified is gopay in certificate mode, which verifies every answer. It takes a
// notification that names its certificate for a forgery: it holds the signature against
// all fields but sign and sign_type.
func gopayCertified(t *testing.T) (*fixture, *alipay.Client, providersim.AlipayCertificates) {
	t.Helper()
	fx, files := newCertified(t, true)
	c := fx.gopayAlipay(app)
	if err := c.SetCertSnByContent(files.App, files.Root, files.Alipay); err != nil {
		t.Fatal(err)
	}
	c.AutoVerifySign(files.Alipay)
	return fx, c, files
}

// TestAlipayCertified: gopay verifies answers, notifications and the address that the
// payer comes back to by Alipay's certificate.
func TestAlipayCertified(t *testing.T) {
	t.Parallel()
	fx, c, files := gopayCertified(t)
	certified := func(told gopay.BodyMap, number string) {
		t.Helper()
		if ok, err := alipay.VerifySignWithCert(files.Alipay, merged(told, nil)); !ok || told.GetString("out_trade_no") != number {
			t.Errorf("%v is not signed: %v", told, err)
		}
		if ok, _ := alipay.VerifySignWithCert(files.Alipay, merged(told, gopay.BodyMap{"total_amount": "0.01"})); ok {
			t.Errorf("%v is signed with another amount", told)
		}
	}
	fx.approve(providersim.Ming, fx.qr(c, "certified_1"))
	fx.wantStatus(c, "certified_1", "TRADE_SUCCESS")
	told, err := alipay.ParseNotifyToBodyMap(fx.next())
	if err != nil {
		t.Fatal(err)
	}
	certified(told, "certified_1")
	link, err := c.TradeWapPay(t.Context(), trade("certified_2").Set("quit_url", "http://127.0.0.1:8080/quit"))
	if err != nil {
		t.Fatal(err)
	}
	fx.get(link)
	fx.approve(providersim.Ming, "certified_2")
	certified(fx.returned(), "certified_2")
}

// TestAlipayCertificateRenewed: gopay sees that an answer is by another certificate than
// its own, downloads that one, and goes on with it.
func TestAlipayCertificateRenewed(t *testing.T) {
	t.Parallel()
	fx, c, files := gopayCertified(t)
	if err := fx.sim.RotateAlipay(app, renewedKey()); err != nil {
		t.Fatal(err)
	}
	unknown, err := c.TradePrecreate(t.Context(), trade("renewed_1"))
	if !errors.Is(err, gopay.CertNotMatchErr) {
		t.Fatalf("by a certificate that gopay does not know: %v", err)
	}
	r, err := c.PublicCertDownload(t.Context(), gopay.BodyMap{"alipay_cert_sn": unknown.AlipayCertSn})
	if err != nil {
		t.Fatal(err)
	}
	renewed := []byte(r.Response.AlipayCertContent)
	if err := c.SetCertSnByContent(files.App, files.Root, renewed); err != nil || c.AliPayPublicCertSN != unknown.AlipayCertSn {
		t.Fatalf("downloaded %s, want %s: %v", c.AliPayPublicCertSN, unknown.AlipayCertSn, err)
	}
	c.AutoVerifySign(renewed)
	fx.approve(providersim.Ming, fx.qr(c, "renewed_1"))
	told, err := alipay.ParseNotifyToBodyMap(fx.next())
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := alipay.VerifySignWithCert(renewed, told); !ok {
		t.Errorf("%v is not signed by the new one: %v", told, err)
	}
}

// smartwalleClient is smartwalle/alipay for an application.
func (fx *fixture) smartwalleClient(caller string) *smartwalle.Client {
	fx.t.Helper()
	c, err := smartwalle.New(caller, base64.StdEncoding.EncodeToString(privateDER(fx.t)), true,
		smartwalle.WithHTTPClient(&http.Client{Transport: fx.transport}), smartwalle.WithTimeLocation(time.FixedZone("CST", 8*3600)))
	if err != nil {
		fx.t.Fatal(err)
	}
	return c
}

// smartwalleCertified is the same in certificate mode, with the console's files.
func (fx *fixture) smartwalleCertified(files providersim.AlipayCertificates) *smartwalle.Client {
	fx.t.Helper()
	c := fx.smartwalleClient(app)
	for name, file := range map[string]struct {
		text []byte
		load func(string) error
	}{
		"appCertPublicKey.crt":         {files.App, c.LoadAppCertPublicKeyFromFile},
		"alipayRootCert.crt":           {files.Root, c.LoadAliPayRootCertFromFile},
		"alipayCertPublicKey_RSA2.crt": {files.Alipay, c.LoadAlipayCertPublicKeyFromFile},
	} {
		name = filepath.Join(fx.t.TempDir(), name)
		if err := os.WriteFile(name, file.text, 0o600); err != nil {
			fx.t.Fatal(err)
		}
		if err := file.load(name); err != nil {
			fx.t.Fatal(err)
		}
	}
	return c
}

// pays makes a trade of a number, has it paid, and returns the notification.
func (fx *fixture) certifiedPays(c *smartwalle.Client, number string) *http.Request {
	fx.t.Helper()
	r, err := c.TradePreCreate(fx.t.Context(), smartwalle.TradePreCreate{Trade: smartwalle.Trade{
		NotifyURL: fx.notifyURL, Subject: "龙井茶 <100g>", OutTradeNo: number, TotalAmount: "59.80", ProductCode: "QR_CODE_OFFLINE",
	}})
	if err != nil || !r.IsSuccess() {
		fx.t.Fatalf("precreate: %+v, %v", r, err)
	}
	fx.approve(providersim.Ming, r.QRCode)
	told := fx.next()
	if err := told.ParseForm(); err != nil {
		fx.t.Fatal(err)
	}
	return told
}

// TestSmartwalleCertified: smartwalle/alipay verifies answers and notifications by Alipay's
// certificate, and downloads the one that comes after it.
func TestSmartwalleCertified(t *testing.T) {
	t.Parallel()
	for name, nameless := range map[string]bool{"named": false, "nameless": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fx, files := newCertified(t, nameless)
			c := fx.smartwalleCertified(files)
			verifies := func(number string) {
				t.Helper()
				told := fx.certifiedPays(c, number)
				if told.PostForm.Has("alipay_cert_sn") == nameless {
					t.Errorf("it names %q", told.PostForm.Get("alipay_cert_sn"))
				}
				n, err := c.DecodeNotification(t.Context(), told.PostForm)
				if err != nil || n.TradeStatus != smartwalle.TradeStatusSuccess || n.OutTradeNo != number {
					t.Errorf("notification: %+v, %v", n, err)
				}
				told.PostForm.Set("total_amount", "0.01")
				if _, err := c.DecodeNotification(t.Context(), told.PostForm); err == nil {
					t.Error("it is taken with another amount")
				}
				q, err := c.TradeQuery(t.Context(), smartwalle.TradeQuery{OutTradeNo: number})
				if err != nil || q.TradeStatus != smartwalle.TradeStatusSuccess {
					t.Errorf("query: %+v, %v", q, err)
				}
			}
			verifies("smartwalle_1")
			if err := fx.sim.RotateAlipay(app, renewedKey()); err != nil {
				t.Fatal(err)
			}
			verifies("smartwalle_2")
		})
	}
}
