package app

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// attrs is a list of attribute names and values: name, value, name, value.
// Names are constants of this package. Values are closed vocabularies, ids and
// addresses; free text belongs into text nodes. An empty value drops the
// attribute.
type attrs []string

// el is, with svg, the only way in which this package makes elements: no
// attribute gets around attr. name is the tag, with its classes after a dot.
// Children that are nil are left out.
//
// All elements are of one of go-app's types, also those without an end tag: each
// type has a method an attribute, and costs the bundle 6 KB. See [HTML].
func el(name string, a attrs, children ...goapp.UI) goapp.UI {
	return element(name, "", a, children)
}

// svg returns an element of a picture.
func svg(name string, a attrs, children ...goapp.UI) goapp.UI {
	return element(name, "http://www.w3.org/2000/svg", a, children)
}

func element(name, namespace string, a attrs, children []goapp.UI) goapp.UI {
	tag, class, _ := strings.Cut(name, ".")
	e := goapp.Elem(tag).XMLNS(namespace)
	if class != "" {
		e.Attr("class", attr(class))
	}
	for i := 0; i+1 < len(a); i += 2 {
		e.Attr(a[i], attr(a[i+1]))
	}
	return e.Body(children...)
}

// text returns a text node, nil for "": the server's encoder leaves empty ones
// out, and the browser's tree must have the same nodes.
func text(s string) goapp.UI {
	if s == "" {
		return nil
	}
	return goapp.Text(s)
}

// attr makes a value fit for an attribute. Controls and outer space go. On the
// server all but plain characters become character references, for go-app
// writes attributes with Go's quoting there, which is none in HTML: a quote in
// the value would end the attribute, a backslash would be doubled, and a value
// of "true" would be left out. In the browser values go to setAttribute as they
// are.
func attr(v string) string {
	if plain(v) {
		return v
	}
	v = strings.TrimSpace(strings.Map(printable, v))
	if goapp.IsClient {
		return v
	}
	var b strings.Builder
	for i, r := range v {
		if r < utf8.RuneSelf && safe[r] && !(i == 0 && v == "true") {
			b.WriteByte(byte(r))
			continue
		}
		b.WriteString("&#")
		b.WriteString(strconv.Itoa(int(r)))
		b.WriteByte(';')
	}
	return b.String()
}

// plain reports whether a value needs no escaping anywhere, as most do.
func plain(v string) bool {
	for i := 0; i < len(v); i++ {
		if v[i] >= utf8.RuneSelf || !safe[v[i]] {
			return false
		}
	}
	return v != "true" && strings.TrimSpace(v) == v
}

// safe are the ASCII characters that mean nothing to an HTML parser within
// double quotes, nor to Go's quoting.
var safe = func() (table [utf8.RuneSelf]bool) {
	for c := ' '; c <= '~'; c++ {
		table[c] = !strings.ContainsRune("\"\\&<>'`", c)
	}
	return table
}()

// printable drops what no attribute of ours needs and what HTML parsers change.
func printable(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}
