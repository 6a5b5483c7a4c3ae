package page_test

import (
	"io/fs"
	"testing"

	"morepay/internal/capability/document"
	"morepay/internal/demo/merchants"
	"morepay/internal/locale"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/web"
)

// maxSize limits a page, in bytes with brotli: with its headers it fits into the
// first window of a new connection.
const maxSize = 8 << 10

// words are as many as a shop's page may wish.
const words = "&theme=dark.plain.square&layout=tabs&visible=3&order=unionpay.jd_pay.wechat_pay.alipay&allow=unionpay.jd_pay.wechat_pay.alipay&remove=jd_pay&last=alipay"

// TestSize: a page of any merchant, state and language is small.
func TestSize(t *testing.T) {
	t.Parallel()
	bridge := accept(pay.Action{Kind: pay.ActionBridge, Bridge: "weixin", Params: map[string]string{
		"appId": "wx8888888888888888", "timeStamp": "1414561699", "nonceStr": "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
		"package": "prepay_id=wx201410272009395522657a690389285100", "signType": "RSA", "paySign": signature,
	}})
	screens := []struct {
		name, query, agent string
		steps              []step
	}{
		{"select", "", desktop, nil},
		{"select-phone", "", phone, nil},
		{"select-framed", "parent=" + shop, phone, nil},
		{"select-words", "parent=" + shop + words, phone, nil},
		{"select-tabs", "parent=" + shop + words, desktop, nil},
		{"open", "parent=" + shop + words + "&open=wechat_pay", phone, nil},
		{"select-wechat", "", wechat, nil},
		{"submitting", "", desktop, []step{begin(pay.RailQR)}},
		{"code", "", desktop, []step{begin(pay.RailQR), code}},
		{"deep-link", "", phone, []step{begin(pay.RailDeepLink), accept(pay.Action{Kind: pay.ActionRedirect, URL: "weixin://wap/pay?" + signature})}},
		{"bridge", "", wechat, []step{begin(pay.RailJSAPI), bridge}},
		{"other-device", "rail=page_qr&method=wechat_pay", phone, nil},
		{"checking", "returned=1", phone, []step{begin(pay.RailDeepLink), accept(pay.Action{Kind: pay.ActionRedirect, URL: "weixin://"})}},
		{"failed", "", desktop, []step{begin(pay.RailQR), refuse}},
		{"paid", "", desktop, []step{begin(pay.RailQR), code, say(pay.OutcomePaid)}},
		{"canceled", "", desktop, []step{cancel}},
	}
	documents, err := fs.Glob(merchants.FS, "*/capabilities.json")
	if err != nil || len(documents) == 0 {
		t.Fatal(documents, err)
	}
	largest, where := 0, ""
	for _, name := range documents {
		raw, err := fs.ReadFile(merchants.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		f := facts()
		if f.Document, err = document.Decode(raw); err != nil {
			t.Fatal(err)
		}
		for _, s := range screens {
			for _, tag := range locale.Tags() {
				l := ledger(t, s.steps...)
				l.Session.Locale = tag
				v, err := page.Make(l, f, ask(t, s.query, s.agent), links, opened)
				if err != nil {
					t.Fatal(err)
				}
				v = page.WithError(v, pay.CodeProviderDown)
				packed, _, err := web.Compress("br", makeHTML(t, v, false))
				if err != nil {
					t.Fatal(err)
				}
				if len(packed) > maxSize {
					t.Errorf("%s, %s in %s: %d bytes, at most %d with brotli are allowed", name, s.name, tag, len(packed), maxSize)
				}
				if len(packed) > largest {
					largest, where = len(packed), name+", "+s.name+" in "+tag
				}
			}
		}
	}
	t.Logf("the largest has %d bytes: %s", largest, where)
}

// signature is as long as one of a provider's, and as random.
const signature = "oR9d8PuhnIc+YZ8cBHFCwfgpaK9gd7vaRvkYD7rthRAZ/X+QBhcCYL21N7cHCTUxbQ+EAt6Uy+lwSN22f5YZvI45MLko8Pfso0jm46v5hqcVwrk6uddkGuT+" +
	"Cdvu4WBqDzaDjnNa5UK3GfE1Wfl2gHxIIY5lLdUgWFts17D4WuolLLkiFZV+JSHMvH7eaLdT9N5GBovBwu5yYKUR7skR8Fu+LozcSqQixnlEZUfyE55feLOQTUYzLmR9pNtPbPsu"
