package page_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"morepay/app"
	"morepay/internal/locale"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// What was sent before the code is a part of the page with the code, and of the list
// without one but for what its script takes back.
func TestInstantStart(t *testing.T) {
	t.Parallel()
	r := ask(t, "parent="+shop, desktop)
	before := makeView(t, ledger(t), r, opened)
	start, err := page.InstantStart(before, r, scripts, "wechat_pay")
	if err != nil || !bytes.HasSuffix(start, []byte(app.Pane)) {
		t.Fatalf("%v: %s", err, start)
	}
	for name, c := range map[string]struct {
		steps []step
		state view.State
	}{
		"code":     {[]step{begin(pay.RailQR), code}, view.StateWaiting},
		"too-late": {[]step{begin(pay.RailQR)}, view.StateSelect},
		"refused":  {[]step{begin(pay.RailQR), refuse}, view.StateFailed},
		"canceled": {[]step{cancel}, view.StateSelect},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := makeView(t, ledger(t, c.steps...), r, opened)
			rest, err := page.InstantRest(now, before, r, scripts, "wechat_pay")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(rest), `"state":"`+string(c.state)+`","status"`) {
				t.Errorf("the rest is not of %s: %s", c.state, rest)
			}
			if takesBack := strings.Contains(string(rest), ` data-state="`+string(c.state)+`"`); takesBack == (c.state == view.StateWaiting) {
				t.Errorf("takes back: %t", takesBack)
			}
			parts := append(bytes.Clone(start), rest...)
			if got, want := client(t, parts), app.HTML(viewIn(t, parts)); ordered(t, got) != ordered(t, []byte(want)) {
				t.Errorf("the client draws\n%s\non\n%s", want, got)
			}
			if c.state == view.StateWaiting {
				now.Progress.Instant = "wechat_pay"
				if whole := makeHTML(t, now, false); ordered(t, parts) != ordered(t, whole) {
					t.Errorf("in parts the page is\n%s\nwant\n%s", parts, whole)
				}
			}
		})
	}
}

// ordered writes a page with each element's attributes in order: they have none.
func ordered(t *testing.T, page []byte) string {
	t.Helper()
	root := parse(t, page)
	for n := range root.Descendants() {
		slices.SortFunc(n.Attr, func(a, b html.Attribute) int { return strings.Compare(a.Key, b.Key) })
	}
	var b strings.Builder
	if err := html.Render(&b, root); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// viewIn reads the view that a page carries.
func viewIn(t *testing.T, page []byte) view.Checkout {
	t.Helper()
	var v view.Checkout
	if err := json.Unmarshal([]byte(find(parse(t, page), "script", "id", "view").FirstChild.Data), &v); err != nil {
		t.Fatal(err)
	}
	v.Text = locale.Text(v.Locale)
	return v
}

// client returns the element of a page that its client takes over, once the page's
// script has taken back what came too early.
func client(t *testing.T, page []byte) []byte {
	t.Helper()
	root := parse(t, page)
	main, script := find(root, "main", "id", "checkout"), find(root, "script", "src", scripts.Frame)
	if state := value(script, "data-state"); state != "" {
		main.Attr = slices.DeleteFunc(main.Attr, func(a html.Attribute) bool { return a.Key == "data-state" || a.Key == "data-rail" })
		main.Attr = append(main.Attr, html.Attribute{Key: "data-state", Val: state})
	}
	var b bytes.Buffer
	if err := html.Render(&b, main); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
