// Package view is what the browser may know of a checkout: one versioned struct
// that the server renders, embeds in the page as JSON and sends again when
// something has happened. Package app draws it on both sides.
//
// What must not live here: secrets, other people's data, provider words, and
// anything that the browser could work out from the rest.
package view

import (
	"time"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/pay"
)

// Version of the struct. A bundle that meets another version leaves the page to
// work without it.
const Version = 1

// Beat is the time between the signs of life of an event stream.
const Beat = 15 * time.Second

// State is which screen the payer sees. It is the value of data-state.
type State string

// The states.
const (
	StateSelect     State = "select"     // choose a method
	StateSubmitting State = "submitting" // the provider has not answered yet
	StateWaiting    State = "waiting"    // the payer has a QR or was sent to the wallet
	StatePaid       State = "paid"
	StateExpired    State = "expired"
	StateFailed     State = "failed" // the last attempt was refused; another may be made
	StateCanceled   State = "canceled"
)

// Checkout is one session as its payer may see it.
type Checkout struct {
	Version     int                  `json:"v"`
	Session     string               `json:"-"`                // id of the session, for who hears of it; no key to anything
	Path        string               `json:"path"`             // "/pay/<token>": the page, and the prefix of its routes
	Parent      string               `json:"parent"`           // origin of the page around our frame, or ""
	Locale      string               `json:"locale"`           // BCP 47 tag of Text
	Words       string               `json:"words,omitempty"`  // what the shop's page wishes, as a query, which forms hand on
	Layout      string               `json:"layout,omitempty"` // "tabs" or "list" for what it wishes; "" for what is usual
	Last        pay.Method           `json:"last,omitempty"`   // that the payer used last
	Open        pay.Method           `json:"open,omitempty"`   // whose panel stands in the list's place, in state select
	Begins      bool                 `json:"-"`                // the page goes on with Open by itself
	Lang        string               `json:"lang,omitempty"`   // the tag that the payer chose, which forms hand on
	Text        Text                 `json:"-"`                // a file of its own, the same for every page
	Reference   string               `json:"reference"`        // the merchant's own name for the order
	Description string               `json:"description"`
	Amount      pay.Money            `json:"amount"`
	AmountText  string               `json:"amount_text"` // "¥59.80"
	Order       capability.Order     `json:"order"`
	Device      device.Device        `json:"device"`
	Document    *capability.Document `json:"document"`
	From        string               `json:"from,omitempty"` // who asks the reader to pay, if they are a friend
	ShareURL    string               `json:"share_url"`      // absolute link of our own page, for page_qr and "copy link"
	Test        bool                 `json:"test"`           // no real money moves here
	Error       *Error               `json:"error,omitempty"`
	Progress    Progress             `json:"live"`
}

// Progress is the part that changes, under the name live on the wire. It is the data
// of every server-sent event.
type Progress struct {
	State       State     `json:"state"`
	Status      string    `json:"status"`     // pay.SessionStatus
	LastEvent   int64     `json:"last_event"` // number of the newest event it shows
	ServerTime  time.Time `json:"server_time"`
	ExpiresAt   time.Time `json:"expires_at"`
	FormToken   string    `json:"form_token"` // goes into every form; good for 30 minutes
	Payment     *Payment  `json:"payment,omitempty"`
	ContinueURL string    `json:"continue_url,omitempty"` // back to the merchant
	Voice       Voice     `json:"voice,omitempty"`

	// Failed is the method of the attempt that was refused, in state failed.
	Failed pay.Method `json:"failed,omitempty"`

	// Instant is the method whose code the page was to come with. In the states select
	// and failed it did not come: the list stands as it was sent, as tabs. "" for an
	// ordinary page.
	Instant pay.Method `json:"instant,omitempty"`

	// Onward says that the payer has come back from the wallet, so that the page goes on
	// to ContinueURL by itself, in state paid.
	Onward bool `json:"onward,omitempty"`

	// Receipt is what is known of a payment, in state paid.
	Receipt *Receipt `json:"receipt,omitempty"`

	// NotGranted takes the place of the order's: a provider may refuse a rail while
	// the page is open.
	NotGranted []capability.MethodRail `json:"not_granted,omitempty"`
}

// Voice is what a friend has to do with the session, and how its reader must be spoken
// to: a sentence whose key has a dot and the voice behind it stands in the place of the
// plain one. "" is the payer's own page where no friend pays.
type Voice string

// The voices.
const (
	VoiceBusy    Voice = "busy"    // to the payer: the friend pays just now
	VoiceTreated Voice = "treated" // to the payer: the friend has paid
	VoiceFriend  Voice = "friend"  // to the friend
	VoiceTurn    Voice = "turn"    // to the friend: somebody else pays just now
	VoiceGave    Voice = "gave"    // to the friend, who has paid
	VoiceLate    Voice = "late"    // to the friend: somebody else has paid
	VoiceRevoked Voice = "revoked" // to the friend: the link was taken back
	VoiceOver    Voice = "over"    // to the friend: the link or the session is over
)

// Voices lists all of them.
var Voices = []Voice{VoiceBusy, VoiceTreated, VoiceFriend, VoiceTurn, VoiceGave, VoiceLate, VoiceRevoked, VoiceOver}

// Payment is the way of paying that the payer is on.
type Payment struct {
	AttemptID   string     `json:"attempt,omitempty"` // "" for page_qr, which needs no attempt, and for mini_program before there is one
	Method      pay.Method `json:"method"`
	Rail        pay.Rail   `json:"rail"`
	Instalments int        `json:"instalments,omitempty"` // 0 for payment at once
	QR          *QR        `json:"qr,omitempty"`
	Bridge      *Bridge    `json:"bridge,omitempty"`
	ExpiresAt   time.Time  `json:"expires_at,omitzero"` // of the code or link; it can be renewed
	Returned    bool       `json:"returned,omitempty"`  // the payer came back from the wallet and we are checking
	Asked       bool       `json:"asked,omitempty"`     // the payer says that it is paid, and nobody knows of it

	// Of a payment that its provider has not answered about, and of one whose payer came
	// back: when that began. Payers are told after a while.
	Since time.Time `json:"since,omitzero"`

	// Others reports whether another code or link of the session may still be paid, so that
	// nobody can say that nothing was.
	Others bool `json:"others,omitempty"`
}

// Receipt says how and when an order was paid.
type Receipt struct {
	Method      pay.Method `json:"method"`
	Instalments int        `json:"instalments,omitempty"` // 0 for payment at once
	PaidAt      time.Time  `json:"paid_at"`
}

// QR is a code that the page draws.
type QR struct {
	Size int    `json:"size"` // modules a side, with the quiet zone of four
	Path string `json:"path"` // the d of an SVG path in a Size×Size view box, dark modules only
	PNG  string `json:"png"`  // path of the same as a picture to save; "" where saving it is no use

	// Picture is the path of the script that makes a picture for an album of it, with
	// what must be known beside it; "" where PNG is.
	Picture string `json:"picture,omitempty"`
}

// Bridge is a call of the app around the page.
type Bridge struct {
	Name   string            `json:"name"` // see pay.Action
	Params map[string]string `json:"params"`
}

// Error describes what went wrong with the last thing the payer did.
type Error struct {
	Code    pay.Code `json:"code"`
	Message string   `json:"message"` // in the page's language
}
