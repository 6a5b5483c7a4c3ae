package app

import (
	"net/url"
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// switchable are the languages that every page offers: who can't read the one that
// was guessed most likely reads one of these.
var switchable = []struct{ tag, name string }{
	{"zh-CN", "中文"},
	{"en", "English"},
}

// footer says what the order is called and who runs the page, and has the quiet
// ways out: to the merchant and into another language.
func (s *screen) footer() goapp.UI {
	links := []goapp.UI{s.back(), s.help()}
	for _, l := range switchable {
		if l.tag != s.Locale {
			links = append(links, el("a", attrs{"href", s.inLanguage("", l.tag), "lang", l.tag, "hreflang", l.tag}, text(l.name)))
		}
	}
	return el("footer.foot", nil,
		s.fact("order", s.Reference),
		el("p", nil, draw("i", "lock"), text(s.say("operator", "", "operator", s.operator()))),
		el("p", nil, links...),
	)
}

// fact writes a name and its value, or nothing if there is none.
func (s *screen) fact(key, value string) goapp.UI {
	if value == "" {
		return nil
	}
	return el("p", nil, text(s.say(key, "")+" "), el("bdi", nil, text(value)))
}

// operator is who runs the checkout: by default the host that the payer sees in
// the address bar.
func (s *screen) operator() string {
	if s.Document.Operator != "" {
		return s.Document.Operator
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s.ShareURL, "https://"), "http://"), "/")
	return host
}

// back is the quiet way to the merchant from a screen that is not final. In a
// frame the merchant's page stands around ours already.
func (s *screen) back() goapp.UI {
	to := webLink(s.Progress.ContinueURL)
	if to == "" || s.Parent != "" || final(s.Progress.State) {
		return nil
	}
	return el("a", attrs{"href", to}, text(s.say("back", "")))
}

// help is the merchant's contact, out of our frame.
func (s *screen) help() goapp.UI {
	to := contactLink(s.Document.Help)
	if to == "" {
		return nil
	}
	return el("a", attrs{"href", to, "target", "_blank", "rel", "noopener"}, text(s.say("help", "")))
}

// inLanguage returns the address of this page, or of one below it, in another language.
func (s *screen) inLanguage(below, tag string) string {
	address := s.Path + below + "?lang=" + tag
	if s.Parent != "" {
		address += "&parent=" + url.QueryEscape(s.Parent)
	}
	if s.Words != "" {
		address += "&" + s.Words
	}
	return address
}
