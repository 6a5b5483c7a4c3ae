package admin_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// locked is a log that can be read while it is written.
type locked struct {
	mu sync.Mutex
	b  *strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func read(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (a answer) parse(t *testing.T) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// elements lists those of some kinds below a node.
func elements(n *html.Node, kinds ...atom.Atom) (list []*html.Node) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && slices.Contains(kinds, d.DataAtom) {
			list = append(list, d)
		}
	}
	return list
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// form returns what a browser would send of the page's form with an action.
func (a answer) form(t *testing.T, action string) url.Values {
	t.Helper()
	for _, form := range elements(a.parse(t), atom.Form) {
		if attr(form, "action") != action {
			continue
		}
		values := url.Values{}
		for _, input := range elements(form, atom.Input) {
			values.Set(attr(input, "name"), attr(input, "value"))
		}
		return values
	}
	t.Fatalf("the page (%d) has no form to %s:\n%s", a.status, action, a.body)
	return nil
}

// check demands of a page what must hold of all: without scripts, usable by keyboard and
// by ear, and no form that could be forged.
func (a answer) check(t *testing.T, page, lang string) {
	t.Helper()
	doc := a.parse(t)
	if got := attr(elements(doc, atom.Html)[0], "lang"); got != lang {
		t.Errorf("%s is in %q, want %q", page, got, lang)
	}
	if n := len(elements(doc, atom.H1)); n != 1 || text(elements(doc, atom.Title)[0]) == "" || len(elements(doc, atom.Main)) != 1 {
		t.Errorf("%s has %d headings, or no title or main part", page, n)
	}
	if n := len(elements(doc, atom.Script, atom.Style, atom.Iframe)); n > 0 || strings.Contains(a.body, " style=") || strings.Contains(a.body, "ZgotmplZ") || strings.Contains(a.body, "<no value>") {
		t.Errorf("%s has what its policy forbids, or a hole:\n%s", page, a.body)
	}
	for _, form := range elements(doc, atom.Form) {
		if attr(form, "method") == "post" && !strings.Contains(text(form)+attrs(form), "csrf") {
			t.Errorf("%s: the form to %s has no token", page, attr(form, "action"))
		}
	}
	for _, control := range elements(doc, atom.Input, atom.Select, atom.Textarea) {
		if attr(control, "type") != "hidden" && !under(control, atom.Label) {
			t.Errorf("%s: %s has no label", page, attr(control, "name"))
		}
	}
	for _, table := range elements(doc, atom.Table) {
		for _, th := range elements(table, atom.Th) {
			if attr(th, "scope") == "" || text(th) == "" {
				t.Errorf("%s: a heading of a table is empty or has no scope", page)
			}
		}
		if region := table.Parent; attr(region, "tabindex") != "0" || attr(region, "role") != "region" || !labelled(doc, region) {
			t.Errorf("%s: a table can't be scrolled by keyboard, or has no name", page)
		}
	}
}

func attrs(form *html.Node) (all string) {
	for _, input := range elements(form, atom.Input) {
		all += " " + attr(input, "name")
	}
	return all
}

func under(n *html.Node, kind atom.Atom) bool {
	for p := range n.Ancestors() {
		if p.DataAtom == kind {
			return true
		}
	}
	return false
}

func labelled(doc, n *html.Node) bool {
	id := attr(n, "aria-labelledby")
	for d := range doc.Descendants() {
		if id != "" && attr(d, "id") == id {
			return text(d) != ""
		}
	}
	return false
}

// latin finds English words; names, ids and codes are none.
var latin = regexp.MustCompile(`\b(the|of|and|is|for|with|by|that|has|been)\b`)

// tour draws pages in both languages and checks each.
func (d *desk) tour(pages ...string) {
	d.t.Helper()
	for _, lang := range []string{"en", "zh-CN"} {
		d.send(http.MethodPost, "/admin/language", func() url.Values {
			form := d.get("/admin/").form(d.t, "/admin/language")
			form.Set("lang", lang)
			return form
		}())
		for _, page := range pages {
			a := d.get(page)
			if a.status != http.StatusOK {
				d.t.Errorf("%s in %s: %d\n%s", page, lang, a.status, a.body)
				continue
			}
			a.check(d.t, page, lang)
			if lang == "en" {
				continue
			}
			for _, n := range elements(a.parse(d.t), atom.H1, atom.H2, atom.Label, atom.Th, atom.Dt, atom.Button, atom.Title) {
				if found := latin.FindString(text(n)); found != "" {
					d.t.Errorf("%s in %s says %q", page, lang, text(n))
				}
			}
		}
	}
}

// said returns what is in the log.
func (d *desk) said() string {
	d.t.Helper()
	d.journal.mu.Lock()
	defer d.journal.mu.Unlock()
	return d.journal.b.String()
}
