package page_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/device"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// TestScreens goes from a request to the bytes of its page, and reads those.
func TestScreens(t *testing.T) {
	bridge := accept(pay.Action{Kind: pay.ActionBridge, Bridge: "weixin", Params: map[string]string{"appId": "wx1"}})
	link := accept(pay.Action{Kind: pay.ActionRedirect, URL: "https://wallet.example/"})
	back := shop + "/thanks?a=1&morepay_session=cs_1"
	for _, c := range []struct {
		name      string
		ledger    []step
		query     string
		userAgent string
		framed    bool          // as the browser says
		after     time.Duration // since the session was opened
		state     view.State
		rail      pay.Rail
		code      bool   // a QR is drawn
		png       string // where it may be saved
		onward    bool   // the page goes on to the merchant by itself
		back      string
	}{
		{name: "select", userAgent: desktop, state: view.StateSelect},
		{name: "select-phone", userAgent: phone, state: view.StateSelect},
		{name: "submitting", ledger: []step{begin(pay.RailDeepLink)}, userAgent: phone, state: view.StateSubmitting, rail: pay.RailDeepLink},
		{name: "qr", ledger: []step{begin(pay.RailQR), code}, userAgent: desktop, state: view.StateWaiting, rail: pay.RailQR, code: true},
		{name: "qr-dead", ledger: []step{begin(pay.RailQR), code}, userAgent: desktop, after: 6 * time.Minute, state: view.StateWaiting, rail: pay.RailQR},
		{name: "qr-on-the-phone", ledger: []step{begin(pay.RailQR), code}, userAgent: phone, state: view.StateSelect},
		{name: "deep-link", ledger: []step{begin(pay.RailDeepLink), link}, userAgent: phone, state: view.StateWaiting, rail: pay.RailDeepLink},
		{name: "bridge", ledger: []step{begin(pay.RailJSAPI), bridge}, userAgent: wechat, state: view.StateWaiting, rail: pay.RailJSAPI},
		{name: "returned", ledger: []step{begin(pay.RailDeepLink), link}, query: "returned=1", userAgent: phone, state: view.StateWaiting, rail: pay.RailDeepLink},
		{name: "deep-link-in-an-app", ledger: []step{begin(pay.RailDeepLink), link}, userAgent: wechat, state: view.StateSelect},
		{name: "deep-link-back-in-an-app", ledger: []step{begin(pay.RailDeepLink), link}, query: "returned=1", userAgent: wechat, state: view.StateWaiting, rail: pay.RailDeepLink},
		{name: "deep-link-on-what-says-it-is-a-desktop", ledger: []step{begin(pay.RailDeepLink), link}, userAgent: desktop, state: view.StateWaiting, rail: pay.RailDeepLink},
		{name: "bridge-in-a-browser", ledger: []step{begin(pay.RailJSAPI), bridge}, userAgent: phone, state: view.StateSelect},
		{name: "choose", ledger: []step{begin(pay.RailQR), code}, query: "choose=1", userAgent: desktop, state: view.StateSelect},
		{name: "page-qr", query: "rail=page_qr&method=wechat_pay", userAgent: desktop, state: view.StateWaiting, rail: pay.RailPageQR, code: true, png: "/pay/" + token + "/page.png"},
		{name: "page-qr-phone", query: "rail=page_qr&method=alipay", userAgent: phone, state: view.StateWaiting, rail: pay.RailPageQR, code: true, png: "/pay/" + token + "/page.png"},
		{name: "page-qr-of-nothing", query: "rail=page_qr&method=cowrie", userAgent: desktop, state: view.StateSelect},
		{name: "failed", ledger: []step{begin(pay.RailQR), refuse}, userAgent: desktop, state: view.StateFailed},
		{name: "closed", ledger: []step{begin(pay.RailQR), code, say(pay.OutcomeClosed)}, userAgent: desktop, state: view.StateSelect},
		{name: "paid", ledger: []step{begin(pay.RailQR), code, say(pay.OutcomePaid)}, userAgent: desktop, state: view.StatePaid, back: back},
		{name: "paid-on-the-phone", ledger: []step{begin(pay.RailQR), code, say(pay.OutcomePaid)}, userAgent: phone, state: view.StatePaid, back: back},
		{name: "paid-and-returned", ledger: []step{begin(pay.RailDeepLink), link, say(pay.OutcomePaid)}, query: "returned=1", userAgent: phone, state: view.StatePaid, onward: true, back: back},
		{name: "paid-in-a-frame-of-nobody", ledger: []step{begin(pay.RailDeepLink), link, say(pay.OutcomePaid)}, query: "returned=1", framed: true, userAgent: phone, state: view.StatePaid, back: back},
		{name: "paid-in-a-frame", ledger: []step{begin(pay.RailQR), code, say(pay.OutcomePaid)}, query: "returned=1&parent=" + shop, userAgent: desktop, state: view.StatePaid, back: back},
		{name: "paid-for-page-qr", ledger: []step{begin(pay.RailQR), code, say(pay.OutcomePaid)}, query: "rail=page_qr&method=alipay", userAgent: desktop, state: view.StatePaid, back: back},
		{name: "paid-late", ledger: []step{begin(pay.RailQR), code, cancel, say(pay.OutcomePaid)}, userAgent: desktop, state: view.StatePaid, back: back},
		{name: "expired", userAgent: desktop, after: 30 * time.Minute, state: view.StateExpired, back: back},
		{name: "last-moment", userAgent: desktop, after: 30*time.Minute - time.Nanosecond, state: view.StateSelect},
		{name: "canceled", ledger: []step{cancel}, userAgent: desktop, state: view.StateCanceled, back: back},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := ask(t, c.query, c.userAgent)
			r.Framed = c.framed
			l := ledger(t, c.ledger...)
			v := makeView(t, l, r, opened.Add(c.after))
			html, err := page.HTML(v, r, scripts)
			if err != nil {
				t.Fatal(err)
			}
			root := parse(t, html)

			main := find(root, "main", "id", "checkout")
			if got := value(main, "data-state"); got != string(c.state) {
				t.Errorf("the state is %q, want %s", got, c.state)
			}
			if got := value(main, "data-rail"); got != string(c.rail) {
				t.Errorf("the rail is %q, want %q", got, c.rail)
			}
			if got := find(root, "svg", "data-qr", "*") != nil; got != c.code {
				t.Errorf("a code is drawn: %t", got)
			}
			if c.png != "" && find(root, "img", "src", c.png) == nil && find(root, "a", "href", c.png) == nil {
				t.Errorf("nothing leads to %s", c.png)
			}
			if got := value(find(root, "a", "target", "_top"), "href"); got != c.back {
				t.Errorf("the way back leads to %q, want %q", got, c.back)
			}
			if find(root, "meta", "http-equiv", "refresh") != nil {
				t.Error("what a touch can't stop goes on by itself")
			}
			waits := c.state == view.StateSubmitting || c.state == view.StateWaiting
			moves := c.state == view.StateSelect && c.userAgent == desktop && !r.Choose
			if got := bytes.Contains(html, []byte(`<noscript><meta http-equiv="refresh" content="`)); got != (waits || c.onward || moves) {
				t.Errorf("without scripts it looks again, or goes on: %t", got)
			}
			if got := bytes.Contains(html, []byte(`content="0;url=/pay/`+token+`?choose=1`)); got != moves {
				t.Errorf("without scripts the list takes an address of its own: %t", got)
			}
			goesOn := []byte(`content="3;url=` + strings.ReplaceAll(c.back, "&", "&amp;") + `"`)
			stay := find(root, "a", "href", "/pay/"+token+"?lang=en")
			if bytes.Contains(html, goesOn) != c.onward || (stay != nil) != c.onward {
				t.Errorf("it goes on: %t, and offers to stay: %t", bytes.Contains(html, goesOn), stay != nil)
			}

			var embedded view.Checkout
			if err := json.Unmarshal([]byte(find(root, "script", "id", "view").FirstChild.Data), &embedded); err != nil {
				t.Fatal(err)
			}
			embedded.Text, embedded.Session = v.Text, v.Session // a file of its own, and for the script of frames
			if diff := cmp.Diff(v, embedded); diff != "" {
				t.Errorf("the view in the page differs (-made +embedded):\n%s", diff)
			}
		})
	}
}

