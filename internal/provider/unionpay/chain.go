package unionpay

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"time"

	"morepay/internal/provider"
)

// chain is the pinned way from UnionPay's root to the authority that has issued the
// certificates by which UnionPay signs. Each message brings its own certificate.
type chain struct {
	environment
	root, middle *x509.Certificate
}

// verify checks a message's signature by the certificate that it brings, and that
// certificate up to the pinned ones.
func (c chain) verify(m message, now time.Time) error {
	block, _ := pem.Decode([]byte(m["signPubKeyCert"]))
	if block == nil {
		return errors.New("it brings no certificate")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return errors.New("its certificate can't be read")
	}
	if err := c.checkSigner(leaf, now); err != nil {
		return err
	}
	key := provider.SignerKey(leaf)
	if key == nil {
		return errors.New("its certificate is an authority's, or not of an RSA key that is long enough")
	}
	signature, err := base64.StdEncoding.DecodeString(m[signatureField])
	if err != nil || rsa.VerifyPKCS1v15(key, crypto.SHA256, m.digest(), signature) != nil {
		return errors.New("the signature is wrong")
	}
	if !m.unambiguous() {
		return errors.New("what is signed can be read in two ways")
	}
	return nil
}

func (c chain) checkSigner(leaf *x509.Certificate, now time.Time) error {
	if !provider.InForce(leaf, now) {
		return errors.New("its certificate is not in force")
	}
	if parts := strings.Split(leaf.Subject.CommonName, "@"); len(parts) < 3 || !slices.Contains(c.signer, parts[2]) {
		return errors.New("its certificate is not UnionPay's")
	}
	if err := c.issued(c.middle, leaf); err != nil {
		return errors.New("its certificate was not issued by the pinned authority")
	}
	if now.After(c.middle.NotAfter) || now.After(c.root.NotAfter) {
		return errors.New("the pinned certificates are over")
	}
	return nil
}

// issued checks that one certificate was issued by another. Those of the test environment
// are signed with SHA-1, which crypto/x509 refuses to check at all: that is done by hand,
// and only there.
func (c chain) issued(by, cert *x509.Certificate) error {
	if !bytes.Equal(cert.RawIssuer, by.RawSubject) {
		return errors.New("it names another issuer")
	}
	if cert.SignatureAlgorithm != x509.SHA1WithRSA || !c.sha1 {
		return cert.CheckSignatureFrom(by)
	}
	key, ok := by.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errors.New("its issuer has no RSA key")
	}
	sum := sha1.Sum(cert.RawTBSCertificate)
	return rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], cert.Signature)
}
