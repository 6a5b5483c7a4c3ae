package page_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html/atom"

	"morepay/internal/locale"
	"morepay/internal/page"
	"morepay/internal/pay"
)

func TestOnlyRegisteredOriginsFrameThePage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, asked, parent string }{
		{"none", "", ""},
		{"registered", shop, shop},
		{"stranger", "https://evil.example", ""},
		{"script", `"><script>`, ""},
		{"with-path", shop + "/", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ask(t, "", desktop)
			r.Parent = c.asked
			v := makeView(t, ledger(t), r, opened)
			if v.Parent != c.parent {
				t.Errorf("the parent is %q, want %q", v.Parent, c.parent)
			}
			frame := find(parse(t, makeHTML(t, v, false)), "script", "src", scripts.Frame)
			if c.parent == "" {
				if frame != nil {
					t.Error("a page with nobody around it has the frame's script")
				}
				return
			}
			if got := value(frame, "data-parent"); got != c.parent {
				t.Errorf("the frame's script is told %q, want %q", got, c.parent)
			}
		})
	}
}

// TestLanguage: the session's own language, then what the shop's page asked for,
// then the merchant's and the browser's.
func TestLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, session, asked, browser, want string }{
		{"merchant", "", "", "", "en"},
		{"browser", "", "", "zh-TW", "zh-TW"},
		{"asked", "", "zh-CN", "zh-TW", "zh-CN"},
		{"session", "en", "zh-CN", "zh-TW", "en"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := ledger(t)
			l.Session.Locale = c.session
			r := ask(t, "", desktop)
			r.Locale, r.Languages = c.asked, c.browser
			v := makeView(t, l, r, opened)
			if v.Locale != c.want || v.AmountText != locale.Money(c.want, price) {
				t.Errorf("the page is in %s with %s, want %s", v.Locale, v.AmountText, c.want)
			}
			if root := parse(t, makeHTML(t, v, false)); find(root, "html", "lang", c.want) == nil {
				t.Errorf("the document is not in %s", c.want)
			}
		})
	}
}

// TestTime: what a page shows has the milliseconds that are stored and no more.
func TestTime(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 8*3600)
	v := makeView(t, ledger(t), ask(t, "", desktop), opened.Add(1234567*time.Nanosecond).In(zone))
	if want := opened.Add(time.Millisecond); v.Progress.ServerTime != want {
		t.Errorf("the server's time is %s, want %s", v.Progress.ServerTime, want)
	}
}

func TestErrorOnPage(t *testing.T) {
	t.Parallel()
	for _, code := range pay.Codes {
		v := page.WithError(makeView(t, ledger(t), ask(t, "", desktop), opened), code)
		alert := find(parse(t, makeHTML(t, v, false)), "p", "role", "alert")
		if got := value(alert, "data-error"); got != string(code) {
			t.Fatalf("the alert is about %q, want %s", got, code)
		}
		if got := alert.FirstChild.Data; got != locale.Problem(v.Text, code) {
			t.Errorf("%s says %q", code, got)
		}
	}
}

func TestProblem(t *testing.T) {
	t.Parallel()
	for _, tag := range locale.Tags() {
		root := parse(t, page.Problem(page.Request{Languages: tag}, pay.CodeNotFound))
		if find(root, "html", "lang", tag) == nil {
			t.Errorf("the page for %s is in another language", tag)
		}
		if got, want := text(root, "h1"), locale.Problem(locale.Text(tag), pay.CodeNotFound); got != want {
			t.Errorf("the page in %s says %q, want %q", tag, got, want)
		}
	}
}

// Who may ask again finds how.
func TestProblemOffersRetry(t *testing.T) {
	t.Parallel()
	for code, again := range map[pay.Code]bool{pay.CodeNotFound: false, pay.CodeRateLimited: true, pay.CodeInternal: true} {
		if root := parse(t, page.Problem(page.Request{Languages: "en"}, code)); (find(root, "button", "type", "submit") != nil) != again {
			t.Errorf("the page of %s offers to ask again: %t", code, !again)
		}
	}
}

// TestCodeTooLongToDraw: without its code there is no page to pay by.
func TestCodeTooLongToDraw(t *testing.T) {
	t.Parallel()
	long := accept(pay.Action{Kind: pay.ActionQRCode, Payload: strings.Repeat("x", 1000)})
	if _, err := page.Make(ledger(t, begin(pay.RailQR), long), facts(), ask(t, "", desktop), links, opened); pay.CodeOf(err) != pay.CodeInvalid {
		t.Errorf("error is %v", err)
	}
}

// TestNoBundle: before the client is built the page loads what it needs in a
// frame and to follow its session, and no more.
func TestNoBundle(t *testing.T) {
	t.Parallel()
	b, err := page.HTML(makeView(t, ledger(t), ask(t, "", desktop), opened), page.Request{Token: token}, page.Scripts{Frame: "/frame.js", Listen: "/listen.js", Boot: "/boot.js"})
	if err != nil {
		t.Fatal(err)
	}
	root := parse(t, b)
	if find(root, "script", "src", "/listen.js") == nil || find(root, "script", "src", "/boot.js") != nil {
		t.Errorf("the page loads other scripts:\n%s", b)
	}
}

// TestOnlyWatchedPagesTell: the script that tells a shop's page or an app's is left out
// where there can be neither, for it takes its share of the line from the payer's click.
func TestOnlyWatchedPagesTell(t *testing.T) {
	t.Parallel()
	const webView = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
	for _, c := range []struct {
		name, parent, agent string
		want                bool
	}{
		{"desktop-alone", "", desktop, false},
		{"desktop-in-a-frame", shop, desktop, true},
		{"desktop-unknown", "", webView, true},
		{"phone", "", phone, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ask(t, "", c.agent)
			r.Parent = c.parent
			root := parse(t, makeHTML(t, makeView(t, ledger(t), r, opened), false))
			if got := find(root, "script", "src", scripts.Frame) != nil; got != c.want {
				t.Errorf("the frame's script is there: %v, want %v", got, c.want)
			}
		})
	}
}

// TestHostileTexts: nothing that a merchant may name becomes part of the document.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	const evil = `"'></title></style></script><script>alert(1)</script><!--`
	l := ledger(t, begin(pay.RailQR), code, say(pay.OutcomePaid))
	l.Session.Description, l.Session.ReturnURL = evil, shop+"/?q="+evil
	f := facts()
	f.Document.Name = evil
	r := ask(t, "returned=1", desktop)
	r.Languages = evil
	v, err := page.Make(l, f, r, links, opened)
	if err != nil {
		t.Fatal(err)
	}
	scripted := 0
	for n := range parse(t, makeHTML(t, v, true)).Descendants() {
		if n.DataAtom == atom.Script {
			scripted++
		}
	}
	if scripted != 4 {
		t.Errorf("the page has %d scripts, want the one about its address, the view, the listener and the loader", scripted)
	}
}
