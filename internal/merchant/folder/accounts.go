package folder

import (
	"encoding/json"
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
// that is wrong is told at once, with file and field. env.ReadKey, env.Granted
// and env.Instalments are set for each merchant, and the accounts' calls are measured in metrics, which
// may be nil.
func OpenAccounts(merchants []Merchant, env provider.Env, metrics prometheus.Registerer) (*account.Registry, error) {
	accounts := account.NewRegistry(metrics)
	var problems []error
	for _, m := range merchants {
		env.ReadKey = m.ReadKey
		for _, id := range slices.Sorted(maps.Keys(m.Settings.Accounts)) {
			env.Granted, env.Instalments = m.Granted(id), m.grantsInstalments(id)
			opened, err := provider.New(id, m.Settings.Accounts[id], env)
			if err != nil {
				problems = append(problems, m.inSettings("accounts."+id, fmt.Errorf("accounts.%w", err)))
				continue
			}
			if err := checkTaken(id, opened); err != nil {
				problems = append(problems, m.inSettings("accounts."+id, err))
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
		if m.providerOf(row.Method) == providerID {
			rails = append(rails, row.Rails...)
		}
	}
	return rails
}

// providerOf returns the id of the provider at which the merchant's settings have a
// method paid, with an account there or without: the one that is said to take it, else
// its own. "" for an unknown method.
func (m *Merchant) providerOf(id pay.Method) string {
	for _, taker := range slices.Sorted(maps.Keys(m.Settings.Accounts)) {
		var settings struct {
			Methods []pay.Method `json:"methods"`
		}
		// What can't be read is refused when the account is opened.
		if json.Unmarshal(m.Settings.Accounts[taker], &settings) == nil && slices.Contains(settings.Methods, id) {
			return taker
		}
	}
	if known := method.Find(id); known != nil {
		return known.Provider
	}
	return ""
}

// checkTaken fails with strictjson.Problems, without lines, if an account is to take
// methods that there are not, or that are its provider's anyway.
func checkTaken(providerID string, opened provider.Provider) error {
	taker, ok := opened.(provider.MethodTaker)
	if !ok {
		return nil
	}
	var problems strictjson.Problems
	for i, id := range taker.Methods() {
		if known := method.Find(id); known == nil || known.Provider == providerID {
			problems.Add(fmt.Sprintf("methods[%d]", i), 0, RuleAccount, "%q is no method of another provider", id)
		}
	}
	return problems.Err()
}

// grantsInstalments reports whether the document offers instalments of a provider.
func (m *Merchant) grantsInstalments(providerID string) bool {
	return m.Document != nil && slices.ContainsFunc(m.Document.Methods, func(row capability.Method) bool {
		return len(row.Instalments) > 0 && m.providerOf(row.Method) == providerID
	})
}

// RuleAccount says that a document may grant only rails that the merchant's account
// can take.
const RuleAccount strictjson.Rule = "account"

// CheckDocument refuses a document that a merchant of this server could not be paid by:
// one that names pictures or rails that are not there.
func CheckDocument(doc *capability.Document, merchants *Registry, accounts *account.Registry) error {
	if err := merchants.CheckIcons(doc); err != nil {
		return err
	}
	return CheckRails(doc, accounts)
}

// CheckRails fails with strictjson.Problems, without lines, if a document grants rails
// that the merchant's accounts can't take: they would be offered to payers and then
// refused. A method without an account is not offered, and nothing is said of it.
func CheckRails(doc *capability.Document, accounts *account.Registry) error {
	var problems strictjson.Problems
	for i, row := range doc.Methods {
		acc := accounts.ByMethod(doc.Merchant, row.Method)
		if acc == nil {
			continue
		}
		for j, r := range row.Rails {
			if !acc.Takes(r) {
				problems.Add(fmt.Sprintf("methods[%d].rails[%d]", i, j), 0, RuleAccount, "this account can't be paid by %s, only by %v: docs/providers.md has the settings that each needs", r, acc.Provider.Rails())
			}
		}
	}
	return problems.Err()
}
