package alipay_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

// A certificate made by openssl, and the SN as openssl and md5sum make it:
// the issuer with -nameopt RFC2253, and the serial number in decimal.
func TestCertSerial(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/serial.crt")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := alipay.CertSerial(cert), "b0cf4674135b5899c07d840ff35ba81b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	curve := &x509.Certificate{SignatureAlgorithm: x509.ECDSAWithSHA256, SerialNumber: big.NewInt(1)}
	if got, want := alipay.RootSerial([]*x509.Certificate{cert, curve, cert}), alipay.CertSerial(cert)+"_"+alipay.CertSerial(cert); got != want {
		t.Errorf("got %s, want %s: those with RSA only", got, want)
	}
}

// authority is one that issues certificates, and all that it has issued.
type authority struct {
	t      testing.TB
	key    *rsa.PrivateKey
	cert   *x509.Certificate
	serial int64
}

var authorityKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newAuthority(t testing.TB) *authority {
	a := &authority{t: t, key: authorityKey(), serial: 1}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{"Ant Financial"}, CommonName: "made up R1"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(20, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert = a.sign(template, template, &a.key.PublicKey)
	return a
}

func (a *authority) sign(template, parent *x509.Certificate, public any) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

// issue makes a certificate that is in force from an hour before now until its end.
func (a *authority) issue(public any, ends time.Time) *x509.Certificate {
	a.serial++
	return a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: "made up"}, NotBefore: now.Add(-time.Hour), NotAfter: ends,
	}, a.cert, public)
}

func certText(certs ...*x509.Certificate) []byte {
	var text []byte
	for _, cert := range certs {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	return text
}

func certifiedSettings() map[string]any {
	s := goodSettings()
	delete(s, "public_key")
	maps.Copy(s, map[string]any{"app_certificate": "app.crt", "root_certificate": "root.crt", "alipay_certificate": "alipay.crt"})
	return s
}

// certifiedFiles are the files of certificate mode, and the certificate that Alipay
// signs with.
func certifiedFiles(a *authority) (map[string][]byte, *x509.Certificate) {
	files := keyFiles()
	platform := a.issue(&providertest.ProviderKey().PublicKey, now.AddDate(1, 0, 0))
	files["app.crt"] = certText(a.issue(&providertest.MerchantKey().PublicKey, now.AddDate(1, 0, 0)))
	files["root.crt"] = append([]byte("-----BEGIN CERTIFICATE-----\naW4gU00y\n-----END CERTIFICATE-----\n"), certText(a.cert)...)
	files["alipay.crt"] = certText(platform)
	return files, platform
}

func TestCertificateFiles(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	platform, later := &providertest.ProviderKey().PublicKey, now.AddDate(1, 0, 0)
	stranger := newAuthority(t)
	good, _ := certifiedFiles(a)
	own := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: a.cert.Subject, NotBefore: now.Add(-time.Hour), NotAfter: later,
	}, a.cert, platform)
	for name, c := range map[string]struct {
		change map[string]any
		file   string
		holds  []byte
		field  string
		says   string
	}{
		"public-key-too":    {change: map[string]any{"public_key": "alipay.pem"}, field: "public_key", says: "one of the two modes"},
		"no-app":            {change: map[string]any{"app_certificate": ""}, field: "app_certificate", says: "is missing"},
		"no-root":           {change: map[string]any{"root_certificate": ""}, field: "root_certificate", says: "is missing"},
		"no-alipay":         {change: map[string]any{"alipay_certificate": ""}, field: "alipay_certificate", says: "is missing"},
		"no-such-file":      {change: map[string]any{"app_certificate": "x.crt"}, field: "app_certificate", says: "can't be read"},
		"alipay-for-app":    {file: "app.crt", holds: good["alipay.crt"], field: "app_certificate", says: "another key than private_key"},
		"other-application": {file: "app.crt", holds: certText(a.issue(&authorityKey().PublicKey, later)), field: "app_certificate", says: "another key than private_key"},
		"app-ended":         {file: "app.crt", holds: certText(a.issue(&providertest.MerchantKey().PublicKey, now.Add(-time.Minute))), field: "app_certificate", says: "ended"},
		"app-for-alipay":    {file: "alipay.crt", holds: good["app.crt"], field: "alipay_certificate", says: "alipay.crt is the application's own"},
		"root-for-alipay":   {file: "alipay.crt", holds: certText(a.cert), field: "alipay_certificate", says: "authority's"},
		"alipay-ended":      {file: "alipay.crt", holds: certText(a.issue(platform, now.Add(-time.Minute))), field: "alipay_certificate", says: "ended"},
		"alipay-of-a-curve": {file: "alipay.crt", holds: certText(a.issue(&curve.PublicKey, later)), field: "alipay_certificate", says: "RSA"},
		"key-for-alipay":    {file: "alipay.crt", holds: good["alipay.pem"], field: "alipay_certificate", says: "no certificate"},
		"other-root":        {file: "root.crt", holds: certText(stranger.sign(&x509.Certificate{SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "other"}, NotBefore: now, NotAfter: later, IsCA: true, BasicConstraintsValid: true}, stranger.cert, &providertest.MerchantKey().PublicKey)), field: "alipay_certificate", says: "does not come from the root"},
		"own-root":          {file: "root.crt", holds: good["alipay.crt"], field: "alipay_certificate", says: "does not come from the root"},
		"root-is-text":      {file: "root.crt", holds: []byte("canary!"), field: "root_certificate", says: "no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(good)
			if c.file != "" {
				files[c.file] = c.holds
			}
			_, err := alipay.Open([]byte(providertest.JSON(t, providertest.With(certifiedSettings(), c.change))), providertest.Env(providertest.Nowhere, files))
			var wrong *pay.Error
			if !errors.As(err, &wrong) || wrong.Code != pay.CodeInvalid || wrong.Field != c.field || !strings.Contains(wrong.Message, c.says) {
				t.Fatalf("got %v, want invalid_request of %s saying %q", err, c.field, c.says)
			}
			providertest.Clean(t, err, append(secrets, "canary")...)
		})
	}
	files := maps.Clone(good)
	files["alipay.crt"] = certText(own)
	providertest.Open(t, alipay.Open, certifiedSettings(), providertest.Env(providertest.Nowhere, files))
}

