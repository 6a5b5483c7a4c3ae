package trace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"morepay/internal/pay"
)

// Browser is what a request told of a browser that pays, and where the answer led it.
type Browser struct {
	Did     string     `json:"did"`              // one of the words below
	Device  string     `json:"device,omitempty"` // profile of the device that it was taken for
	Forced  bool       `json:"forced,omitempty"` // by the page's address
	Locale  string     `json:"locale,omitempty"` // of the page that it got
	State   string     `json:"state,omitempty"`  // of the page that it got
	Via     string     `json:"via,omitempty"`    // the bad network in between
	Method  pay.Method `json:"method,omitempty"`
	Rail    pay.Rail   `json:"rail,omitempty"`
	After   string     `json:"after,omitempty"` // method and rail of the form before, if they were others: a fallback
	Asked   string     `json:"asked,omitempty"` // why
	Scripts bool       `json:"scripts,omitempty"`
	Framed  bool       `json:"framed,omitempty"`
	Friend  bool       `json:"friend,omitempty"`       // on the page of a friend who was asked to pay
	Other   bool       `json:"other_device,omitempty"` // than the one before
	To      string     `json:"to,omitempty"`           // where the answer sent it
	Status  int        `json:"status,omitempty"`       // of the answer; 0 if there is none yet
	Lasted  int64      `json:"lasted_msec,omitempty"`  // of a stream, once it has ended
	Times   int        `json:"times,omitempty"`        // the same again and again, counted from the entry's time
}

// What a browser does.
const (
	Draws       = "page"    // asks for the page
	LoadsClient = "client"  // asks for the client in WebAssembly, if it has none in its cache
	Asks        = "asks"    // its script asks how the session stands
	Streams     = "stream"  // waits for news
	Orders      = "order"   // posts the form of a way to pay
	Returns     = "return"  // is sent back by the wallet
	Checks      = "check"   // asks whether it was paid
	AsksWhy     = "reason"  // asks why a way is missing
	SavesCode   = "picture" // asks for a code as a picture
	AsksFriend  = "friend"  // asks for the page on which a friend is asked to pay
	Invites     = "invite"  // makes the link for a friend
	Revokes     = "revoke"  // takes it back
)

// Told are what pages of the demo tell of themselves, which no request shows.
var Told = []string{
	"hidden", "shown", // another app, tab or window covers the page, or not any more
	"blurred", "focused", // a prompt of the system may be over it, or not any more
	"kept",                             // it came back out of the browser's memory
	"opening",                          // it says that a wallet opens
	"fallback",                         // it asks whether the wallet opened, and offers other ways
	"answered-paid", "answered-unpaid", // by the wallet's payment window
}

// OurPage is where an answer leads that leads back to the session's page.
const OurPage = "our page"

// Outside begins where an answer leads that leads away from it; the scheme follows.
const Outside = "an address of "

// At returns the entry of what a browser did.
func (b Browser) At(at time.Time) Entry {
	what := b.Did
	for _, word := range []string{string(b.Method), string(b.Rail), b.State} {
		if word != "" {
			what += " " + word
		}
	}
	return Entry{At: at, Kind: Heard, What: what, More: strings.Join(b.notes(), ", "), Browser: &b}
}

func (b *Browser) notes() (list []string) {
	for _, n := range []struct {
		holds bool
		note  string
	}{
		{b.Device != "", b.Device},
		{b.Forced, "as the address says"},
		{b.Other, "another device than before"},
		{b.Locale != "", b.Locale},
		{b.Via != "", "via " + b.Via},
		{b.Friend, "a friend's page"},
		{b.Framed, "in a frame"},
		{b.Asked != "", b.Asked},
		{b.After != "", "after " + b.After},
		{b.Did == Orders || b.Did == Checks || b.Did == Asks, map[bool]string{true: "by script", false: "natively"}[b.Scripts]},
		{b.Did == Streams, b.lasted()},
		{b.To != "", "sent to " + b.To},
		{b.Did != Streams && b.Did != LoadsClient && !slices.Contains(Told, b.Did), b.answer()},
		{b.Times > 1, strconv.Itoa(b.Times) + " times"},
	} {
		if n.holds {
			list = append(list, n.note)
		}
	}
	return list
}

func (b *Browser) answer() string {
	if b.Status == 0 {
		return "no answer"
	}
	return "answer " + strconv.Itoa(b.Status)
}

func (b *Browser) lasted() string {
	if b.Lasted == 0 {
		return "open"
	}
	return fmt.Sprintf("closed after %.1f s", float64(b.Lasted)/1000)
}
