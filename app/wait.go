package app

import (
	"strconv"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/pay"
	"morepay/internal/view"
)

// submittingScreen: the provider has not answered yet.
func submittingScreen(s *screen) []goapp.UI {
	if s.Progress.Payment == nil {
		return waitingScreen(s)
	}
	return []goapp.UI{
		s.title("submitting.title", s.Progress.Payment.Method),
		s.choose("quiet", "choose"),
	}
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
	case p.QR != nil && rails[p.Rail].code != "":
		return codeScreen(s, *p)
	case p.Bridge != nil:
		return bridgeScreen(s, *p)
	case rails[p.Rail].leaves:
		return walletScreen(s, *p)
	}
	return []goapp.UI{s.title("await.title", p.Method), s.check("side", "check"), s.choose("quiet", "choose")}
}

// checkingScreen: the payer says that it is paid, we don't know yet.
func checkingScreen(s *screen) []goapp.UI {
	return []goapp.UI{
		s.title("checking.title", ""),
		s.note("checking.help", ""),
		s.check("main", "check"),
		s.choose("quiet", "problem"),
	}
}

// codeScreen shows a QR: the provider's, or one of this very page to go on
// elsewhere.
func codeScreen(s *screen, p view.Payment) []goapp.UI {
	kind := rails[p.Rail].code
	parts := []goapp.UI{s.title(kind+".title", p.Method), s.codeHelp(kind, p)}
	if !p.ExpiresAt.IsZero() && !s.now.Before(p.ExpiresAt) {
		parts = append(parts, s.deadCode(p))
	} else {
		parts = append(parts, s.freshCode(kind, p)...)
	}
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
	if png := ownPath(p.QR.PNG); png != "" {
		parts = append(parts, el("a.quiet", attrs{"href", png, "download", "checkout.png"}, text(s.say("qr.save", ""))))
	}
	return parts
}

// deadCode takes the place of a code that no wallet accepts any more.
func (s *screen) deadCode(p view.Payment) goapp.UI {
	return el("div.tile dead", nil,
		el("div.over", nil,
			el("p", nil, text(s.say("qr.over", ""))),
			s.attempt(p.Method, p.Rail, "main", text(s.say("qr.refresh", ""))),
		),
	)
}

// bridgeScreen: the wallet's own window is over ours, or about to be.
func bridgeScreen(s *screen, p view.Payment) []goapp.UI {
	return []goapp.UI{
		s.title("bridge.title", p.Method),
		s.note("bridge.help", p.Method),
		el("button.side ready", attrs{"type", "button", "data-bridge", p.Bridge.Name}, text(s.say("bridge.open", p.Method))),
		s.check("main", "check"),
		s.choose("quiet", "choose"),
	}
}

// walletScreen: the payer was sent to the wallet's app or site. Nobody can tell
// whether it opened, so the ways out are offered and nothing is concluded.
func walletScreen(s *screen, p view.Payment) []goapp.UI {
	if s.local.launching {
		return []goapp.UI{s.title("app.opening", p.Method), s.choose("quiet", "choose")}
	}
	return []goapp.UI{
		s.title("app.title", p.Method),
		s.note("app.help", p.Method),
		s.check("main", "check"),
		el("section.fallback", nil,
			el("h2", nil, text(s.say("fallback.title", p.Method))),
			s.attempt(p.Method, p.Rail, "side", text(s.say("fallback.again", p.Method))),
			s.attempt(p.Method, pay.RailPageQR, "side", text(s.say("fallback.page", p.Method))),
			s.share(),
			s.choose("quiet", "choose"),
		),
	}
}
