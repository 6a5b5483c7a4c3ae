package merchant

import (
	"errors"
	"fmt"
	"slices"

	"morepay/internal/checkout"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// OpenAccounts opens every account that the merchants have at a provider. All
// that is wrong is told at once, with file and field. env.ReadKey is set for
// each merchant.
func OpenAccounts(sources []Source, env provider.Env) ([]checkout.Account, error) {
	var accounts []checkout.Account
	var problems []error
	for _, s := range sources {
		env.ReadKey = s.ReadKey
		for id, settings := range s.Settings.Accounts {
			opened, err := provider.New(id, settings, env)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s/%s: accounts.%w", s.ID, SettingsFile, err))
				continue
			}
			if other := holder(accounts, id, opened.Account()); other != "" {
				problems = append(problems, fmt.Errorf("%s/%s: accounts.%s: the account %s is %s's too", s.ID, SettingsFile, id, opened.Account(), other))
			}
			problems = append(problems, s.checkRails(id, opened.Rails())...)
			accounts = append(accounts, checkout.Account{Merchant: s.ID, ProviderID: id, Provider: opened})
		}
	}
	return accounts, errors.Join(problems...)
}

// holder is the merchant that an account collects for, "" if none does yet. What
// a provider says of an account would be taken for the word about one merchant
// and quarantined for the other.
func holder(accounts []checkout.Account, providerID, name string) string {
	for _, a := range accounts {
		if a.ProviderID == providerID && a.Provider.Account() == name {
			return a.Merchant
		}
	}
	return ""
}

// checkRails: a rail that the document grants and the adapter can't take would
// be offered to payers and then refused.
func (s *Source) checkRails(providerID string, can []pay.Rail) []error {
	var problems []error
	for i, m := range s.Document.Methods {
		if row := method.Find(m.Method); row == nil || row.Provider != providerID {
			continue
		}
		for j, r := range m.Rails {
			if r != pay.RailPageQR && !slices.Contains(can, r) {
				problems = append(problems, fmt.Errorf("%s/%s: methods[%d].rails[%d]: this account can't be paid by %s, only by %v", s.ID, DocumentFile, i, j, r, can))
			}
		}
	}
	return problems
}
