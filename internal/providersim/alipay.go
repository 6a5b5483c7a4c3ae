package providersim

import (
	"cmp"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// AlipayAccount is a merchant's application at the simulated Alipay, in
// public-key or certificate mode. Under a service provider, keys and mode are those of
// the service provider's application, and so the same for all merchants under it.
type AlipayAccount struct {
	AppID             string // 16 digits
	SellerID          string // 2088 and 12 more digits
	Name              string // shown to payers; "" for the app id
	MerchantPublicKey *rsa.PublicKey
	PlatformKey       *rsa.PrivateKey
	OAuthDomains      []string // where authorize may send the payer back to
	Certified         bool     // in certificate mode, with the files of [IssueAlipay]
	Nameless          bool     // notifications and return addresses don't say by which certificate they are signed

	Under *AlipayServiceProvider // who calls for the merchant; nil for the merchant itself
}

type alipayAccount struct {
	AlipayAccount
	caller *alipayApplication // whose keys sign
	codes  map[string]authCode
}

func (a *alipayAccount) id() string     { return a.AppID }
func (a *alipayAccount) payee() string  { return a.Name }
func (a *alipayAccount) wallet() Wallet { return Alipay }

func (a *alipayAccount) names(_ *order, u User) string { return a.person(u) }

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
	caller, err := s.alipayCaller(a)
	if err != nil {
		return fmt.Errorf("Alipay account %q: %w", a.AppID, err)
	}
	account := &alipayAccount{AlipayAccount: a, caller: caller, codes: map[string]authCode{}}
	caller.merchants = append(caller.merchants, account)
	s.alipay[a.AppID], s.alipayApps[caller.id] = account, caller
	return nil
}

func (a *AlipayAccount) check() error {
	if !isDigits(a.AppID, 16, 16) {
		return errors.New("app id: 16 digits are needed")
	}
	if !isDigits(a.SellerID, 16, 16) || !strings.HasPrefix(a.SellerID, "2088") {
		return errors.New("seller id: 2088 and 12 more digits are needed")
	}
	return cmp.Or(a.Under.check(a), checkKeys(a.MerchantPublicKey, a.PlatformKey))
}