// certifiedWire is a gateway that gives out certificates.
func certifiedWire(t *testing.T, gives func(serial string) *x509.Certificate) (*providertest.Wire, func() int) {
	t.Helper()
	wire := newWire(t, func(method string, content map[string]string) answer {
		cert := gives(content["alipay_cert_sn"])
		if method != "alipay.open.app.alipaycert.download" || cert == nil {
			return no("40002", "isv.invalid-alipay-cert-sn")
		}
		return ok(map[string]any{"alipay_cert_content": base64.StdEncoding.EncodeToString(certText(cert))})
	})
	return wire, func() (n int) {
		for _, sent := range wire.Sent() {
			if strings.Contains(sent.Body, "alipaycert.download") {
				n++
			}
		}
		return n
	}
}

// named is a notification that names a certificate. The name is not signed.
func named(serial string, change map[string]any) []byte {
	form, err := url.ParseQuery(string(signed(notice(change))))
	if err != nil {
		panic(err)
	}
	form.Set("alipay_cert_sn", serial)
	return []byte(form.Encode())
}

// TestUnknownCertificate: a certificate that is not known is asked for, and what it is
// must hold: nothing of what a message names is believed.
func TestUnknownCertificate(t *testing.T) {
	t.Parallel()
	platform := &providertest.ProviderKey().PublicKey
	for name, c := range map[string]struct {
		gives func(a *authority) *x509.Certificate
		names func(given *x509.Certificate) string
		good  bool
	}{
		"renewed": {func(a *authority) *x509.Certificate { return a.issue(platform, now.AddDate(1, 0, 0)) }, alipay.CertSerial, true},
		"ended":   {func(a *authority) *x509.Certificate { return a.issue(platform, now.Add(-time.Minute)) }, alipay.CertSerial, false},
		"our-own": {func(a *authority) *x509.Certificate {
			return a.issue(&providertest.MerchantKey().PublicKey, now.AddDate(1, 0, 0))
		}, alipay.CertSerial, false},
		"root": {func(a *authority) *x509.Certificate { return a.cert }, alipay.CertSerial, false},
		"from-aside": {func(a *authority) *x509.Certificate {
			return a.sign(&x509.Certificate{SerialNumber: big.NewInt(3), NotBefore: now, NotAfter: now.AddDate(1, 0, 0)}, &x509.Certificate{Subject: pkix.Name{CommonName: "nobody"}}, platform)
		}, alipay.CertSerial, false},
		"another": {func(a *authority) *x509.Certificate { return a.issue(platform, now.AddDate(1, 0, 0)) }, func(*x509.Certificate) string {
			return strings.Repeat("c0", 16)
		}, false},
		"none": {func(*authority) *x509.Certificate { return nil }, func(*x509.Certificate) string { return strings.Repeat("c0", 16) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t)
			files, _ := certifiedFiles(a)
			given := c.gives(a)
			wire, downloads := certifiedWire(t, func(string) *x509.Certificate { return given })
			p := providertest.Open(t, alipay.Open, certifiedSettings(), providertest.Env(wire.URL, files))
			_, err := p.Notification(http.Header{}, named(c.names(given), nil))
			if (err == nil) != c.good || err != nil && !errors.Is(err, provider.ErrUnknownKey) {
				t.Errorf("got %v, good is %v", err, c.good)
			}
			if downloads() != 1 {
				t.Errorf("%d downloads, want one", downloads())
			}
			if err != nil {
				providertest.Clean(t, err, secrets...)
			}
		})
	}
}

