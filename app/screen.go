package app

import (
	"strings"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// screen is everything that one rendering draws from.
type screen struct {
	view.Checkout
	local local
	now   time.Time // the server's clock
}

// screens draws what is between summary and status, by state.
var screens = map[view.State]func(*screen) []goapp.UI{
	view.StateSelect:     selectScreen,
	view.StateFailed:     failedScreen,
	view.StateSubmitting: submittingScreen,
	view.StateWaiting:    waitingScreen,
	view.StatePaid:       paidScreen,
	view.StateExpired:    expiredScreen,
	view.StateCanceled:   canceledScreen,
}

func (s *screen) body() []goapp.UI {
	if draw, ok := screens[s.Progress.State]; ok {
		return draw(s)
	}
	return waitingScreen(s) // a state from a newer server: promise nothing
}

// rail returns the rail that the payer is on, or "".
func (s *screen) rail() string {
	if s.Progress.Payment == nil {
		return ""
	}
	return string(s.Progress.Payment.Rail)
}

// returned reports whether the payer says that it is paid.
func (s *screen) returned() bool { return s.Progress.Payment != nil && s.Progress.Payment.Returned }

// say returns a sentence with the names that sentences may use filled in; m may
// be "".
func (s *screen) say(key string, m pay.Method, args ...string) string {
	sentence := s.Text.Or(key, key)
	if !strings.Contains(sentence, "{") {
		return sentence
	}
	name := s.name(m)
	return s.Text.Say(key, append(args,
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
	return el("header", nil,
		el("p.payee", nil, text(s.Document.Name)),
		el("p.amount", nil, text(s.AmountText)),
		el("p.description", nil, text(s.Description)),
		s.timeLeft(),
	)
}

func (s *screen) timeLeft() goapp.UI {
	if final(s.Progress.State) {
		return nil
	}
	left := s.Text.Left(s.Progress.ExpiresAt.Sub(s.now))
	return el("p.left", attrs{"role", "timer", "aria-live", "off"}, text(s.say("time", "", "time", left)))
}

func (s *screen) alert() goapp.UI {
	if s.Error == nil {
		return nil
	}
	return el("p.alert", attrs{"role", "alert", "data-error", string(s.Error.Code)}, text(s.Error.Message))
}

// status returns the one line that screen readers are told of when it changes.
func (s *screen) status() goapp.UI {
	return el("p.status", attrs{"role", "status", "aria-live", "polite"}, text(s.statusText()))
}

func (s *screen) statusText() string {
	switch {
	case s.local.offline:
		return s.say("offline", "")
	case s.local.copied:
		return s.say("share.copied", "")
	case s.Progress.State == view.StateWaiting && !s.returned():
		return s.say("waiting", "")
	}
	return ""
}

// title returns the one heading of a screen. It takes the focus when the screen
// changes, so that a screen reader starts there.
func (s *screen) title(key string, m pay.Method) goapp.UI {
	return el("h1", attrs{"id", "title", "tabindex", "-1"}, text(s.say(key, m)))
}

func (s *screen) note(key string, m pay.Method) goapp.UI {
	return el("p.note", nil, text(s.say(key, m)))
}
