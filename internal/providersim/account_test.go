package providersim_test

import (
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"

	"morepay/internal/providersim"
)

func TestAccountsAreChecked(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skip("this Go makes no short keys:", err)
	}
	for name, c := range map[string]struct {
		change func(*providersim.WeChatAccount)
		want   string
	}{
		"good":                {func(*providersim.WeChatAccount) {}, ""},
		"no-mchid":            {func(a *providersim.WeChatAccount) { a.MchID = "" }, "mchid"},
		"letters-in-mchid":    {func(a *providersim.WeChatAccount) { a.MchID = "19000000xx" }, "mchid"},
		"no-app":              {func(a *providersim.WeChatAccount) { a.AppID = "" }, "app id"},
		"no-serial":           {func(a *providersim.WeChatAccount) { a.MerchantSerial = "" }, "serial"},
		"short-apiv3-key":     {func(a *providersim.WeChatAccount) { a.APIv3Key = []byte("short") }, "32 bytes"},
		"serial-for-a-key-id": {func(a *providersim.WeChatAccount) { a.PublicKeyID = serial }, "PUB_KEY_ID_"},
		"no-merchant-key":     {func(a *providersim.WeChatAccount) { a.MerchantPublicKey = nil }, "merchant public key"},
		"short-merchant-key":  {func(a *providersim.WeChatAccount) { a.MerchantPublicKey = &short.PublicKey }, "2048"},
		"no-platform-key":     {func(a *providersim.WeChatAccount) { a.PlatformKey = nil }, "platform key"},
		"one-key-for-both":    {func(a *providersim.WeChatAccount) { a.PlatformKey = merchantKey() }, "merchant's own"},
		"foreign-product":     {func(a *providersim.WeChatAccount) { a.Products = []providersim.Product{providersim.WapPay} }, "not one of WeChat Pay"},
	} {
		t.Run(name, func(t *testing.T) {
			a := weChatAccount()
			c.change(&a)
			sim := providersim.New(providersim.Options{Origin: "http://127.0.0.1"})
			err := sim.AddWeChatAccount(a)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if err := sim.AddWeChatAccount(a); err == nil {
					t.Error("the same account was added twice")
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want something about %q", err, c.want)
			}
		})
	}
}
