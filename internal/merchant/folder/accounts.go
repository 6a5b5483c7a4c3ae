package folder

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/account"
	"morepay/internal/capability"
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
		for _, id := range slices.Sorted(maps.Keys(m.Settings.Accounts)) {
			env.Granted = m.granted(id)
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
			problems = append(problems, m.inDocument(CheckRails(m.Document, accounts))...)
		}
	}
	return accounts, errors.Join(problems...)
}

// granted lists the rails of a provider that the document offers.
func (m *Merchant) granted(providerID string) (rails []pay.Rail) {
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

// CheckRails returns a *pay.Error for each rail that a document grants and the
// merchant's account can't take: it would be offered to payers and then refused. A
// method without an account is not offered, and nothing is said of it.
func CheckRails(doc *capability.Document, accounts *account.Registry) []error {
	var problems []error
	for i, row := range doc.Methods {
		known := method.Find(row.Method)
		if known == nil {
			continue
		}
		acc := accounts.Of(doc.Merchant, known.Provider)
		if acc == nil {
			continue
		}
		can := acc.Provider.Rails()
		for j, r := range row.Rails {
			if r != pay.RailPageQR && !slices.Contains(can, r) {
				problems = append(problems, pay.Errorf(pay.CodeInvalid, fmt.Sprintf("methods[%d].rails[%d]", i, j), "this account can't be paid by %s, only by %v", r, can))
			}
		}
	}
	return problems
}

// inDocument puts the document's file, and the line if it is known, before what is
// wrong with it.
func (m *Merchant) inDocument(problems []error) []error {
	for i, err := range problems {
		place := path.Join(m.ID, DocumentFile)
		if e, ok := errors.AsType[*pay.Error](err); ok && m.document != nil {
			place = fmt.Sprintf("%s:%d", place, m.document.LineOf(e.Field))
		}
		problems[i] = fmt.Errorf("%s: %w", place, err)
	}
	return problems
}
