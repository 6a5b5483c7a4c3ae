package page

import (
	"bytes"
	"encoding/json"
	"html"
	"maps"
	"slices"
	"strconv"
	"time"

	"morepay/app"
	"morepay/internal/colour"
	"morepay/internal/device"
	"morepay/internal/locale"
	"morepay/internal/pay"
	"morepay/internal/view"
	"morepay/web"
)

// Scripts are the addresses of what the page loads late. Without a built bundle
// all but Frame, Listen, Share and Post are "".
type Scripts struct {
	Frame, Listen, Share, Post, Boot, Wasm, Exec string

	Picture string // what makes a picture of a code, see [Links]
}

// around is room for what [HTML] writes between the large parts, in bytes.
const around = 2 << 10

// HTML returns the document around a view that [Make] made for a request: one
// request, CSS inlined, every script late but for the one about its address.
func HTML(v view.Checkout, r Request, scripts Scripts) ([]byte, error) {
	data, err := json.Marshal(v) // escapes <, > and &, so no text can end the element
	if err != nil {
		return nil, err
	}
	body, theme, title := app.HTML(v), app.ThemeAttributes(v), app.Title(v)
	var b bytes.Buffer
	b.Grow(len(web.Stylesheet()) + len(body) + len(data) + around)
	writeHead(&b, v.Locale, title, theme)
	if style := Style(v); style != "" {
		b.WriteString(`<style>` + style + `</style>`)
	}
	writeRefresh(&b, v, r)
	b.WriteString(`</head><body>`)
	b.WriteString(body)
	writeEntry(&b, r.of(v), v.Progress)
	b.WriteString(`<script type="application/json" id="view">`)
	b.Write(data)
	b.WriteString(`</script>`)
	writeScripts(&b, v, r, scripts)
	b.WriteString(`</body></html>`)
	return b.Bytes(), nil
}

// Problem returns the page of an error where there is no session to show: one
// sentence in a language of the Accept-Language header.
func Problem(r Request, code pay.Code) []byte {
	tag := locale.Match(nil, r.Languages, "")
	text := locale.Text(tag)
	sentence, again := locale.Problem(text, code), text["select.again"]
	if code == pay.CodeNotFound {
		again = ""
	}
	if code == pay.CodeNotFound && r.Friend {
		sentence = text["friend.gone"]
	}
	var b bytes.Buffer
	writeHead(&b, tag, sentence, nil)
	b.WriteString(`</head><body>` + app.Problem(sentence, again) + `</body></html>`)
	return b.Bytes()
}

// writeHead begins a page of ours and leaves its head open. The page is one
// request: the style sheet is in it, and no icon is asked for.
func writeHead(b *bytes.Buffer, lang, title string, attributes map[string]string) {
	b.WriteString(`<!doctype html><html lang="` + html.EscapeString(lang) + `"`)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		b.WriteString(` ` + name + `="` + html.EscapeString(attributes[name]) + `"`)
	}
	b.WriteString(`><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">` +
		`<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark">` +
		`<link rel="icon" href="data:,">`)
	writeThemeColor(b, attributes)
	b.WriteString(`<title>` + html.EscapeString(title) + `</title><style>` + web.Stylesheet() + `</style>`)
}

// ground is the colour of the page's ground in light and dark, plain is that of the
// preset without one: the style sheet's --ground and --card.
var (
	ground = [...]string{"#eef1f5", "#0f1115"}
	plain  = [...]string{"#fff", "#1a1d23"}
)

// writeThemeColor gives the browser's own bars the colour of the page's ground.
func writeThemeColor(b *bytes.Buffer, theme map[string]string) {
	colours := ground
	if theme["data-preset"] == "plain" {
		colours = plain
	}
	switch theme["data-mode"] {
	case "light":
		b.WriteString(`<meta name="theme-color" content="` + colours[0] + `">`)
	case "dark":
		b.WriteString(`<meta name="theme-color" content="` + colours[1] + `">`)
	default:
		b.WriteString(`<meta name="theme-color" content="` + colours[0] + `" media="(prefers-color-scheme:light)">` +
			`<meta name="theme-color" content="` + colours[1] + `" media="(prefers-color-scheme:dark)">`)
	}
}

// Style returns the style sheet that a page has of its own beside the common one:
// that of its merchant's colour, or "".
func Style(v view.Checkout) string {
	c, ok := colour.Parse(v.Document.Theme.Accent)
	if !ok {
		return ""
	}
	return ":root{" + c.HSL().Variables() + "}"
}

