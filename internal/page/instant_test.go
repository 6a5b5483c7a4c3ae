package page_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"morepay/app"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// What was sent before the code is a part of the page with the code, and of the list
// without one but for what its script takes back.
func TestInstantStart(t *testing.T) {
	t.Parallel()
	r := ask(t, "", desktop)
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
			if c.state == view.StateWaiting {
				now.Progress.Instant = "wechat_pay"
				parts, whole := ordered(t, append(bytes.Clone(start), rest...)), ordered(t, makeHTML(t, now, false))
				if parts != whole {
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
