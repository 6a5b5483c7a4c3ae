package providersim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// certificateOf returns a certificate to be signed, in force whatever the tester's
// clock says.
func certificateOf(name string, serial *big.Int) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{Country: []string{"CN"}, CommonName: name}, SerialNumber: serial,
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// authorityOf returns an authority's certificate to be signed.
func authorityOf(name string, serial int64) *x509.Certificate {
	c := certificateOf(name, big.NewInt(serial))
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	return c
}

// signCertificate issues a certificate.
func signCertificate(c, parent *x509.Certificate, public *rsa.PublicKey, key *rsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, c, parent, public, key)
	if err == nil {
		c, err = x509.ParseCertificate(der)
	}
	if err != nil {
		panic(fmt.Sprintf("providersim: a certificate can't be made: %v", err))
	}
	return c
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
