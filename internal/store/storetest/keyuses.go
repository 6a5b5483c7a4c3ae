package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/merchant"
)

var keyUseCases = []testCase{
	{"the-last-use-is-kept", lastUse},
}

func lastUse(fx *fixture) {
	at := start.UTC().Truncate(time.Millisecond)
	later := at.Add(time.Hour)
	use := func(id, key string, at time.Time) merchant.KeyUse {
		return merchant.KeyUse{Merchant: id, Key: key, At: at}
	}
	fx.must(fx.KeyUses.AddKeyUses(fx.Context(), []merchant.KeyUse{use("other", "a", at), use("shop", "a", later), use("shop", "b", at)}))
	fx.must(fx.KeyUses.AddKeyUses(fx.Context(), []merchant.KeyUse{use("shop", "a", at), use("shop", "b", later)})) // another server's, of before
	fx.must(fx.KeyUses.AddKeyUses(fx.Context(), nil))
	for id, want := range map[string][]merchant.KeyUse{
		"shop":   {use("shop", "a", later), use("shop", "b", later)},
		"other":  {use("other", "a", at)},
		"nobody": nil,
	} {
		got, err := fx.KeyUses.KeyUses(fx.Context(), id)
		fx.must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			fx.Errorf("of %q (-want +got):\n%s", id, diff)
		}
	}
}
