package app

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"morepay/internal/view"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compares every screen with its file, as parsed trees: the order of
// attributes and the indentation of go-app's encoder mean nothing.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name, v := range testViews() {
		t.Run(name, func(t *testing.T) {
			got := tree(t, HTML(v))
			file := filepath.Join("testdata", "golden", name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs (rewrite with -update); got\n%s", file, got)
			}
		})
	}
}

// TestMountedTreeIsRenderedTree holds that what go-app mounts in a browser is
// what the server wrote: the browser side adopts the server's nodes one by one.
func TestMountedTreeIsRenderedTree(t *testing.T) {
	t.Parallel()
	for name, v := range testViews() {
		t.Run(name, func(t *testing.T) {
			c := &Checkout{View: v}
			engine := goapp.NewTestEngine()
			if err := engine.Load(c); err != nil {
				t.Fatal(err)
			}
			engine.ConsumeAll()
			if mounted, rendered := tree(t, goapp.HTMLString(c)), tree(t, HTML(v)); mounted != rendered {
				t.Errorf("mounted\n%s\nrendered\n%s", mounted, rendered)
			}
		})
	}
}

// TestUpdatedTreeIsFreshTree goes from every screen to every other: what is left
// after go-app's update must be what a fresh page would show.
func TestUpdatedTreeIsFreshTree(t *testing.T) {
	t.Parallel()
	views := testViews()
	fresh := make(map[string]string, len(views))
	for name, v := range views {
		fresh[name] = tree(t, HTML(v))
	}
	for from, before := range views {
		t.Run(from, func(t *testing.T) {
			for to, after := range views {
				c := &Checkout{View: before}
				engine := goapp.NewTestEngine()
				if err := engine.Load(c); err != nil {
					t.Fatal(err)
				}
				if err := engine.Load(&Checkout{View: after}); err != nil {
					t.Fatal(err)
				}
				engine.ConsumeAll()
				if got := tree(t, goapp.HTMLString(c)); got != fresh[to] {
					t.Fatalf("from %s to %s: got\n%s\nwant\n%s", from, to, got, fresh[to])
				}
			}
		})
	}
}

// TestHostileView looks at what a browser would make of the worst view: no
// element, attribute or address that we did not put there.
func TestHostileView(t *testing.T) {
	t.Parallel()
	for name, v := range testViews() {
		if strings.HasPrefix(name, "hostile") {
			t.Run(name, func(t *testing.T) { checkHarmless(t, HTML(v)) })
		}
	}
}

func checkHarmless(t *testing.T, page string) {
	seen := 0
	walk(parse(t, page), func(n *html.Node) {
		seen++
		if n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Iframe {
			t.Errorf("a %s element came in", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.ContainsAny(a.Key, `"'<>\`+"`") {
				t.Errorf("<%s> has an attribute %s=%q", n.Data, a.Key, a.Val)
			}
			if to := strings.ToLower(strings.TrimSpace(a.Val)); strings.HasPrefix(to, "javascript:") {
				t.Errorf("<%s %s> leads to %q", n.Data, a.Key, a.Val)
			}
		}
	})
	if seen < 10 {
		t.Fatalf("only %d elements: the page broke off", seen)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ to, web, own string }{
		"page":             {"https://shop.example/a?b=c#d", "https://shop.example/a?b=c#d", ""},
		"loopback":         {"http://127.0.0.1:8080/demo/", "http://127.0.0.1:8080/demo/", ""},
		"own-path":         {"/pay/token/page.png", "", "/pay/token/page.png"},
		"script":           {"javascript:alert(1)", "", ""},
		"script-in-caps":   {"JavaScript:alert(1)", "", ""},
		"data":             {"data:text/html,<script>", "", ""},
		"app":              {"weixin://dl/business", "", ""},
		"other-host":       {"//evil.example/x", "", ""},
		"backslash-host":   {"/\\evil.example", "", ""},
		"space-before":     {" https://shop.example", "", ""},
		"scheme-in-a-line": {"java\nscript:alert(1)", "", ""},
		"nothing":          {"", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := webLink(tt.to); got != tt.web {
				t.Errorf("webLink(%q) = %q, want %q", tt.to, got, tt.web)
			}
			if got := ownPath(tt.to); got != tt.own {
				t.Errorf("ownPath(%q) = %q, want %q", tt.to, got, tt.own)
			}
		})
	}
}

