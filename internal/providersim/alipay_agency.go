package providersim

import (
	"errors"
	"sync/atomic"
)

// AlipayServiceProvider is a company whose application acts for merchants that have
// let it: it calls with keys of its own, and a token says for whom.
type AlipayServiceProvider struct {
	AppID string // 16 digits
	Token string // app_auth_token: what the merchant's authorization was traded for
}

func (p *AlipayServiceProvider) check(a *AlipayAccount) error {
	if p == nil {
		return nil
	}
	if !isDigits(p.AppID, 16, 16) || p.AppID == a.AppID {
		return errors.New("the service provider's app id: 16 digits are needed, other than the merchant's")
	}
	if p.Token == "" {
		return errors.New("the service provider's token for the merchant is needed")
	}
	return nil
}

// callerID returns the id of the application that calls for an account.
func (a *AlipayAccount) callerID() string {
	if a.Under != nil {
		return a.Under.AppID
	}
	return a.AppID
}

// token returns what calls for an account must show, "" for the merchant's own.
func (a *AlipayAccount) token() string {
	if a.Under != nil {
		return a.Under.Token
	}
	return ""
}

// alipayApplication is what calls the gateway: the merchant's own application, or a
// service provider's.
type alipayApplication struct {
	AlipayAccount // the first of merchants, of which its keys and mode count
	id            string
	merchants     []*alipayAccount
	certified     *alipayCertified // nil in public-key mode
	sealed        atomic.Pointer[alipaySeal]
}

// alipayCaller finds or makes the application that calls for an account. It fails if
// that has another mode or keys, or this token, already. The caller holds the lock.
func (s *Sim) alipayCaller(a AlipayAccount) (*alipayApplication, error) {
	known := s.alipayApps[a.callerID()]
	if known == nil {
		return openAlipayApplication(a), nil
	}
	if known.Certified != a.Certified || !known.MerchantPublicKey.Equal(a.MerchantPublicKey) || !known.PlatformKey.Equal(a.PlatformKey) {
		return nil, errors.New("its service provider has other keys, or another mode, for another merchant")
	}
	if known.merchant(a.token()) != nil {
		return nil, errors.New("its service provider has this token for another merchant")
	}
	return known, nil
}

// merchant finds the one that an application acts for with a token, nil if nobody gave it
// that one.
func (p *alipayApplication) merchant(token string) *alipayAccount {
	for _, a := range p.merchants {
		if a.token() == token {
			return a
		}
	}
	return nil
}

// actsFor returns the account that a call is for. An application needs no token for what
// is about itself, and there any account of it is as good.
func (p *alipayApplication) actsFor(token, method string) (*alipayAccount, error) {
	switch a := p.merchant(token); {
	case a != nil:
		return a, nil
	case token == "" && method == certDownload:
		return p.merchants[0], nil
	case token == "":
		return nil, errAlipayForbidden // a service provider's application sells nothing itself
	}
	return nil, errAppAuthToken
}
