package providersim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
)

// unionPaySigner is the common name of the certificate by which UnionPay signs.
const unionPaySigner = "041@8310000000083040@中国银联股份有限公司@00016493:SIGN@00000001"

// The serial numbers of certificates that are the same for every key. A merchant's is
// random.
const (
	unionPayRootSerial = 1 + iota
	unionPayMiddleSerial
	unionPaySignerSerial
)

// UnionPayAuthorities returns the certificates that a merchant of the simulated UnionPay
// pins, each in PEM: the root, and the authority between it and who signs. They are the
// same whenever they are made of one key, which here signs for all three.
func UnionPayAuthorities(signer *rsa.PrivateKey) (root, middle []byte) {
	a := unionPayRoot(signer)
	return certificatePEM(a.Raw), certificatePEM(unionPayMiddle(signer, a).Raw)
}

func unionPayRoot(key *rsa.PrivateKey) *x509.Certificate {
	c := authorityOf("Simulated CFCA ROOT", unionPayRootSerial)
	return signCertificate(c, c, &key.PublicKey, key)
}

func unionPayMiddle(key *rsa.PrivateKey, root *x509.Certificate) *x509.Certificate {
	return signCertificate(authorityOf("Simulated CFCA OCA1", unionPayMiddleSerial), root, &key.PublicKey, key)
}

// IssueUnionPay issues a merchant's signing certificate, in PEM.
func IssueUnionPay(signer *rsa.PrivateKey, merchant *rsa.PublicKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return nil, err
	}
	return issueUnionPay(signer, merchant, unionPayLeaf("041@Z000@SIMULATED MERCHANT@00000001", serial)), nil
}

// UnionPaySigner returns the certificate by which the simulated UnionPay signs with a key,
// in PEM.
func UnionPaySigner(signer *rsa.PrivateKey) []byte {
	return issueUnionPay(signer, &signer.PublicKey, unionPayLeaf(unionPaySigner, big.NewInt(unionPaySignerSerial)))
}

// unionPayLeaf returns a certificate to be issued.
func unionPayLeaf(name string, serial *big.Int) *x509.Certificate {
	c := certificateOf(name, serial)
	c.KeyUsage = x509.KeyUsageDigitalSignature
	return c
}

func issueUnionPay(signer *rsa.PrivateKey, public *rsa.PublicKey, c *x509.Certificate) []byte {
	return certificatePEM(signCertificate(c, unionPayMiddle(signer, unionPayRoot(signer)), public, signer).Raw)
}
