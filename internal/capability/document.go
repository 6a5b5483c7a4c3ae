// Package capability holds what a merchant may do, as a public JSON document,
// and the one pure decision over it: which methods this order can be paid with
// on this device, by which rails, and why not by the others.
//
// The server, the browser and the QA matrix run the same code. What must not
// live here: decoding, which the browser has no use for (package document), clocks,
// storage, HTTP, texts shown to people, and anything secret: every document can be
// read by everyone.
package capability

import (
	"encoding/json"
	"time"

	"morepay/internal/device"
	"morepay/internal/pay"
)

// SchemaVersion is the version of the document's form.
const SchemaVersion = 1

// Document says what one merchant's account may do. Documents are decoded by
// package document and never changed afterwards.
type Document struct {
	Schema      int          `json:"schema"`             // SchemaVersion
	Version     int64        `json:"version,omitempty"`  // counted up by the store; 0 before it is stored
	Merchant    string       `json:"merchant"`           // id of the merchant
	Name        string       `json:"name"`               // shown to the payer
	Locale      string       `json:"locale"`             // BCP 47 tag to use if the payer's language is unknown
	Logo        string       `json:"logo,omitempty"`     // id of the merchant's sign, hosted by the server; "" for none
	Operator    string       `json:"operator,omitempty"` // who runs the checkout; "" for the host of its address
	Help        string       `json:"help,omitempty"`     // where payers reach the merchant: an https, mailto or tel address
	Theme       Theme        `json:"theme,omitzero"`
	Visible     int          `json:"visible"`                // at least so many of the offered methods stand before "More payment methods"
	Instant     bool         `json:"instant,omitempty"`      // a desktop's page comes with the first method's code
	FriendPay   bool         `json:"friend_pay,omitempty"`   // payers may ask a friend to pay
	Ranking     []pay.Method `json:"ranking,omitempty"`      // display order; methods that are not in it follow by rank
	OpenBatches []string     `json:"open_batches,omitempty"` // batches of merchants that are open so far, see [Rollout]
	Methods     []Method     `json:"methods"`
}

// JSON returns the one encoding of a document: the same document always gives
// the same bytes. It panics on numbers and times that no decoded document has.
func (doc *Document) JSON() []byte { return mustEncode(json.Marshal(doc)) }

// Indented returns JSON for people to read and compare, ending in a newline.
func (doc *Document) Indented() []byte {
	return append(mustEncode(json.MarshalIndent(doc, "", "  ")), '\n')
}

func mustEncode(data []byte, err error) []byte {
	if err != nil {
		panic("capability: document was not decoded: " + err.Error())
	}
	return data
}

// Method returns the entry of a method; nil if there is none.
func (doc *Document) Method(id pay.Method) *Method {
	for i := range doc.Methods {
		if doc.Methods[i].Method == id {
			return &doc.Methods[i]
		}
	}
	return nil
}

// State says whether a method is open to the payers of a merchant.
type State string

// The states.
const (
	StateOpen      State = "open"
	StateClosed    State = "closed"
	StateRollout   State = "rollout"   // open to those that Rollout names
	StateScheduled State = "scheduled" // open while Schedule says so
)

// States lists all of them.
var States = []State{StateOpen, StateClosed, StateRollout, StateScheduled}

// Method is one method's entry in a document: its state, routes and limits.
type Method struct {
	Method         pay.Method           `json:"method"`
	State          State                `json:"state"`
	Reason         string               `json:"reason,omitempty"`      // why it has this state, for people who read the document; payers don't see it
	Primary        bool                 `json:"primary,omitempty"`     // always before "More payment methods"
	Rank           int                  `json:"rank,omitempty"`        // smaller is earlier, among methods that Ranking does not name
	Icon           string               `json:"icon,omitempty"`        // id of the merchant's own icon, hosted by the server; "" for ours
	Rails          []pay.Rail           `json:"rails"`                 // granted by the provider; page_qr needs no grant
	Currencies     []string             `json:"currencies"`            // ISO 4217
	Limits         map[string]Limits    `json:"limits,omitempty"`      // by currency; none means no limit of ours
	Instalments    []int                `json:"instalments,omitempty"` // numbers of instalments that the provider granted; none for payment at once only
	Regions        []string             `json:"regions,omitempty"`     // ISO 3166-1 alpha-2; none means every region
	Products       *Products            `json:"products,omitempty"`
	Hosts          map[device.Host]Wall `json:"hosts,omitempty"`            // apps that do otherwise than the methods table says
	HostMinVersion map[string]string    `json:"host_min_version,omitempty"` // in that app, only from this version on; see LeastVersion
	Rollout        *Rollout             `json:"rollout,omitempty"`          // with state rollout
	Schedule       *Schedule            `json:"schedule,omitempty"`         // with state scheduled, or to begin and end a rollout
}

// Wall says whether an app lets the method's wallet open from its pages.
type Wall string

// The walls.
const (
	WallOpen   Wall = "open"   // as from a browser, though the table says that the app blocks it
	WallClosed Wall = "closed" // blocked, though the table says that it is not
)

// Walls lists all of them.
var Walls = []Wall{WallOpen, WallClosed}

// LeastVersion returns the version of the app around the page that the method needs
// there, or "": that of the app on the device's system ("wechat/ios"), else that of the
// app ("wechat"). On HarmonyOS apps have begun to count anew, so there only the former is.
func (m *Method) LeastVersion(d device.Device) string {
	least, ok := m.HostMinVersion[string(d.Host)+"/"+string(d.OS)]
	if !ok && d.OS != device.HarmonyOS {
		least = m.HostMinVersion[string(d.Host)]
	}
	return least
}

// Limits bound the amount of one payment, in minor units, both inclusive.
type Limits struct {
	Min int64 `json:"min,omitempty"` // 0 for none
	Max int64 `json:"max,omitempty"` // 0 for none
}

// Products says which goods may be paid with a method. One item that may not
// makes the whole order ineligible.
type Products struct {
	Allowed  *Goods `json:"allowed,omitempty"`  // if set, every item must be among these
	Excluded *Goods `json:"excluded,omitempty"` // no item may be among these
}

// Goods names goods by category or by SKU: an item is among them if either
// matches, see [AmongGoods].
type Goods struct {
	Categories []string `json:"categories,omitempty"`
	SKUs       []string `json:"skus,omitempty"`
}

// Rollout opens a method step by step, in two independent ways.
//
// By payer: Percent of the payers are in, chosen by [Bucket]. Raising Percent
// keeps everyone who was in.
//
// By merchant: merchants are put into named batches (Batch), and batches are
// opened one after the other by adding them to the document's OpenBatches. The
// operator publishes the same list with every document.
//
// A payer is in if both agree; what is left out does not restrict.
type Rollout struct {
	Percent float64 `json:"percent"`        // 0 to 100 in steps of 0.01
	Salt    string  `json:"salt,omitempty"` // changes who is in; the same salt and payer give the same bucket at every merchant
	Batch   string  `json:"batch,omitempty"`
}

// Schedule opens a method for a time. From is inclusive, Until exclusive; a
// zero time does not bound.
type Schedule struct {
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}
