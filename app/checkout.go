package app

import (
	"slices"
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/device"
	"morepay/internal/view"
)

// Checkout is the root component: the whole widget for one session.
type Checkout struct {
	goapp.Compo

	// View is the page's state as the server rendered it.
	View view.Checkout

	local local
}

// local holds what the browser has learnt since. It is zero on the server and at
// the browser's first rendering, so both draw the same.
type local struct {
	progress  *view.Progress // newer than the view's
	device    *device.Device // refined by hints
	hints     string         // device.Hints as JSON, if they change the device; "" else
	acted     bool           // the payer has done something: the view's error is past
	failure   *view.Error    // of the last thing that the payer did
	now       time.Time      // the server's clock, as far as we can tell
	choosing  bool           // the payer wants another way than the one that is waiting
	launching bool           // a wallet may be opening: too early to ask whether it did
	offline   bool           // the server has not been heard for a while
	busy      bool           // a form is on its way: a second tap is the same tap
	tapped    string         // which form that is: see screen.tapped
	stuck     bool           // the frame around us let no wallet open
	copied    bool           // the link has just been copied
}

// HTML renders a view as the server sends it: the element that the browser side
// takes over, without the page around it.
func HTML(v view.Checkout) string { return drawn(v, local{}) }

func drawn(v view.Checkout, l local) string {
	return flat(noEndTags(goapp.HTMLString(&Checkout{View: v, local: l})))
}

// noEndTags drops the end tags that HTML does not have. Nothing else can look like them:
// texts and attributes are escaped.
func noEndTags(page string) string {
	return strings.ReplaceAll(strings.ReplaceAll(page, "</input>", ""), "</img>", "")
}

// flat drops the indentation of a page, for to a browser a line's end is as good, and
// puts attributes in order, for go-app writes them in none: what is alike packs better.
// Every attribute has a value, in double quotes, and neither < nor > stands in a text
// or value.
func flat(page string) string {
	var b strings.Builder
	b.Grow(len(page))
	for line := range strings.Lines(page) {
		line = strings.TrimLeft(line, " ")
		tag, after, _ := strings.Cut(line, ">")
		name, attributes, some := strings.Cut(tag, " ")
		if !some || name[0] != '<' {
			b.WriteString(line)
			continue
		}
		each := strings.Split(strings.TrimSuffix(attributes, `"`), `" `)
		slices.Sort(each)
		b.WriteString(name + " " + strings.Join(each, `" `) + `">` + after)
	}
	return b.String()
}

// Title returns the title of the page around a view: tabs and the history tell by it
// how the payment stands.
func Title(v view.Checkout) string { return (&Checkout{View: v}).screen().pageTitle() }

// ThemeAttributes returns the attributes of the page's html element that the
// style sheet goes by: names and values from closed lists.
func ThemeAttributes(v view.Checkout) map[string]string {
	theme := map[string]string{}
	for name, choice := range map[string]string{
		"data-preset":  v.Document.Theme.Preset,
		"data-accent":  named(v.Document.Theme.Accent),
		"data-corners": v.Document.Theme.Corners,
		"data-mode":    v.Document.Theme.Mode,
	} {
		if choice != "" {
			theme[name] = choice
		}
	}
	if v.Parent != "" {
		theme["data-framed"] = "true"
	}
	return theme
}

// named drops a colour that is no name: the page has a style of its own for it.
func named(accent string) string {
	if strings.HasPrefix(accent, "#") {
		return ""
	}
	return accent
}

// Render draws the view and what the browser has learnt; nothing else goes in.
func (c *Checkout) Render() goapp.UI {
	s := c.screen()
	body := append([]goapp.UI{s.status(), s.alert(), s.voice(false, "notice"), s.stuck()}, s.body()...)
	return el("main."+s.layout(), attrs{
		"id", "checkout",
		"lang", s.Locale,
		"dir", s.Text.Or("locale.direction", "ltr"),
		"translate", "no", // a translator that moves text nodes would break the browser side
		"data-state", string(s.Progress.State),
		"data-rail", s.rail(),
		"data-offline", yes(s.local.offline),
		"aria-busy", yes(s.local.busy || s.local.tapped != ""),
	},
		s.ribbon(),
		s.summary(),
		el("div.body", nil, body...),
		s.footer(),
	)
}

// layout is the class of the whole: on a desktop a card with two columns where
// there is room for it.
func (s *screen) layout() string {
	if s.onDesktop() {
		return "cashier desk"
	}
	return "cashier"
}

// yes returns the value of an attribute that is there only where something is so.
func yes(so bool) string {
	if so {
		return "true"
	}
	return ""
}

// screen lays what the browser has learnt over the view.
func (c *Checkout) screen() *screen {
	s := &screen{Checkout: c.View, local: c.local}
	if s.local.progress != nil {
		s.Progress = *s.local.progress
	}
	s.Order.NotGranted = s.Progress.NotGranted
	if s.local.device != nil {
		s.Device = *s.local.device
	}
	if s.local.acted {
		s.Error = s.local.failure
	}
	s.now = s.Progress.ServerTime
	if s.local.now.After(s.now) {
		s.now = s.local.now
	}
	if s.local.choosing {
		s.Open = ""
	}
	if s.local.choosing && (s.Progress.State == view.StateWaiting || s.Progress.State == view.StateSubmitting) {
		if s.Progress.Payment != nil {
			s.left = s.Progress.Payment.Method
		}
		s.Progress.State = view.StateSelect
		s.Progress.Payment, s.Progress.Instant = nil, ""
	}
	return s
}
