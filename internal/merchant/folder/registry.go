package folder

import (
	"errors"
	"fmt"

	"morepay/internal/capability"
	"morepay/internal/pay"
)

// Registry answers what the folders say of the merchants, as they were read at
// start. It is safe for concurrent use.
type Registry struct {
	realMoney bool
	merchants map[string]Merchant
	keys      map[string]string // hash of API key → merchant
}

// NewRegistry makes a registry. realMoney demands https in return URLs. Fails if
// two merchants have a key in common.
func NewRegistry(merchants []Merchant, realMoney bool) (*Registry, error) {
	r := &Registry{realMoney: realMoney, merchants: map[string]Merchant{}, keys: map[string]string{}}
	var problems []error
	for _, m := range merchants {
		r.merchants[m.ID] = m
		for i, k := range m.Settings.APIKeys {
			if other, taken := r.keys[k.SHA256]; taken && other != m.ID {
				problems = append(problems, m.inSettings("", pay.Errorf(pay.CodeInvalid, fmt.Sprintf("api_keys[%d]", i), "is a key of %s too", other)))
			}
			r.keys[k.SHA256] = m.ID
		}
	}
	return r, errors.Join(problems...)
}

// ByKey tells whose API key this is. Keys are looked up by hash, so the time it
// takes tells nothing of a key.
func (r *Registry) ByKey(key string) (merchant string, ok bool) {
	merchant, ok = r.keys[HashKey(key)]
	return merchant, ok
}

// ReturnURL checks that the merchant may send payers there.
func (r *Registry) ReturnURL(merchant, url string) error {
	s := r.merchants[merchant].Settings
	return s.allowsReturn(url, r.realMoney)
}

// Origins lists the pages that may frame the merchant's checkout.
func (r *Registry) Origins(merchant string) []string { return r.merchants[merchant].Settings.Origins }

// Rates returns how often the merchant may call the API.
func (r *Registry) Rates(merchant string) Rates {
	return r.merchants[merchant].Settings.Rate.orDefault()
}

// Icon returns a merchant's own picture. Fails with not_found.
func (r *Registry) Icon(merchant, id string) (Icon, error) {
	icon, ok := r.merchants[merchant].Icons[id]
	if !ok {
		return Icon{}, pay.Errorf(pay.CodeNotFound, "", "there is no such icon")
	}
	return icon, nil
}

// CheckIcons fails, naming the field, if this server lacks a picture that a
// document names.
func (r *Registry) CheckIcons(doc *capability.Document) error {
	return errors.Join(checkIcons(doc, r.merchants[doc.Merchant].Icons)...)
}
