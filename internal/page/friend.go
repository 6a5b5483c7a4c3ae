package page

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"time"

	"morepay/app"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// forFriend returns a session's view as a friend may see it who was asked to pay:
// payee, amount and description, and of who asks the name that they typed.
func forFriend(v view.Checkout, i *pay.Invitation) view.Checkout {
	v.Session, v.Reference = "", ""
	v.Document.Instant, v.Document.FriendPay = false, false
	v.From = i.Name
	if v.From == "" {
		v.From = v.Text["friend.someone"]
	}
	return v
}

// voice returns how the reader of a page is spoken to, whose session has a status for
// them at now.
func voice(l *pay.Ledger, r Request, status pay.SessionStatus, now time.Time) view.Voice {
	i := r.invitation(l)
	if i == nil {
		return payersVoice(l, status)
	}
	switch {
	case status.Paid() && payer(l) == i.ID:
		return view.VoiceGave
	case status.Paid():
		return view.VoiceLate
	case status == pay.SessionOpen && l.OtherPays(i.ID):
		return view.VoiceTurn
	case status == pay.SessionOpen:
		return view.VoiceFriend
	case l.StatusAt(now) == pay.SessionOpen && !i.RevokedAt.IsZero():
		return view.VoiceRevoked
	}
	return view.VoiceOver
}

func payersVoice(l *pay.Ledger, status pay.SessionStatus) view.Voice {
	switch {
	case status.Paid() && payer(l) != "":
		return view.VoiceTreated
	case status == pay.SessionOpen && l.OtherPays(""):
		return view.VoiceBusy
	}
	return ""
}

// payer returns the id of the invitation by which a session was paid, or "".
func payer(l *pay.Ledger) string {
	if winner := l.Attempt(l.Session.Winner); winner != nil {
		return winner.Invitation
	}
	return ""
}

// Ask is what a payer needs to ask a friend: the zero value if nobody was asked yet.
type Ask struct {
	Token     string // the friend's
	ExpiresAt time.Time
}

// askBelow is the path of the page for asking a friend, below that of its session.
const askBelow = "/friend"

// AskAddress returns the path and query of the page for asking a friend which hands on
// what a request says of what is around it.
func AskAddress(r Request) string {
	path, query, some := strings.Cut(r.Now().Address(), "?")
	if some {
		query = "?" + query
	}
	return path + askBelow + query
}

// AskHTML returns the document on which the payer of a view asks a friend to pay. It has
// no client: a small script copies and shares the link, and looks again at news.
func AskHTML(v view.Checkout, r Request, ask Ask, scripts Scripts, links Links) ([]byte, error) {
	drawn := app.Ask{Below: askBelow}
	if ask.Token != "" {
		drawn.Link, drawn.ExpiresAt = links.Origin+FriendPath(ask.Token), ask.ExpiresAt
		var err error
		if drawn.QR, err = draw(drawn.Link); err != nil {
			return nil, err
		}
	}
	r = r.of(v)
	var b bytes.Buffer
	writeHead(&b, v.Locale, v.Text["friend.ask"], app.ThemeAttributes(v))
	if style := Style(v); style != "" {
		b.WriteString(`<style>` + style + `</style>`)
	}
	if drawn.Link != "" {
		b.WriteString(`<noscript><meta http-equiv="refresh" content="` + strconv.Itoa(refreshAfter) + `;url=` + html.EscapeString(AskAddress(r)) + `"></noscript>`)
	}
	b.WriteString(`</head><body>` + app.AskHTML(v, drawn))
	if watched(v) {
		writeFrame(&b, v, r, scripts.Frame)
	}
	b.WriteString(`<script defer src="` + scripts.Share + `"`)
	if drawn.Link != "" {
		b.WriteString(` data-events="` + html.EscapeString(v.Path+"/events?after="+strconv.FormatInt(v.Progress.LastEvent, 10)) +
			`" data-text="` + html.EscapeString(app.AskMessage(v)) + `" data-copied="` + html.EscapeString(v.Text["share.copied"]) + `"`)
	}
	b.WriteString(`></script></body></html>`)
	return b.Bytes(), nil
}
