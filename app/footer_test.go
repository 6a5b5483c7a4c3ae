package app

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestEveryFormKeepsTheLanguage that the payer chose: it must not change back with
// the next tap.
func TestEveryFormKeepsTheLanguage(t *testing.T) {
	t.Parallel()
	for name, v := range testViews() {
		if strings.HasPrefix(name, "hostile") {
			continue
		}
		v.Lang = "zh-TW"
		walk(parse(t, HTML(v)), func(n *html.Node) {
			if n.Data == "form" && !hasField(n, "lang", "zh-TW") {
				t.Errorf("%s: a form loses the language", name)
			}
		})
	}
}

func hasField(form *html.Node, name, value string) bool {
	found := false
	walk(form, func(n *html.Node) {
		attributes := map[string]string{}
		for _, a := range n.Attr {
			attributes[a.Key] = a.Val
		}
		found = found || attributes["name"] == name && attributes["value"] == value
	})
	return found
}

// TestSwitch: each page offers the languages that it is not in, and stays framed.
func TestSwitch(t *testing.T) {
	t.Parallel()
	framed := testViews()["select-framed-error"]
	for tag, want := range map[string][]string{
		"en":    {"/pay/token?lang=zh-CN&parent=https%3A%2F%2Fshop.example"},
		"zh-CN": {"/pay/token?lang=en&parent=https%3A%2F%2Fshop.example"},
		"zh-TW": {"/pay/token?lang=zh-CN&parent=https%3A%2F%2Fshop.example", "/pay/token?lang=en&parent=https%3A%2F%2Fshop.example"},
	} {
		framed.Locale = tag
		var got []string
		walk(find(parse(t, HTML(framed)), "footer"), func(n *html.Node) {
			for _, a := range n.Attr {
				if a.Key == "href" {
					got = append(got, a.Val)
				}
			}
		})
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("in %s the switch leads to %v, want %v", tag, got, want)
		}
	}
}
