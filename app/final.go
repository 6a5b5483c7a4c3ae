package app

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/view"
)

// The drawings of seals, in a 64×64 view box: a disc with a sign on it.
const (
	tickPath = "M20 33l8 8 17-18"
	dashPath = "M21 32h22"
	markPath = "M32 18v18M32 45v1"
)

// paidScreen says each fact once: the amount stands at the head.
func paidScreen(s *screen) []goapp.UI {
	return []goapp.UI{seal(" good", tickPath), s.title("paid.title", ""), s.voice(true, "note"), s.facts(), s.goOn("continue"), s.onward()}
}

// onward says that the page goes on to the merchant by itself. A touch or a key ends
// that, and without scripts a link to the page as others see it.
func (s *screen) onward() goapp.UI {
	if !s.Progress.Onward {
		return nil
	}
	return el("p.note onward", nil,
		text(s.say("continue.soon", "")),
		el("a.quiet", attrs{"href", s.inLanguage("", s.Locale)}, text(s.say("continue.stay", ""))),
	)
}

func expiredScreen(s *screen) []goapp.UI {
	return finalScreen(s, "expired", seal("", dashPath), "expired.renew")
}

func canceledScreen(s *screen) []goapp.UI {
	return finalScreen(s, "canceled", seal("", dashPath), "continue")
}

// facts are what a payer may be asked for later. The order stands at the foot.
func (s *screen) facts() goapp.UI {
	r := s.Progress.Receipt
	if r == nil {
		return nil
	}
	at := r.PaidAt.In(homeZone)
	var in goapp.UI
	if r.Instalments != 0 {
		in = s.item("instalments", strconv.Itoa(r.Instalments))
	}
	return el("dl.facts", nil,
		s.item("paid.method", s.name(r.Method)),
		in,
		s.item("paid.time", s.Text.Date(at)+" "+s.Text.Clock(at)),
	)
}

func (s *screen) item(key, value string) goapp.UI {
	return el("div", nil, el("dt", nil, text(s.say(key, ""))), el("dd", nil, el("bdi", nil, text(value))))
}

// Problem renders the page of an address that leads to no session: a sentence in
// place of the checkout, and a way to ask again unless again is "".
func Problem(sentence, again string) string {
	var retry goapp.UI
	if again != "" {
		retry = el("form", nil, submit("side", text(again)))
	}
	return goapp.HTMLString(el("main.cashier alone", attrs{"id", "checkout", "data-state", string(view.StateFailed)},
		card("stage", seal("", markPath), el("h1.title", nil, text(sentence)), retry)))
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
		s.voice(true, "note"),
		s.goOn(onward),
	}
}
