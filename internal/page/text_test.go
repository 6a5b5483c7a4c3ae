package page

import (
	"strings"
	"testing"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/locale"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// TestSpoken: a page has the sentences that it can need, and of apps, wallets and
// currencies only its own.
func TestSpoken(t *testing.T) {
	t.Parallel()
	v := view.Checkout{
		Locale: "en", Amount: pay.Money{Currency: "CNY", Value: 1}, Device: device.Device{Host: "taobao"},
		Document: &capability.Document{Methods: []capability.Method{{Method: "wechat_pay"}}},
	}
	got := spoken(&v)
	for _, key := range []string{"host.taobao", "host.wechat", "host.alipay", "host.other", "wallet.wechat_pay", "money.CNY"} {
		if got[key] == "" {
			t.Errorf("%s is missing", key)
		}
	}
	for _, key := range []string{"host.jd", "wallet.jd_pay", "money.USD"} {
		if got[key] != "" {
			t.Errorf("%s is there", key)
		}
	}
	for key := range locale.Text("en") {
		if !strings.HasPrefix(key, "host.") && !strings.HasPrefix(key, "wallet.") && !strings.HasPrefix(key, "money.") && got[key] == "" {
			t.Errorf("%s is missing", key)
		}
	}
}
