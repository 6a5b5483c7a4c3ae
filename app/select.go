package app

import (
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/capability"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// selectScreen lists the methods: what can be used first, the rest behind one
// disclosure.
func selectScreen(s *screen) []goapp.UI {
	list, offered := s.choices()
	if !offered {
		return append([]goapp.UI{s.title("select.none", ""), s.note("select.none.help", ""), s.share()}, list...)
	}
	return append([]goapp.UI{s.title("select.title", "")}, list...)
}

// failedScreen returns the list again, with the news that the last attempt came
// to nothing.
func failedScreen(s *screen) []goapp.UI {
	list, _ := s.choices()
	return append([]goapp.UI{s.title("failed.title", ""), s.note("failed.help", "")}, list...)
}

// choices draws what the decision has to show, and reports whether any of it can
// be used.
func (s *screen) choices() (list []goapp.UI, offered bool) {
	rows := map[capability.Group][]goapp.UI{}
	var hinted []goapp.UI
	var shared goapp.UI
	for _, c := range decide(&s.Checkout).Choices {
		if !c.Shown() {
			continue
		}
		rows[c.Group] = append(rows[c.Group], s.row(c))
		if !c.Offered() {
			continue
		}
		offered = true
		if c.Group == capability.GroupMore && len(hinted) < maxHinted {
			hinted = append(hinted, s.icon(c.Method))
		}
		if shared == nil {
			shared = s.shared(c)
		}
	}
	if primary := rows[capability.GroupPrimary]; len(primary) > 0 {
		list = append(list, el("ul", attrs{"role", "list"}, primary...))
	}
	if more := rows[capability.GroupMore]; len(more) > 0 {
		list = append(list, el("details", nil,
			el("summary", nil, el("span", nil, text(s.say("select.more", ""))), el("span.hinted", nil, hinted...)),
			el("ul", attrs{"role", "list"}, more...),
		))
	}
	return append(list, shared), offered
}

// maxHinted is the number of methods behind the disclosure that show their icon on it, so
// that a payer finds the own wallet without opening it.
const maxHinted = 3

// decide runs the one decision at the server's time, so that the browser comes
// to the same result from the same view.
func decide(v *view.Checkout) capability.Decision {
	return capability.Decide(v.Document, v.Order, v.Device, v.Progress.ServerTime)
}

// row returns one method: a button, or the reason why not.
func (s *screen) row(c capability.Choice) goapp.UI {
	if !c.Offered() {
		return s.closedRow(c)
	}
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

// shared offers a fallback that is the same for every method.
func (s *screen) shared(c capability.Choice) goapp.UI {
	for _, r := range c.Ladder[1:] {
		if rails[r].shared {
			return s.fallback(c.Method, r)
		}
	}
	return nil
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
