package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/view"
)

// The drawings of seals, in a 64×64 view box: a disc with a sign on it.
const (
	tickPath = "M20 33l8 8 17-18"
	dashPath = "M21 32h22"
	markPath = "M32 18v18M32 45v1"
)

func paidScreen(s *screen) []goapp.UI {
	return finalScreen(s, "paid", seal(" good", tickPath), "continue")
}
func expiredScreen(s *screen) []goapp.UI {
	return finalScreen(s, "expired", seal("", dashPath), "back")
}
func canceledScreen(s *screen) []goapp.UI {
	return finalScreen(s, "canceled", seal("", dashPath), "back")
}

// Problem renders the page of an address that leads to no session: a sentence in
// place of the checkout.
func Problem(sentence string) string {
	return goapp.HTMLString(el("main.cashier", attrs{"id", "checkout", "data-state", string(view.StateFailed)},
		card("stage", seal("", markPath), el("h1.title", nil, text(sentence)))))
}

func seal(class, drawing string) goapp.UI {
	return svg("svg.seal"+class, attrs{"viewBox", "0 0 64 64", "aria-hidden", "true"},
		svg("circle", attrs{"cx", "32", "cy", "32", "r", "32"}), svg("path", attrs{"d", drawing}))
}

func finalScreen(s *screen, kind string, seal goapp.UI, onward string) []goapp.UI {
	return []goapp.UI{
		seal,
		s.title(kind+".title", ""),
		s.note(kind+".help", ""),
		s.goOn(onward),
	}
}
