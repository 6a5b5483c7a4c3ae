package simulate_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/simulate"
	"morepay/internal/merchant/folder"
)

// What no simulator could stand in for is refused, naming the file and the field.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(dir string) error
		want   string
	}{
		"no-key":      {func(dir string) error { return os.Remove(filepath.Join(dir, simulate.KeyFile)) }, simulate.KeyFile + " is missing"},
		"key-of-none": {func(dir string) error { return os.WriteFile(filepath.Join(dir, simulate.KeyFile), []byte("x"), 0o600) }, "must be an RSA key"},
		"other-key":   {otherKey, "bench/merchant.json: accounts.alipay: invalid_request (public_key)"},
		"live":        {replaceIn("bench/merchant.json", `"mode": "test"`, `"mode": "live"`), "bench/merchant.json:2: invalid_request (mode)"},
		"number":      {replaceIn("bench/merchant.json", `"mchid":"16`, `"mchid":"x6`), "bench/merchant.json: accounts.wechatpay"},
		"no-file":     {func(dir string) error { return os.Remove(filepath.Join(dir, "bench", "wechat_api_v3_key")) }, "bench/merchant.json: accounts.wechatpay: invalid_request (api_v3_key)"},
		"no-base64": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "bench", "cashier_secret"), []byte("?"), 0o600)
		}, "bench/merchant.json: accounts.merchantlink: invalid_request (secret)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := demo.Export(dir, "", "http://127.0.0.1:8080", nil); err != nil {
				t.Fatal(err)
			}
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			s, err := simulate.Open(simulate.Config{Listen: "127.0.0.1:0", Folder: dir, BaseURL: "http://127.0.0.1:8080", Log: slog.New(slog.DiscardHandler)})
			if err == nil {
				t.Fatal("it was opened", s.Close())
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %q, want %q in it", err, c.want)
			}
		})
	}
}

// Merchants that share an account open it once, as the server does.
func TestSharedAccount(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := demo.Export(dir, "", "http://127.0.0.1:8080", nil); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "trial"), os.DirFS(filepath.Join(dir, "bench"))); err != nil {
		t.Fatal(err)
	}
	if err := replaceIn("trial/capabilities.json", `"merchant": "bench"`, `"merchant": "trial"`)(dir); err != nil {
		t.Fatal(err)
	}
	if err := replaceIn("trial/capabilities.json", `"merchant":"bench"`, `"merchant":"trial"`)(dir); err != nil {
		t.Fatal(err)
	}
	c := simulate.Config{Listen: "127.0.0.1:0", Folder: dir, BaseURL: "http://127.0.0.1:8080", Log: slog.New(slog.DiscardHandler)}
	s, err := simulate.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := replaceIn("trial/merchant.json", `"certificate_serial": "`, `"certificate_serial": "AA`)(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := simulate.Open(c); err == nil || !strings.Contains(err.Error(), "added twice") {
		t.Errorf("one account with two serials: %v", err)
	}
}

// otherKey puts a key into the folder that no account there was opened with.
func otherKey(dir string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, simulate.KeyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

func replaceIn(file, from, to string) func(dir string) error {
	return func(dir string) error {
		name := filepath.Join(dir, file)
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		compact := strings.ReplaceAll(string(b), `"mchid": `, `"mchid":`)
		return os.WriteFile(name, []byte(strings.ReplaceAll(compact, from, to)), 0o600)
	}
}

// What no browser says of a shop's pages is refused where it is written.
func TestExportRefusesOrigins(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"https://*.shop.example", "http://LOCALHOST:5173", "http://localhost:80", "https://shop.example:443", "http://localhost:99999", "http://127.0.0.1:0", "", "localhost:5173", "http://localhost:5173/shop"} {
		if err := folder.CheckOrigin(origin, false); err == nil {
			t.Errorf("%q is taken", origin)
		}
	}
	for _, origin := range []string{"http://localhost:5173", "https://shop.example", "https://shop.example:8443", "http://[::1]:5173"} {
		if err := folder.CheckOrigin(origin, false); err != nil {
			t.Error(err)
		}
	}
	if err := demo.Export("", "", "http://127.0.0.1:8080", nil); err == nil {
		t.Error("an export to nowhere was made")
	}
}
