package page

import (
	"bytes"
	"html"
	"net/url"
	"strconv"
	"strings"
	"time"

	"morepay/app"
	"morepay/internal/checkout"
	"morepay/internal/view"
)

// OfferPath is the path of the list that a shop's page shows before it has made an
// order.
const OfferPath = "/offer"

// MakeOffer returns the list for an order that there is no session of. Forms and links
// hand query on, which says what the order is.
func MakeOffer(f checkout.Facts, r Request, query url.Values, links Links, now time.Time) view.Checkout {
	now = now.UTC().Truncate(time.Millisecond)
	v := view.Checkout{
		Version:  view.Version,
		Path:     OfferPath,
		Amount:   f.Order.Amount,
		Order:    f.Order,
		Document: f.Document,
		Test:     links.Test,
		Progress: view.Progress{State: view.StateSelect, ServerTime: now, NotGranted: f.Order.NotGranted},
	}
	v = r.around(v, links, "")
	v.Document.FriendPay = false // there is no order yet
	if !r.Choose {
		v.Open = r.Open
	}
	if v.Document.Operator == "" {
		v.Document.Operator = host(links.Origin)
	}
	v.Words = handedOn(query, v.Words)
	return v
}

// handedOn returns the words of a list with what its order is.
func handedOn(query url.Values, words string) string {
	order := url.Values{}
	for _, name := range OfferParameters {
		if value := query.Get(name); value != "" {
			order.Set(name, value)
		}
	}
	return strings.Trim(order.Encode()+"&"+words, "&")
}

// OfferParameters say what the order of a list is that has no session.
var OfferParameters = []string{"merchant", "amount", "currency", "items"}

// host returns the host of an origin.
func host(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return u.Host
}

// OfferHTML returns the document around a list that [MakeOffer] made. It has no client,
// for there is nothing to follow: what is pressed is told to the shop's page.
func OfferHTML(v view.Checkout, frame string) []byte {
	var b bytes.Buffer
	writeHead(&b, v.Locale, app.Title(v), app.ThemeAttributes(v))
	if style := Style(v); style != "" {
		b.WriteString(`<style>` + style + `</style>`)
	}
	b.WriteString(`</head><body><noscript><p class="notice">` + html.EscapeString(v.Text["offer.script"]) + `</p></noscript>`)
	b.WriteString(app.HTML(v))
	b.WriteString(`<script defer src="` + frame + `" data-parent="` + html.EscapeString(v.Parent) +
		`" data-amount="` + strconv.FormatInt(v.Amount.Value, 10) + `" data-currency="` + html.EscapeString(v.Amount.Currency) + `"></script></body></html>`)
	return b.Bytes()
}
