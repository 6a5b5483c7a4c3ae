package app

import (
	"net/url"
	"slices"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/pay"
	"morepay/internal/view"
)

// Handoff is what a payer's browser posts to a provider to pay there.
type Handoff struct {
	Method pay.Method
	Action string     // the provider's address
	Fields url.Values // each name has one value
}

// HandoffForm is the id of the form on the page of [HandoffHTML], for the script that
// posts it.
const HandoffForm = "onward"

// HandoffHTML renders the page that posts a payer's browser to a provider. Without a
// script the payer presses its button, and who comes back can choose another way.
func HandoffHTML(v view.Checkout, h Handoff) string {
	s := (&Checkout{View: v}).screen()
	var parts []goapp.UI
	for _, name := range sortedNames(h.Fields) {
		parts = append(parts, field(name, h.Fields.Get(name)))
	}
	parts = append(parts, submit("main", text(s.say("pay", h.Method))))
	return flat(noEndTags(goapp.HTMLString(el("main."+s.layout(), attrs{
		"lang", s.Locale, "dir", s.Text.Or("locale.direction", "ltr"), "translate", "no",
	},
		s.ribbon(),
		s.summary(),
		el("div.body", nil, card("stage",
			s.title("submitting.title", h.Method),
			s.note("rail.redirect", h.Method),
			el("form.acts", attrs{"id", HandoffForm, "method", "post", "action", webLink(h.Action)}, parts...),
			s.choose("quiet", "choose"),
		)),
		s.footer(),
	))))
}

func sortedNames(fields url.Values) []string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
