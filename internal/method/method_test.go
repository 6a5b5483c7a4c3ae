package method_test

import (
	"slices"
	"strings"
	"testing"

	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// places are the kinds of device that ladders tell apart.
var places = []struct {
	name string
	d    device.Device
}{
	{"desktop", device.Device{Container: device.Browser, Form: device.Desktop}},
	{"wechat-on-desktop", device.Device{Container: device.WeChat, Form: device.Desktop}},
	{"mobile-browser", device.Device{Container: device.Browser, Form: device.Mobile}},
	{"wechat", device.Device{Container: device.WeChat, Form: device.Mobile}},
	{"wecom", device.Device{Container: device.WeCom, Form: device.Mobile}},
	{"alipay", device.Device{Container: device.Alipay, Form: device.Mobile}},
	{"taobao", device.Device{Container: device.AliApp, Form: device.Mobile}},
	{"jd", device.Device{Container: device.JD, Form: device.Mobile}},
	{"unionpay", device.Device{Container: device.UnionPay, Form: device.Mobile}},
	{"webview", device.Device{Container: device.WebView, Form: device.Mobile}},
	{"mini-program", device.Device{Container: device.MiniProgram, Form: device.Mobile}},
	{"nothing-known", device.Device{}},
}

// TestLadders spells the whole table out: the ladder, with "blocked" in front
// where the app around the page blocks the wallet.
func TestLadders(t *testing.T) {
	t.Parallel()
	want := map[pay.Method]map[string]string{
		"wechat_pay": {
			"desktop":           "qr page_qr",
			"wechat-on-desktop": "qr page_qr",
			"mobile-browser":    "deep_link page_qr",
			"wechat":            "jsapi page_qr",
			"wecom":             "jsapi page_qr",
			"alipay":            "blocked page_qr",
			"taobao":            "deep_link page_qr",
			"jd":                "deep_link page_qr",
			"unionpay":          "blocked deep_link page_qr",
			"webview":           "deep_link page_qr",
			"mini-program":      "page_qr",
			"nothing-known":     "deep_link page_qr",
		},
		"alipay": {
			"desktop":           "qr redirect page_qr",
			"wechat-on-desktop": "qr redirect page_qr",
			"mobile-browser":    "deep_link page_qr",
			"wechat":            "blocked page_qr",
			"wecom":             "page_qr",
			"alipay":            "jsapi deep_link",
			"taobao":            "deep_link page_qr",
			"jd":                "blocked deep_link page_qr",
			"unionpay":          "blocked deep_link page_qr",
			"webview":           "deep_link page_qr",
			"mini-program":      "page_qr",
			"nothing-known":     "deep_link page_qr",
		},
		"unionpay": {
			"desktop":           "redirect page_qr",
			"wechat-on-desktop": "redirect page_qr",
			"mobile-browser":    "redirect page_qr",
			"wechat":            "blocked page_qr",
			"wecom":             "page_qr",
			"alipay":            "page_qr",
			"taobao":            "page_qr",
			"jd":                "page_qr",
			"unionpay":          "redirect page_qr",
			"webview":           "redirect page_qr",
			"mini-program":      "page_qr",
			"nothing-known":     "page_qr",
		},
		"jd_pay": {
			"desktop":           "redirect page_qr",
			"wechat-on-desktop": "redirect page_qr",
			"mobile-browser":    "redirect page_qr",
			"wechat":            "page_qr",
			"wecom":             "page_qr",
			"alipay":            "page_qr",
			"taobao":            "page_qr",
			"jd":                "redirect page_qr",
			"unionpay":          "page_qr",
			"webview":           "page_qr",
			"mini-program":      "page_qr",
			"nothing-known":     "page_qr",
		},
	}
	for _, m := range method.All() {
		for _, place := range places {
			t.Run(string(m.ID)+"-"+place.name, func(t *testing.T) {
				var words []string
				if m.BlockedBy(place.d) {
					words = append(words, "blocked")
				}
				for _, r := range m.Ladder(place.d) {
					words = append(words, string(r))
				}
				if got := strings.Join(words, " "); got != want[m.ID][place.name] {
					t.Errorf("got %q, want %q", got, want[m.ID][place.name])
				}
			})
		}
	}
}

// TestNativeCodeNeverOnAPhone: a provider's code can't be scanned with the
// phone that shows it.
func TestNativeCodeNeverOnAPhone(t *testing.T) {
	t.Parallel()
	for _, m := range method.All() {
		for _, place := range places {
			if place.d.Form != device.Desktop && slices.Contains(m.Ladder(place.d), pay.RailQR) {
				t.Errorf("%s shows its own code in %s", m.ID, place.name)
			}
		}
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	want := map[pay.Method][]pay.Rail{
		"wechat_pay": {pay.RailJSAPI, pay.RailDeepLink, pay.RailQR},
		"alipay":     {pay.RailJSAPI, pay.RailDeepLink, pay.RailQR, pay.RailRedirect},
		"unionpay":   {pay.RailRedirect},
		"jd_pay":     {pay.RailRedirect},
	}
	for _, m := range method.All() {
		if got := m.Grants(); !slices.Equal(got, want[m.ID]) {
			t.Errorf("%s: got %v, want %v", m.ID, got, want[m.ID])
		}
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	seen := map[pay.Method]bool{}
	for _, m := range method.All() {
		if seen[m.ID] {
			t.Errorf("%s has two rows", m.ID)
		}
		seen[m.ID] = true
		if m.Provider == "" || m.Icon == "" {
			t.Errorf("%s has no provider or icon", m.ID)
		}
		for _, locale := range []string{"zh-CN", "zh-TW", "zh-HK", "en"} {
			if m.Names[locale] == "" {
				t.Errorf("%s has no name in %s", m.ID, locale)
			}
		}
		if got := m.Name("fr"); got != m.Names["en"] {
			t.Errorf("%s is called %q in an unknown language", m.ID, got)
		}
		if method.Find(m.ID) != m {
			t.Errorf("%s is not found by its id", m.ID)
		}
	}
	if method.Find("cash") != nil {
		t.Error("found a method that is not in the table")
	}
	if len(method.IDs()) != len(seen) {
		t.Errorf("%d ids for %d rows", len(method.IDs()), len(seen))
	}
}
