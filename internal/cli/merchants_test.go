package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "morepay/internal/provider/all"
)

// folderOf writes a merchant's two files, and returns the folder above.
func folderOf(t *testing.T, rails, account string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "shop"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"capabilities.json": `{"schema": 1, "merchant": "shop", "name": "Shop", "locale": "en", "visible": 2, "methods": [
			{"method": "alipay", "state": "open", "rails": [` + rails + `], "currencies": ["CNY"]}]}`,
		"merchant.json": `{"mode": "live", "origins": ["https://shop.example"], "return_urls": ["https://shop.example/"],
			"api_keys": [{"id": "a", "sha256": "` + strings.Repeat("a", 64) + `"}],
			"accounts": {"alipay": ` + account + `}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, "shop", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A folder is checked as a start checks it: accounts included.
func TestCheckMerchants(t *testing.T) {
	t.Parallel()
	const account = `{"app_id": "2021000000000001", "seller_id": "2088000000000001", "private_key": "none.pem", "public_key": "none.pem"%s}`
	chosen := fmt.Sprintf(account, `, "qr_product": "QR_CODE_OFFLINE"`)
	for name, c := range map[string]struct {
		rails, account string
		says           string // of what is wrong, and not the product unless it says so
	}{
		"product-not-chosen": {`"deep_link", "qr"`, fmt.Sprintf(account, ""), "shop/merchant.json:3: accounts.alipay: invalid_request (qr_product): must be the product that was contracted for QR codes, FACE_TO_FACE_PAYMENT or QR_CODE_OFFLINE"},
		"product-not-needed": {`"deep_link"`, fmt.Sprintf(account, ""), "private_key"},
		"product-chosen":     {`"deep_link", "qr"`, chosen, "private_key"}, // whose file is not there
		"unknown-rail":       {`"deeplink"`, chosen, "capabilities.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := run(t, "merchants", "check", folderOf(t, c.rails, c.account))
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "qr_product") != strings.Contains(c.says, "qr_product") {
				t.Errorf("got %v", err)
			}
		})
	}
}
