package account

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Registry finds accounts; every page view and every notification looks for
// one. It is filled at start; from then on it changes as a whole, see
// [Registry.Replace], and is safe for concurrent use.
type Registry struct {
	metrics *metrics
	set     atomic.Pointer[set]
}

// set holds the accounts of all merchants at one time.
type set struct {
	all        []*Account // the first of each name
	ofMerchant map[string][]*Account
	byName     map[name]*Account // the first
}

// name identifies an account as its provider does.
type name struct{ provider, account string }

// NewRegistry makes an empty registry whose accounts' calls are measured; r may
// be nil.
func NewRegistry(r prometheus.Registerer) *Registry {
	registry := &Registry{metrics: newMetrics(r)}
	registry.set.Store(&set{ofMerchant: map[string][]*Account{}, byName: map[name]*Account{}})
	if r != nil {
		r.MustRegister(down{registry}, keyEnds{registry})
	}
	return registry
}

// Replace puts the accounts of next in the place of those that were there, all at
// once. Work that began with an account ends with it. An account that stays is still
// down if it was, and asked no faster. next is used up.
func (r *Registry) Replace(next *Registry) {
	old, set := r.set.Load(), next.set.Load()
	for key, first := range set.byName {
		before := old.byName[key]
		for _, a := range *first.sharers {
			a.metrics = r.metrics
			if before != nil {
				a.follow(before)
			}
		}
	}
	r.set.Store(set)
}

// Add binds an opened account to its merchant. Merchants may share one, if they are
// one and the same at the provider: any of them can verify what it says, and the
// number of a payment tells whose that is. Fails if the account is another merchant's
// with other keys: one of the two must be wrong.
func (r *Registry) Add(merchant, providerID string, p provider.Provider) error {
	a := newAccount(merchant, providerID, p, r.metrics)
	set := r.set.Load()
	if first := r.Named(providerID, p.Account()); first == nil {
		set.all = append(set.all, a)
		set.byName[name{providerID, p.Account()}] = a
	} else if first.Provider.Fingerprint() != p.Fingerprint() {
		return fmt.Errorf("the account %s is %s's too, with other keys or under another service provider: give both the same, or one of them its own account", p.Account(), first.Merchant)
	} else {
		a.share(first)
	}
	*a.sharers = append(*a.sharers, a)
	set.ofMerchant[merchant] = append(set.ofMerchant[merchant], a)
	return nil
}

// All returns every account once, in the order in which they were added. One that
// merchants share is as the first of them has it.
func (r *Registry) All() []*Account { return r.set.Load().all }

// Of finds a merchant's account at a provider; nil if it has none.
func (r *Registry) Of(merchant, providerID string) *Account {
	for _, a := range r.set.Load().ofMerchant[merchant] {
		if a.ProviderID == providerID {
			return a
		}
	}
	return nil
}

// ByMethod finds the account at which a merchant is paid with a method: one that takes
// it in its own provider's place, else that provider's; nil if there is neither, or no
// such method.
func (r *Registry) ByMethod(merchant string, m pay.Method) *Account {
	for _, a := range r.set.Load().ofMerchant[merchant] {
		if taker, ok := a.Provider.(provider.MethodTaker); ok && slices.Contains(taker.Methods(), m) {
			return a
		}
	}
	if row := method.Find(m); row != nil {
		return r.Of(merchant, row.Provider)
	}
	return nil
}

// Named finds an account by the provider's name of it; nil if there is none. One
// that merchants share is as the first of them has it: see [Account.For].
func (r *Registry) Named(providerID, account string) *Account {
	return r.set.Load().byName[name{providerID, account}]
}

// Down lists the methods whose provider the merchant can't reach now.
func (r *Registry) Down(merchant string) []pay.Method {
	return r.methods(merchant, func(a *Account) bool { return a != nil && a.Down() })
}

// NoAccount lists the methods at whose provider the merchant has no account.
func (r *Registry) NoAccount(merchant string) []pay.Method {
	return r.methods(merchant, func(a *Account) bool { return a == nil })
}

// methods lists those whose account, or nil, is such as is asked for.
func (r *Registry) methods(merchant string, is func(*Account) bool) []pay.Method {
	var list []pay.Method
	for _, m := range method.All() {
		if is(r.ByMethod(merchant, m.ID)) {
			list = append(list, m.ID)
		}
	}
	return list
}

// Acknowledgement is the answer to a provider's message, in its own dialect.
type Acknowledgement struct {
	Status      int
	ContentType string
	Body        []byte
}

// Acknowledge returns how the provider of an account is told "received" or "send
// it again"; false if there is no such account.
func (r *Registry) Acknowledge(providerID, account string, accepted bool) (Acknowledgement, bool) {
	a := r.Named(providerID, account)
	if a == nil {
		return Acknowledgement{}, false
	}
	status, contentType, body := a.Provider.Acknowledge(accepted)
	return Acknowledgement{status, contentType, body}, true
}

// FormTargets lists the origins and schemes that payers of a merchant may be sent
// through.
func (r *Registry) FormTargets(merchant string) []string {
	var targets []string
	for _, a := range r.set.Load().ofMerchant[merchant] {
		if f, ok := a.Provider.(provider.FormTargeter); ok {
			targets = append(targets, f.FormTargets()...)
		}
	}
	return targets
}

// Identifier returns what tells a provider's id of a payer, for rails that need
// it; nil if the method's provider has none.
func (r *Registry) Identifier(merchant string, m pay.Method) provider.PayerIdentifier {
	a := r.ByMethod(merchant, m)
	if a == nil {
		return nil
	}
	id, _ := a.Provider.(provider.PayerIdentifier)
	return id
}
