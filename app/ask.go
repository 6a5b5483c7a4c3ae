package app

import (
	"strconv"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/view"
)

// Ask is what stands on the page on which a payer asks a friend to pay. Only the server
// draws it.
type Ask struct {
	Below     string    // its path, below that of its session's page
	Link      string    // for the friend, or "" if nobody was asked yet
	QR        *view.QR  // of Link
	ExpiresAt time.Time // of Link
}

// AskHTML renders the page on which the payer of a view asks a friend.
func AskHTML(v view.Checkout, ask Ask) string {
	s := (&Checkout{View: v}).screen()
	page := *s
	page.Path += ask.Below
	parts := page.askForm()
	if ask.Link != "" {
		parts = page.askLink(ask)
	}
	return flat(noEndTags(goapp.HTMLString(el("main."+s.layout(), attrs{
		"lang", s.Locale, "dir", s.Text.Or("locale.direction", "ltr"), "translate", "no",
	},
		s.ribbon(),
		s.summary(),
		el("div.body", nil, s.voice(false, "notice"), card("stage", append(parts, s.choose("quiet", "friend.back"))...)),
		page.footer(),
	))))
}

// AskMessage is what is sent to a friend together with the link.
func AskMessage(v view.Checkout) string {
	return (&Checkout{View: v}).screen().say("friend.message", "")
}

// askForm asks for a name, which may be left out.
func (s *screen) askForm() []goapp.UI {
	return []goapp.UI{
		s.title("friend.ask", ""),
		s.note("friend.help", ""),
		el("form.acts", attrs{"method", "post", "action", s.Path, "data-inline", "post"},
			el("p", nil,
				el("label", attrs{"for", "name"}, text(s.say("friend.name", ""))),
				el("input.url", attrs{"id", "name", "name", "name", "type", "text", "maxlength", strconv.Itoa(maxFriendName), "autocomplete", "nickname"}),
			),
			s.handedOn(),
			submit("main", text(s.say("friend.make", ""))),
		),
	}
}

// maxFriendName is the longest name that is taken, in characters.
const maxFriendName = 32

// askLink shows the link and its code, and takes it back.
func (s *screen) askLink(ask Ask) []goapp.UI {
	size := strconv.Itoa(ask.QR.Size)
	return []goapp.UI{
		s.title("friend.link", ""),
		el("p.note", nil, text(s.say("friend.link.help", "", "time", s.Text.Left(ask.ExpiresAt.Sub(s.now))))),
		el("div.acts", nil,
			el("p", nil,
				el("label", attrs{"for", "link"}, text(s.say("friend.address", ""))),
				el("input.url", attrs{"id", "link", "type", "url", "readonly", "true", "value", ask.Link}),
			),
			el("button.main", attrs{"id", "share", "type", "button", "hidden", "true"}, text(s.say("friend.share", ""))),
			el("button.side ready", attrs{"id", "copy", "type", "button"}, text(s.say("share.copy", ""))),
			el("p.status", attrs{"id", "said", "role", "status", "aria-live", "polite"}),
		),
		el("div.tile", nil,
			svg("svg", attrs{"role", "img", "viewBox", "0 0 " + size + " " + size, "shape-rendering", "crispEdges"},
				svg("title", nil, text(s.say("friend.code", ""))),
				svg("path", attrs{"d", ask.QR.Path}),
			),
		),
		el("form", attrs{"method", "post", "action", s.Path + "/revoke", "data-inline", "post"},
			s.handedOn(),
			submit("side", text(s.say("friend.revoke", ""))),
		),
	}
}

// handedOn is what each form of ours hands on.
func (s *screen) handedOn() goapp.UI {
	return el("div", nil, field("form_token", s.Progress.FormToken), s.parent(), s.language(), s.words())
}
