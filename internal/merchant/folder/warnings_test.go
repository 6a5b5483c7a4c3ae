package folder_test

import (
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"morepay/internal/merchant/folder"
	"morepay/internal/provider/providertest"
)

func TestWarnings(t *testing.T) {
	t.Parallel()
	paid := strings.Replace(settings, `"accounts": {}`, `"accounts": {"wechatpay": {}}`, 1)
	edited := func(old, new string) map[string]string {
		if !strings.Contains(paid, old) {
			t.Fatalf("the settings do not hold %s", old)
		}
		return map[string]string{"shop/capabilities.json": capabilities, "shop/merchant.json": strings.Replace(paid, old, new, 1)}
	}
	const origins, returns, key = `"origins": ["https://shop.example"],`, `["https://shop.example/orders/"]`, `{"id": "a", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}`
	for name, c := range map[string]struct {
		tree map[string]string
		says []string
	}{
		"in-order":         {edited("", ""), nil},
		"no-origins":       {edited(origins, ""), []string{"shop/merchant.json:1: origins: is missing"}},
		"origins-none":     {edited(`["https://shop.example"]`, "[]"), nil},
		"no-return-urls":   {edited(returns, "[]"), []string{"shop/merchant.json:4: return_urls: is empty"}},
		"no-keys":          {edited(key, ""), []string{"shop/merchant.json:5: api_keys: is empty"}},
		"key-without-id":   {edited(`"id": "a", `, ""), []string{"shop/merchant.json:5: api_keys[0]: has no id"}},
		"id-twice":         {edited(key, key+",\n"+strings.Replace(key, "9f86", "9f87", 1)), []string{`shop/merchant.json:6: api_keys[1].id: "a" is the id of another key`}},
		"no-account":       {edited(`{"wechatpay": {}}`, "{}"), []string{"shop/capabilities.json:8: methods[0]: wechat_pay is open, but merchant.json has no account of wechatpay"}},
		"no-settings":      {map[string]string{"shop/capabilities.json": capabilities}, []string{"shop/merchant.json: is not there"}},
		"unread-settings":  {map[string]string{"shop/capabilities.json": capabilities, "shop/merchant.json": "{"}, nil},
		"left-out":         {map[string]string{"shop/capabilities.json": capabilities, "shop/merchant.json": paid, "shpo/merchant.jsn": ""}, []string{"shpo: is left out"}},
		"closed-elsewhere": {map[string]string{"shop/capabilities.json": strings.Replace(capabilities, `"open"`, `"closed"`, 1), "shop/merchant.json": settings}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			merchants, _ := folder.Load(os.DirFS(plant(t, c.tree)), true)
			got := folder.Warnings(merchants)
			if !slices.EqualFunc(got, c.says, strings.HasPrefix) {
				t.Errorf("warns of %q, want %q", got, c.says)
			}
		})
	}
}

// A key that everybody on the machine can read is told; a public key is no secret,
// and a closed folder closes what lies in it.
func TestWarningsOfOpenKeys(t *testing.T) {
	t.Parallel()
	public := providertest.PublicPEM(providertest.ProviderKey())
	block, _ := pem.Decode(public)
	for name, c := range map[string]struct {
		content    []byte
		file, root os.FileMode
		warned     bool
	}{
		"private":       {providertest.PrivatePEM(providertest.MerchantKey()), 0o644, 0o755, true},
		"secret":        {[]byte("0123456789abcdef0123456789ABCDEF"), 0o604, 0o755, true},
		"of-a-group":    {[]byte("0123456789abcdef0123456789ABCDEF"), 0o640, 0o755, false},
		"closed-folder": {[]byte("0123456789abcdef0123456789ABCDEF"), 0o644, 0o700, false},
		"public":        {public, 0o644, 0o755, false},
		"public-base64": {[]byte(base64.StdEncoding.EncodeToString(block.Bytes) + "\n"), 0o644, 0o755, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := plant(t, map[string]string{
				"shop/capabilities.json": capabilities, "shop/key": string(c.content),
				"shop/merchant.json": strings.Replace(settings, `"accounts": {}`, `"accounts": {"wechatpay": {}}`, 1),
			})
			for path, mode := range map[string]os.FileMode{"": c.root, "shop": 0o755, "shop/key": c.file} {
				if err := os.Chmod(filepath.Join(root, path), mode); err != nil {
					t.Fatal(err)
				}
			}
			merchants, err := folder.Load(os.DirFS(root), true)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := merchants[0].ReadKey("key"); err != nil {
				t.Fatal(err)
			}
			got := folder.Warnings(merchants)
			if warned := len(got) == 1 && strings.HasPrefix(got[0], "shop/key: everybody"); warned != c.warned || !warned && len(got) > 0 {
				t.Errorf("warns of %q, want it: %v", got, c.warned)
			}
		})
	}
}