// Who is given the page's own code because the provider refused hears so.
func TestCodeInsteadOfRefused(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]bool{"rail=page_qr&method=wechat_pay": true, "rail=page_qr&method=alipay": false} {
		root := parse(t, makeHTML(t, makeView(t, ledger(t, begin(pay.RailDeepLink), refuse), ask(t, query, phone), opened), false))
		if got := find(root, "p", "data-error", "provider_refused") != nil; got != want {
			t.Errorf("%s: it says so: %t", query, got)
		}
	}
}

// A page without the client looks again when it has something new to say, and now
// and then.
func TestLooksAgain(t *testing.T) {
	t.Parallel()
	link := accept(pay.Action{Kind: pay.ActionRedirect, URL: "https://wallet.example/"})
	for _, c := range []struct {
		name             string
		ledger           []step
		query            string
		after            time.Duration // since the attempt was begun
		noscript, script string
	}{
		{"submitting", []step{begin(pay.RailDeepLink)}, "", 0, "5", "5"},
		{"submitting-for-three-seconds", []step{begin(pay.RailDeepLink)}, "", 3100 * time.Millisecond, "2", "2"},
		{"submitting-slowly", []step{begin(pay.RailDeepLink)}, "", 6 * time.Second, "4", "4"},
		{"submitting-almost-silent", []step{begin(pay.RailDeepLink)}, "", 9500 * time.Millisecond, "2", "2"},
		{"silent", []step{begin(pay.RailDeepLink)}, "", 10 * time.Second, "10", ""},
		{"waiting", []step{begin(pay.RailDeepLink), link}, "", 3 * time.Second, "10", ""},
		{"returned", []step{begin(pay.RailDeepLink), link}, "returned=" + strconv.FormatInt(opened.Unix(), 10), 7 * time.Second, "3", "3"},
		{"returned-some-day", []step{begin(pay.RailDeepLink), link}, "returned=1", 7 * time.Second, "10", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := ask(t, c.query, phone)
			html := makeHTML(t, makeView(t, ledger(t, c.ledger...), r, opened.Add(c.after)), false)
			if want := `<noscript><meta http-equiv="refresh" content="` + c.noscript + `;url=/pay/` + token + `"`; !bytes.Contains(html, []byte(want)) {
				t.Errorf("it doesn't say %s", want)
			}
			if got := value(find(parse(t, html), "script", "data-look", "*"), "data-look"); got != c.script {
				t.Errorf("with scripts it looks after %q, want %q", got, c.script)
			}
		})
	}
}

