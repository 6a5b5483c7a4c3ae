package page_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// fourMethods returns facts of a shop with four methods, of which the document wants
// UnionPay first and two to be seen at once.
func fourMethods(t *testing.T, query string) view.Checkout {
	t.Helper()
	f := facts()
	for _, m := range []pay.Method{"unionpay", "jd_pay"} {
		f.Document.Methods = append(f.Document.Methods, capability.Method{
			Method: m, State: capability.StateOpen, Rails: []pay.Rail{pay.RailRedirect}, Currencies: []string{"CNY"},
		})
	}
	f.Document.Methods[2].Primary = true
	v, err := page.Make(ledger(t), f, ask(t, query, desktop), links, opened)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What a shop's page wishes reorders, folds and leaves out, and nothing else.
func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, query, primary, more, hidden string }{
		{"nothing", "", "unionpay wechat_pay", "alipay jd_pay", ""},
		{"nonsense", "order=paypal..&visible=0&allow=x&remove=&last=cash&layout=grid", "unionpay wechat_pay", "alipay jd_pay", ""},
		{"order", "order=jd_pay.alipay.jd_pay", "jd_pay alipay", "unionpay wechat_pay", ""},
		{"visible", "visible=1", "unionpay", "wechat_pay alipay jd_pay", ""},
		{"all-visible", "visible=9", "unionpay wechat_pay alipay jd_pay", "", ""},
		{"too-visible", "visible=100", "unionpay wechat_pay", "alipay jd_pay", ""},
		{"last", "last=alipay", "alipay unionpay", "wechat_pay jd_pay", ""},
		{"last-before-order", "last=alipay&order=jd_pay&visible=3", "alipay jd_pay unionpay wechat_pay", "", ""},
		{"remove", "remove=unionpay.wechat_pay", "alipay jd_pay", "", "unionpay wechat_pay"},
		{"allow", "allow=jd_pay", "jd_pay", "", "unionpay wechat_pay alipay"},
		{"too-long", "remove=" + strings.Repeat("alipay.", 40), "unionpay wechat_pay", "alipay jd_pay", ""},
		{"handed-on", "words=" + url.QueryEscape("order=jd_pay.alipay&remove=wechat_pay"), "jd_pay alipay unionpay", "", "wechat_pay"},
		{"said-anew", "words=" + url.QueryEscape("visible=1") + "&visible=4", "unionpay wechat_pay alipay jd_pay", "", ""},
		{"nested", "words=" + url.QueryEscape("words=visible%3D1"), "unionpay wechat_pay", "alipay jd_pay", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := fourMethods(t, c.query)
			d := capability.Decide(v.Document, v.Order, v.Device, v.Progress.ServerTime)
			for group, want := range map[capability.Group]string{capability.GroupPrimary: c.primary, capability.GroupMore: c.more, capability.GroupHidden: c.hidden} {
				var ids []string
				for _, choice := range d.Of(group) {
					ids = append(ids, string(choice.Method))
					if group == capability.GroupHidden && choice.Reasons[0].Code != capability.ReasonHiddenByShop {
						t.Errorf("%s is hidden because of %v", choice.Method, choice.Reasons)
					}
				}
				if got := strings.Join(ids, " "); got != want {
					t.Errorf("%s: %q, want %q", group, got, want)
				}
			}
			// What forms hand on means the same.
			again := fourMethods(t, "words="+url.QueryEscape(v.Words))
			if diff := cmp.Diff(v.Document, again.Document); diff != "" || again.Words != v.Words || !slices.Equal(again.Order.LeftOut, v.Order.LeftOut) {
				t.Errorf("handed on as %q they mean something else: %s", v.Words, diff)
			}
		})
	}
}

// A shop's own app that hands links on to wallets is as good as a browser, wherever the
// payer goes in it.
func TestHost(t *testing.T) {
	t.Parallel()
	const webView = "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/134.0.6998.136 Mobile Safari/537.36"
	for _, c := range []struct{ name, query, agent, profile, version string }{
		{"says-nothing", "", webView, "webview-android", ""},
		{"forwards", "host=forwards", webView, "app-android", ""},
		{"forwards-since", "host=forwards.8.0.63", webView, "app-android", "8.0.63"},
		{"handed-on", "words=host%3Dforwards.8.0.63", webView, "app-android", "8.0.63"},
		{"says-too-much", "host=forwards." + strings.Repeat("1", 70), webView, "webview-android", ""},
		{"is-wechat", "host=forwards.8.0.63", wechat, "wechat-iphone", "8.0.62"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ask(t, c.query, c.agent)
			if d := r.Device; string(d.Profile) != c.profile || d.HostVersion != c.version {
				t.Errorf("the device is %+v, want %s of %q", d, c.profile, c.version)
			}
		})
	}
}

