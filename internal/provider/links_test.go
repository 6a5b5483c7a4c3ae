package provider_test

import (
	"net/url"
	"strings"
	"testing"

	"morepay/internal/provider"
)

const simulator = "http://127.0.0.1:8081"

func links(testURL string) provider.Links {
	return provider.Links{Hosts: []string{"wx.tenpay.com"}, QR: []string{"weixin://", "https://qr.alipay.com/"}, TestURL: testURL}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		link       string
		live, test bool
	}{
		"provider":        {"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2", true, true},
		"port-443":        {"https://wx.tenpay.com:443/a", true, true},
		"fragment":        {"https://wx.tenpay.com/a?b=c#d", true, true},
		"simulator":       {simulator + "/pay?a=b", false, true},
		"other-port":      {"https://wx.tenpay.com:8443/a", false, false},
		"http":            {"http://wx.tenpay.com/a", false, false},
		"other-host":      {"https://evil.example/a", false, false},
		"host-as-prefix":  {"https://wx.tenpay.com.evil.example/a", false, false},
		"host-as-suffix":  {"https://evil-wx.tenpay.com/a", false, false},
		"user":            {"https://wx.tenpay.com@evil.example/a", false, false},
		"user-at-host":    {"https://u:p@wx.tenpay.com/a", false, false},
		"user-at-sim":     {"http://127.0.0.1:8081@evil.example/", false, false},
		"sim-as-prefix":   {"http://127.0.0.1:80811/", false, false},
		"backslash":       {`https://wx.tenpay.com\@evil.example/`, false, false},
		"javascript":      {"javascript:alert(1)//wx.tenpay.com", false, false},
		"data":            {"data:text/html,hello", false, false},
		"scheme-relative": {"//wx.tenpay.com/a", false, false},
		"relative":        {"/a", false, false},
		"app-scheme":      {"weixin://wap/pay?prepayid=1", false, false},
		"line-break":      {"https://wx.tenpay.com/a\r\nSet-Cookie: x", false, false},
		"tab":             {"java\tscript:alert(1)", false, false},
		"space":           {" https://wx.tenpay.com/", false, false},
		"quote":           {`https://wx.tenpay.com/"onclick="`, false, false},
		"non-ascii":       {"https://wx.tenpay.com/茶", false, false},
		"idn-lookalike":   {"https://wx.tenpаy.com/", false, false}, // a Cyrillic letter
		"empty":           {"", false, false},
		"long":            {"https://wx.tenpay.com/" + strings.Repeat("a", provider.MaxLink), false, false},
		"opaque":          {"https:wx.tenpay.com/a", false, false},
		"no-host":         {"https:///a", false, false},
		"ipv6":            {"https://[::1]/a", false, false},
		"bad-escape":      {"https://wx.tenpay.com/%zz", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := links("").Redirect(c.link); (err == nil) != c.live {
				t.Errorf("live: %v", err)
			}
			if err := links(simulator).Redirect(c.link); (err == nil) != c.test {
				t.Errorf("test: %v", err)
			}
		})
	}
}

// A link of a cashier may open an app that the merchant registered.
func TestAppLink(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		link       string
		live, test bool
	}{
		"app":             {"uppaywallet://pay?tn=1", true, true},
		"app-upper-case":  {"UPPAYWALLET://pay?tn=1", true, true},
		"opaque":          {"uppaywallet:pay", true, true},
		"host":            {"https://wx.tenpay.com/a", true, true},
		"simulator":       {simulator + "/pay?a=b", false, true},
		"other-app":       {"alipays://platformapi", false, false},
		"app-as-prefix":   {"uppaywallets://pay", false, false},
		"app-as-path":     {"/uppaywallet://pay", false, false},
		"other-host":      {"https://evil.example/uppaywallet://pay", false, false},
		"javascript":      {"javascript:uppaywallet://pay", false, false},
		"line-break":      {"uppaywallet://pay\r\nSet-Cookie: x", false, false},
		"quote":           {`uppaywallet://pay"onclick="`, false, false},
		"non-ascii":       {"uppaywallet://茶", false, false},
		"empty":           {"", false, false},
		"longer-than-all": {"uppaywallet://" + strings.Repeat("a", provider.MaxLink), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, origin := range []string{"", simulator} {
				l, want := links(origin), c.live
				l.Schemes = []string{"uppaywallet"}
				if origin != "" {
					want = c.test
				}
				if err := l.AppLink(c.link); (err == nil) != want {
					t.Errorf("at %q: %v", origin, err)
				}
				if err := l.AppCode(c.link); (err == nil) != want {
					t.Errorf("as a code at %q: %v", origin, err)
				}
			}
		})
	}
	l := links("")
	l.Schemes = []string{"uppaywallet"}
	if l.AppCode("uppaywallet://"+strings.Repeat("a", provider.MaxQR)) == nil {
		t.Error("a code was let through that is too dense to scan")
	}
}

func TestQRCode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload    string
		live, test bool
	}{
		"native":         {"weixin://wxpay/bizpayurl?pr=p4lpSuKzz", true, true},
		"alipay":         {"https://qr.alipay.com/bax03431ljhokirwl38f00a7", true, true},
		"simulator":      {simulator + "/qr/1", false, true},
		"other-host":     {"https://evil.example/", false, false},
		"host-as-prefix": {"https://qr.alipay.com.evil.example/", false, false},
		"sim-as-prefix":  {simulator + "1/qr", false, false},
		"upper-case":     {"WEIXIN://wxpay/bizpayurl?pr=1", false, false},
		"path":           {"/qr/1", false, false},
		"empty":          {"", false, false},
		"line-break":     {"weixin://wxpay\n", false, false},
		"long":           {"weixin://" + strings.Repeat("a", provider.MaxQR), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := links("").QRCode(c.payload); (err == nil) != c.live {
				t.Errorf("live: %v", err)
			}
			if err := links(simulator).QRCode(c.payload); (err == nil) != c.test {
				t.Errorf("test: %v", err)
			}
		})
	}
}

// A link that passes leads to the provider's host for whoever parses it.
func FuzzRedirect(f *testing.F) {
	f.Add("https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1")
	f.Add("https://wx.tenpay.com:443@evil.example/")
	f.Add("https:\\\\wx.tenpay.com")
	f.Add("https://wx.tenpay.com;a@b")
	f.Fuzz(func(t *testing.T, link string) {
		if links("").Redirect(link) != nil {
			return
		}
		u, err := url.Parse(link)
		if err != nil || u.Scheme != "https" || u.Hostname() != "wx.tenpay.com" || u.User != nil {
			t.Fatalf("let %q through", link)
		}
		rest := strings.TrimPrefix(strings.ToLower(link), "https://wx.tenpay.com")
		if rest == strings.ToLower(link) || rest != "" && strings.IndexByte(":/?#", rest[0]) < 0 || len(link) > provider.MaxLink {
			t.Fatalf("let %q through", link)
		}
	})
}
