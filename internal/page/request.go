package page

import (
	"net/url"
	"strconv"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// Request describes the page that a payer's browser asks for. Nothing in it is
// trusted: Parent may be any text until [Make] has compared it.
type Request struct {
	Token     string // the payer's key to the session
	Friend    bool   // the token is that of a friend who was asked to pay
	Parent    string // origin of the page around our frame, or ""
	Locale    string // the language that the shop's page asked for, or ""
	Lang      string // the language that the payer chose on our page, or ""
	Words     Words  // what the shop's page wishes of the list
	Languages string // Accept-Language
	Device    device.Device
	Test      bool // the server moves no real money: Words may name another device than the browser's
	Choose    bool // show the list although an attempt can still be paid
	Asked     bool // the payer has said that it is paid
	Unseen    bool // the page comes with a code once it is seen
	Seen      bool // the page around our frame says that the payer sees it
	Posted    bool // the page answers a form, and stands at the form's address
	Framed    bool // the browser says that the page stands in a frame

	// ReturnedAt is when the payer came back from the wallet, zero if they did not.
	ReturnedAt time.Time

	PageQR pay.Method // show our own page's QR for this method; "" for none

	// Ticket hands the payer of ByMiniProgram, a method, over to the shop's mini program
	// around the page. Both are "" unless they are.
	Ticket        string
	ByMiniProgram pay.Method

	// Open is the method whose panel is to be shown instead of the list, or "". If Go is
	// set, the payer has chosen it on the shop's page, where they saw the amount Was, in
	// minor units.
	Open pay.Method
	Go   bool
	Was  int64
}

// lastSecond is the end of the last year that JSON can name.
const lastSecond = 253402300799

// Read parses a request for the page of token. test says that the server is in test mode.
func Read(token string, query url.Values, userAgent, languages string, test bool) Request {
	r := Request{
		Token:     token,
		Test:      test,
		Device:    device.Detect(userAgent),
		Languages: languages,
		Choose:    query.Has("choose"),
		Asked:     query.Has("asked"),
		Seen:      query.Get("seen") == "1",
	}.InFrame(query)
	if m := pay.Method(query.Get("method")); pay.Rail(query.Get("rail")) == pay.RailPageQR && method.Find(m) != nil {
		r.PageQR = m
	}
	if m := pay.Method(query.Get("method")); pay.Rail(query.Get("rail")) == pay.RailMiniProgram && method.Find(m) != nil && query.Get("ticket") != "" {
		r.ByMiniProgram, r.Ticket = m, query.Get("ticket")
	}
	if m := pay.Method(query.Get("open")); method.Find(m) != nil {
		r.Open, r.Go = m, query.Get("go") == "1"
		r.Was, _ = strconv.ParseInt(query.Get("was"), 10, 64) // 0, of which there is no session, for what is no number
	}
	if query.Has("returned") {
		seconds, _ := strconv.ParseInt(query.Get("returned"), 10, 64) // 0, long ago, for what is no number
		r.ReturnedAt = time.Unix(max(0, min(seconds, lastSecond)), 0).UTC()
	}
	return r
}

// InFrame returns the request with what values say of the page around our frame,
// of the app around it, and of the language that the payer chose. The loader puts the one into the
// frame's first address; forms and redirects hand both on.
func (r Request) InFrame(values url.Values) Request {
	if parent := values.Get("parent"); parent != "" {
		r.Parent = parent
	}
	if tag := values.Get("locale"); tag != "" && len(tag) <= checkout.MaxLocale {
		r.Locale = tag
	}
	if tag := values.Get("lang"); tag != "" && len(tag) <= checkout.MaxLocale {
		r.Lang = tag
	}
	r.Words = r.Words.with(values)
	if !r.Test {
		r.Words.Device = ""
	}
	r.Device = r.Refined(device.Hints{App: r.Words.Host})
	return r
}

// Refined returns the device with what the browser has found out beyond its user agent,
// or the one that it is to be taken for.
func (r Request) Refined(h device.Hints) device.Device {
	if forced, ok := device.Of(r.Words.Device); ok {
		return forced
	}
	return r.Device.Refine(h)
}

// of returns the request as the forms of its page hand it on: only what [Make] took
// is repeated.
func (r Request) of(v view.Checkout) Request {
	r.Parent, r.Lang, r.Locale = v.Parent, v.Lang, ""
	if r.Parent != "" && r.Lang == "" {
		r.Locale = v.Locale
	}
	return r
}

// list returns the request for the list of methods.
func (r Request) list() Request {
	r = r.Now()
	r.Choose = true
	return r
}

// Now returns the request for the page as the session stands.
func (r Request) Now() Request {
	r.Choose, r.Asked, r.ReturnedAt, r.PageQR = false, false, time.Time{}, ""
	r.Open, r.Go, r.Was = "", false, 0
	r.Ticket, r.ByMiniProgram = "", ""
	return r
}

// FriendPrefix begins the path of the page of a friend who was asked to pay.
const FriendPrefix = "/p/"

// Path returns the path of a session's page, and the prefix of its routes.
func Path(token string) string { return "/pay/" + token }

// FriendPath returns the path of the page of a friend who was asked to pay.
func FriendPath(token string) string { return FriendPrefix + token }

// HandedOver returns the request for the page as the session stands, in a window of its
// own: what the app or mini program around it is handed goes to the whole of it.
func (r Request) HandedOver() Request {
	r = r.Now()
	r.Parent = ""
	return r
}

// Path returns the path of the page, and the prefix of its routes.
func (r Request) Path() string {
	if r.Friend {
		return FriendPath(r.Token)
	}
	return Path(r.Token)
}

// Invitation returns the id of the invitation by which the reader of a ledger's page
// came, "" for the session's own payer.
func (r Request) Invitation(l *pay.Ledger) string {
	if i := r.invitation(l); i != nil {
		return i.ID
	}
	return ""
}

func (r Request) invitation(l *pay.Ledger) *pay.Invitation {
	if !r.Friend {
		return nil
	}
	return l.Invitation(checkout.HashToken(r.Token))
}

// Address returns the path and query under which a browser makes this request.
func (r Request) Address() string {
	query := r.Words.values()
	set := func(name, value string, given bool) {
		if given {
			query.Set(name, value)
		}
	}
	set("parent", r.Parent, r.Parent != "")
	set("locale", r.Locale, r.Locale != "")
	set("lang", r.Lang, r.Lang != "")
	set("choose", "1", r.Choose)
	set("asked", "1", r.Asked)
	set("returned", strconv.FormatInt(r.ReturnedAt.Unix(), 10), !r.ReturnedAt.IsZero())
	set("rail", string(pay.RailPageQR), r.PageQR != "")
	set("method", string(r.PageQR), r.PageQR != "")
	set("rail", string(pay.RailMiniProgram), r.Ticket != "")
	set("method", string(r.ByMiniProgram), r.Ticket != "")
	set("ticket", r.Ticket, r.Ticket != "")
	set("open", string(r.Open), r.Open != "")
	set("go", "1", r.Go)
	set("was", strconv.FormatInt(r.Was, 10), r.Was != 0)
	if len(query) == 0 {
		return r.Path()
	}
	return r.Path() + "?" + query.Encode()
}
