package app

import (
	"slices"
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/capability"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// selectScreen lists the methods, or says why there is none to choose.
func selectScreen(s *screen) []goapp.UI {
	d := decide(&s.Checkout)
	if !slices.ContainsFunc(d.Choices, capability.Choice.Offered) {
		return s.none(d)
	}
	return append([]goapp.UI{s.title("select.title", "")}, s.choices(d)...)
}

// failedScreen returns the list again, with the news that the last attempt came
// to nothing.
func failedScreen(s *screen) []goapp.UI {
	return append([]goapp.UI{s.title("failed.title", ""), s.note("failed.help", "")}, s.choices(decide(&s.Checkout))...)
}

// choices draws what a decision has to show, group by group.
func (s *screen) choices(d capability.Decision) []goapp.UI {
	return []goapp.UI{
		s.primary(d.Of(capability.GroupPrimary)),
		s.more(d.Of(capability.GroupMore)),
		s.elsewhere(d),
		s.unavailable(d.Of(capability.GroupUnavailable)),
	}
}

func (s *screen) primary(choices []capability.Choice) goapp.UI {
	if len(choices) == 0 {
		return nil
	}
	return s.rows(choices)
}

// more folds methods away, behind a line that shows a few of their icons.
func (s *screen) more(choices []capability.Choice) goapp.UI {
	if len(choices) == 0 {
		return nil
	}
	var hinted []goapp.UI
	for _, c := range choices[:min(len(choices), maxHinted)] {
		hinted = append(hinted, s.icon(c.Method))
	}
	return el("details", nil,
		el("summary", nil, el("span", nil, text(s.say("select.more", ""))), el("span.hinted", nil, hinted...)),
		s.rows(choices),
	)
}

func (s *screen) rows(choices []capability.Choice) goapp.UI {
	rows := make([]goapp.UI, len(choices))
	for i, c := range choices {
		rows[i] = s.row(c)
	}
	return el("ul", attrs{"role", "list"}, rows...)
}

// elsewhere leads to another device: a row that names the methods which work only
// there, or else a quiet way out that is the same for every method.
func (s *screen) elsewhere(d capability.Decision) goapp.UI {
	only := d.Of(capability.GroupElsewhere)
	if len(only) == 0 {
		return s.shared(d)
	}
	ids, names := make([]string, len(only)), make([]string, len(only))
	for i, c := range only {
		ids[i], names[i] = string(c.Method), s.name(c.Method)
	}
	return el("div", attrs{"data-method", strings.Join(ids, " ")},
		s.attempt(only[0].Method, pay.RailPageQR, "row",
			draw(""),
			el("span.name", nil, text(s.say("instead."+string(pay.RailPageQR), ""))),
			el("span.hint", nil, text(strings.Join(names, s.say("list.separator", "")))),
		),
	)
}

// shared offers the first fallback that is the same for every method.
func (s *screen) shared(d capability.Decision) goapp.UI {
	for _, c := range d.Choices {
		for _, r := range c.Ladder {
			if rails[r].shared && r != c.Ladder[0] {
				return s.fallback(c.Method, r)
			}
		}
	}
	return nil
}

// unavailable lists what can't be used, with the reasons. What the whole page can
// do about them is said once, below.
func (s *screen) unavailable(choices []capability.Choice) goapp.UI {
	if len(choices) == 0 {
		return nil
	}
	rows := make([]goapp.UI, len(choices))
	for i, c := range choices {
		rows[i] = s.closedRow(c)
	}
	parts := []goapp.UI{
		el("h2.cap", attrs{"id", "unavailable"}, text(s.say("select.unavailable", ""))),
		el("ul", attrs{"role", "list", "aria-labelledby", "unavailable"}, rows...),
	}
	if anyOf(choices, capability.ReasonBlockedInContainer) {
		parts = append(parts, el("p.note", nil, text(s.say("select.browser", ""))), s.share())
	}
	if anyOf(choices, capability.ReasonProviderUnavailable) {
		parts = append(parts, s.again())
	}
	return el("section.unavailable", nil, parts...)
}

// anyOf reports whether a reason keeps one of the methods from being used.
func anyOf(choices []capability.Choice, code capability.ReasonCode) bool {
	return slices.ContainsFunc(choices, func(c capability.Choice) bool {
		return slices.ContainsFunc(c.Reasons, func(r capability.Reason) bool { return r.Code == code })
	})
}

// maxHinted is the number of methods behind the disclosure that show their icon on it, so
// that a payer finds the own wallet without opening it.
const maxHinted = 3

// decide runs the one decision at the server's time, so that the browser comes
// to the same result from the same view.
func decide(v *view.Checkout) capability.Decision {
	return capability.Decide(v.Document, v.Order, v.Device, v.Progress.ServerTime)
}

// row returns one method that can be chosen.
func (s *screen) row(c capability.Choice) goapp.UI {
	first := c.Ladder[0]
	return el("li", attrs{"data-method", string(c.Method)},
		s.attempt(c.Method, first, "row",
			s.icon(c.Method),
			el("span.name", nil, text(s.name(c.Method))),
			el("span.hint", nil, text(s.say("rail."+string(first), c.Method))),
		),
		s.instead(c),
	)
}

// instead offers the next rail of the ladder, if it is this method's own.
func (s *screen) instead(c capability.Choice) goapp.UI {
	if len(c.Ladder) < 2 || rails[c.Ladder[1]].shared {
		return nil
	}
	return s.fallback(c.Method, c.Ladder[1])
}

func (s *screen) fallback(m pay.Method, r pay.Rail) goapp.UI {
	return s.attempt(m, r, "quiet", text(s.say("instead."+string(r), m)))
}

func (s *screen) closedRow(c capability.Choice) goapp.UI {
	codes := make([]string, len(c.Reasons))
	for i, r := range c.Reasons {
		codes[i] = string(r.Code)
	}
	return el("li", attrs{"data-method", string(c.Method), "data-reason", strings.Join(codes, " ")},
		el("div.row off", nil,
			s.icon(c.Method),
			el("span.name", nil, text(s.name(c.Method))),
			el("span.hint", nil, text(s.reason(c.Reasons[0], c))),
		),
	)
}

// homeZone is the wallets' time zone: a method that opens at midnight
// there opens on that day for everyone.
var homeZone = time.FixedZone("", 8*60*60)

func (s *screen) reason(r capability.Reason, c capability.Choice) string {
	return s.say("reason."+string(r.Code), c.Method,
		"date", s.Text.Date(r.At.In(homeZone)),
		"limit", s.Text.Money(r.Limit),
		"host", s.Text.Or("host."+string(r.Host), s.say("host.other", "")),
		"version", r.Version,
	)
}
