package providersim

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"
)

// certifier is an account whose company signs by certificates, and changes them.
type certifier interface {
	// byCertificate reports whether its merchant verifies by certificates: others hear
	// nothing of them.
	byCertificate() bool

	// rotate has the company sign by a new certificate of a key from now on. The caller
	// holds the lock.
	rotate(key *rsa.PrivateKey)
}

// byCertificate reports whether the merchant of any account verifies by certificates.
func byCertificate(a account) bool {
	c, ok := a.(certifier)
	return ok && c.byCertificate()
}

// rotate changes the certificate of an account, once until Calm: all messages that a rule
// strikes are by one and the same.
func (s *Sim) rotate(a account) {
	if c, ok := a.(certifier); ok && !s.rotated[c] {
		s.rotated[c] = true
		c.rotate(spare())
	}
}

// spare is the key of certificates that faults bring.
var spare = sync.OnceValue(makeKey)

func makeKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(fmt.Sprintf("providersim: no randomness: %v", err))
	}
	return key
}

// lapsed makes a certificate to be signed one that is over.
func lapsed(c *x509.Certificate) *x509.Certificate {
	c.NotBefore, c.NotAfter = time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	return c
}

// The serials of WeChat Pay's that no list has: of a certificate that is over, of one that
// WeChat Pay has not issued, and of one that an account without certificates is not told of.
const (
	lapsedSerial   = "4D1A9C3E7B5F20866E0D41C8A7F3259B10C6E201"
	unissuedSerial = "4D1A9C3E7B5F20866E0D41C8A7F3259B10C6E202"
	untoldSerial   = "4D1A9C3E7B5F20866E0D41C8A7F3259B10C6E203"
	untoldKey      = publicKeyPrefix + "0199999999999999999999999999999999"
)

const publicKeyPrefix = "PUB_KEY_ID_"

func (a *wechatAccount) byCertificate() bool { return len(a.certificates.Load().list) > 0 }

// rotate implements certifier. The new certificate is the newest, with the next serial.
func (a *wechatAccount) rotate(key *rsa.PrivateKey) {
	held := a.certificates.Load()
	last := slices.MaxFunc(held.list, func(x, y PlatformCertificate) int {
		return cmp.Compare(x.Certificate.NotBefore.Unix(), y.Certificate.NotBefore.Unix())
	}).Certificate
	next, err := IssuePlatformCertificate(key, new(big.Int).Add(last.SerialNumber, big.NewInt(1)), last.NotBefore.Add(time.Second), last.NotAfter)
	if err != nil {
		panic(fmt.Sprintf("providersim: a certificate can't be made: %v", err))
	}
	a.certificates.Store(&platformCertificates{append(slices.Clone(held.list), next), held.callbacks})
}

// signsBy returns the key of a message that is sealed in some way, in the place of the usual
// one.
func (a *wechatAccount) signsBy(how seal, usual signer, now time.Time) signer {
	switch how {
	case expired:
		return signer{lapsedSerial, spare()}
	case unissued:
		return signer{unissuedSerial, forger()}
	case moved:
		return a.otherKind(usual, now)
	}
	return usual
}

// otherKind returns the public key in the place of a certificate and the other way round,
// also if the merchant was not told of it.
func (a *wechatAccount) otherKind(usual signer, now time.Time) signer {
	public := strings.HasPrefix(usual.name, publicKeyPrefix)
	for _, s := range a.signers(now) {
		if strings.HasPrefix(s.name, publicKeyPrefix) != public {
			return s
		}
	}
	if public {
		return signer{untoldSerial, spare()}
	}
	return signer{untoldKey, spare()}
}

func (a *alipayAccount) byCertificate() bool { return a.caller.certified != nil }

// rotate implements certifier: the certificate is that of the application.
func (a *alipayAccount) rotate(key *rsa.PrivateKey) { a.caller.rotate(key) }

// signsBy returns what signs a message that is sealed in some way.
func (p *alipayApplication) signsBy(how seal) *alipaySeal {
	switch {
	case how == unissued && p.certified == nil:
		return &alipaySeal{key: forger()}
	case how == unissued:
		return &alipaySeal{forger(), strings.Repeat("0", 32)}
	case how == expired && p.certified != nil:
		return &alipaySeal{spare(), certSN(p.certified.lapsed())}
	}
	return p.sealed.Load()
}

// unionPaySeal is what UnionPay signs with for an account.
type unionPaySeal struct {
	key         *rsa.PrivateKey
	certificate []byte // in PEM
}

func (a *unionPayAccount) byCertificate() bool { return true }

// rotate implements certifier. Each message brings its certificate along.
func (a *unionPayAccount) rotate(key *rsa.PrivateKey) {
	a.issued++
	c := unionPayLeaf(unionPaySigner, big.NewInt(unionPaySignerSerial+a.issued))
	a.sealed.Store(&unionPaySeal{key, issueUnionPay(a.SignerKey, &key.PublicKey, c)})
}

// signsBy returns what signs a message that is sealed in some way.
func (a *unionPayAccount) signsBy(how seal) *unionPaySeal {
	c := unionPayLeaf(unionPaySigner, big.NewInt(unionPaySignerSerial))
	switch how {
	case expired:
		return &unionPaySeal{spare(), issueUnionPay(a.SignerKey, &spare().PublicKey, lapsed(c))}
	case unissued: // all of it says what the genuine one does, but for who has issued it
		return &unionPaySeal{forger(), issueUnionPay(forger(), &forger().PublicKey, c)}
	}
	return a.sealed.Load()
}
