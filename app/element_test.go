package app

import (
	"strings"
	"testing"
	"unicode/utf8"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
	"golang.org/x/net/html"
)

// FuzzAttr holds that an attribute's value survives the server's encoder and an
// HTML parser unchanged but for controls and outer space, and that nothing of it
// ends up outside the attribute.
func FuzzAttr(f *testing.F) {
	for _, seed := range []string{
		"", "true", "false", " true ", "a b", `"><script>alert(1)</script>`, `\u0022 onload=x`, `\`, "a\nb", "\x00", "\u0085", "\u3000x",
		"&quot;", "&amp;lt;", "支付", "👩\u200d👩", "'`", "\xff\xfe", "javascript:alert(1)", "\ufeff", "\U0010ffff", "true\\",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, v string) {
		page := goapp.HTMLString(el("p", attrs{"data-a", v, "data-b", "end"}, text("inside")))
		doc, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		body := doc.FirstChild.LastChild
		p := body.FirstChild
		if p == nil || p.Data != "p" || p.NextSibling != nil || p.FirstChild == nil || p.FirstChild.Data != "inside" {
			t.Fatalf("the element broke: %s", page)
		}
		got := map[string]string{}
		for _, a := range p.Attr {
			got[a.Key] = a.Val
		}
		want := map[string]string{"data-b": "end"}
		if clean := strings.TrimSpace(strings.Map(printable, strings.ToValidUTF8(v, "\ufffd"))); clean != "" {
			want["data-a"] = clean
		}
		// Every broken byte becomes one replacement character on its way through.
		if !utf8.ValidString(v) {
			delete(got, "data-a")
			delete(want, "data-a")
		}
		if len(got) != len(want) {
			t.Fatalf("attributes %q, want %q", got, want)
		}
		for k := range want {
			if got[k] != want[k] {
				t.Fatalf("%s is %q, want %q", k, got[k], want[k])
			}
		}
	})
}
