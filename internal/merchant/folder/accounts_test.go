package folder_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"morepay/internal/merchant/folder"
	"morepay/internal/provider"
	_ "morepay/internal/provider/merchantlink"
)

// cashier returns the account of a shop at its own cashier, with the secret in a file.
func cashier(account, secret string) json.RawMessage {
	return json.RawMessage(`{"account": "` + account + `", "url": "https://cashier.example/pay", "secret": "` + secret + `", "hosts": ["cashier.example"]}`)
}

// shops returns two merchants that look alike but for what adjust does to the
// second.
func shops(t *testing.T, adjust func(*folder.Settings)) []folder.Merchant {
	t.Helper()
	dir := fstest.MapFS{}
	for _, id := range []string{"first", "second"} {
		dir[id+"/capabilities.json"] = &fstest.MapFile{Data: []byte(strings.Replace(capabilities, `"shop"`, `"`+id+`"`, 1))}
		dir[id+"/secret"] = &fstest.MapFile{Data: []byte("whsec_" + strings.Repeat("a", 40))}
		dir[id+"/other"] = &fstest.MapFile{Data: []byte("whsec_" + strings.Repeat("b", 40))}
	}
	sources, err := folder.Load(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sources {
		sources[i].Settings.APIKeys = []folder.APIKey{{ID: "a", SHA256: folder.HashKey("sk_live_" + sources[i].ID)}}
		sources[i].Settings.Accounts = map[string]json.RawMessage{"merchantlink": cashier(sources[i].ID, "secret")}
	}
	adjust(&sources[1].Settings)
	return sources
}

// A merchant's key is nobody else's: whose session would it open? An account may be,
// if it is one and the same.
func TestNothingIsShared(t *testing.T) {
	t.Parallel()
	env := provider.Env{HTTP: http.DefaultClient, Now: time.Now}
	for _, c := range []struct {
		name   string
		adjust func(*folder.Settings)
		want   []string // what the refusal says; nil if there is none
	}{
		{"nothing", func(*folder.Settings) {}, nil},
		{
			"account", func(s *folder.Settings) { s.Accounts["merchantlink"] = cashier("first", "secret") }, nil,
		},
		{
			"account-with-other-keys", func(s *folder.Settings) { s.Accounts["merchantlink"] = cashier("first", "other") },
			[]string{"second/merchant.json", "accounts.merchantlink", "first", "other keys"},
		},
		{
			"key", func(s *folder.Settings) { s.APIKeys[0].SHA256 = folder.HashKey("sk_live_first") },
			[]string{"second/merchant.json", "api_keys[0]", "first"},
		},
		{"own-key-twice", func(s *folder.Settings) { s.APIKeys = append(s.APIKeys, s.APIKeys[0]) }, nil},
		{
			"own-key-twice-with-other-scopes", func(s *folder.Settings) {
				s.APIKeys = append(s.APIKeys, folder.APIKey{ID: "b", SHA256: s.APIKeys[0].SHA256, Scopes: []folder.Scope{folder.ScopeRead}})
			}, []string{"second/merchant.json", "api_keys[1]", "other scopes"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			sources := shops(t, c.adjust)
			_, err := folder.OpenAccounts(sources, env, nil)
			if err == nil {
				_, err = folder.NewRegistry(sources, true)
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

// TestAccountMistakesHavePlaces: an account's settings are decoded by its adapter,
// and their mistakes still come with their lines in the file.
func TestAccountMistakesHavePlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, account string
		want          []string
	}{
		{"unknown-and-wrong-type", "{\n\"acount\": \"a\",\n\"hosts\": [1]}", []string{
			"shop/merchant.json:3: accounts.merchantlink.acount: is not a known field: did you mean \"account\"?",
			"shop/merchant.json:4: accounts.merchantlink.hosts[0]: must be a string, is a number",
		}},
		{"taken-methods", `{"account": "shop", "version": 2, "url": "https://cashier.example", "secret": "secret", "hosts": ["cashier.example"],
			"methods": ["alipay", "cash", "unionpay"]}`, []string{
			`shop/merchant.json:3: accounts.merchantlink.methods[1]: "cash" is no method of another provider`,
			`shop/merchant.json:3: accounts.merchantlink.methods[2]: "unionpay" is no method of another provider`,
		}},
		{"empty", "{\n\"account\": \"\"}", []string{"shop/merchant.json:3: accounts.merchantlink: invalid_request (account): "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := files(capabilities, "{\"mode\": \"live\",\n\"accounts\": {\"merchantlink\": "+c.account+"}}")
			delete(dir, "other/key.pem")
			dir["shop/secret"] = &fstest.MapFile{Data: []byte("whsec_" + strings.Repeat("a", 40))}
			merchants, err := folder.Load(dir, true)
			if err != nil {
				t.Fatal(err)
			}
			_, err = folder.OpenAccounts(merchants, provider.Env{HTTP: http.DefaultClient, Now: time.Now}, nil)
			if err == nil {
				t.Fatal("was opened")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q:\n%v", want, err)
				}
			}
		})
	}
}
