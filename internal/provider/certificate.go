package provider

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"time"

	"morepay/internal/pay"
)

// Certificate reads the certificate that stands first in the file that a setting names,
// as PEM or as bare base64. It must be somebody's own rather than an authority's, for
// RSA, and in force. field is the setting, for the *pay.Error, which names the file too.
func (e Env) Certificate(field, file string) (*x509.Certificate, error) {
	der, err := e.der(field, file)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, pay.Errorf(pay.CodeInvalid, field, "the file %s holds no certificate, which is needed", file)
	}
	if cert.BasicConstraintsValid && cert.IsCA {
		return nil, pay.Errorf(pay.CodeInvalid, field, "the file %s holds an authority's certificate, one that it has issued is needed", file)
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, notRSA(field, file)
	}
	if err := checkBits(field, file, key); err != nil {
		return nil, err
	}
	return cert, e.inForce(field, file, cert)
}

// OwnCertificate reads the certificate of our private key from the file that a setting
// names, as Certificate does.
func (e Env) OwnCertificate(field, file string, key *rsa.PrivateKey) (*x509.Certificate, error) {
	cert, err := e.Certificate(field, file)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, pay.Errorf(pay.CodeInvalid, field,
			"the file %s holds the certificate of another key than private_key: take the two that were made together", file)
	}
	return cert, nil
}

// Authorities reads all certificates in the file that a setting names, which is PEM and
// holds those of authorities. What is made for algorithms that Go does not know, such as
// SM2, is left out; at least one must remain.
func (e Env) Authorities(field, file string) ([]*x509.Certificate, error) {
	text, err := e.Secret(field, file)
	if err != nil {
		return nil, err
	}
	var all []*x509.Certificate
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			continue
		}
		if cert.BasicConstraintsValid && !cert.IsCA {
			return nil, pay.Errorf(pay.CodeInvalid, field, "the file %s holds the certificate of %s, which is not an authority's, as is needed", file, Clean(cert.Subject.CommonName))
		}
		all = append(all, cert)
	}
	if len(all) == 0 {
		return nil, pay.Errorf(pay.CodeInvalid, field, "the file %s holds no certificate in PEM that can be used: take it as the provider gives it out", file)
	}
	return all, nil
}

// Authority reads the one certificate of an authority, in force, that is in the file that a
// setting names.
func (e Env) Authority(field, file string) (*x509.Certificate, error) {
	all, err := e.Authorities(field, file)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, pay.Errorf(pay.CodeInvalid, field, "the file %s holds %d certificates, one is needed: put each into a file of its own", file, len(all))
	}
	return all[0], e.inForce(field, file, all[0])
}

// InForce reports whether a certificate has begun and has not ended.
func InForce(cert *x509.Certificate, now time.Time) bool {
	return !now.Before(cert.NotBefore) && !now.After(cert.NotAfter)
}

// SignerKey returns the key of a certificate by which a provider may sign: an RSA key that
// is long enough, in nobody's hands who issues certificates. It is nil for any other one.
func SignerKey(cert *x509.Certificate) *rsa.PublicKey {
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < minKeyBits || cert.IsCA {
		return nil
	}
	return key
}

func (e Env) inForce(field, file string, cert *x509.Certificate) error {
	switch now := e.Now(); {
	case now.After(cert.NotAfter):
		return pay.Errorf(pay.CodeInvalid, field, "the certificate in %s ended on %s: get a new one from the provider", file, cert.NotAfter.Format(time.DateOnly))
	case now.Before(cert.NotBefore):
		return pay.Errorf(pay.CodeInvalid, field, "the certificate in %s is in force from %s only: take the one before it until then, or set the clock right", file, cert.NotBefore.Format(time.DateOnly))
	}
	return nil
}
