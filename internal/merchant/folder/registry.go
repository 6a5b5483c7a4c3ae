package folder

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"morepay/internal/capability"
	"morepay/internal/pay"
)

// Registry answers what the folders say of the merchants, as they were read last. It
// is safe for concurrent use.
type Registry struct {
	realMoney bool
	read      atomic.Pointer[read]
}

// read is what was read of the folders at one time.
type read struct {
	merchants map[string]Merchant
	keys      map[string]ownedKey // by hash
}

// ownedKey is an API key with its merchant.
type ownedKey struct {
	merchant string
	APIKey
}

// NewRegistry makes a registry. realMoney demands https in return URLs. Fails if
// two merchants have a key in common, or a merchant has one twice with other scopes.
func NewRegistry(merchants []Merchant, realMoney bool) (*Registry, error) {
	r := &read{merchants: map[string]Merchant{}, keys: map[string]ownedKey{}}
	var problems []error
	for _, m := range merchants {
		r.merchants[m.ID] = m
		for i, k := range m.Settings.APIKeys {
			other, taken := r.keys[k.SHA256]
			field := fmt.Sprintf("api_keys[%d]", i)
			if taken && other.merchant != m.ID {
				problems = append(problems, m.inSettings("", pay.Errorf(pay.CodeInvalid, field, "is a key of %s too", other.merchant)))
			} else if taken && !slices.Equal(other.Scopes, k.Scopes) {
				problems = append(problems, m.inSettings("", pay.Errorf(pay.CodeInvalid, field, "is there twice, with other scopes")))
			}
			r.keys[k.SHA256] = ownedKey{m.ID, k}
		}
	}
	registry := &Registry{realMoney: realMoney}
	registry.read.Store(r)
	return registry, errors.Join(problems...)
}

// Replace puts what next has read in the place of what was read before, all at once.
func (r *Registry) Replace(next *Registry) { r.read.Store(next.read.Load()) }

func (r *Registry) merchant(id string) Merchant { return r.read.Load().merchants[id] }

// ByKey tells whose API key this is, and which. Keys are looked up by hash, so the time
// it takes tells nothing of a key.
func (r *Registry) ByKey(key string) (merchant string, known APIKey, ok bool) {
	found, ok := r.read.Load().keys[HashKey(key)]
	return found.merchant, found.APIKey, ok
}

// Keys lists the API keys of a merchant.
func (r *Registry) Keys(merchant string) []APIKey { return r.merchant(merchant).Settings.APIKeys }

// ReturnURL checks that the merchant may send payers there.
func (r *Registry) ReturnURL(merchant, url string) error {
	s := r.merchant(merchant).Settings
	return s.allowsReturn(url, r.realMoney)
}

// Origins lists the pages that may frame the merchant's checkout.
func (r *Registry) Origins(merchant string) []string { return r.merchant(merchant).Settings.Origins }

// Rates returns how often the merchant may call the API.
func (r *Registry) Rates(merchant string) Rates {
	return r.merchant(merchant).Settings.Rate.orDefault()
}

// Icon returns a merchant's own picture. Fails with not_found.
func (r *Registry) Icon(merchant, id string) (Icon, error) {
	icon, ok := r.merchant(merchant).Icons[id]
	if !ok {
		return Icon{}, pay.Errorf(pay.CodeNotFound, "", "there is no such icon")
	}
	return icon, nil
}

// CheckIcons fails, naming the field, if this server lacks a picture that a
// document names.
func (r *Registry) CheckIcons(doc *capability.Document) error {
	return checkIcons(doc, r.merchant(doc.Merchant).Icons)
}