// TestStructure holds what every screen owes to those who can't see or aim well.
func TestStructure(t *testing.T) {
	t.Parallel()
	for name, v := range testViews() {
		t.Run(name, func(t *testing.T) {
			count := map[string]int{}
			ids := map[string]bool{}
			walk(parse(t, HTML(v)), func(n *html.Node) {
				count[n.Data]++
				for _, a := range n.Attr {
					if a.Key == "id" && ids[a.Val] {
						t.Errorf("id %q twice", a.Val)
					}
					if a.Key == "id" {
						ids[a.Val] = true
					}
					if a.Key == "role" && a.Val == "status" {
						count["status"]++
					}
				}
				if (n.Data == "button" || n.Data == "a" || n.Data == "h1") && strings.TrimSpace(textOf(n)) == "" {
					t.Errorf("<%s> has no text", n.Data)
				}
				if n.Data == "form" && find(n, "button") == nil {
					t.Error("a form without a button")
				}
			})
			checkStatus(t, v)
			if count["h1"] != 1 || count["main"] != 1 || count["status"] != 1 {
				t.Errorf("%d h1, %d main, %d status; want one each", count["h1"], count["main"], count["status"])
			}
		})
	}
}

// checkStatus holds that the line that is read out is where it was on any other screen,
// and that it tells each end.
func checkStatus(t *testing.T, v view.Checkout) {
	page := parse(t, HTML(v))
	var line *html.Node
	walk(page, func(n *html.Node) {
		if slices.Contains(n.Attr, html.Attribute{Key: "class", Val: "body"}) {
			line = n.FirstChild
		}
	})
	for line.Type != html.ElementNode {
		line = line.NextSibling
	}
	if !slices.Contains(line.Attr, html.Attribute{Key: "role", Val: "status"}) {
		t.Errorf("the body begins with <%s>, want the status", line.Data)
	}
	if final(v.Progress.State) && strings.TrimSpace(textOf(line)) != strings.TrimSpace(textOf(find(page, "h1"))) {
		t.Errorf("the end is told as %q", textOf(line))
	}
}

// TestNoSentenceIsMissing finds keys and placeholders that reached the page.
func TestNoSentenceIsMissing(t *testing.T) {
	t.Parallel()
	for name, v := range testViews() {
		if strings.HasPrefix(name, "hostile") {
			continue // it has braces of its own
		}
		for key := range v.Text {
			if strings.Contains(key, ".") && strings.Contains(textOf(parse(t, HTML(v))), key) {
				t.Errorf("%s shows the key %s", name, key)
			}
		}
		if strings.ContainsAny(textOf(parse(t, HTML(v))), "{}") {
			t.Errorf("%s shows a placeholder", name)
		}
	}
}

// BenchmarkHTML draws the list with six methods, the page that most payers get.
func BenchmarkHTML(b *testing.B) {
	v := testView("zh-CN", phoneAgent, view.Progress{State: view.StateSelect})
	methods := v.Document.Methods
	v.Document.Methods = append(slices.Clone(methods), methods[0], methods[1])
	b.ReportAllocs()
	for b.Loop() {
		HTML(v)
	}
}

// BenchmarkHTMLWithQR draws the page with a code of 37 modules.
func BenchmarkHTMLWithQR(b *testing.B) {
	v := testViews()["qr"]
	v.Progress.Payment.QR = &view.QR{Size: 37, Path: strings.Repeat("M12 12h3v1h-3z", 250)}
	b.ReportAllocs()
	for b.Loop() {
		HTML(v)
	}
}

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(page), body)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		body.AppendChild(n)
	}
	return body
}

func walk(n *html.Node, visit func(element *html.Node)) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode {
			visit(d)
		}
	}
}

func find(n *html.Node, tag string) *html.Node {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == tag {
			return d
		}
	}
	return nil
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// tree writes a page as one line an element, attribute or text, in a fixed order.
func tree(t *testing.T, page string) string {
	var b strings.Builder
	var write func(n *html.Node, indent string)
	write = func(n *html.Node, indent string) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch c.Type {
			case html.TextNode:
				if s := strings.TrimSpace(c.Data); s != "" {
					b.WriteString(indent + "\"" + s + "\"\n")
				}
			case html.ElementNode:
				b.WriteString(indent + "<" + c.Data + ">\n")
				slices.SortFunc(c.Attr, func(x, y html.Attribute) int { return strings.Compare(x.Key, y.Key) })
				for _, a := range c.Attr {
					b.WriteString(indent + "  " + a.Key + "=" + a.Val + "\n")
				}
				write(c, indent+"  ")
			}
		}
	}
	write(parse(t, page), "")
	return b.String()
}
