package app

import (
	"slices"
	"strconv"
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
	if c, _ := d.Choice(s.Open); c.Offered() {
		return s.panel(c)
	}
	return s.choices(d, s.title("select.title", ""))
}

// failedScreen returns the list again, with the news that the last attempt came
// to nothing.
func failedScreen(s *screen) []goapp.UI {
	d := decide(&s.Checkout)
	failedLast(d.Choices, s.Progress.Failed)
	said := el("section.notice", nil, s.title("failed.title", ""), s.note("failed.help", ""))
	if s.tabbed() {
		return s.choices(d, said)
	}
	return append([]goapp.UI{said}, s.choices(d, nil)...)
}

// failedLast moves the method that failed behind the others of its group.
func failedLast(choices []capability.Choice, failed pay.Method) {
	for i := 1; i < len(choices); i++ {
		if choices[i-1].Method == failed && choices[i-1].Group == choices[i].Group {
			choices[i-1], choices[i] = choices[i], choices[i-1]
		}
	}
}

// choices draws what a decision has to show: what can be used in one card, what
// can't in another. Where the tabs are the list, the rest stands beside them.
func (s *screen) choices(d capability.Decision, title goapp.UI) []goapp.UI {
	if s.tabbed() {
		return []goapp.UI{s.split([]goapp.UI{title, s.late(), s.shared(d), s.away(d)})}
	}
	list := s.list(d)
	return []goapp.UI{
		card("methods", append([]goapp.UI{title}, list...)...),
		s.shared(d),
		s.away(d),
	}
}

// list draws what can be used. A single method needs no list: its button says all.
func (s *screen) list(d capability.Decision) []goapp.UI {
	primary, elsewhere := d.Of(capability.GroupPrimary), d.Of(capability.GroupElsewhere)
	if len(primary) == 1 && len(elsewhere) == 0 && len(d.Of(capability.GroupMore)) == 0 {
		return []goapp.UI{s.single(primary[0])}
	}
	rows := make([]goapp.UI, 0, len(primary)+1)
	for _, c := range primary {
		rows = append(rows, s.row(c))
	}
	if len(elsewhere) > 0 {
		rows = append(rows, s.elsewhere(elsewhere))
	}
	return []goapp.UI{el("ul", attrs{"role", "list"}, rows...), s.more(d.Of(capability.GroupMore))}
}

func (s *screen) single(c capability.Choice) goapp.UI {
	return el("div.pad", attrs{"data-method", string(c.Method)},
		s.cells(s.icon(c.Method), s.name(c.Method), s.hint(c.Method, c.Ladder[0])),
		s.first(c, "main", text(s.say("pay", c.Method))),
		s.instead(c),
	)
}

// panel shows one method alone, as it was chosen on the shop's page.
func (s *screen) panel(c capability.Choice) []goapp.UI {
	title := el("h1.title sr", attrs{"id", "title", "tabindex", "-1"}, text(s.say("select.title", "")))
	return []goapp.UI{card("methods", title, s.single(c)), el("div.links", nil, s.choose("quiet", "choose"))}
}

// more folds methods away, behind a row that names them: nobody has to open it to
// find the own wallet.
func (s *screen) more(choices []capability.Choice) goapp.UI {
	if len(choices) == 0 {
		return nil
	}
	rows := make([]goapp.UI, len(choices))
	for i, c := range choices {
		rows[i] = s.row(c)
	}
	a := attrs{}
	if hasMethod(choices, s.left) {
		a = attrs{"open", "true"} // the payer comes from there
	}
	return el("details", a,
		el("summary.row", nil, s.cells(draw("icon", "more"), s.say("select.more", ""), s.names(choices))),
		el("ul", attrs{"role", "list"}, rows...),
	)
}

// names lists the methods of choices, the first few of them.
func (s *screen) names(choices []capability.Choice) string {
	names := make([]string, 0, maxNamed)
	for _, c := range choices[:min(len(choices), maxNamed)] {
		names = append(names, s.name(c.Method))
	}
	list := strings.Join(names, s.say("list.separator", ""))
	if rest := len(choices) - len(names); rest > 0 {
		list += " +" + strconv.Itoa(rest)
	}
	return list
}

// maxNamed is the number of methods that a row for several names.
const maxNamed = 3

// elsewhere is the one row for methods that work only on another device.
func (s *screen) elsewhere(choices []capability.Choice) goapp.UI {
	ids := make([]string, len(choices))
	for i, c := range choices {
		ids[i] = string(c.Method)
	}
	return el("li", attrs{"data-method", strings.Join(ids, " ")},
		s.attempt(choices[0].Method, pay.RailPageQR, "row",
			s.cells(draw("icon", "scan"), s.say("instead."+string(pay.RailPageQR), ""), s.names(choices))),
	)
}

// shared offers what is the same for every method: another device, and a friend.
func (s *screen) shared(d capability.Decision) goapp.UI {
	device, friend := s.device(d), s.askFriend()
	if device == nil && friend == nil {
		return nil
	}
	return el("div.links", nil, device, friend)
}

