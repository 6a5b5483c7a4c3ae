package app

import (
	"slices"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/capability"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// Pane is the start tag of what stands beside the tabs. All that is before it is the
// same whether the pane has a code or not.
const Pane = `<section class="pane">`

// tabbed reports whether the methods stand as tabs beside what is on show: on a
// desktop with a code, where another method is one click away, and on a page that
// was to come with one. The shop's page may want them always, or never.
func (s *screen) tabbed() bool {
	if !s.onDesktop() || final(s.Progress.State) || s.Layout == "list" {
		return false
	}
	if listed(s.Progress.State) {
		return s.Progress.Instant != "" || s.Layout == "tabs" && s.Open == ""
	}
	p := s.Progress.Payment
	return p != nil && p.QR != nil && p.AttemptID != ""
}

// current is the method of the marked tab.
func (s *screen) current() pay.Method {
	if s.Progress.Payment != nil {
		return s.Progress.Payment.Method
	}
	return s.Progress.Instant
}

// split puts the tabs beside a pane.
func (s *screen) split(pane []goapp.UI) goapp.UI {
	return el("div.split", nil, s.tabs(), el("section.pane", nil, pane...))
}

// tabs is the list of methods once more; the current one is marked. Each is a form
// like a row of the list.
func (s *screen) tabs() goapp.UI {
	d := decide(&s.Checkout)
	parts := []goapp.UI{el("ul", attrs{"role", "list"}, s.tabRows(d.Of(capability.GroupPrimary))...)}
	if more := d.Of(capability.GroupMore); len(more) > 0 {
		a := attrs{}
		if hasMethod(more, s.current()) {
			a = attrs{"open", "true"}
		}
		parts = append(parts, el("details", a,
			el("summary.row", nil, s.cells(draw("icon", "more"), s.say("select.more", ""), s.names(more))),
			el("ul", attrs{"role", "list"}, s.tabRows(more)...),
		))
	}
	if !listed(s.Progress.State) && slices.ContainsFunc(d.Choices, func(c capability.Choice) bool { return len(c.Instalments) > 0 }) {
		parts = append(parts, s.choose("quiet", "instalments")) // the list has them
	}
	return el("nav.rail", attrs{"aria-label", s.say("select.title", "")}, parts...)
}

func (s *screen) tabRows(choices []capability.Choice) []goapp.UI {
	rows := make([]goapp.UI, len(choices))
	for i, c := range choices {
		rows[i] = el("li", attrs{"data-method", string(c.Method), "aria-current", yes(s.current() == c.Method)},
			s.first(c, "row", s.cells(s.icon(c.Method), s.name(c.Method), s.lastUsed(c.Method))))
	}
	return rows
}

// late offers the method whose code did not come with the page once more. Who was
// refused chooses another.
func (s *screen) late() goapp.UI {
	if s.Progress.State != view.StateSelect || s.Progress.Instant == "" {
		return nil
	}
	return s.attempt(s.Progress.Instant, pay.RailQR, "main", text(s.say("pay", s.Progress.Instant)))
}

func hasMethod(choices []capability.Choice, m pay.Method) bool {
	for i := range choices {
		if choices[i].Method == m {
			return true
		}
	}
	return false
}
