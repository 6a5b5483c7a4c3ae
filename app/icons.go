package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/method"
	"morepay/internal/pay"
)

// drawings are line drawings in a 24×24 view box, by the icon id of package method
// or by what they stand for. All are in one colour and nobody's logo: what looks
// almost like a real one looks like a counterfeit. The real ones come from the
// merchant's folder icons.
var drawings = []struct{ name, path string }{
	{"wechat_pay", "M8.5 3.5h7A1.5 1.5 0 0 1 17 5v14a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 7 19V5a1.5 1.5 0 0 1 1.5-1.5zM9.8 11.8l1.7 1.7 2.8-3"},                                                        // a phone with a tick
	{"alipay", "M5.5 7.5h13A1.5 1.5 0 0 1 20 9v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18V6.5A2 2 0 0 1 6 4.5h10.5v3M20 11.5h-4a2 2 0 0 0 0 4h4"},                                                     // a purse
	{"unionpay", "M4.5 7h9A1.5 1.5 0 0 1 15 8.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 15.5v-7A1.5 1.5 0 0 1 4.5 7zM3 10.5h12M17.8 9.5a5 5 0 0 1 0 5M20.3 7.5a9 9 0 0 1 0 9"},                         // a card with waves
	{"jd_pay", "M6 8.5h12l1 10.5a1 1 0 0 1-1 1.1H6A1 1 0 0 1 5 19zM9 11V7a3 3 0 0 1 6 0v4"},                                                                                                               // a shopping bag
	{"coin", "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM8.8 8l3.2 4 3.2-4M12 12v5M9.5 13.5h5"},                                                                                                       // a coin
	{"card", "M5 6h14a1.5 1.5 0 0 1 1.5 1.5v9A1.5 1.5 0 0 1 19 18H5a1.5 1.5 0 0 1-1.5-1.5v-9A1.5 1.5 0 0 1 5 6zM3.5 10h17M7 14.5h3"},                                                                      // a card
	{"more", "M5.5 5.5h4v4h-4zM14.5 5.5h4v4h-4zM5.5 14.5h4v4h-4zM14.5 14.5h4v4h-4z"},                                                                                                                      // four tiles
	{"scan", "M4 9V5.5A1.5 1.5 0 0 1 5.5 4H9M15 4h3.5A1.5 1.5 0 0 1 20 5.5V9M20 15v3.5a1.5 1.5 0 0 1-1.5 1.5H15M9 20H5.5A1.5 1.5 0 0 1 4 18.5V15M8 12h8"},                                                 // a code in a finder
	{"copy", "M10 8.5h8A1.5 1.5 0 0 1 19.5 10v8a1.5 1.5 0 0 1-1.5 1.5h-8A1.5 1.5 0 0 1 8.5 18v-8A1.5 1.5 0 0 1 10 8.5zM15.5 8.5V6A1.5 1.5 0 0 0 14 4.5H6A1.5 1.5 0 0 0 4.5 6v8A1.5 1.5 0 0 0 6 15.5h2.5"}, // two sheets
	{"swap", "M4 8.5h15M16 5.5l3 3-3 3M20 15.5H5M8 12.5l-3 3 3 3"},                                                                                                                                        // two arrows
	{"lock", "M8 11V8a4 4 0 0 1 8 0v3M6.5 11h11v8.5h-11z"},                                                                                                                                                // a padlock
}

// icon returns the merchant's own icon of a method, else our drawing; for the
// eye only: the name stands beside it.
func (s *screen) icon(m pay.Method) goapp.UI {
	if entry := s.Document.Method(m); entry != nil && entry.Icon != "" {
		return el("img.icon brand", attrs{"src", s.picture(entry.Icon), "width", "36", "height", "36", "aria-hidden", "true"})
	}
	if row := method.Find(m); row != nil && drawing(row.Icon) != "" {
		return draw("icon", row.Icon)
	}
	return draw("icon", "card")
}

// drawing returns the path of a drawing, "" if there is none of that name.
func drawing(name string) string {
	for _, d := range drawings {
		if d.name == name {
			return d.path
		}
	}
	return ""
}

func draw(class, name string) goapp.UI {
	return svg("svg."+class, attrs{"viewBox", "0 0 24 24", "aria-hidden", "true"}, svg("path", attrs{"d", drawing(name)}))
}
