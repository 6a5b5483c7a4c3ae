package app

import (
	"strconv"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// Turns are the ages at which a screen that waits says something new: that a
// provider is slow, or a payment is not found, and what else the payer can do.
var Turns = []time.Duration{slowAfter, silentAfter}

const (
	slowAfter   = 5 * time.Second
	silentAfter = 10 * time.Second
)

// since returns for how long the payer has waited for what the screen is about.
func (s *screen) since(p view.Payment) time.Duration { return s.now.Sub(p.Since) }

// submittingScreen: the provider has not answered yet. Nothing was handed over that
// could be paid, so the payer may be told so.
func submittingScreen(s *screen) []goapp.UI {
	if s.Progress.Payment == nil {
		return waitingScreen(s)
	}
	p := *s.Progress.Payment
	if !p.Since.IsZero() && s.since(p) >= silentAfter {
		return []goapp.UI{s.silentCard(p)}
	}
	slow := ""
	if !p.Since.IsZero() && s.since(p) >= slowAfter {
		slow = s.say("submitting.slow", p.Method)
	}
	return []goapp.UI{
		s.busyTitle("submitting.title", p.Method),
		el("p.note", attrs{"aria-live", "polite"}, text(slow)),
		s.choose("quiet", "choose"),
	}
}

// silentCard offers the best other method, and the same one again.
func (s *screen) silentCard(p view.Payment) goapp.UI {
	title := "submitting.silent"
	if p.Others {
		title = "submitting.unsure"
	}
	again := "main"
	other := s.other(p.Method)
	if other != nil {
		again = "side"
	}
	return el("section.notice", nil,
		s.title(title, p.Method),
		el("div.acts", nil,
			other,
			s.attempt(p.Method, p.Rail, again, text(s.say("select.again", ""))),
			s.choose("quiet", "choose"),
		),
	)
}

// other offers the first method here that is not m's provider's; nil if there is none.
func (s *screen) other(m pay.Method) goapp.UI {
	for _, c := range decide(&s.Checkout).Choices {
		if c.Offered() && c.Ladder[0] != pay.RailPageQR && providerOf(c.Method) != providerOf(m) {
			return s.attempt(c.Method, c.Ladder[0], "main", text(s.say("submitting.other", c.Method)))
		}
	}
	return nil
}

func providerOf(m pay.Method) string {
	if row := method.Find(m); row != nil {
		return row.Provider
	}
	return ""
}

// waitingScreen: it is the payer's turn, in the wallet. What we show follows from
// what we have to show, whatever the method.
func waitingScreen(s *screen) []goapp.UI {
	p := s.Progress.Payment
	switch {
	case p == nil:
		return []goapp.UI{s.title("waiting", ""), s.check("main", "check")}
	case p.Returned:
		return checkingScreen(s)
	case p.QR != nil && factsOf(p.Rail).code != "":
		return codeScreen(s, *p)
	case factsOf(p.Rail).leaves:
		return walletScreen(s, *p)
	case p.Bridge != nil:
		return bridgeScreen(s, *p)
	}
	return []goapp.UI{s.title("await.title", p.Method), s.check("side", "check"), s.choose("quiet", "choose")}
}

// checkingScreen: the payer came back from the wallet, and we don't know yet. After a
// while there are ways on.
func checkingScreen(s *screen) []goapp.UI {
	p := *s.Progress.Payment
	if s.since(p) < silentAfter {
		return []goapp.UI{
			s.busyTitle("checking.title", ""),
			s.note("checking.help", ""),
			s.check("side", "check.again"),
			s.choose("quiet", "problem"),
		}
	}
	on := []goapp.UI{s.choose("quiet", "choose")}
	if factsOf(p.Rail).leaves { // the wallet may never have opened
		on = elsewhere(s, p.Method)
	}
	return append([]goapp.UI{
		s.busyTitle("checking.title", ""),
		s.note("check.none", ""),
		s.attempt(p.Method, p.Rail, "main", text(s.say("checking.pay", ""))),
		s.check("side", "check.again"),
	}, on...)
}

// elsewhere is the ways on for who can't open a wallet here.
func elsewhere(s *screen, m pay.Method) []goapp.UI {
	return []goapp.UI{
		el("div.tri", nil,
			s.attempt(m, pay.RailPageQR, "quiet", draw("i", "scan"), text(s.say("fallback.page", m))),
			s.copyButton("quiet", "link", draw("i", "copy")),
			s.choose("quiet", "choose", draw("i", "swap")),
		),
		s.askFriend(),
		s.link("link"),
	}
}

// codeScreen shows a QR: the provider's, or one of this very page to go on
// elsewhere.
func codeScreen(s *screen, p view.Payment) []goapp.UI {
	kind := factsOf(p.Rail).code
	if s.dead() {
		return []goapp.UI{
			s.title("qr.over", ""), s.note("qr.over.help", p.Method), s.deadCode(p),
			s.check("side", "check"), s.choose("quiet", "choose"),
		}
	}
	parts := append([]goapp.UI{s.title(kind+".title", p.Method), s.codeHelp(kind, p)}, s.freshCode(kind, p)...)
	if p.AttemptID == "" {
		return append(parts, s.share(), s.choose("quiet", "choose"))
	}
	return append(parts, s.check("side", "check"), s.choose("quiet", "choose"))
}

// codeHelp tells a phone from a desktop: no phone can scan its own screen.
func (s *screen) codeHelp(kind string, p view.Payment) goapp.UI {
	key := kind + ".help"
	if _, ok := s.Text[key+"."+string(s.Device.Form)]; ok {
		key += "." + string(s.Device.Form)
	}
	return s.note(key, p.Method)
}

// sameTime: a code that dies this soon before its session needs no countdown of
// its own.
const sameTime = 2 * time.Minute

func (s *screen) freshCode(kind string, p view.Payment) []goapp.UI {
	size := strconv.Itoa(p.QR.Size)
	parts := []goapp.UI{
		el("div.tile", nil,
			svg("svg", attrs{"data-qr", string(p.Rail), "role", "img", "viewBox", "0 0 " + size + " " + size, "shape-rendering", "crispEdges"},
				svg("title", nil, text(s.say(kind+".label", p.Method))),
				svg("path", attrs{"d", p.QR.Path}),
			),
		),
	}
	if !p.ExpiresAt.IsZero() && s.Progress.ExpiresAt.Sub(p.ExpiresAt) > sameTime {
		left := s.Text.Left(p.ExpiresAt.Sub(s.now))
		parts = append(parts, el("p.left", nil, text(s.say(kind+".left", p.Method, "time", left))))
	}
	return append(parts, s.keep(p)...)
}

// keep offers the code as a picture for the album. The browser makes one that says what
// it is for; without scripts it is the bare code.
func (s *screen) keep(p view.Payment) []goapp.UI {
	png := ownPath(p.QR.PNG)
	if png == "" {
		return nil
	}
	link := el("a.quiet", attrs{"href", png, "download", "checkout.png", "data-picture", ownPath(p.QR.Picture)}, text(s.say("qr.save", "")))
	if s.onDesktop() {
		return []goapp.UI{link}
	}
	return []goapp.UI{link, s.note("qr.album", "")}
}

// dead reports whether no wallet accepts the code any more that the payer has.
func (s *screen) dead() bool {
	p := s.Progress.Payment
	return p != nil && p.QR != nil && !p.ExpiresAt.IsZero() && !s.now.Before(p.ExpiresAt)
}

// deadCode lays the way to a new code over one that no wallet accepts any more.
func (s *screen) deadCode(p view.Payment) goapp.UI {
	size := strconv.Itoa(p.QR.Size)
	return el("div.tile dead", nil,
		svg("svg", attrs{"aria-hidden", "true", "viewBox", "0 0 " + size + " " + size}, svg("path", attrs{"d", p.QR.Path})),
		el("div.over", nil, s.attempt(p.Method, p.Rail, "main", text(s.say("qr.refresh", "")))),
	)
}

// bridgeScreen: the wallet's own window is over ours, or about to be.
func bridgeScreen(s *screen, p view.Payment) []goapp.UI {
	return []goapp.UI{
		s.title("bridge.title", p.Method),
		s.note("bridge.help", p.Method),
		el("button.main ready", attrs{"type", "button", "data-bridge", p.Bridge.Name}, text(s.say("bridge.open", p.Method))),
		s.check("side", "check"),
		s.choose("quiet", "choose"),
	}
}

// walletScreen: the payer was sent to the wallet's app or site. Nobody can tell
// whether it opened, so the ways out are offered and nothing is concluded.
func walletScreen(s *screen, p view.Payment) []goapp.UI {
	if s.local.launching {
		return []goapp.UI{s.busyTitle("app.opening", p.Method), s.choose("quiet", "choose")}
	}
	return []goapp.UI{
		s.title("app.title", p.Method),
		s.note("app.help", p.Method),
		el("section.acts fallback", nil, append([]goapp.UI{
			el("h2", nil, text(s.say("fallback.title", p.Method))),
			s.attempt(p.Method, p.Rail, "main", text(s.say("fallback.again", p.Method))),
			s.check("side", "check"),
		}, elsewhere(s, p.Method)...)...),
	}
}