// A wallet's code can't be scanned by the phone that shows it. Who began on a
// desktop and opens the page on the phone chooses there; the desktop's code
// stays good until they do.
func TestCodeIsNotShownToThePhoneThatShouldScanIt(t *testing.T) {
	t.Parallel()
	l := ledger(t, begin(pay.RailQR), code)
	for _, c := range []struct {
		profile device.Profile
		state   view.State
	}{
		{"chrome-windows", view.StateWaiting},
		{"wechat-windows", view.StateWaiting},
		{"safari-iphone", view.StateSelect},
		{"chrome-android", view.StateSelect},
		{"wechat-iphone", view.StateSelect},
		{"wechat-mini-program-android", view.StateSelect},
	} {
		r := ask(t, "", "")
		var ok bool
		if r.Device, ok = device.Of(c.profile); !ok {
			t.Fatalf("there is no device %s", c.profile)
		}
		got := makeView(t, l, r, opened).Progress
		if got.State != c.state || (got.Payment != nil) != (c.state == view.StateWaiting) {
			t.Errorf("%s: %s with payment %+v, want %s", c.profile, got.State, got.Payment, c.state)
		}
	}
	say(pay.OutcomePaid)(t, l)
	if got := makeView(t, l, ask(t, "", phone), opened).Progress; got.State != view.StatePaid {
		t.Errorf("the phone shows %s after the desktop's code was paid", got.State)
	}
}