// device offers another device, unless a row does, or there is no page yet that could
// be opened there.
func (s *screen) device(d capability.Decision) goapp.UI {
	if len(d.Of(capability.GroupElsewhere)) > 0 || s.ShareURL == "" {
		return nil
	}
	for _, c := range d.Choices {
		if c.Barred() || slices.Index(c.Ladder, pay.RailPageQR) > 0 {
			return s.attempt(c.Method, pay.RailPageQR, "quiet", draw("i", "scan"), text(s.say("instead.page_qr", c.Method)))
		}
	}
	return nil
}

// away draws what can't be used, and what can be done about that.
func (s *screen) away(d capability.Decision) goapp.UI {
	closed := d.Of(capability.GroupUnavailable)
	return s.unavailable(closed, s.tips(closed))
}

// unavailable lists what can't be used, with the reasons, above tips.
func (s *screen) unavailable(choices []capability.Choice, tips []goapp.UI) goapp.UI {
	if len(choices) == 0 {
		return nil
	}
	rows := make([]goapp.UI, len(choices))
	for i, c := range choices {
		rows[i] = s.closedRow(c)
	}
	return card("unavailable", append([]goapp.UI{
		el("h2.cap", attrs{"id", "unavailable"}, text(s.say("select.unavailable", ""))),
		el("ul", attrs{"role", "list", "aria-labelledby", "unavailable"}, rows...),
	}, tips...)...)
}

// tips say what can be done about what can't be used, each once.
func (s *screen) tips(choices []capability.Choice) (tips []goapp.UI) {
	if s.ShareURL != "" && slices.ContainsFunc(choices, capability.Choice.Barred) {
		tips = append(tips, el("div.tip", nil, el("p", nil, text(s.say(s.wayOut(), ""))), s.copyButton("side", "link")), s.link("link"))
	}
	if anyOf(choices, capability.ReasonProviderUnavailable) {
		tips = append(tips, el("div.tip", nil, el("p", nil, text(s.say("select.retry", ""))), s.again()))
	}
	return tips
}

// anyOf reports whether a reason keeps one of the methods from being used.
func anyOf(choices []capability.Choice, code capability.ReasonCode) bool {
	return slices.ContainsFunc(choices, func(c capability.Choice) bool {
		return slices.ContainsFunc(c.Reasons, func(r capability.Reason) bool { return r.Code == code })
	})
}

// decide runs the one decision at the server's time, so that the browser comes
// to the same result from the same view.
func decide(v *view.Checkout) capability.Decision {
	return capability.Decide(v.Document, v.Order, v.Device, v.Progress.ServerTime)
}

// row returns one method that can be chosen.
func (s *screen) row(c capability.Choice) goapp.UI {
	return el("li", attrs{"data-method", string(c.Method)},
		s.first(c, "row", s.cells(s.icon(c.Method), s.name(c.Method), s.hint(c.Method, c.Ladder[0]))),
		s.instead(c),
	)
}

func (s *screen) hint(m pay.Method, r pay.Rail) string {
	if s.tapped(attemptKey(m, r)) != "" {
		return s.say("submitting.title", m)
	}
	said := s.say("rail."+string(r), m)
	if last := s.lastUsed(m); last != "" {
		return last + " · " + said
	}
	return said
}

// lastUsed marks the method that the payer used last, as the shop's page knows.
func (s *screen) lastUsed(m pay.Method) string {
	if m != s.Last {
		return ""
	}
	return s.say("select.last", "")
}

// cells lays a row out. It is an element of its own, for a button can't be a grid
// before Chrome 83.
func (s *screen) cells(icon goapp.UI, name, hint string) goapp.UI {
	parts := []goapp.UI{icon, el("span.name", nil, text(name))}
	if hint != "" {
		parts = append(parts, el("span.hint", nil, text(hint)))
	}
	return el("span.cells", nil, parts...)
}

// instead offers the next rail of the ladder, if it is this method's own.
func (s *screen) instead(c capability.Choice) goapp.UI {
	if len(c.Ladder) < 2 || factsOf(c.Ladder[1]).shared {
		return nil
	}
	r, leads := c.Ladder[1], c.Ladder[1]
	if c.Ladder[0] == pay.RailJSAPI { // the wallet is here, and opens its page
		leads = pay.RailRedirect
	}
	return s.attempt(c.Method, r, "quiet", text(s.say("instead."+string(leads), c.Method)))
}

func (s *screen) closedRow(c capability.Choice) goapp.UI {
	codes := make([]string, len(c.Reasons))
	for i, r := range c.Reasons {
		codes[i] = string(r.Code)
	}
	return el("li", attrs{"data-method", string(c.Method), "data-reason", strings.Join(codes, " ")},
		el("div.row off", attrs{"role", "button", "aria-disabled", "true"}, s.cells(s.icon(c.Method), s.name(c.Method), s.reason(c.Reasons[0], c))),
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
