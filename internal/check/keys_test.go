package check_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"morepay/internal/account"
	"morepay/internal/check"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// keyed is a provider with keys.
type keyed struct {
	provider.Provider
	keys []provider.Key
	err  error
}

func (k keyed) Account() string     { return "1" }
func (k keyed) Fingerprint() string { return "" }
func (k keyed) Rails() []pay.Rail   { return nil }

func (k keyed) Query(context.Context, provider.QueryOrder) (pay.Evidence, error) {
	return pay.Evidence{Outcome: pay.OutcomeAbsent}, nil
}

func (k keyed) Keys() []provider.Key            { return k.keys }
func (k keyed) RenewKeys(context.Context) error { return k.err }

// A certificate that ends within 30 days is warned about, unless another key of the same
// use follows it in time. A public key, which never ends, follows certificates: who holds
// both is on the way from these to that one, and by the end of a certificate WeChat Pay
// signs by the public key, or by a newer certificate, which is got when it is first named.
func TestKeysThatEnd(t *testing.T) {
	t.Parallel()
	in := func(days int) time.Time { return time.Now().AddDate(0, 0, days) }
	key := func(id string, use provider.KeyUse, from, until int) provider.Key {
		return provider.Key{ID: id, Use: use, Begins: in(from), Ends: in(until)}
	}
	held, ending := key("A1", provider.KeyTheirs, -300, 300), key("A2", provider.KeyTheirs, -300, 10)
	next, late := key("A3", provider.KeyTheirs, 5, 1000), key("A4", provider.KeyTheirs, 12, 1000)
	ended, ours := key("A5", provider.KeyTheirs, -300, -10), key("B1", provider.KeyOurs, -300, 10)
	middle, root := key("M1", provider.KeyMiddle, -300, 10), key("R1", provider.KeyRoot, -300, 3000)
	public := provider.Key{ID: "PUB_KEY_ID_1", Use: provider.KeyTheirs}
	keys := func(list ...provider.Key) keyed { return keyed{keys: list} }
	for name, c := range map[string]struct {
		p        keyed
		notes    string
		warnings []string
		errors   []string
	}{
		"for-long":       {keys(held), "verified by A1 until", nil, nil},
		"without-end":    {keys(public), "PUB_KEY_ID_1, which has no end", nil, nil},
		"ends-soon":      {keys(ending), "answers", []string{"verified by A2, which ends on"}, nil},
		"is-followed":    {keys(ending, next), "verified by A3 from", nil, nil},
		"too-late":       {keys(ending, late), "verified by A4 from", []string{"verified by A2, which ends on"}, nil},
		"has-ended":      {keys(ended), "answers", []string{"verified by A5, which ends on"}, nil},
		"was-followed":   {keys(ended, held), "verified by A1 until", nil, nil},
		"ours-ends":      {keys(held, ours), "verified by A1", []string{"called with our certificate B1, which ends on"}, nil},
		"ours-and-key":   {keys(public, ours), "PUB_KEY_ID_1", []string{"called with our certificate B1, which ends on"}, nil},
		"authority-ends": {keys(middle, root), "issued by R1 until", []string{"issued by M1, which ends on"}, nil},
		"to-public-key":  {keys(ending, public), "verified by A2 until", nil, nil},
		"can't-be-had":   {keyed{err: errors.New("no answer")}, "answers", nil, []string{"asked for its certificates: no answer"}},
	} {
		t.Run(name, func(t *testing.T) {
			registry := account.NewRegistry(nil)
			if err := registry.Add("shop", "wechatpay", c.p); err != nil {
				t.Fatal(err)
			}
			r := check.Providers(t.Context(), registry.All(), "https://pay.example")
			says(t, "notes", r.Notes, []string{c.notes})
			says(t, "warnings", r.Warnings, c.warnings)
			says(t, "errors", errorsOf(r), c.errors)
		})
	}
}
