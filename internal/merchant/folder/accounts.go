package folder

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/account"
	"morepay/internal/capability"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/strictjson"
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
		for _, id := range slices.Sorted(maps.Keys(m.Settings.Accounts)) {
			env.Granted = m.Granted(id)
			opened, err := provider.New(id, m.Settings.Accounts[id], env)
			if err != nil {
				problems = append(problems, m.inSettings("accounts."+id, fmt.Errorf("accounts.%w", err)))
				continue
			}
			if err := accounts.Add(m.ID, id, opened); err != nil {
				problems = append(problems, m.inSettings("accounts."+id, fmt.Errorf("accounts.%s: %w", id, err)))
			}
		}
		if m.Document != nil {
			problems = append(problems, m.inDocument(CheckRails(m.Document, accounts)))
		}
	}
	return accounts, errors.Join(problems...)
}

// Granted lists the rails of a provider that the document offers.
func (m *Merchant) Granted(providerID string) (rails []pay.Rail) {
	if m.Document == nil {
		return nil
	}
	for _, row := range m.Document.Methods {
		if known := method.Find(row.Method); known != nil && known.Provider == providerID {
			rails = append(rails, row.Rails...)
		}
	}
	return rails
}

// RuleAccount says that a document may grant only rails that the merchant's account
// can take.
const RuleAccount strictjson.Rule = "account"

// CheckRails fails with strictjson.Problems, without lines, if a document grants rails
// that the merchant's accounts can't take: they would be offered to payers and then
// refused. A method without an account is not offered, and nothing is said of it.
func CheckRails(doc *capability.Document, accounts *account.Registry) error {
	var problems strictjson.Problems
	for i, row := range doc.Methods {
		known := method.Find(row.Method)
		if known == nil {
			continue
		}
		acc := accounts.Of(doc.Merchant, known.Provider)
		if acc == nil {
			continue
		}
		for j, r := range row.Rails {
			if !acc.Takes(r) {
				problems.Add(fmt.Sprintf("methods[%d].rails[%d]", i, j), 0, RuleAccount, "this account can't be paid by %s, only by %v", r, acc.Provider.Rails())
			}
		}
	}
	return problems.Err()
}
