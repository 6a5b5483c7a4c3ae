package folder

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
// that is wrong is told at once, with file and field. env.ReadKey and env.Granted
// are set for each merchant, and the accounts' calls are measured in metrics, which
// may be nil.
func OpenAccounts(merchants []Merchant, env provider.Env, metrics prometheus.Registerer) (*account.Registry, error) {
	accounts := account.NewRegistry(metrics)
	var problems []error
	for _, m := range merchants {
		env.ReadKey = m.ReadKey
		for id, settings := range m.Settings.Accounts {
			env.Granted = m.granted(id)
			opened, err := provider.New(id, settings, env)
			if err != nil {
				problems = append(problems, m.inSettings("accounts."+id, fmt.Errorf("accounts.%w", err)))
				continue
			}
			if err := accounts.Add(m.ID, id, opened); err != nil {
				problems = append(problems, m.inSettings("accounts."+id, fmt.Errorf("accounts.%s: %w", id, err)))
			}
			problems = append(problems, m.checkRails(id, opened.Rails())...)
		}
	}
	return accounts, errors.Join(problems...)
}

// granted lists the rails of a provider that the document offers.
func (m *Merchant) granted(providerID string) (rails []pay.Rail) {
	for _, row := range m.Document.Methods {
		if known := method.Find(row.Method); known != nil && known.Provider == providerID {
			rails = append(rails, row.Rails...)
		}
	}
	return rails
}

// checkRails: a rail that the document grants and the adapter can't take would
// be offered to payers and then refused.
func (m *Merchant) checkRails(providerID string, can []pay.Rail) []error {
	var problems []error
	for i, row := range m.Document.Methods {
		if known := method.Find(row.Method); known == nil || known.Provider != providerID {
			continue
		}
		for j, r := range row.Rails {
			if r != pay.RailPageQR && !slices.Contains(can, r) {
				problems = append(problems, fmt.Errorf("%s/%s: methods[%d].rails[%d]: this account can't be paid by %s, only by %v", m.ID, DocumentFile, i, j, r, can))
			}
		}
	}
	return problems
}
