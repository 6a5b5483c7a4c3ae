package providersim

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"
	"time"
)

// UnionPayAccount is a merchant at the simulated UnionPay, for online payments by the
// web page and by QR code (ACP 5.1.0).
type UnionPayAccount struct {
	MerID       string            // 15 digits
	Name        string            // shown to payers; "" for the number
	Certificate *x509.Certificate // the merchant's, which UnionPay's authority has issued: see [IssueUnionPay]
	SignerKey   *rsa.PrivateKey   // UnionPay's own
}

type unionPayAccount struct {
	UnionPayAccount
	sealed atomic.Pointer[unionPaySeal] // of SignerKey, to begin with
	issued int64                        // certificates after the first
}

func (a *unionPayAccount) id() string     { return a.MerID }
func (a *unionPayAccount) payee() string  { return a.Name }
func (a *unionPayAccount) wallet() Wallet { return UnionPay }

// names implements account: merchants aren't told who pays.
func (a *unionPayAccount) names(*order, User) string { return "" }

// opened gives an order UnionPay's number, of 21 digits.
func (a *unionPayAccount) opened(s *Sim, o *order) {
	o.reference = unionPayNumber(s.now())
	if o.frontURL != "" {
		o.returnURL = s.options.Origin + "/gateway/api/back/" + o.id
	}
}

// back returns the page that posts the payer's browser back, as UnionPay does after a
// payment.
func (a *unionPayAccount) back(o *order, _ time.Time) string { return o.returnURL }

func unionPayNumber(now time.Time) string { return unionPayStamp(now) + digits(7) }

// unionPayStamp writes a time as UnionPay does.
func unionPayStamp(t time.Time) string { return t.In(china).Format(unionPayTime) }

const unionPayTime = "20060102150405"

var merIDPattern = regexp.MustCompile(`^[0-9A-Za-z]{15}$`)

// AddUnionPayAccount opens an account. It fails if a part is missing or could not be
// real.
func (s *Sim) AddUnionPayAccount(a UnionPayAccount) error {
	signer, err := a.check()
	if err != nil {
		return fmt.Errorf("UnionPay account %q: %w", a.MerID, err)
	}
	if a.Name == "" {
		a.Name = a.MerID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.unionPay[a.MerID]; ok {
		return fmt.Errorf("UnionPay account %q: added twice", a.MerID)
	}
	s.unionPay[a.MerID] = &unionPayAccount{UnionPayAccount: a}
	s.unionPay[a.MerID].sealed.Store(&unionPaySeal{a.SignerKey, signer})
	return nil
}

func (a *UnionPayAccount) check() (signer []byte, err error) {
	if !merIDPattern.MatchString(a.MerID) {
		return nil, errors.New("its number must be 15 digits or letters")
	}
	if a.Certificate == nil {
		return nil, errors.New("merchant certificate: is missing")
	}
	public, ok := a.Certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("merchant certificate: must be of an RSA key")
	}
	if err := checkKeys(public, a.SignerKey); err != nil {
		return nil, err
	}
	return UnionPaySigner(a.SignerKey), nil
}
