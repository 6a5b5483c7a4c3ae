package page_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"morepay/internal/device"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"morepay/internal/checkout"
	"morepay/internal/page"
	"morepay/internal/pay"
)

// TestAddressAsksForTheSame: a redirect to the address of a request asks for what
// the request asked for.
func TestAddressAsksForTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := page.Request{
			Token:  rapid.StringMatching(`[A-Za-z0-9_-]{1,43}`).Draw(t, "token"),
			Parent: rapid.String().Draw(t, "parent"),
			Locale: rapid.StringMatching(`[a-zA-Z&=%-]{0,35}`).Draw(t, "locale"),
			Lang:   rapid.StringMatching(`[a-zA-Z&=%-]{0,35}`).Draw(t, "lang"),
			Choose: rapid.Bool().Draw(t, "choose"),
			Asked:  rapid.Bool().Draw(t, "asked"),
			PageQR: rapid.SampledFrom([]pay.Method{"", "wechat_pay", "alipay"}).Draw(t, "page QR"),
			Words: page.Words{
				Theme:   rapid.StringMatching(`[a-z.&=%]{0,64}`).Draw(t, "theme"),
				Layout:  rapid.SampledFrom([]string{"", "tabs", "list"}).Draw(t, "layout"),
				Visible: rapid.IntRange(0, 99).Draw(t, "visible"),
				Order:   rapid.SampledFrom([]string{"", "alipay", "jd_pay.wechat_pay"}).Draw(t, "order"),
				Allow:   rapid.SampledFrom([]string{"", "alipay.wechat_pay"}).Draw(t, "allow"),
				Remove:  rapid.SampledFrom([]string{"", "unionpay"}).Draw(t, "remove"),
				Host:    rapid.SampledFrom([]string{"", "forwards.8.0.63", "&?"}).Draw(t, "host"),
				Last:    rapid.SampledFrom([]string{"", "alipay"}).Draw(t, "last"),
				Device:  rapid.SampledFrom([]device.Profile{"", "wechat-iphone"}).Draw(t, "device"),
			},
		}
		if rapid.Bool().Draw(t, "opens") {
			r.Open, r.Go, r.Was = "alipay", rapid.Bool().Draw(t, "goes"), rapid.Int64Min(0).Draw(t, "was")
		}
		if rapid.Bool().Draw(t, "returned") {
			r.ReturnedAt = time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "returned at"), 0).UTC()
		}
		u, err := url.Parse(r.Address())
		if err != nil {
			t.Fatal(err)
		}
		got := page.Read(strings.TrimPrefix(u.Path, "/pay/"), u.Query(), "", "", true)
		r.Device, r.Test = got.Device, true
		if diff := cmp.Diff(r, got); diff != "" {
			t.Fatalf("%s asks for something else (-want +got):\n%s", r.Address(), diff)
		}
	})
}

func TestInFrame(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("a", checkout.MaxLocale)
	asked := page.Request{Token: token, Parent: shop, Locale: "en"}
	for _, c := range []struct{ name, form, parent, locale string }{
		{"nothing", "", shop, "en"},
		{"empty", "parent=&locale=", shop, "en"},
		{"other", "parent=https://other.example&locale=zh-CN", "https://other.example", "zh-CN"},
		{"longest-tag", "locale=" + longest, shop, longest},
		{"tag-too-long", "locale=a" + longest, shop, "en"},
	} {
		t.Run(c.name, func(t *testing.T) {
			form, err := url.ParseQuery(c.form)
			if err != nil {
				t.Fatal(err)
			}
			if got := asked.InFrame(form); got.Parent != c.parent || got.Locale != c.locale {
				t.Errorf("the page is in %q in %q, want %q in %q", got.Parent, got.Locale, c.parent, c.locale)
			}
		})
	}
}
