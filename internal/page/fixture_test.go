package page_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"morepay/internal/capability"
	"morepay/internal/checkout"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// User agents of the devices that ask for pages here.
const (
	desktop = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36"
	phone   = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.6998.136 Mobile Safari/537.36"
	wechat  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.62(0x18003e3a) NetType/WIFI Language/zh_CN"
)

const (
	token    = "tok-en_1"
	shop     = "https://shop.example"
	codeText = "weixin://wxpay/bizpayurl?pr=AbCdEf1"
)

var (
	opened = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	price  = pay.Money{Currency: "CNY", Value: 5980}
)

var links = page.Links{Origin: "https://pay.example", Ancestors: []string{shop}, FormToken: "form-token", Test: true, Picture: "/assets/0123456789abcdef/picture.js"}

var scripts = page.Scripts{Frame: "/assets/1/frame.js", Listen: "/assets/5/listen.js", Boot: "/assets/2/boot.js", Wasm: "/assets/3/app.wasm", Exec: "/assets/4/exec.js"}

// facts returns the facts of a shop that takes everything that these tests pay with.
func facts() checkout.Facts {
	doc := &capability.Document{Schema: capability.SchemaVersion, Merchant: "demo", Name: "Harbour Tea", Locale: "en", Visible: 2}
	for _, m := range []pay.Method{"wechat_pay", "alipay"} {
		doc.Methods = append(doc.Methods, capability.Method{
			Method: m, State: capability.StateOpen, Rails: pay.Rails, Currencies: []string{"CNY"},
		})
	}
	return checkout.Facts{Document: doc, Order: capability.Order{Amount: price}}
}

// step is something that has happened to a ledger.
type step func(t *testing.T, l *pay.Ledger)

// ledger returns the one of an open session after some steps.
func ledger(t *testing.T, steps ...step) *pay.Ledger {
	t.Helper()
	l := pay.Open(pay.Session{
		ID: "cs_1", Merchant: "demo", Amount: price, Description: "Spring Longjing, 100 g",
		ReturnURL: shop + "/thanks?a=1", CreatedAt: opened, ExpiresAt: opened.Add(30 * time.Minute),
	})
	for _, s := range steps {
		s(t, l)
	}
	return l
}

func begin(r pay.Rail) step {
	return func(t *testing.T, l *pay.Ledger) {
		t.Helper()
		err := l.Begin(pay.Attempt{
			ID: "at_1", Method: "wechat_pay", Rail: r, Provider: "wechatpay", Account: "1900000001",
			OutTradeNo: "N1", Amount: price, ExpiresAt: l.Session.ExpiresAt,
		}, opened)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func accept(a pay.Action) step {
	a.ExpiresAt = opened.Add(5 * time.Minute)
	return func(_ *testing.T, l *pay.Ledger) { l.Accept("at_1", a, opened) }
}

var code = accept(pay.Action{Kind: pay.ActionQRCode, Payload: codeText})

func refuse(_ *testing.T, l *pay.Ledger) { l.Refuse("at_1", opened) }

func say(outcome pay.Outcome) step {
	return func(t *testing.T, l *pay.Ledger) {
		t.Helper()
		ev := pay.Evidence{
			ID: string(outcome), Source: pay.SourceNotification, Provider: "wechatpay", Account: "1900000001",
			OutTradeNo: "N1", Outcome: outcome, ReceivedAt: opened,
		}
		if outcome == pay.OutcomePaid {
			ev.Amount, ev.Reference, ev.PaidAt = price, "T1", opened
		}
		if err := l.Apply(ev, opened); err != nil {
			t.Fatal(err)
		}
	}
}

func cancel(t *testing.T, l *pay.Ledger) {
	t.Helper()
	if err := l.Cancel(opened); err != nil {
		t.Fatal(err)
	}
}

// ask returns the request of a query and a user agent.
func ask(t *testing.T, query, userAgent string) page.Request {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return page.Read(token, q, userAgent, "", true)
}

func makeView(t *testing.T, l *pay.Ledger, r page.Request, now time.Time) view.Checkout {
	t.Helper()
	v, err := page.Make(l, facts(), r, links, now)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func makeHTML(t *testing.T, v view.Checkout, returned bool) []byte {
	t.Helper()
	r := page.Request{Token: token}
	if returned {
		r.ReturnedAt = opened
	}
	b, err := page.HTML(v, r, scripts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t *testing.T, b []byte) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// find returns the first element whose attribute key has that value, or any value
// if it is "*"; nil if there is none.
func find(root *html.Node, element, key, value string) *html.Node {
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != element {
			continue
		}
		if got, ok := attribute(n, key); ok && (value == "*" || got == value) {
			return n
		}
	}
	return nil
}

func attribute(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// text returns the text of the first of these elements.
func text(root *html.Node, element string) string {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == element {
			return n.FirstChild.Data
		}
	}
	return ""
}

// value returns an attribute, "" if there is no such element or attribute.
func value(n *html.Node, key string) string {
	if n == nil {
		return ""
	}
	v, _ := attribute(n, key)
	return v
}