// TestNamelessNotification: one that names no certificate may be by any of Alipay's that
// is in force.
func TestNamelessNotification(t *testing.T) {
	t.Parallel()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthority(t)
	files, first := certifiedFiles(a)
	second := a.issue(&other.PublicKey, now.AddDate(1, 0, 0))
	wire, _ := certifiedWire(t, func(string) *x509.Certificate { return second })
	env, at := providertest.Env(wire.URL, files), now
	env.Now = func() time.Time { return at }
	p := providertest.Open(t, alipay.Open, certifiedSettings(), env)
	form := signed(notice(nil))
	if _, err := p.Notification(nil, form); err != nil {
		t.Error(err)
	}
	if _, err := p.Notification(nil, named(alipay.CertSerial(second), nil)); !errors.Is(err, provider.ErrForged) {
		t.Errorf("by another certificate than it names: %v", err)
	}
	if _, err := p.Notification(nil, form); err != nil {
		t.Errorf("after a newer certificate was downloaded: %v", err)
	}
	for name, body := range map[string][]byte{
		"changed": []byte(strings.Replace(string(form), "59.80", "0.01", 1)),
		"empty":   append(slices.Clone(form), "&alipay_cert_sn="...),
	} {
		if _, err := p.Notification(nil, body); !errors.Is(err, provider.ErrForged) && !errors.Is(err, provider.ErrUnknownKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	at = first.NotAfter.Add(time.Second)
	if _, err := p.Notification(nil, form); !errors.Is(err, provider.ErrForged) {
		t.Errorf("by a certificate that has ended: %v", err)
	}
}

// TestCertificateStorm: forged names of certificates, from everywhere at once, make one
// download in five minutes. Those that are known go on being taken.
func TestCertificateStorm(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	files, platform := certifiedFiles(a)
	renewed := a.issue(&providertest.ProviderKey().PublicKey, now.AddDate(1, 0, 0))
	wire, downloads := certifiedWire(t, func(serial string) *x509.Certificate {
		if serial == alipay.CertSerial(renewed) {
			return renewed
		}
		return nil
	})
	var mu sync.Mutex
	at := now
	env := providertest.Env(wire.URL, files)
	env.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return at
	}
	p := providertest.Open(t, alipay.Open, certifiedSettings(), env)
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			if _, err := p.Notification(nil, named(strings.Repeat("0", 30)+string(rune('a'+i%6))+"0", nil)); !errors.Is(err, provider.ErrUnknownKey) {
				t.Errorf("got %v", err)
			}
			if _, err := p.Notification(nil, named(alipay.CertSerial(platform), nil)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if downloads() != 1 {
		t.Errorf("%d downloads, want one", downloads())
	}
	if _, err := p.Notification(nil, named(alipay.CertSerial(renewed), nil)); !errors.Is(err, provider.ErrUnknownKey) {
		t.Errorf("too soon: %v", err)
	}
	mu.Lock()
	at = at.Add(5 * time.Minute)
	mu.Unlock()
	if _, err := p.Notification(nil, named(alipay.CertSerial(renewed), nil)); err != nil || downloads() != 2 {
		t.Errorf("after five minutes: %v, %d downloads", err, downloads())
	}
	list := p.(provider.KeyHolder).Keys()
	if len(list) != 3 || list[0].Use != provider.KeyOurs || list[1].Use != provider.KeyTheirs || list[1].Ends.IsZero() || list[2].ID == list[1].ID {
		t.Errorf("the keys are %+v", list)
	}
	mu.Lock()
	at = at.AddDate(2, 0, 0)
	mu.Unlock()
	if _, err := p.Notification(nil, named(alipay.CertSerial(platform), nil)); !errors.Is(err, provider.ErrUnknownKey) {
		t.Errorf("by an ended certificate: %v", err)
	}
	if n := len(p.(provider.KeyHolder).Keys()); n != 3 {
		t.Errorf("after the end it holds %d keys: who watches them would take it for well", n)
	}
}

// What names a known certificate must be signed by it, and what it names must be one.
func TestCertificateOfNotification(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	files, platform := certifiedFiles(a)
	p := providertest.Open(t, alipay.Open, certifiedSettings(), providertest.Env(providertest.Nowhere, files))
	changed, err := url.ParseQuery(string(named(alipay.CertSerial(platform), nil)))
	if err != nil {
		t.Fatal(err)
	}
	changed.Set("total_amount", "0.01")
	for name, c := range map[string]struct {
		body    []byte
		unknown bool
	}{
		"changed":   {[]byte(changed.Encode()), false},
		"no-serial": {named("../x", nil), true},
	} {
		_, err := p.Notification(nil, c.body)
		if !errors.Is(err, provider.ErrForged) || errors.Is(err, provider.ErrUnknownKey) != c.unknown {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := open(t, providertest.Nowhere).Notification(nil, named(alipay.CertSerial(platform), nil)); !errors.Is(err, provider.ErrUnknownKey) {
		t.Errorf("in public-key mode: got %v", err)
	}
}
