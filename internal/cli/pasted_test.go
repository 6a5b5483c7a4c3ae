package cli_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"morepay/internal/program"
	"morepay/internal/provider/providertest"
)

// keyFiles are what a merchant's folder holds beside its two files.
func keyFiles() map[string][]byte {
	return map[string][]byte{
		"ours.pem": providertest.PrivatePEM(providertest.MerchantKey()), "theirs.pem": providertest.PublicPEM(providertest.ProviderKey()),
		"v3.key": []byte("0123456789abcdef0123456789ABCDEF"), "app.secret": []byte("an app's secret"),
		"hook.secret": []byte("whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))),
	}
}

// settings returns the merchant.json of a shop with accounts at every provider.
func settings() map[string]any {
	return map[string]any{
		"mode": "live", "origins": []any{"https://shop.example"}, "return_urls": []any{"https://shop.example/"},
		"api_keys": []any{map[string]any{"id": "a", "sha256": strings.Repeat("a", 64)}},
		"webhooks": []any{map[string]any{"id": "shop", "url": "https://shop.example/hook", "secrets": []any{"hook.secret"}}},
		"accounts": map[string]any{
			"alipay": map[string]any{
				"app_id": "2021000000000001", "seller_id": "2088000000000001", "private_key": "ours.pem", "public_key": "theirs.pem", "qr_product": "QR_CODE_OFFLINE",
			},
			"wechatpay": map[string]any{
				"mchid": "1900000001", "appid": "wx0000000000000001", "app_secret": "app.secret", "certificate_serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
				"private_key": "ours.pem", "api_v3_key": "v3.key", "public_key_id": "PUB_KEY_ID_01", "public_key": "theirs.pem",
			},
			"merchantlink": map[string]any{"account": "shop", "url": "https://cashier.example/pay", "secret": "hook.secret", "hosts": []any{"cashier.example"}},
		},
	}
}

// shopOf writes a merchant's folder, and returns the folder above.
func shopOf(t *testing.T, private any) string {
	t.Helper()
	dir := folderOf(t, `"qr"`, "{}")
	text, err := json.Marshal(private)
	if err != nil {
		t.Fatal(err)
	}
	files := keyFiles()
	files["merchant.json"] = text
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, "shop", name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// pastings are keys as people paste them where the name of their file belongs.
func pastings() map[string]string {
	private := providertest.PrivatePEM(providertest.MerchantKey())
	block, _ := pem.Decode(private)
	return map[string]string{
		"pem": string(private), "base64": base64.StdEncoding.EncodeToString(block.Bytes), "path": "keys/" + string(private),
		"v3": "fedcba9876543210fedcba9876543210", "whsec": string(keyFiles()["hook.secret"]), "short": "s3cr3t-0f-app", "with-dot": "abcdefghijklm.nopqrstuvwxyz",
	}
}

// echoes reports whether a text repeats eight characters in a row of a key.
func echoes(text, key string) bool {
	for i := 0; i+8 <= len(key); i++ {
		if strings.Contains(text, key[i:i+8]) && !strings.Contains("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", key[i:i+8]) {
			return true
		}
	}
	return false
}

// A key that stands where its file's name belongs, or any name, is not repeated.
func TestPastedKeysAreNotEchoed(t *testing.T) {
	t.Parallel()
	if err := run(t, "merchants", "check", shopOf(t, settings())); err != nil {
		t.Fatalf("without a mistake: %v", err)
	}
	for kind, key := range pastings() {
		for _, setting := range []string{
			"accounts.alipay.private_key", "accounts.alipay.public_key", "accounts.wechatpay.private_key", "accounts.wechatpay.public_key",
			"accounts.wechatpay.api_v3_key", "accounts.wechatpay.app_secret", "accounts.merchantlink.secret", "webhooks[0].secrets[0]",
			"accounts.alipay.app_id", "accounts.wechatpay.public_key_id", "accounts.wechatpay.mchid",
		} {
			t.Run(kind+"/"+setting, func(t *testing.T) {
				t.Parallel()
				err := run(t, "merchants", "check", shopOf(t, pasted(settings(), setting, key)))
				if err == nil || !strings.Contains(err.Error(), setting[strings.LastIndex(setting, ".")+1:]) {
					t.Fatalf("the error does not name the setting: %v", err)
				}
				if echoes(err.Error(), key) {
					t.Errorf("the key is repeated: %v", err)
				}
			})
		}
	}
}

// pasted returns settings with a key in the place of one.
func pasted(all map[string]any, setting, key string) map[string]any {
	path := strings.Split(setting, ".")
	if path[0] != "accounts" {
		all["webhooks"].([]any)[0].(map[string]any)["secrets"] = []any{key}
		return all
	}
	account := maps.Clone(all["accounts"].(map[string]any)[path[1]].(map[string]any))
	account[path[2]] = key
	all["accounts"].(map[string]any)[path[1]] = account
	return all
}

// Nor does any command that reads merchants' folders repeat one.
func TestNoCommandEchoesKeys(t *testing.T) {
	t.Parallel()
	key := pastings()["pem"]
	for name, setting := range map[string]string{"account": "accounts.wechatpay.private_key", "webhook": "webhooks[0].secrets[0]"} {
		dir, data := shopOf(t, pasted(settings(), setting, key)), t.TempDir()
		for command, do := range map[string]func() error{
			"check": func() error { return run(t, "merchants", "check", dir) },
			"quarantine": func() error {
				return run(t, "quarantine", "resolve", "qe_1", "refund", "--author=a", "--note=n", "--merchants", dir, "--data", data)
			},
			"refunds": func() error {
				return run(t, "refunds", "redirect", "cs_1", "rf_1", "--to=merchant", "--author=a", "--note=n", "--merchants", dir, "--data", data)
			},
			"reconcile": func() error { return run(t, "reconcile", "--since", "2026-11-01", "--merchants", dir, "--data", data) },
			"serve": func() error {
				_, err := program.Open(t.Context(), program.Config{
					Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", BaseURL: "https://pay.example", Data: data, Merchants: program.Folder(dir),
				})
				return err
			},
		} {
			if err := do(); err == nil || echoes(err.Error(), key) || !strings.Contains(err.Error(), "looks like the key itself") {
				t.Errorf("%s, %s: %v", name, command, err)
			}
		}
	}
}

// A payer's card that was written where the name of its file belongs is not repeated
// either.
func TestPastedCardIsNotEchoed(t *testing.T) {
	t.Parallel()
	const card = `{"bank":"ICBC_DEBIT","number":"6222020000000000000","holder":"Zhang San"}`
	redirect := []string{"refunds", "redirect", "cs_1", "rf_1", "--to=card", "--author=a", "--note=n", "--data", t.TempDir(), "--merchants", shopOf(t, settings()), "--card"}
	if err := run(t, append(redirect, card)...); err == nil || !strings.Contains(err.Error(), "--card") || echoes(err.Error(), card) {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(t.TempDir(), "card.json")
	if err := os.WriteFile(file, []byte(card), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t, append(redirect, file)...); err == nil || strings.Contains(err.Error(), "--card") {
		t.Errorf("with a file: %v, want that there is no such session", err)
	}
}
