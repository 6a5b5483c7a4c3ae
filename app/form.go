package app

import (
	"strconv"
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/capability"
	"morepay/internal/pay"
)

// railFacts describes how a rail behaves on a page.
type railFacts struct {
	rail   pay.Rail
	leaves bool   // hands over to a wallet, another site or the shop's own app: the form must own the whole window
	stays  bool   // ends in this frame: the browser side may send the form by itself
	code   string // catalogue prefix of the screen with its QR, or ""
	shared bool   // the same for every method: one button below the list will do
}

// rails has one row for each rail that is more than a form. jsapi neither leaves nor
// stays: the server may send the payer round by the wallet's sign-in, which must navigate
// this frame. It is a list because a map would be filled by code, which weighs in the
// browser's bundle.
var rails = []railFacts{
	{rail: pay.RailApp, leaves: true},
	{rail: pay.RailMiniProgram, leaves: true},
	{rail: pay.RailDeepLink, leaves: true},
	{rail: pay.RailRedirect, leaves: true},
	{rail: pay.RailQR, stays: true, code: "qr"},
	{rail: pay.RailPageQR, stays: true, code: "page", shared: true},
}

// factsOf returns the row of a rail; the zero value if it has none.
func factsOf(r pay.Rail) (facts railFacts) {
	for i := range rails {
		if rails[i].rail == r {
			facts = rails[i]
		}
	}
	return facts
}

// first returns the form of a choice's first rail, with its instalments to choose from.
func (s *screen) first(c capability.Choice, class string, label ...goapp.UI) goapp.UI {
	if len(c.Instalments) == 0 || s.ShareURL == "" || !listed(s.Progress.State) {
		return s.attempt(c.Method, c.Ladder[0], class, label...) // nothing to choose, or not here
	}
	return s.form(c.Method, c.Ladder[0], s.instalments(c), class, label)
}

// attempt returns the form of a rail, in the instalments that the payer is on.
func (s *screen) attempt(m pay.Method, r pay.Rail, class string, label ...goapp.UI) goapp.UI {
	var kept goapp.UI
	if p := s.Progress.Payment; p != nil && p.Method == m && p.Instalments != 0 {
		kept = field("instalments", strconv.Itoa(p.Instalments))
	}
	return s.form(m, r, kept, class, label)
}

// instalments offers instalments beside payment at once. What each comes to in the end
// is the wallet's to say.
func (s *screen) instalments(c capability.Choice) goapp.UI {
	plans := make([]goapp.UI, len(c.Instalments))
	for i, n := range c.Instalments {
		each := s.Amount
		each.Value = (each.Value + int64(n)/2) / int64(n)
		count := strconv.Itoa(n)
		plans[i] = el("option", attrs{"value", count}, text(s.say("instalments.each", "", "count", count, "each", s.Text.Money(each))))
	}
	return el("select.quiet", attrs{"name", "instalments", "aria-label", s.say("instalments", "")},
		el("option", attrs{"value", "0"}, text(s.say("instalments.none", ""))),
		el("optgroup", attrs{"label", s.say("instalments.about", c.Method)}, plans...))
}

// form returns the form that begins an attempt or resumes it. It is a native
// POST: wallets open only on a navigation that the payer's own tap began.
func (s *screen) form(m pay.Method, r pay.Rail, instalments goapp.UI, class string, label []goapp.UI) goapp.UI {
	a := attrs{"method", "post", "action", s.Path + "/attempts", "data-rail", string(r)}
	switch facts := factsOf(r); {
	case facts.leaves:
		a = append(a, "target", "_top")
	case facts.stays:
		a = append(a, "data-inline", "post")
	}
	return el("form", a,
		field("method", string(m)),
		field("rail", string(r)),
		field("form_token", s.Progress.FormToken),
		s.hints(),
		s.parent(),
		s.language(),
		s.words(),
		el("button", attrs{"type", "submit", "class", class, "aria-busy", s.tapped(attemptKey(m, r))}, label...),
		instalments,
	)
}

// checkKey is the key of the form that asks whether the payment is there.
const checkKey = "check"

// attemptKey is the key of the form that begins an attempt.
func attemptKey(m pay.Method, r pay.Rail) string { return string(m) + " " + string(r) }

// tapped returns "true" for the form that is on its way, "" for the others.
func (s *screen) tapped(key string) string { return yes(s.local.tapped == key) }

// check asks the server to ask the provider, and says that nothing was found.
func (s *screen) check(class, key string) goapp.UI {
	found := ""
	if p := s.Progress.Payment; p != nil && p.Asked {
		found = s.say("check.none", "")
	}
	if s.tapped(checkKey) != "" {
		key, found = "check.busy", ""
	}
	return el("form", attrs{"method", "post", "action", s.Path + "/return", "data-inline", "post", "data-check", "1"},
		field("asked", "1"),
		field("form_token", s.Progress.FormToken),
		s.parent(),
		s.language(),
		s.words(),
		el("button", attrs{"type", "submit", "class", class, "aria-busy", s.tapped(checkKey)}, text(s.say(key, ""))),
		el("p.note", attrs{"aria-live", "polite"}, text(found)),
	)
}

