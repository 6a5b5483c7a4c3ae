package app

import (
	"regexp"
	"strings"
	"testing"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/view"
)

var waysOn = regexp.MustCompile(`data-rail="?[a-z_]+"?`)

// Whatever app the page stands in, and with any method as the only one, the payer has a
// button that leads on, with scripts and without. Where the app keeps the wallet from
// opening, that is our own page's code, beside its link and the way to a browser.
func TestEveryPlaceHasAWayOn(t *testing.T) {
	t.Parallel()
	barred := 0
	for _, p := range device.Profiles() {
		dev, _ := device.Of(p)
		for _, m := range method.IDs() {
			v := testView("zh-CN", phoneAgent, view.Progress{State: view.StateSelect})
			v.Device = dev
			v.Document.Methods = []capability.Method{{
				Method: m, State: capability.StateOpen, Rails: pay.Rails, Currencies: []string{v.Order.Amount.Currency},
			}}
			html := HTML(v)
			if !waysOn.MatchString(html) {
				t.Errorf("%s as the only method on %s has no button", m, p)
			}
			if c, _ := decide(&v).Choice(m); !c.Barred() {
				continue
			}
			barred++
			for _, part := range []string{`data-rail="page_qr"`, `value="` + v.ShareURL + `"`, `data-copy="link"`, `data-reason="blocked_in_container"`} {
				if strings.Count(html, part) != 1 {
					t.Errorf("%s is blocked on %s, and there is %s %d times", m, p, part, strings.Count(html, part))
				}
			}
			if inWeChat := strings.Contains(html, v.Text["select.browser"]); inWeChat != (dev.Host == "wechat") {
				t.Errorf("%s on %s: WeChat's menu is described: %t", m, p, inWeChat)
			}
		}
	}
	if barred == 0 {
		t.Error("no app blocks a wallet")
	}
}

// Before there is a session there is no page to open elsewhere, and nothing to copy.
func TestNothingToCopyBeforeTheSession(t *testing.T) {
	t.Parallel()
	for _, methods := range []int{1, 3} {
		v := testView("en", wechatAgent, view.Progress{State: view.StateSelect})
		v.ShareURL = ""
		v.Document.Methods = v.Document.Methods[:methods]
		if html := HTML(v); strings.Contains(html, "data-copy") || !strings.Contains(html, `data-reason="blocked_in_container"`) {
			t.Errorf("with %d methods: %s", methods, html)
		}
	}
}