// How often the page looks again without scripts, and when it goes on by itself
// to the merchant, in seconds. A page that is about to say something new looks then.
const (
	refreshAfter  = 10
	refreshAtOnce = 2
	continueAfter = 3 // listen.js has the same
)

// writeRefresh keeps a page without scripts honest: while the payer is waited
// for it is loaded again now and then. Who came back from the wallet and has
// paid is brought on to the merchant.
func writeRefresh(b *bytes.Buffer, v view.Checkout, r Request) {
	after, to := 0, ""
	switch p := v.Progress; {
	case p.State == view.StateSubmitting, p.State == view.StateWaiting:
		after, _ = lookAgainAfter(p)
		to = r.of(v).Address() // named, or nothing is loaded where a fragment stands behind it, as WeChat leaves one
	case p.Onward:
		after, to = continueAfter, p.ContinueURL
	case moves(v, r):
		to = r.of(v).list().Address()
	default:
		return
	}
	b.WriteString(`<noscript><meta http-equiv="refresh" content="` + strconv.Itoa(after) + `;url=` + html.EscapeString(to) + `"></noscript>`)
}

// moves reports whether a page without scripts moves to the list's own address, because
// a code may take its place: Back from there would be answered with the code. So soon a
// refresh makes no entry in the history.
func moves(v view.Checkout, r Request) bool {
	return v.Progress.State == view.StateSelect && v.Progress.Instant == "" && v.Open == "" && v.Device.Form == device.Desktop && !r.Choose && v.Error == nil
}

// writeEntry tells the browser where the page is to be loaded again, where its list
// is, and when it has something new to say.
func writeEntry(b *bytes.Buffer, r Request, p view.Progress) {
	b.WriteString(`<script data-list="` + html.EscapeString(r.list().Address()) + `"`)
	if r.Posted {
		b.WriteString(` data-address="` + html.EscapeString(r.Address()) + `"`)
	}
	if again, turn := lookAgainAfter(p); turn {
		b.WriteString(` data-look="` + strconv.Itoa(again) + `"`)
	}
	b.WriteString(`>` + web.EntryScript() + `</script>`)
}

// lookAgainAfter returns the seconds after which a page without scripts looks again,
// and reports whether it has something new to say then.
func lookAgainAfter(p view.Progress) (seconds int, turn bool) {
	if p.Payment == nil || p.Payment.Since.IsZero() {
		return refreshAfter, false
	}
	age := p.ServerTime.Sub(p.Payment.Since)
	for _, at := range app.Turns {
		if age < at {
			return max(refreshAtOnce, int((at-age+time.Second-1)/time.Second)), true
		}
	}
	return refreshAfter, false
}

func writeScripts(b *bytes.Buffer, v view.Checkout, r Request, s Scripts) {
	if watched(v) || corrected(v.Progress) {
		writeFrame(b, v, r, s.Frame)
	}
	b.WriteString(`<script defer src="` + s.Listen + `" data-offline="` + html.EscapeString(v.Text["offline"]) + `" data-copied="` + html.EscapeString(v.Text["share.copied"]) + `"></script>`)
	if s.Wasm == "" || s.Exec == "" {
		return
	}
	b.WriteString(`<script defer fetchpriority="low" src="` + s.Boot + `" data-wasm="` + s.Wasm + `" data-exec="` + s.Exec + `" data-text="` + locale.Path(v.Locale) + `"></script>`)
}

// watched reports whether a shop's page, or an app around ours, may want to hear what
// happens here. A page that stands alone in a desktop's browser has nobody to tell.
func watched(v view.Checkout) bool { return v.Parent != "" || !v.Device.DesktopBrowser() }

// corrected reports whether the head and the list have said that there is a code which
// then did not come.
func corrected(p view.Progress) bool { return p.Instant != "" && p.State != view.StateWaiting }

func writeFrame(b *bytes.Buffer, v view.Checkout, r Request, src string) {
	b.WriteString(`<script defer fetchpriority="low" src="` + src + `" data-parent="` + html.EscapeString(v.Parent) + `" data-session="` + html.EscapeString(v.Session) + `"`)
	if r.Unseen {
		b.WriteString(` data-unseen="1"`)
	}
	if v.Begins {
		b.WriteString(` data-go="1"`)
	}
	if corrected(v.Progress) {
		b.WriteString(` data-state="` + html.EscapeString(string(v.Progress.State)) + `" data-title="` + html.EscapeString(app.Title(v)) + `"`)
	}
	b.WriteString(`></script>`)
}
