package unionpay_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

// resigned returns a certificate as it would be if its issuer had signed it with SHA-1,
// which crypto/x509 does for nobody: the algorithm and the signature are changed by hand.
func resigned(t *testing.T, c certificate, by *rsa.PrivateKey) certificate {
	t.Helper()
	sha1WithRSA := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, Parameters: asn1.NullRawValue}
	var fields []asn1.RawValue
	if _, err := asn1.Unmarshal(c.RawTBSCertificate, &fields); err != nil {
		t.Fatal(err)
	}
	algorithm, err := asn1.Marshal(sha1WithRSA)
	if err != nil {
		t.Fatal(err)
	}
	fields[2] = asn1.RawValue{FullBytes: algorithm} // after the version and the serial number
	tbs, err := asn1.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum(tbs)
	signature, err := rsa.SignPKCS1v15(rand.Reader, by, crypto.SHA1, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: tbs}, sha1WithRSA, asn1.BitString{Bytes: signature, BitLength: len(signature) * 8}})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate{cert, c.key}
}
