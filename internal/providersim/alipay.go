package providersim

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// AlipayAccount is a merchant's application at the simulated Alipay, in
// public-key mode.
type AlipayAccount struct {
	AppID             string // 16 digits
	SellerID          string // 2088 and 12 more digits
	Name              string // shown to payers; "" for the app id
	MerchantPublicKey *rsa.PublicKey
	PlatformKey       *rsa.PrivateKey
	OAuthDomains      []string // where authorize may send the payer back to
}

type alipayAccount struct {
	AlipayAccount
	codes map[string]authCode
}

func (a *alipayAccount) id() string     { return a.AppID }
func (a *alipayAccount) payee() string  { return a.Name }
func (a *alipayAccount) wallet() Wallet { return Alipay }

// person returns the buyer id of a user, the same for every application.
func (a *alipayAccount) person(u User) string {
	return fmt.Sprintf("2088%012d", slices.Index(Users, u)+1)
}

// AddAlipayAccount opens an account. It fails if a part is missing or could
// not be real.
func (s *Sim) AddAlipayAccount(a AlipayAccount) error {
	if err := a.check(); err != nil {
		return fmt.Errorf("Alipay account %q: %w", a.AppID, err)
	}
	if a.Name == "" {
		a.Name = a.AppID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.alipay[a.AppID]; ok {
		return fmt.Errorf("Alipay account %q: added twice", a.AppID)
	}
	s.alipay[a.AppID] = &alipayAccount{a, map[string]authCode{}}
	return nil
}

func (a *AlipayAccount) check() error {
	if !isDigits(a.AppID, 16, 16) {
		return errors.New("app id: 16 digits are needed")
	}
	if !isDigits(a.SellerID, 16, 16) || !strings.HasPrefix(a.SellerID, "2088") {
		return errors.New("seller id: 2088 and 12 more digits are needed")
	}
	return checkKeys(a.MerchantPublicKey, a.PlatformKey)
}
