package merchant

import (
	"errors"
	"fmt"

	"morepay/internal/checkout"
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
			accounts = append(accounts, checkout.Account{Merchant: s.ID, ProviderID: id, Provider: opened})
		}
	}
	return accounts, errors.Join(problems...)
}