// A method's panel stands in the list's place until there is something of its own to
// show, and goes on by itself only where the payer saw the same amount and stays.
func TestOpen(t *testing.T) {
	t.Parallel()
	const go1 = "&go=1&was=5980&parent=" + shop
	for _, c := range []struct {
		name, query, agent string
		steps              []step
		state              view.State
		open               pay.Method
		begins             bool
	}{
		{"open", "open=alipay", desktop, nil, view.StateSelect, "alipay", false},
		{"unknown", "open=cash", desktop, nil, view.StateSelect, "", false},
		{"other-methods", "open=alipay&choose=1", desktop, nil, view.StateSelect, "", false},
		{"of-the-code", "open=wechat_pay", desktop, []step{begin(pay.RailQR), code}, view.StateWaiting, "", false},
		{"beside-the-code", "open=alipay", desktop, []step{begin(pay.RailQR), code}, view.StateSelect, "alipay", false},
		{"paid", "open=alipay", desktop, []step{begin(pay.RailQR), code, say(pay.OutcomePaid)}, view.StatePaid, "", false},
		{"goes", "open=alipay" + go1, desktop, nil, view.StateSelect, "alipay", true},
		{"goes-once", "open=alipay" + go1, desktop, []step{begin(pay.RailQR), code}, view.StateSelect, "alipay", false},
		{"goes-not-without-a-shop", "open=alipay&go=1&was=5980", desktop, nil, view.StateSelect, "alipay", false},
		{"goes-not-at-another-amount", "open=alipay&go=1&was=5979&parent=" + shop, desktop, nil, view.StateSelect, "alipay", false},
		{"goes-not-away", "open=alipay" + go1, phone, nil, view.StateSelect, "alipay", false},
		{"goes-not-unasked", "open=alipay&was=5980&parent=" + shop, desktop, nil, view.StateSelect, "alipay", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, r := ledger(t, c.steps...), ask(t, c.query, c.agent)
			v, err := page.Make(l, facts(), r, links, opened)
			if err != nil {
				t.Fatal(err)
			}
			if v.Progress.State != c.state || v.Open != c.open || v.Begins != c.begins {
				t.Errorf("state %s, open %q, begins %t; want %s, %q, %t", v.Progress.State, v.Open, v.Begins, c.state, c.open, c.begins)
			}
			html, err := page.HTML(v, r, scripts)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(string(html), `data-go="1"`); got != c.begins {
				t.Errorf("the page begins: %t", got)
			}
		})
	}
}

// FuzzRead: whatever an address holds, what is taken from it is bounded and asks for the
// same when it is handed on.
func FuzzRead(f *testing.F) {
	for _, q := range []string{
		"", "order=alipay.jd_pay&visible=3&layout=tabs&last=alipay&theme=dark.plain", "words=visible%3D1%26remove%3Dalipay&allow=..",
		"words=words%3Dvisible%253D1", "open=alipay&go=1&was=5980&host=forwards.8.0.63", "returned=99999999999999&rail=page_qr&method=wechat_pay", "visible=-1&%zz",
		"device=alipay-android&host=forwards", "words=device%3Dsafari-mac",
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, _ := url.ParseQuery(query)
		r := page.Read(token, q, phone, "", true)
		address, err := url.Parse(r.Address())
		if err != nil {
			t.Fatal(err)
		}
		if again := page.Read(token, address.Query(), phone, "", true); again.Words != r.Words || again.Open != r.Open || again.Device != r.Device {
			t.Errorf("%q asks for %+v, and handed on for %+v", query, r, again)
		}
		if w := r.Words; len(w.Order)+len(w.Allow)+len(w.Remove)+len(w.Theme)+len(w.Host) > 1024 || w.Visible < 0 || w.Visible > 99 {
			t.Errorf("%q is read as %+v", query, w)
		}
	})
}

// A device is taken for another one in test mode alone, wherever the wish comes from, and
// nothing that its browser says then changes it.
func TestForcedDevice(t *testing.T) {
	t.Parallel()
	wechat, _ := device.Of("wechat-iphone")
	for _, query := range []string{"device=wechat-iphone", "words=device%3Dwechat-iphone", "words=device%3Dwechat-iphone&host=forwards.1.0"} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		r := page.Read(token, q, desktop, "", true)
		if r.Device != wechat || r.Refined(device.Hints{TouchPoints: 5, AlipayBridge: true}) != wechat {
			t.Errorf("%s: the device is %+v", query, r.Device)
		}
		if again := page.Read(token, url.Values{}, desktop, "", true).InFrame(q); again.Device != wechat {
			t.Errorf("%s, of a form: the device is %+v", query, again.Device)
		}
		live := page.Read(token, q, desktop, "", false)
		if live.Words.Device != "" || live.Device == wechat || live.InFrame(q).Device == wechat {
			t.Errorf("%s, in live mode: the device is %+v", query, live.Device)
		}
	}
}
