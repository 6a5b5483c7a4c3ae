package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/method"
	"morepay/internal/pay"
)

// drawing is one icon: a white figure on a coloured tile of 40×40 units.
type drawing struct {
	colour string
	figure string // the d of a path
}

// drawings are our own, one an icon id of package method: plain symbols, nobody's logo.
var drawings = map[string]drawing{
	// a speech bubble with a tick cut out
	"wechat_pay": {"#1a9f53", "M20 9C13 9 7.5 13.5 7.5 19.2c0 3.2 1.8 6 4.6 7.9L11 31.5l4.9-2.6c1.3.3 2.7.5 4.1.5c7 0 12.5-4.5 12.5-10.2S27 9 20 9zm-1.9 14.6l-4.3-4.3 2-2 2.3 2.3 6.2-6.2 2 2z"},
	// a purse with a clasp
	"alipay": {"#1668dc", "M10.5 11h16a2.5 2.5 0 0 1 2.5 2.5V15h.5a2.5 2.5 0 0 1 2.5 2.5v10a2.5 2.5 0 0 1-2.5 2.5h-19A2.5 2.5 0 0 1 8 27.5v-14A2.5 2.5 0 0 1 10.5 11zm.5 2.6a.7.7 0 0 0 0 1.4h15.5v-1.4zm14.5 6.9a2 2 0 0 0 0 4H32v-4z"},
	// a cloud with a bolt cut out
	"unionpay": {"#0c7f86", "M14 29.5a6 6 0 0 1-.9-11.93A7.5 7.5 0 0 1 27.7 16.7 6.5 6.5 0 0 1 26.5 29.5zm7.3-13l-5.3 7h3.6l-1.3 5 5.7-7.2h-3.6l1.7-4.8z"},
	// a shopping bag
	"jd_pay": {"#cf2a2a", "M14.5 16v-1.5a5.5 5.5 0 0 1 11 0V16h3.3l1.2 14a1.4 1.4 0 0 1-1.4 1.5H11.4A1.4 1.4 0 0 1 10 30l1.2-14zm2.4 0h6.2v-1.5a3.1 3.1 0 0 0-6.2 0z"},
}

// card is for methods that have no drawing of their own.
var card = drawing{"#566070", "M9.5 12h21a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-21a2 2 0 0 1-2-2V14a2 2 0 0 1 2-2zM7.5 16.5v3h25v-3z"}

// icon returns the merchant's own icon of a method, else our drawing; for the
// eye only: the name stands beside it.
func (s *screen) icon(m pay.Method) goapp.UI {
	if entry := s.Document.Method(m); entry != nil && entry.Icon != "" {
		return el("img.icon", attrs{"src", "/merchants/" + s.Document.Merchant + "/icons/" + entry.Icon, "width", "40", "height", "40", "aria-hidden", "true"})
	}
	return draw(m)
}

func draw(m pay.Method) goapp.UI {
	d := card
	if row := method.Find(m); row != nil && drawings[row.Icon] != (drawing{}) {
		d = drawings[row.Icon]
	}
	return svg("svg.icon", attrs{"viewBox", "0 0 40 40", "aria-hidden", "true"},
		svg("path", attrs{"fill", d.colour, "d", "M10 0h20a10 10 0 0 1 10 10v20a10 10 0 0 1-10 10H10A10 10 0 0 1 0 30V10A10 10 0 0 1 10 0z"}),
		svg("path", attrs{"fill", "#fff", "fill-rule", "evenodd", "d", d.figure}),
	)
}