// choose goes back to the list. The attempt lives on until another begins.
func (s *screen) choose(class, key string, label ...goapp.UI) goapp.UI {
	return el("form", attrs{"method", "get", "action", s.Path, "data-inline", "choose"},
		field("choose", "1"),
		s.parent(),
		s.language(),
		s.words(),
		submit(class, append(label, text(s.say(key, "")))...),
	)
}

// again asks for the list anew: what was out of order may work by now.
func (s *screen) again() goapp.UI {
	return el("form", attrs{"method", "get", "action", s.Path},
		field("choose", "1"),
		s.parent(),
		s.language(),
		s.words(),
		submit("side", text(s.say("select.again", ""))),
	)
}

// hints tells the server what only the browser could see of the device, so that
// both decide about the same one.
func (s *screen) hints() goapp.UI {
	if s.local.hints == "" {
		return nil
	}
	return field("hints", s.local.hints)
}

// parent keeps a framed page framed: its address carries the origin around it.
func (s *screen) parent() goapp.UI {
	if s.Parent == "" {
		return nil
	}
	return field("parent", s.Parent)
}

// language keeps a page in the language that the payer chose, else a framed one in
// that of its shop's page.
func (s *screen) language() goapp.UI {
	if s.Lang != "" {
		return field("lang", s.Lang)
	}
	if s.Parent == "" {
		return nil
	}
	return field("locale", s.Locale)
}

// share offers the link of this page, to be opened elsewhere.
func (s *screen) share() goapp.UI {
	return el("div.share", nil, s.link("link"), s.copyButton("side", "link"))
}

// link is the address of this page, for payers without the browser side to copy by
// hand.
func (s *screen) link(id string) goapp.UI {
	if s.ShareURL == "" {
		return nil
	}
	return el("p.dumb", nil,
		el("label", attrs{"for", id}, text(s.say("share.link", ""))),
		el("input.url", attrs{"id", id, "type", "url", "readonly", "true", "value", s.ShareURL}),
	)
}

// copyButton needs the browser side and shows only once that runs.
func (s *screen) copyButton(class, link string, label ...goapp.UI) goapp.UI {
	return el("button."+class+" ready", attrs{"type", "button", "data-copy", link}, append(label, text(s.say("share.copy", "")))...)
}

// stuck says that the frame around us let no wallet open, and offers the page by
// itself. It stands hidden on a list, for the page's script where there is no client,
// and on a page that is to come with a code, which may have to do with the list.
func (s *screen) stuck() goapp.UI {
	if s.Parent == "" || s.ShareURL == "" || !listed(s.Progress.State) && s.Progress.Instant == "" {
		return nil
	}
	shown := attrs{"id", "stuck", "role", "alert", "hidden", "true"}
	if s.local.stuck {
		shown = attrs{"id", "stuck", "role", "alert", "data-error", "handoff_blocked"}
	}
	return el("section.notice", shown,
		el("h2", nil, text(s.say("fallback.framed", ""))),
		s.note("fallback.framed.help", ""),
		el("div.acts", nil,
			el("a.main", attrs{"href", webLink(s.ShareURL), "target", "_blank", "rel", "noopener"}, text(s.say("fallback.tab", ""))),
			s.copyButton("side", "stuck-link"),
		),
		s.link("stuck-link"),
	)
}

// goOn draws the way back to the merchant, out of our frame.
func (s *screen) goOn(key string) goapp.UI {
	to := webLink(s.Progress.ContinueURL)
	if to == "" {
		return nil
	}
	return el("a.main", attrs{"href", to, "target", "_top"}, text(s.say(key, "")))
}

func field(name, value string) goapp.UI {
	return el("input", attrs{"type", "hidden", "name", name, "value", value})
}

func submit(class string, label ...goapp.UI) goapp.UI {
	return el("button", attrs{"type", "submit", "class", class}, label...)
}

// webLink lets addresses through that lead to a web page, and nothing else:
// javascript: and its kin come out as "".
func webLink(to string) string {
	switch scheme, _, _ := strings.Cut(to, "://"); strings.ToLower(scheme) { // capitals are as good to a browser
	case "https", "http":
		return to
	}
	return ""
}

// words keep a page as its shop's page wants it.
func (s *screen) words() goapp.UI {
	if s.Words == "" {
		return nil
	}
	return field("words", s.Words)
}

// contactLink lets what a merchant may give as its contact through, and nothing else.
func contactLink(to string) string {
	for _, scheme := range []string{"https://", "mailto:", "tel:"} {
		if strings.HasPrefix(to, scheme) {
			return to
		}
	}
	return ""
}

// ownPath lets paths of this server through, and nothing else.
func ownPath(to string) string {
	if strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.ContainsRune(to, '\\') {
		return to
	}
	return ""
}
