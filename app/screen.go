package app

import (
	"strings"
	"time"
	"unicode/utf8"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// screen is everything that one rendering draws from.
type screen struct {
	view.Checkout
	local local
	now   time.Time  // the server's clock
	left  pay.Method // the payer came to the list from this one, or ""
}

// stage says how a state is drawn. Stages are a list because a map of functions would be
// filled by code, which weighs in the bundle.
type stage struct {
	state view.State
	title string // key of the page's title; "" for that of a list
	draw  func(*screen) []goapp.UI
	cards bool // it draws cards below the summary; else what stands on the one card
}

var stages = [...]stage{
	{view.StateSelect, "", selectScreen, true},
	{view.StateFailed, "failed.title", failedScreen, true},
	{view.StateSubmitting, "submitting.title", submittingScreen, false},
	{view.StateWaiting, "waiting", waitingScreen, false},
	{view.StatePaid, "paid.title", paidScreen, false},
	{view.StateExpired, "expired.title", expiredScreen, false},
	{view.StateCanceled, "canceled.title", canceledScreen, false},
}

// stage returns that of the page's state. Of one from a newer server nothing is promised.
func (s *screen) stage() stage {
	for i := range stages {
		if stages[i].state == s.Progress.State {
			return stages[i]
		}
	}
	return stage{draw: waitingScreen}
}

func (s *screen) body() []goapp.UI {
	now := s.stage()
	drawn := now.draw(s)
	switch {
	case now.cards:
		return drawn
	case s.tabbed():
		return []goapp.UI{s.split(drawn)}
	}
	return []goapp.UI{card("stage", drawn...)}
}

func (s *screen) onDesktop() bool { return s.Device.Form == device.Desktop }

// card puts what belongs together on one surface.
func card(class string, parts ...goapp.UI) goapp.UI { return el("section.card "+class, nil, parts...) }

// rail returns the rail that the payer is on, or "".
func (s *screen) rail() string {
	if s.Progress.Payment == nil {
		return ""
	}
	return string(s.Progress.Payment.Rail)
}

// returned reports whether the payer says that it is paid.
func (s *screen) returned() bool { return s.Progress.Payment != nil && s.Progress.Payment.Returned }

func (s *screen) pageTitle() string {
	key := s.stage().title
	if key == "" {
		return s.say("title", "")
	}
	var m pay.Method
	if p := s.Progress.Payment; p != nil {
		m = p.Method
	}
	return s.say("title.state", "", "state", s.say(key, m))
}

// say returns a sentence with the names that sentences may use filled in; m may
// be "".
func (s *screen) say(key string, m pay.Method, args ...string) string {
	sentence := s.Text.Or(key+"."+string(s.Progress.Voice), s.Text.Or(key, key))
	if !strings.Contains(sentence, "{") {
		return sentence
	}
	name := s.name(m)
	return view.Fill(sentence, append(args,
		"name", s.From,
		"merchant", s.Document.Name,
		"amount", s.AmountText,
		"method", name,
		"wallet", s.Text.Or("wallet."+string(m), name),
	)...)
}

// name returns a method's name in the page's language, or "" for none.
func (s *screen) name(m pay.Method) string {
	if row := method.Find(m); row != nil {
		return row.Name(s.Locale)
	}
	return string(m)
}

func (s *screen) ribbon() goapp.UI {
	if !s.Test {
		return nil
	}
	return el("p.ribbon", nil, text(s.say("test", "")))
}

// summary says who gets how much for what: the payer must see it beside every
// button that leads to a wallet.
func (s *screen) summary() goapp.UI {
	return el("header.head", nil,
		el("p.payee", nil, s.logo(), text(s.Document.Name)),
		s.amount(),
		el("p.what", nil, el("bdi", nil, text(s.Description))),
		s.timeLeft(),
	)
}

// logo is the merchant's sign, for the eye only: the name stands beside it.
func (s *screen) logo() goapp.UI {
	if s.Document.Logo == "" {
		return nil
	}
	return el("img.logo", attrs{"src", s.picture(s.Document.Logo), "width", "20", "height", "20", "aria-hidden", "true"})
}

// picture returns the path of one of the merchant's pictures.
func (s *screen) picture(id string) string {
	return "/merchants/" + s.Document.Merchant + "/icons/" + id
}

// amount writes the currency small and the number large. A number must never be
// split, so its size goes by the length.
func (s *screen) amount() goapp.UI {
	before, number, after := amountParts(s.AmountText)
	return el("p.amount"+amountSize(s.AmountText), nil,
		el("span.sr", nil, text(s.say("amount", ""))),
		el("bdi", attrs{"dir", "ltr"}, inSmall(before), text(number), inSmall(after)),
	)
}

func inSmall(sign string) goapp.UI {
	if sign == "" {
		return nil
	}
	return el("small", nil, text(sign))
}

// amountParts splits an amount from what stands before its first digit and after
// its last.
func amountParts(amount string) (before, number, after string) {
	isDigit := func(r rune) bool { return '0' <= r && r <= '9' }
	first, last := strings.IndexFunc(amount, isDigit), strings.LastIndexFunc(amount, isDigit)
	if first < 0 {
		return "", amount, ""
	}
	return amount[:first], amount[first : last+1], amount[last+1:]
}

// amountSize is the class by which the style sheet makes an amount fit 320 pixels.
func amountSize(amount string) string {
	switch n := utf8.RuneCountInString(amount); {
	case n > 14:
		return " longer"
	case n > 9:
		return " long"
	}
	return ""
}

func (s *screen) timeLeft() goapp.UI {
	if final(s.Progress.State) || s.Progress.ExpiresAt.IsZero() {
		return nil
	}
	left := s.Progress.ExpiresAt.Sub(s.now)
	class := "p.left"
	if left < soon {
		class = "p.left soon"
	}
	return el(class, attrs{"role", "timer", "aria-live", "off"}, s.timed("time", left)...)
}

// soon is the time left below which it is shown in red.
const soon = time.Minute

// timed writes a sentence with its time in bold.
func (s *screen) timed(key string, left time.Duration) []goapp.UI {
	before, after, _ := strings.Cut(s.say(key, ""), "{time}")
	return []goapp.UI{text(before), el("b", nil, el("bdi", nil, text(s.Text.Left(left)))), text(after)}
}

func (s *screen) alert() goapp.UI {
	if s.Error == nil || s.Error.Code == pay.CodeProviderRefused && s.Progress.State == view.StateFailed {
		return nil // or the screen says the same
	}
	return el("p.notice", attrs{"role", "alert", "data-error", string(s.Error.Code)}, text(s.Error.Message))
}

// status returns the one line that screen readers are told of when it changes. It is
// the first of the body on every screen, so that the element stays: what a new one says
// is not read out. That an attempt came to its end is told even if the focus is
// elsewhere, as it is in a shop's page; for the eye the title says it.
func (s *screen) status() goapp.UI {
	class, said := "p.status", s.statusText()
	if said == "" && s.Progress.Instant == "" && (final(s.Progress.State) || s.Progress.State == view.StateFailed) {
		class, said = "p.status sr", s.say(s.stage().title, "")
	}
	return el(class, attrs{"role", "status", "aria-live", "polite"}, text(said))
}

func (s *screen) statusText() string {
	switch {
	case s.local.offline:
		return s.say("offline", "")
	case s.local.tapped != "" && s.local.tapped != checkKey:
		if m, _, _ := strings.Cut(s.local.tapped, " "); m != "" {
			return s.say("submitting.title", pay.Method(m))
		}
	case s.local.copied:
		return s.say("share.copied", "")
	case s.Progress.Instant != "": // it was sent before anyone knew
	case s.Progress.State == view.StateWaiting && !s.returned() && !s.dead():
		return s.say("waiting", "")
	}
	return ""
}

// title returns the one heading of a screen. It takes the focus when the screen
// changes, so that a screen reader starts there.
func (s *screen) title(key string, m pay.Method) goapp.UI {
	return el("h1.title", attrs{"id", "title", "tabindex", "-1"}, text(s.say(key, m)))
}

// busyTitle is the title of a screen on which something is under way.
func (s *screen) busyTitle(key string, m pay.Method) goapp.UI {
	return el("h1.title busy", attrs{"id", "title", "tabindex", "-1"}, text(s.say(key, m)))
}

func (s *screen) note(key string, m pay.Method) goapp.UI {
	return el("p.note", nil, text(s.say(key, m)))
}
