package app

import (
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/capability"
	"morepay/internal/view"
)

// selectScreen lists the methods: what can be used first, the rest behind one
// disclosure.
func selectScreen(s screen) []goapp.UI {
	return append([]goapp.UI{s.title("select.title", "")}, s.choices()...)
}

// failedScreen is the list again, with the news that the last attempt came to
// nothing.
func failedScreen(s screen) []goapp.UI {
	return append([]goapp.UI{s.title("failed.title", ""), s.note("failed.help", "")}, s.choices()...)
}

func (s screen) choices() []goapp.UI {
	decision := decide(s.Checkout)
	rows := map[capability.Group][]goapp.UI{}
	offered := false
	for _, c := range decision.Choices {
		if row := s.row(c); row != nil {
			rows[c.Group] = append(rows[c.Group], row)
		}
		offered = offered || c.Offered()
	}
	var parts []goapp.UI
	if !offered {
		parts = append(parts, s.note("select.none", ""), s.note("select.none.help", ""), s.share())
	}
	if primary := rows[capability.GroupPrimary]; len(primary) > 0 {
		parts = append(parts, el("ul", attrs{"class", "methods"}, primary...))
	}
	if more := rows[capability.GroupMore]; len(more) > 0 {
		parts = append(parts, el("details", attrs{"class", "more"},
			el("summary", nil, text(s.say("select.more", ""))),
			el("ul", attrs{"class", "methods"}, more...),
		))
	}
	return parts
}

// decide runs the one decision at the server's time, so that the browser comes
// to the same result from the same view.
func decide(v view.Checkout) capability.Decision {
	return capability.Decide(v.Document, v.Order, v.Device, v.Live.ServerTime)
}

// row is one method: a button, or the reason why not. Methods that the payer
// need not hear of have no row.
func (s screen) row(c capability.Choice) goapp.UI {
	if !c.Shown() {
		return nil
	}
	if !c.Offered() {
		return s.closedRow(c)
	}
	first := c.Ladder[0]
	return el("li", attrs{"data-method", string(c.Method)},
		s.attempt(c.Method, first, "row",
			icon(c.Method),
			el("span", attrs{"class", "name"}, text(s.name(c.Method))),
			el("span", attrs{"class", "hint"}, text(s.say("rail."+string(first), c.Method))),
		),
		s.instead(c),
	)
}

// instead offers the next rail of the ladder.
func (s screen) instead(c capability.Choice) goapp.UI {
	if len(c.Ladder) < 2 {
		return nil
	}
	next := c.Ladder[1]
	return s.attempt(c.Method, next, "quiet", text(s.say("instead."+string(next), c.Method)))
}

func (s screen) closedRow(c capability.Choice) goapp.UI {
	codes := make([]string, len(c.Reasons))
	for i, r := range c.Reasons {
		codes[i] = string(r.Code)
	}
	return el("li", attrs{"data-method", string(c.Method), "data-reason", strings.Join(codes, " ")},
		el("div", attrs{"class", "row off"},
			icon(c.Method),
			el("span", attrs{"class", "name"}, text(s.name(c.Method))),
			el("span", attrs{"class", "hint"}, text(s.reason(c.Reasons[0], c))),
		),
	)
}

// homeZone is where the wallets are at home: a method that opens at midnight
// there opens on that day for everyone.
var homeZone = time.FixedZone("", 8*60*60)

func (s screen) reason(r capability.Reason, c capability.Choice) string {
	return s.say("reason."+string(r.Code), c.Method,
		"date", s.Text.Date(r.At.In(homeZone)),
		"limit", s.Text.Money(r.Limit),
		"host", s.Text.Or("host."+string(r.Host), s.say("host.other", "")),
		"version", r.Version,
	)
}
