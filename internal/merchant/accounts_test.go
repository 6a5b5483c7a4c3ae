package merchant_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"morepay/internal/merchant"
	"morepay/internal/provider"
	_ "morepay/internal/provider/merchantlink"
	"morepay/internal/store"
)

// cashier is the account of a shop at its own cashier.
func cashier(account string) json.RawMessage {
	return json.RawMessage(`{"account": "` + account + `", "url": "https://cashier.example/pay", "secret": "secret", "hosts": ["cashier.example"]}`)
}

// shops are two merchants that look alike but for what adjust does to the second.
func shops(t *testing.T, adjust func(*merchant.Settings)) []merchant.Source {
	t.Helper()
	files := fstest.MapFS{}
	for _, id := range []string{"first", "second"} {
		files[id+"/capabilities.json"] = &fstest.MapFile{Data: []byte(strings.Replace(capabilities, `"shop"`, `"`+id+`"`, 1))}
		files[id+"/secret"] = &fstest.MapFile{Data: []byte("whsec_" + strings.Repeat("a", 40))}
	}
	sources, err := merchant.Load(files, true)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sources {
		sources[i].Settings.APIKeys = []merchant.APIKey{{ID: "a", SHA256: merchant.HashKey("sk_live_" + sources[i].ID)}}
		sources[i].Settings.Accounts = map[string]json.RawMessage{"merchantlink": cashier(sources[i].ID)}
	}
	adjust(&sources[1].Settings)
	return sources
}

// A merchant's key and account are nobody else's: whose session would it open,
// and whose payment would a notification be about?
func TestNothingIsShared(t *testing.T) {
	env := provider.Env{HTTP: http.DefaultClient, Now: time.Now}
	for _, c := range []struct {
		name   string
		adjust func(*merchant.Settings)
		want   []string // what the refusal says; nil if there is none
	}{
		{"nothing", func(*merchant.Settings) {}, nil},
		{"account", func(s *merchant.Settings) { s.Accounts["merchantlink"] = cashier("first") },
			[]string{"second/merchant.json", "accounts.merchantlink", "first"}},
		{"key", func(s *merchant.Settings) { s.APIKeys[0].SHA256 = merchant.HashKey("sk_live_first") },
			[]string{"second/merchant.json", "api_keys[0]", "first"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sources := shops(t, c.adjust)
			db, err := store.Open(t.Context(), t.TempDir(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			_, err = merchant.OpenAccounts(sources, env, nil)
			if err == nil {
				_, err = merchant.NewDirectory(t.Context(), db.Documents, sources, true, slog.New(slog.DiscardHandler))
			}
			if (err == nil) != (c.want == nil) {
				t.Fatalf("error is %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
		})
	}
}
