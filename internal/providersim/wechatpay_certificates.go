package providersim

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// PlatformCertificate is a certificate of the simulated WeChat Pay with its key. Accounts
// that verify by certificates download those that are not over.
type PlatformCertificate struct {
	Certificate *x509.Certificate
	Key         *rsa.PrivateKey
}

func (c PlatformCertificate) serial() string {
	return fmt.Sprintf("%X", c.Certificate.SerialNumber.Bytes())
}

func (c PlatformCertificate) check() error {
	if c.Certificate == nil || c.Key == nil || !c.Key.PublicKey.Equal(c.Certificate.PublicKey) {
		return errors.New("platform certificate: a certificate and its key are needed")
	}
	return nil
}

// IssuePlatformCertificate makes a certificate of a key as WeChat Pay's are.
func IssuePlatformCertificate(key *rsa.PrivateKey, serial *big.Int, from, until time.Time) (PlatformCertificate, error) {
	template := &x509.Certificate{
		SerialNumber: serial, NotBefore: from, NotAfter: until, BasicConstraintsValid: true,
		Subject: pkix.Name{CommonName: "Tenpay.com sign", Organization: []string{"Tenpay.com"}, Country: []string{"CN"}},
	}
	issuer := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Tenpay.com Root CA", Organization: []string{"iTrusChina"}, Country: []string{"CN"}}}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, key)
	if err != nil {
		return PlatformCertificate{}, err
	}
	cert, err := x509.ParseCertificate(der)
	return PlatformCertificate{cert, key}, err
}

// FirstPlatformCertificate returns the one of a key that accounts begin with: the same
// whenever it is made, and in force whatever the tester's clock says.
func FirstPlatformCertificate(key *rsa.PrivateKey) (PlatformCertificate, error) {
	dates := certificateOf("", nil)
	return IssuePlatformCertificate(key, big.NewInt(firstPlatformSerial), dates.NotBefore, dates.NotAfter)
}

const firstPlatformSerial = 0x3E1C0D5A7B2F4601

// platformCertificates are an account's, until it is given others.
type platformCertificates struct {
	list      []PlatformCertificate
	callbacks bool // notifications are by certificate even if the account has a public key
}

// signer is a key of the platform's, and how messages name it.
type signer struct {
	name string
	key  *rsa.PrivateKey
}

// signers lists the account's in the order in which messages that may choose take them:
// the public key, and certificates, the newest of those in force first.
func (a *wechatAccount) signers(now time.Time) (list []signer) {
	if a.PublicKeyID != "" {
		list = append(list, signer{a.PublicKeyID, a.PlatformKey})
	}
	inForce := slices.DeleteFunc(slices.Clone(a.certificates.Load().list), func(c PlatformCertificate) bool {
		return now.Before(c.Certificate.NotBefore) || now.After(c.Certificate.NotAfter)
	})
	slices.SortStableFunc(inForce, func(x, y PlatformCertificate) int {
		return cmp.Compare(y.Certificate.NotBefore.Unix(), x.Certificate.NotBefore.Unix())
	})
	for _, c := range inForce {
		list = append(list, signer{c.serial(), c.Key})
	}
	return list
}

// signerNamed returns the key that a request names, or any if it names none.
func (a *wechatAccount) signerNamed(name string, now time.Time) (signer, bool) {
	for _, s := range a.signers(now) {
		if name == "" || s.name == name {
			return s, true
		}
	}
	return signer{}, false
}

// callbackSigner returns the key of a notification. While an account changes from
// certificates to the public key, WeChat Pay decides how many are by which.
func (a *wechatAccount) callbackSigner(now time.Time) signer {
	list := a.signers(now)
	if len(list) == 0 { // all have ended, as a clock that was moved sees it
		last := a.certificates.Load().list[0]
		return signer{last.serial(), last.Key}
	}
	if a.certificates.Load().callbacks && len(list) > 1 && list[0].name == a.PublicKeyID {
		return list[1]
	}
	return list[0]
}

// SetCertificates replaces the platform certificates of an account, as WeChat Pay does
// when one ends, and says whether notifications are by certificate even if the account has
// a public key.
func (s *Sim) SetCertificates(mchID string, callbacks bool, list ...PlatformCertificate) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.wechat[mchID]
	if a == nil {
		return fmt.Errorf("WeChat Pay account %q: there is none", mchID)
	}
	changed := a.WeChatAccount
	changed.Certificates = list
	if err := changed.checkSigners(); err != nil {
		return fmt.Errorf("WeChat Pay account %q: %w", mchID, err)
	}
	a.certificates.Store(&platformCertificates{list, callbacks})
	return nil
}

func (a *WeChatAccount) checkSigners() error {
	if a.PublicKeyID == "" && len(a.Certificates) == 0 {
		return errors.New("public key id or platform certificates are needed")
	}
	if a.PublicKeyID != "" && !strings.HasPrefix(a.PublicKeyID, publicKeyPrefix) {
		return errors.New("public key id: it starts with PUB_KEY_ID_")
	}
	for _, c := range a.Certificates {
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}

// certificateEntry is one certificate as the API lists it.
type certificateEntry struct {
	Serial    string               `json:"serial_no"`
	Effective string               `json:"effective_time"`
	Expires   string               `json:"expire_time"`
	Encrypted encryptedCertificate `json:"encrypt_certificate"`
}

type encryptedCertificate struct {
	Algorithm      string `json:"algorithm"`
	Nonce          string `json:"nonce"`
	AssociatedData string `json:"associated_data"`
	Ciphertext     []byte `json:"ciphertext"` // base64 in JSON
}

// listCertificates answers with the certificates that are not over, encrypted.
func listCertificates(s *Sim, c *wechatCall) (any, error) {
	held := c.merchant.certificates.Load().list
	if len(held) == 0 {
		return nil, errNoCertificates
	}
	list := []certificateEntry{}
	for _, p := range held {
		if s.options.Now().After(p.Certificate.NotAfter) {
			continue
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate.Raw})
		sealed := c.merchant.encrypt("certificate", text)
		list = append(list, certificateEntry{
			Serial: p.serial(), Effective: stamp(p.Certificate.NotBefore), Expires: stamp(p.Certificate.NotAfter),
			Encrypted: encryptedCertificate{sealed.Algorithm, sealed.Nonce, sealed.AssociatedData, sealed.Ciphertext},
		})
	}
	return map[string]any{"data": list}, nil
}
