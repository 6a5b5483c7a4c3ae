package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/view"
)

// The drawings of the final screens, in a 48×48 view box.
const (
	tickPath = "M24 4a20 20 0 1 0 0 40a20 20 0 0 0 0-40zm-3.4 29L11.8 24.2l3-3l5.8 5.8L33.4 14.2l3 3z"
	dashPath = "M24 4a20 20 0 1 0 0 40a20 20 0 0 0 0-40zM14 22h20v4H14z"
)

func paidScreen(s *screen) []goapp.UI     { return finalScreen(s, "paid", tickPath, "continue") }
func expiredScreen(s *screen) []goapp.UI  { return finalScreen(s, "expired", dashPath, "back") }
func canceledScreen(s *screen) []goapp.UI { return finalScreen(s, "canceled", dashPath, "back") }

// Problem renders the page of an address that leads to no session: a sentence in
// place of the checkout.
func Problem(sentence string) string {
	return goapp.HTMLString(el("main", attrs{"id", "checkout", "data-state", string(view.StateFailed)},
		seal(dashPath), el("h1", nil, text(sentence))))
}

func seal(drawing string) goapp.UI {
	return svg("svg.seal", attrs{"viewBox", "0 0 48 48", "aria-hidden", "true"}, svg("path", attrs{"d", drawing}))
}

func finalScreen(s *screen, kind, drawing, onward string) []goapp.UI {
	return []goapp.UI{
		seal(drawing),
		s.title(kind+".title", ""),
		s.note(kind+".help", ""),
		s.goOn(onward),
	}
}
