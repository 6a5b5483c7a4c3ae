package merchant

import (
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/account"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// OpenAccounts opens every account that the merchants have at a provider. All
// that is wrong is told at once, with file and field. env.ReadKey is set for
// each merchant, and the accounts' calls are measured in metrics, which may be nil.
func OpenAccounts(sources []Source, env provider.Env, metrics prometheus.Registerer) (*account.Registry, error) {
	accounts := account.NewRegistry(metrics)
	var problems []error
	for _, s := range sources {
		env.ReadKey = s.ReadKey
		for id, settings := range s.Settings.Accounts {
			opened, err := provider.New(id, settings, env)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s/%s: accounts.%w", s.ID, SettingsFile, err))
				continue
			}
			if err := accounts.Add(s.ID, id, opened); err != nil {
				problems = append(problems, fmt.Errorf("%s/%s: accounts.%s: %w", s.ID, SettingsFile, id, err))
			}
			problems = append(problems, s.checkRails(id, opened.Rails())...)
		}
	}
	return accounts, errors.Join(problems...)
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
