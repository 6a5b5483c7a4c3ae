package device_test

import (
	"encoding/json"
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"morepay/internal/device"
	"morepay/internal/marked"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestSamples holds every sample of the table to its own row: the device that
// is detected carries the profile that the sample is listed under.
func TestSamples(t *testing.T) {
	t.Parallel()
	for _, p := range device.Profiles() {
		t.Run(string(p), func(t *testing.T) {
			d, ok := device.Of(p)
			if !ok {
				t.Fatal("the profile is listed, but has no sample")
			}
			if d.Profile != p {
				t.Errorf("detected as %s", d.Profile)
			}
			if d.HostVersion != "" && !device.ValidVersion(d.HostVersion) {
				t.Errorf("host version %q can't be compared", d.HostVersion)
			}
		})
	}
}

func TestProfilesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[device.Profile]bool{}
	for _, p := range device.Profiles() {
		if seen[p] {
			t.Errorf("%s is listed twice", p)
		}
		seen[p] = true
	}
}

// TestDevicesGolden shows every profile's device for a reader to check.
func TestDevicesGolden(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, p := range device.Profiles() {
		d, _ := device.Of(p)
		line, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	marked.File(t, "testdata/devices.jsonl", b.String(), *update)
}

func TestDetect(t *testing.T) {
	t.Parallel()
	mobile := device.Device{Profile: "unknown-other", Container: device.Browser, Form: device.Mobile, OS: device.OtherOS}
	iphone := func(p device.Profile, c device.Container, h device.Host, v string) device.Device {
		return device.Device{Profile: p, Container: c, Form: device.Mobile, OS: device.IOS, Host: h, HostVersion: v}
	}
	tests := []struct {
		name string
		ua   string
		want device.Device
	}{
		{"empty", "", mobile},
		{"not-utf8", "\xff\xfe MicroMess\xff", mobile},
		{"one-token-of-wechat", "MicroMessenger/", device.Device{Profile: "wechat-other", Container: device.WeChat, Form: device.Mobile, OS: device.OtherOS, Host: "wechat"}},
		{"version-without-dots", "iPhone AliApp(TB/10)", iphone("taobao-iphone", device.AliApp, "taobao", "")},
		{"version-with-five-parts", "iPhone AliApp(TB/1.2.3.4.5)", iphone("taobao-iphone", device.AliApp, "taobao", "1.2.3.4")},
		{"version-too-long", "iPhone AliApp(TB/12345678901.1)", iphone("taobao-iphone", device.AliApp, "taobao", "")},
		{"version-ends-in-a-dot", "iPhone AliApp(TB/10.2.)", iphone("taobao-iphone", device.AliApp, "taobao", "10.2")},
		{"wecom-before-wechat", "iPhone wxwork/4.1.30 MicroMessenger/7.0.1", iphone("wecom-iphone", device.WeCom, "wecom", "4.1.30")},
		{"mini-program-of-wecom", "iPhone wxwork/4.1.30 MicroMessenger/7.0.1 miniProgram/wx1", iphone("wecom-mini-program-iphone", device.MiniProgram, "wecom", "4.1.30")},
		{"dingtalk-before-other-ali-apps", "iPhone AliApp(DingTalk/6.5.20)", iphone("dingtalk-iphone", device.AliApp, "dingtalk", "6.5.20")},
		{"app-about-televisions-on-a-phone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 SmartTV Remote/2.1", iphone("webview-iphone", device.WebView, "", "")},
		{"app-by-its-kit-without-wv", "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36 Html5Plus/1.0", device.Device{Profile: "webview-android", Container: device.WebView, Form: device.Mobile, OS: device.Android}},
		{"firefox-on-ios-without-safari", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.0 Mobile/15E148", iphone("firefox-iphone", device.Browser, "", "")},
		{"app-about-televisions-on-android", "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 Mobile SmartTV Remote/2.1", device.Device{Profile: "webview-android", Container: device.WebView, Form: device.Mobile, OS: device.Android}},
		{"television-by-its-last-words", "Mozilla/5.0 (Android armv8l) AppleWebKit/537.36 Chrome/55.0.2883.91 Safari/537.36 HbbTV/1.5.1 (+DRM;)", device.Device{Profile: "chrome-tv-android", Container: device.Browser, Form: device.Desktop, OS: device.Android}},
		{"cut-off-at-one-kibibyte", strings.Repeat(" ", device.MaxUserAgent) + "MicroMessenger/8.0.1", mobile},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := device.Detect(tt.ua); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestRefine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		profile device.Profile
		hints   device.Hints
		want    device.Profile
	}{
		{"nothing-known", "chrome-android", device.Hints{}, "chrome-android"},
		{"mac-without-touch", "safari-mac", device.Hints{}, "safari-mac"},
		{"mac-with-a-touch-bar", "safari-mac", device.Hints{TouchPoints: 1}, "safari-mac"},
		{"ipad-as-mac", "safari-mac", device.Hints{TouchPoints: 5}, "safari-ipad"},
		{"touch-screen-on-windows", "chrome-windows", device.Hints{TouchPoints: 10}, "chrome-windows"},
		{"wechat-under-an-edited-name", "webview-android", device.Hints{WeixinBridge: true}, "wechat-android"},
		{"wechat-bridge-in-wecom", "wecom-iphone", device.Hints{WeixinBridge: true}, "wecom-iphone"},
		{"wechat-bridge-still-loading", "wechat-iphone", device.Hints{}, "wechat-iphone"},
		{"mini-program-without-token", "wechat-iphone", device.Hints{WeixinBridge: true, Environment: "miniprogram"}, "wechat-mini-program-iphone"},
		{"mini-program-of-wecom-without-token", "wecom-iphone", device.Hints{WeixinBridge: true, Environment: "miniprogram"}, "wecom-mini-program-iphone"},
		{"mini-program-with-a-bridge", "wechat-mini-program-android", device.Hints{WeixinBridge: true}, "wechat-mini-program-android"},
		{"mini-program-of-alipay-with-a-bridge", "alipay-mini-program-android", device.Hints{AlipayBridge: true}, "alipay-mini-program-android"},
		{"wechat-page-that-is-none", "wechat-iphone", device.Hints{Environment: "browser"}, "wechat-iphone"},
		{"alipay-under-an-edited-name", "webview-iphone", device.Hints{AlipayBridge: true}, "alipay-iphone"},
		{"app-forwards", "webview-android", device.Hints{App: "forwards"}, "app-android"},
		{"app-forwards-with-a-version", "webview-iphone", device.Hints{App: "forwards.8.0.63"}, "app-iphone"},
		{"app-with-a-kit-of-alibaba", "aliapp-iphone", device.Hints{App: "forwards.8.0"}, "app-iphone"},
		{"app-pays-by-sdks", "webview-android", device.Hints{App: "forwards.wechat_pay.alipay.8.0.63"}, "app-android"},
		{"app-pays-by-an-sdk-that-there-is-not", "webview-android", device.Hints{App: "forwards.jd_pay"}, "webview-android"},
		{"app-pays-but-forwards-nothing", "webview-android", device.Hints{App: "wechat_pay"}, "webview-android"},
		{"app-says-what-there-is-not", "webview-android", device.Hints{App: "swallows"}, "webview-android"},
		{"app-with-no-version", "webview-android", device.Hints{App: "forwards.x"}, "webview-android"},
		{"app-in-wechat", "wechat-android", device.Hints{App: "forwards"}, "wechat-android"},
		{"app-in-a-mini-program", "wechat-mini-program-iphone", device.Hints{App: "forwards"}, "wechat-mini-program-iphone"},
		{"app-in-taobao", "taobao-android", device.Hints{App: "forwards"}, "taobao-android"},
		{"app-on-a-desktop", "chrome-windows", device.Hints{App: "forwards"}, "chrome-windows"},
		{"app-with-wechats-bridge", "webview-android", device.Hints{App: "forwards.8.0", WeixinBridge: true}, "wechat-android"},
		{"harmony-keeps-its-system", "arkweb-harmony-phone", device.Hints{WeixinBridge: true}, "wechat-harmony-phone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, ok := device.Of(tt.profile)
			if !ok {
				t.Fatalf("no sample of %s", tt.profile)
			}
			if got := d.Refine(tt.hints); got.Profile != tt.want {
				t.Errorf("got %+v, want %s", got, tt.want)
			}
		})
	}
}

func TestParseHints(t *testing.T) {
	t.Parallel()
	whole := device.Hints{TouchPoints: 5, WeixinBridge: true, AlipayBridge: true, Environment: "miniprogram", App: "forwards.8.0"}
	text, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, text string
		want       device.Hints
	}{
		{"whole", string(text), whole},
		{"part", `{"touch_points":5}`, device.Hints{TouchPoints: 5}},
		{"empty", "", device.Hints{}},
		{"not-json", "{touch_points:5}", device.Hints{}},
		{"wrong-type-after-a-right-one", `{"weixin_bridge":true,"touch_points":"5"}`, device.Hints{}},
		{"too-long", `{"environment":"` + strings.Repeat("x", 300) + `"}`, device.Hints{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := device.ParseHints(tt.text); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestRefineDropsTheVersionOfAnotherHost(t *testing.T) {
	t.Parallel()
	d := device.Detect("Mozilla/5.0 (iPhone) AliApp(TB/10.2.10)").Refine(device.Hints{WeixinBridge: true})
	if d.Host != "wechat" || d.HostVersion != "" {
		t.Errorf("got %s %q, want wechat without a version", d.Host, d.HostVersion)
	}
	d = device.Detect("Mozilla/5.0 (iPhone) MicroMessenger/8.0.62").Refine(device.Hints{Environment: "miniprogram"})
	if d.Host != "wechat" || d.HostVersion != "8.0.62" {
		t.Errorf("got %s %q, want wechat 8.0.62", d.Host, d.HostVersion)
	}
}

// TestDeviceRules holds for every string of tokens that the tables know, in any
// order and with noise between them.
func TestDeviceRules(t *testing.T) {
	t.Parallel()
	var words []string
	for _, p := range device.Profiles() {
		s, _ := device.SampleOf(p)
		words = append(words, strings.Fields(s.UserAgent)...)
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(words), rapid.String()), 0, 12).Draw(t, "parts")
		hints := device.Hints{
			TouchPoints:  rapid.IntRange(0, 10).Draw(t, "touch"),
			WeixinBridge: rapid.Bool().Draw(t, "weixin"),
			AlipayBridge: rapid.Bool().Draw(t, "alipay"),
			Environment:  rapid.SampledFrom([]string{"", "browser", "miniprogram"}).Draw(t, "environment"),
			App:          rapid.SampledFrom([]string{"", "forwards", "forwards.8.0.63", "forwards.8", "forwards.wechat_pay", "forwards.alipay.wechat_pay.1.0", "wechat_pay", "other"}).Draw(t, "app"),
		}
		ua := strings.Join(parts, " ")
		d := device.Detect(ua)
		checkDevice(t, d)
		if d != device.Detect(strings.ToUpper(ua)) && isASCII(ua) {
			t.Error("upper case makes a difference")
		}
		once := d.Refine(hints)
		checkDevice(t, once)
		if d.Form == device.Mobile && once.Form != device.Mobile {
			t.Errorf("hints make a desktop of %+v", d)
		}
		if twice := once.Refine(hints); twice != once {
			t.Errorf("refining twice makes %+v of %+v", twice, once)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
}

func checkDevice(t interface{ Errorf(string, ...any) }, d device.Device) {
	if d.Profile == "" || d.Container == "" || d.OS == "" || d.Form != device.Desktop && d.Form != device.Mobile {
		t.Errorf("half a device: %+v", d)
	}
	if d.HostVersion != "" && (d.Host == "" || !device.ValidVersion(d.HostVersion)) {
		t.Errorf("version without a host or one that can't be compared: %+v", d)
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	want := []device.Host{"wecom", "wechat", "alipay", "baidu", "douyin", "qq", "jd", "dingtalk", "taobao", "tmall", "weibo", "lark", "app"}
	if diff := cmp.Diff(want, device.Hosts()); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}

func FuzzDetect(f *testing.F) {
	for _, p := range device.Profiles() {
		s, _ := device.SampleOf(p)
		f.Add(s.UserAgent, `{"touch_points":5}`)
	}
	f.Add("AliApp(TB/....", `{"weixin_bridge":true,"environment":"miniprogram"}`)
	f.Fuzz(func(t *testing.T, ua, hints string) {
		d := device.Detect(ua)
		checkDevice(t, d)
		checkDevice(t, d.Refine(device.ParseHints(hints)))
	})
}

func BenchmarkDetect(b *testing.B) {
	for _, p := range []device.Profile{"wechat-android", "taobao-android", "safari-iphone", "unknown-other"} {
		s, _ := device.SampleOf(p)
		b.Run(string(p), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				device.Detect(s.UserAgent)
			}
		})
	}
}

func TestDesktopBrowser(t *testing.T) {
	t.Parallel()
	want := map[device.Profile]bool{
		"edge-windows": true, "firefox-windows": true, "chrome-windows": true, "chrome-linux": true, "chrome-linux-pc": true, "safari-mac": true, "browser-harmony-pc": true,
	}
	for _, p := range device.Profiles() {
		if d, _ := device.Of(p); d.DesktopBrowser() != want[p] {
			t.Errorf("%s: %t", p, d.DesktopBrowser())
		}
	}
}

// TestRefineTouch: touch points tell tablets that ask for desktop pages from computers,
// and make no phone a desktop.
func TestRefineTouch(t *testing.T) {
	t.Parallel()
	const (
		linux = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
		mac   = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15"
		tesla = "Mozilla/5.0 (X11; GNU/Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.217 Safari/537.36 Tesla/2024.2.7"
	)
	for _, c := range []struct {
		name, ua string
		points   int
		os       device.OS
		form     device.Form
	}{
		{"linux-laptop", linux, 0, device.Linux, device.Desktop},
		{"linux-with-a-pad", linux, 2, device.Linux, device.Desktop},
		{"android-tablet", linux, 5, device.Android, device.Mobile},
		{"chromebook", strings.Replace(linux, "Linux", "CrOS", 1), 10, device.Linux, device.Desktop},
		{"wechat-on-a-laptop", linux + " MicroMessenger/7.0.20.1781 WindowsWechat(0x63090a13) UnifiedPCLinuxWechat(0xf2541022)", 10, device.Linux, device.Desktop},
		{"mac", mac, 0, device.MacOS, device.Desktop},
		{"ipad", mac, 5, device.IOS, device.Mobile},
		{"car", tesla, 10, device.Linux, device.Desktop},
	} {
		d := device.Detect(c.ua).Refine(device.Hints{TouchPoints: c.points})
		if d.OS != c.os || d.Form != c.form {
			t.Errorf("%s is %s, %s", c.name, d.OS, d.Form)
		}
	}
	for _, p := range device.Profiles() {
		d, _ := device.Of(p)
		if got := d.Refine(device.Hints{TouchPoints: 10}); d.Form == device.Mobile && got.Form != device.Mobile {
			t.Errorf("%s becomes a desktop by touch", p)
		}
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		profile device.Profile
		version string
		ok      bool
	}{
		{"wechat-iphone", "8.0.62", true},
		{"wechat-iphone@8.0.1", "8.0.1", true},
		{"wechat-iphone@", "", false},
		{"wechat-iphone@new", "", false},
		{"safari-iphone@17.0", "", false},
		{"walkie-talkie", "", false},
	} {
		d, ok := device.Of(test.profile)
		if ok != test.ok || ok && d.HostVersion != test.version {
			t.Errorf("%s: %+v, %t", test.profile, d, ok)
		}
	}
}

// Every app of the table is of a kind that is listed.
func TestContainersAreListed(t *testing.T) {
	t.Parallel()
	for _, p := range device.Profiles() {
		if d, _ := device.Of(p); !slices.Contains(device.Containers, d.Container) {
			t.Errorf("%s stands in %q, which is not listed", p, d.Container)
		}
	}
}

// What an app or a mini program says that it pays with itself is believed of the shop's
// own alone, word by word.
func TestPays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		profile       device.Profile
		says          string
		pays, version string
	}{
		"app":                     {"webview-android", "forwards.wechat_pay", "wechat_pay", ""},
		"app-both":                {"webview-iphone", "forwards.wechat_pay.alipay.8.0.63", "wechat_pay.alipay", "8.0.63"},
		"app-other-order":         {"webview-iphone", "forwards.alipay.wechat_pay", "alipay.wechat_pay", ""},
		"app-none":                {"webview-iphone", "forwards.8.0.63", "", "8.0.63"},
		"app-no-forwarding":       {"webview-android", "wechat_pay", "", ""},
		"app-method-not-ours":     {"webview-android", "forwards.wechat_pay_hk", "", ""},
		"app-words-in-capitals":   {"webview-android", "FORWARDS.WECHAT_PAY", "", ""},
		"app-version-first":       {"webview-android", "forwards.8.0.wechat_pay", "", ""},
		"app-empty-word":          {"webview-android", "forwards..wechat_pay", "", ""},
		"app-dot-at-the-end":      {"webview-android", "forwards.wechat_pay.", "", ""},
		"app-in-wechat":           {"wechat-android", "forwards.wechat_pay", "", "8.0.58.2841"},
		"desktop":                 {"chrome-windows", "forwards.wechat_pay", "", ""},
		"mini-program":            {"wechat-mini-program-android", "wechat_pay", "wechat_pay", "7.0.21.1783"},
		"mini-program-version":    {"wechat-mini-program-android", "wechat_pay.2.1", "wechat_pay", "7.0.21.1783"},
		"mini-program-forwards":   {"wechat-mini-program-android", "forwards.wechat_pay", "", "7.0.21.1783"},
		"mini-program-not-wechat": {"alipay-mini-program-android", "wechat_pay", "", "10.3.70.8000"},
		"mini-program-unknown":    {"mini-program-android", "wechat_pay", "", ""},
		"mini-program-of-wecom":   {"wecom-mini-program-mac", "wechat_pay", "", "4.1.20"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sample, ok := device.SampleOf(c.profile)
			if !ok {
				t.Fatalf("there is no sample of %s", c.profile)
			}
			d := device.Detect(sample.UserAgent).Refine(device.Hints{App: c.says})
			if d.Pays != c.pays || d.HostVersion != c.version {
				t.Errorf("pays %q, version %q; want %q, %q", d.Pays, d.HostVersion, c.pays, c.version)
			}
			if again := d.Refine(device.Hints{}); again != d {
				t.Errorf("forgotten by the next look: %+v", again)
			}
		})
	}
}
