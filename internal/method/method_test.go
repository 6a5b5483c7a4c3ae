package method_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"morepay/internal/device"
	"morepay/internal/marked"
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
	{"mini-program-paying", device.Device{Container: device.MiniProgram, Form: device.Mobile, Host: "wechat", Pays: "wechat_pay"}},
	{"own-app", device.Device{Container: device.Browser, Form: device.Mobile, Host: "app"}},
	{"own-app-paying", device.Device{Container: device.Browser, Form: device.Mobile, Host: "app", Pays: "wechat_pay.alipay"}},
	{"own-app-wechat", device.Device{Container: device.Browser, Form: device.Mobile, Host: "app", Pays: "wechat_pay"}},
	{"wechat-paying", device.Device{Container: device.WeChat, Form: device.Mobile, Host: "wechat", Pays: "wechat_pay.alipay"}},
	{"desktop-paying", device.Device{Container: device.Browser, Form: device.Desktop, Pays: "wechat_pay.alipay"}},
	{"douyin", device.Device{Container: device.WebView, Form: device.Mobile, Host: "douyin"}},
	{"qq", device.Device{Container: device.WebView, Form: device.Mobile, Host: "qq"}},
	{"meituan", device.Device{Container: device.WebView, Form: device.Mobile, Host: "meituan"}},
	{"webview-on-harmony", device.Device{Container: device.WebView, Form: device.Mobile, OS: device.HarmonyOS}},
	{"nothing-known", device.Device{}},
}

// TestLadders holds the whole table to a file that people read: what a method is
// granted, and its ladder in each place, with "blocked" in front where the app around
// the page blocks the wallet. A new row is written there by -update.
func TestLadders(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, m := range method.All() {
		fmt.Fprintf(&b, "%s, granted: %s\n", m.ID, words(m.Grants()))
		for _, place := range places {
			blocked := ""
			if m.BlockedBy(place.d) {
				blocked = "blocked "
			}
			fmt.Fprintf(&b, "  %-18s %s%s\n", place.name, blocked, words(m.Ladder(place.d)))
		}
	}
	marked.File(t, "testdata/ladders.txt", b.String(), *update)
}

func words(rails []pay.Rail) string {
	list := make([]string, len(rails))
	for i, r := range rails {
		list[i] = string(r)
	}
	return strings.Join(list, " ")
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

// TestLaddersEndElsewhere: whatever fails on the payer's device, there is another one,
// and no rail stands twice.
func TestLaddersEndElsewhere(t *testing.T) {
	t.Parallel()
	for _, m := range method.All() {
		for _, place := range places {
			ladder := m.Ladder(place.d)
			if len(ladder) == 0 {
				t.Errorf("%s has no way in %s", m.ID, place.name)
			}
			for i, r := range ladder {
				if slices.Contains(ladder[:i], r) {
					t.Errorf("%s has %s twice in %s", m.ID, r, place.name)
				}
				if r == pay.RailPageQR && i != len(ladder)-1 {
					t.Errorf("%s asks for another device before %s in %s", m.ID, ladder[i+1], place.name)
				}
			}
		}
	}
}

// TestAtHome: in the wallet's own app its method stands first, and its page is shown.
func TestAtHome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method pay.Method
		d      device.Device
		want   bool
	}{
		{"wechat_pay", device.Device{Container: device.WeChat, Form: device.Mobile, Host: "wechat"}, true},
		{"wechat_pay", device.Device{Container: device.Browser, Form: device.Mobile}, false},
		{"douyin_pay", device.Device{Container: device.WebView, Form: device.Mobile, Host: "douyin"}, true},
		{"douyin_pay", device.Device{Container: device.WebView, Form: device.Mobile, Host: "qq"}, false},
		{"ecny", device.Device{}, false},
	} {
		m := method.Find(c.method)
		if got := m.AtHome(c.d); got != c.want {
			t.Errorf("%s in %+v is at home: %v", c.method, c.d, got)
		}
		if c.want && m.Ladder(c.d)[0] == pay.RailPageQR {
			t.Errorf("%s has no way of its own in its own app", c.method)
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
			if !slices.ContainsFunc(m.Names, func(n method.Name) bool { return n.Locale == locale && n.Text != "" }) {
				t.Errorf("%s has no name in %s", m.ID, locale)
			}
		}
		if got := m.Name("fr"); got != m.Name("en") {
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
