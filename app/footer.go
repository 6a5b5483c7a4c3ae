package app

import (
	"net/url"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// switchable are the languages that every page offers: who can't read the one that
// was guessed most likely reads one of these.
var switchable = []struct{ tag, name string }{
	{"zh-CN", "中文"},
	{"en", "English"},
}

// footer offers the page in another language.
func (s *screen) footer() goapp.UI {
	var links []goapp.UI
	for _, l := range switchable {
		if l.tag != s.Locale {
			links = append(links, el("a", attrs{"href", s.inLanguage(l.tag), "lang", l.tag, "hreflang", l.tag}, text(l.name)))
		}
	}
	return el("footer", nil, links...)
}

// inLanguage returns the address of this page in another language.
func (s *screen) inLanguage(tag string) string {
	query := url.Values{"lang": {tag}}
	if s.Parent != "" {
		query.Set("parent", s.Parent)
	}
	return s.Path + "?" + query.Encode()
}
