// Package method is the table of payment methods: one row each, with its names,
// its provider and its ladders.
//
// What must not live here: what one merchant may do (package capability), what
// a device is (package device), drawings of icons, provider words.
package method

import (
	"slices"
	"strings"

	"morepay/internal/device"
	"morepay/internal/pay"
)

// Method is a row of the table.
type Method struct {
	ID          pay.Method
	Provider    string             // id of the adapter that moves the money
	Icon        string             // id of our own icon
	Names       []Name             // one of them English
	Currencies  []Currency         // that the provider takes, whatever a merchant has agreed; none for any: the merchant's own cashier decides
	Home        []device.Container // the wallet's own app: there the method stands first
	Apps        []device.Host      // the same for a wallet whose app is known by its name only
	Blocked     []device.Container // on mobile, these keep the wallet from opening; see BlockedBy
	Instalments []int              // numbers of instalments in which the wallet's credit may be asked for; the merchant is granted some of them
	ladders     []ladder           // the first that covers a device counts; see Ladder
}

// Currency is one that a method's provider takes, and the most of it in one payment, in
// minor units; 0 where the provider documents no bound. The least is the smallest unit.
type Currency struct {
	Code string
	Most int64
}

// Name is what a method is called in a locale. Names are a list because a map would be
// filled by code, which weighs in the browser's bundle.
type Name struct {
	Locale string // BCP 47 tag of the catalogue
	Text   string
}

// ladder is the rails on one kind of device, best first. What is left out of form, in,
// own, os and paid stands for any.
type ladder struct {
	form  device.Form
	in    []device.Container
	own   bool // only in the method's own apps and in those that nobody knows
	paid  bool // only where the shop's app or mini program around the page says that it pays with the method itself
	os    device.OS
	rails []pay.Rail
}

// Find returns the row of that id; nil if there is none.
func Find(id pay.Method) *Method {
	for i := range table {
		if table[i].ID == id {
			return &table[i]
		}
	}
	return nil
}

// All lists the rows in the order of the table. They must not be changed.
func All() []*Method {
	list := make([]*Method, len(table))
	for i := range table {
		list[i] = &table[i]
	}
	return list
}

// IDs lists the ids in the order of the table.
func IDs() []pay.Method {
	ids := make([]pay.Method, len(table))
	for i := range table {
		ids[i] = table[i].ID
	}
	return ids
}

// Name returns the method's name for a locale, in English if it has none.
func (m *Method) Name(locale string) string {
	english := ""
	for _, n := range m.Names {
		switch n.Locale {
		case locale:
			return n.Text
		case "en":
			english = n.Text
		}
	}
	return english
}

// Currency returns what the provider takes of a currency; false if it takes none.
func (m *Method) Currency(code string) (Currency, bool) {
	for _, c := range m.Currencies {
		if c.Code == code {
			return c, true
		}
	}
	return Currency{}, len(m.Currencies) == 0
}

// Codes lists the currencies that the provider takes; nil for any.
func (m *Method) Codes() (codes []string) {
	for _, c := range m.Currencies {
		codes = append(codes, c.Code)
	}
	return codes
}

// Ladder returns the rails that can work on a device, best first, whatever a
// merchant was granted. It must not be changed.
func (m *Method) Ladder(d device.Device) []pay.Rail {
	for i := range m.ladders {
		if m.covers(&m.ladders[i], d) {
			return m.ladders[i].rails
		}
	}
	return nil
}

// Grants lists the rails that a provider may grant a merchant for this method:
// those that some device can take, in the order of pay.Rails. page_qr is ours
// and needs no grant.
func (m *Method) Grants() []pay.Rail {
	var grants []pay.Rail
	for _, r := range pay.Rails {
		if r != pay.RailPageQR && slices.ContainsFunc(m.ladders, func(l ladder) bool { return slices.Contains(l.rails, r) }) {
			grants = append(grants, r)
		}
	}
	return grants
}

func (m *Method) covers(l *ladder, d device.Device) bool {
	return (l.form == "" || l.form == d.Form) && (len(l.in) == 0 || slices.Contains(l.in, d.Container)) &&
		(!l.own || d.Host == "" || slices.Contains(m.Apps, d.Host)) && (l.os == "" || l.os == d.OS) &&
		(!l.paid || strings.Contains("."+d.Pays+".", "."+string(m.ID)+"."))
}

// AtHome reports whether the page is shown by the method's own app.
func (m *Method) AtHome(d device.Device) bool {
	return slices.Contains(m.Home, d.Container) || slices.Contains(m.Apps, d.Host)
}

// BlockedBy reports whether the app around the page keeps this method's wallet
// from opening. Desktop apps don't: there the wallet is on another device.
func (m *Method) BlockedBy(d device.Device) bool {
	return d.Form == device.Mobile && slices.Contains(m.Blocked, d.Container)
}
