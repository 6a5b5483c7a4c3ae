package providersim

import (
	"crypto/md5"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"sync"
)

// The serial numbers of the simulated Alipay's certificates.
const (
	alipayRootSerial = 1 + iota
	alipayMiddleSerial
	alipayAppSerial
	alipayLapsedSerial
	alipaySignerSerial // and those after it, one for each renewal
)

// certDownload is the method that gives out a certificate of Alipay's.
const certDownload = "alipay.open.app.alipaycert.download"

// AlipayCertificates are the files that Alipay's console gives to an application in
// certificate mode, each in PEM.
type AlipayCertificates struct {
	App    []byte // appCertPublicKey_….crt: of the application's key
	Root   []byte // alipayRootCert.crt
	Alipay []byte // alipayCertPublicKey_RSA2.crt: of Alipay's key, and the authority that issued it
}

// IssueAlipay returns the files of an application. All but the application's are the
// same, to those who compare serials, whenever they are made of one platform key,
// which here signs for the authorities too.
func IssueAlipay(platform *rsa.PrivateKey, merchant *rsa.PublicKey) AlipayCertificates {
	root, middle := alipayAuthorities(platform)
	return AlipayCertificates{
		App:    certificatePEM(alipayAppCert(middle, platform, merchant).Raw),
		Root:   certificatePEM(root.Raw),
		Alipay: append(certificatePEM(alipaySigner(middle, platform, &platform.PublicKey, alipaySignerSerial).Raw), certificatePEM(middle.Raw)...),
	}
}

func alipayAuthorities(platform *rsa.PrivateKey) (root, middle *x509.Certificate) {
	c := authorityOf("Simulated Ant Financial Certification Authority R1", alipayRootSerial)
	root = signCertificate(c, c, &platform.PublicKey, platform)
	return root, signCertificate(authorityOf("Simulated Ant Financial Certification Authority Class 2 R1", alipayMiddleSerial), root, &platform.PublicKey, platform)
}

func alipayAppCert(middle *x509.Certificate, platform *rsa.PrivateKey, merchant *rsa.PublicKey) *x509.Certificate {
	return signCertificate(certificateOf("simulated application", big.NewInt(alipayAppSerial)), middle, merchant, platform)
}

func alipaySigner(middle *x509.Certificate, platform *rsa.PrivateKey, public *rsa.PublicKey, serial int64) *x509.Certificate {
	return signCertificate(certificateOf("simulated Alipay", big.NewInt(serial)), middle, public, platform)
}

// certSN is what Alipay calls the SN of a certificate: the MD5 of its issuer's name,
// as in RFC 2253, and its serial number in decimal.
func certSN(c *x509.Certificate) string {
	sum := md5.Sum([]byte(c.Issuer.String() + c.SerialNumber.String()))
	return hex.EncodeToString(sum[:])
}

// alipayCertified is what an application in certificate mode has.
type alipayCertified struct {
	app, root string // the SNs that its requests must name
	middle    *x509.Certificate
	issued    []*x509.Certificate      // Alipay's
	lapsed    func() *x509.Certificate // one that is over
}

// alipaySeal is what Alipay signs with for an application.
type alipaySeal struct {
	key *rsa.PrivateKey
	sn  string // of its certificate; "" in public-key mode
}

// openAlipayApplication makes the application that calls for an account, with certificates
// if it has that mode.
func openAlipayApplication(a AlipayAccount) *alipayApplication {
	p := &alipayApplication{AlipayAccount: a, id: a.callerID()}
	p.sealed.Store(&alipaySeal{key: a.PlatformKey})
	if !a.Certified {
		return p
	}
	root, middle := alipayAuthorities(a.PlatformKey)
	p.certified = &alipayCertified{
		app: certSN(alipayAppCert(middle, a.PlatformKey, a.MerchantPublicKey)), root: certSN(root), middle: middle,
		lapsed: sync.OnceValue(func() *x509.Certificate {
			c := lapsed(certificateOf("simulated Alipay", big.NewInt(alipayLapsedSerial)))
			return signCertificate(c, middle, &spare().PublicKey, a.PlatformKey)
		}),
	}
	p.rotate(a.PlatformKey)
	return p
}

// rotate gives Alipay another key and certificate to sign with.
func (p *alipayApplication) rotate(key *rsa.PrivateKey) {
	cert := alipaySigner(p.certified.middle, p.PlatformKey, &key.PublicKey, int64(alipaySignerSerial+len(p.certified.issued)))
	p.certified.issued = append(p.certified.issued, cert)
	p.sealed.Store(&alipaySeal{key, certSN(cert)})
}

// RotateAlipay has the simulated Alipay sign for an application in certificate mode
// with a new key and certificate from now on. It fails in public-key mode.
func (s *Sim) RotateAlipay(appID string, key *rsa.PrivateKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.alipayApps[appID]
	if !ok || p.certified == nil {
		return fmt.Errorf("Alipay application %q: not one in certificate mode", appID)
	}
	if err := checkKeys(p.MerchantPublicKey, key); err != nil {
		return err
	}
	p.rotate(key)
	return nil
}

// checkSerials refuses a request that does not name the certificates of its
// application, or names some in public-key mode.
func (p *alipayApplication) checkSerials(app, root string) error {
	var want alipayCertified
	if p.certified != nil {
		want = *p.certified
	}
	for _, sn := range []struct{ name, got, want string }{
		{"app-cert-sn", app, want.app}, {"alipay-root-cert-sn", root, want.root},
	} {
		switch {
		case sn.got == "" && sn.want != "":
			return missingArgument(sn.name)
		case sn.got != sn.want:
			return invalidArgument(sn.name)
		}
	}
	return nil
}

// downloadCert gives out the certificate of an SN, with the authority that issued it.
func downloadCert(_ *Sim, c *alipayCall) (any, error) {
	certified := c.caller.certified
	if certified == nil {
		return nil, errAlipayForbidden
	}
	for _, cert := range append(slices.Clone(certified.issued), certified.lapsed()) {
		if certSN(cert) == c.biz.CertSN {
			text := append(certificatePEM(cert.Raw), certificatePEM(certified.middle.Raw)...)
			return map[string]string{"code": "10000", "msg": "Success", "alipay_cert_content": base64.StdEncoding.EncodeToString(text)}, nil
		}
	}
	return nil, invalidArgument("alipay-cert-sn")
}
