package capability

import (
	"slices"
	"time"

	"morepay/internal/device"
	"morepay/internal/pay"
)

// Order holds the properties of a session that a decision depends on.
type Order struct {
	Amount pay.Money    `json:"amount"`
	Items  []pay.Item   `json:"items,omitempty"`
	Payer  string       `json:"payer,omitempty"`  // opaque key of the payer, see PayerKey; "" for an anonymous one
	Region string       `json:"region,omitempty"` // ISO 3166-1 alpha-2, or "" if unknown
	Down   []pay.Method `json:"down,omitempty"`   // methods whose provider can't be reached right now

	// NoAccount are methods at whose provider the merchant has no account.
	NoAccount []pay.Method `json:"no_account,omitempty"`

	// NotGranted are rails that the document offers and the provider refuses to the
	// merchant's account.
	NotGranted []MethodRail `json:"not_granted,omitempty"`

	// Unfit are rails that would be of no use to this payer, whatever the device:
	// the address that they come from is one that the provider refuses.
	Unfit []MethodRail `json:"unfit,omitempty"`

	// LeftOut are methods that the shop's page doesn't want on its list.
	LeftOut []pay.Method `json:"left_out,omitempty"`
}

// MethodRail is a rail of a method.
type MethodRail struct {
	Method pay.Method `json:"method"`
	Rail   pay.Rail   `json:"rail"`
}

// Decision says for every method of a document how it can be paid with, or why
// it can't.
type Decision struct {
	Choices []Choice `json:"choices"` // in display order
}

// Group is the part of the list in which a choice is shown.
type Group string

// The groups.
const (
	GroupPrimary     Group = "primary"     // at once
	GroupMore        Group = "more"        // behind "More payment methods"
	GroupElsewhere   Group = "elsewhere"   // on a phone, in the one row "Pay on another device"
	GroupUnavailable Group = "unavailable" // at the end, disabled, with a reason
	GroupHidden      Group = "hidden"      // nowhere
)

// Choice is the decision about one method: either a ladder or reasons.
type Choice struct {
	Method pay.Method `json:"method"`
	Group  Group      `json:"group"`
	Rank   int        `json:"rank"`             // 1, 2, 3, … in display order
	Ladder []pay.Rail `json:"ladder,omitempty"` // the first is offered, the rest are its fallbacks
	// Instalments are the numbers of instalments that may be chosen instead of payment at
	// once. On another device they are chosen there.
	Instalments []int `json:"instalments,omitempty"`

	Reasons []Reason `json:"reasons,omitempty"` // every check that failed, in the order of ReasonCodes
}

// Choice is the choice of a method; false if the document does not name it.
func (d Decision) Choice(m pay.Method) (Choice, bool) {
	i := slices.IndexFunc(d.Choices, func(c Choice) bool { return c.Method == m })
	if i < 0 {
		return Choice{}, false
	}
	return d.Choices[i], true
}

// Of lists the choices of a group, in display order.
func (d Decision) Of(g Group) []Choice {
	var list []Choice
	for _, c := range d.Choices {
		if c.Group == g {
			list = append(list, c)
		}
	}
	return list
}

// Allows reports whether the payer may take this rail of this method.
func (d Decision) Allows(m pay.Method, r pay.Rail) bool {
	c, _ := d.Choice(m)
	return slices.Contains(c.Ladder, r)
}

// Equal reports whether two decisions about one document say the same.
func (d Decision) Equal(other Decision) bool {
	return slices.EqualFunc(d.Choices, other.Choices, Choice.equal)
}

// equal need not look at instalments: document and ladder say which there are.
func (c Choice) equal(other Choice) bool {
	return c.Method == other.Method && c.Group == other.Group && c.Rank == other.Rank &&
		slices.Equal(c.Ladder, other.Ladder) && slices.Equal(c.Reasons, other.Reasons)
}

// PaidIn reports whether the payer may pay in so many instalments; 0 is at once.
func (c Choice) PaidIn(n int) bool { return n == 0 || slices.Contains(c.Instalments, n) }

// Offered reports whether the payer can choose the method.
func (c Choice) Offered() bool { return len(c.Ladder) > 0 }

// Barred reports whether nothing but the app around the page keeps the method from
// being used: in a browser, and on another device, it works.
func (c Choice) Barred() bool {
	return len(c.Reasons) > 0 && !slices.ContainsFunc(c.Reasons, func(r Reason) bool {
		return r.Code != ReasonBlockedInContainer && r.Code != ReasonHostUpdateRequired
	})
}

// Shown reports whether the payer sees the method, enabled or disabled. One
// silent reason hides it: no update helps a payer whom the method is closed to.
func (c Choice) Shown() bool {
	return !slices.ContainsFunc(c.Reasons, func(r Reason) bool { return !r.Shown() })
}

// ReasonCode names why a method is not offered. The list is closed.
type ReasonCode string

// The reason codes, in the order in which they are checked and listed.
const (
	ReasonMethodClosed        ReasonCode = "method_closed"
	ReasonNotYetOpen          ReasonCode = "not_yet_open" // At: when it opens
	ReasonNotInRollout        ReasonCode = "not_in_rollout"
	ReasonCurrencyUnsupported ReasonCode = "currency_unsupported"
	ReasonAmountBelowMin      ReasonCode = "amount_below_min" // Limit: the minimum
	ReasonAmountAboveMax      ReasonCode = "amount_above_max" // Limit: the maximum
	ReasonRegionUnsupported   ReasonCode = "region_unsupported"
	ReasonProductExcluded     ReasonCode = "product_excluded"     // Item: the first one that is
	ReasonHostUpdateRequired  ReasonCode = "host_update_required" // Host, Version: what to update, at least to what
	ReasonBlockedInContainer  ReasonCode = "blocked_in_container" // Host: the app that blocks the wallet
	ReasonNoRailOnDevice      ReasonCode = "no_rail_on_device"
	ReasonRailNotGranted      ReasonCode = "rail_not_granted"
	ReasonNoAccount           ReasonCode = "no_account"
	ReasonProviderUnavailable ReasonCode = "provider_unavailable"
	ReasonHiddenByShop        ReasonCode = "hidden_by_shop"
)

// ReasonCodes lists all of them in that order.
func ReasonCodes() []ReasonCode {
	codes := make([]ReasonCode, len(checks))
	for i := range checks {
		codes[i] = checks[i].code
	}
	return codes
}

// Shown reports whether payers are told: the row stays, disabled, with a
// sentence. The other codes hide the row.
func (code ReasonCode) Shown() bool {
	i := slices.IndexFunc(checks[:], func(c check) bool { return c.code == code })
	return i >= 0 && checks[i].shown
}

// Reason is one failed check with its facts. Reasons compare with ==.
type Reason struct {
	Code    ReasonCode  `json:"code"`
	At      time.Time   `json:"at,omitzero"` // UTC
	Limit   pay.Money   `json:"limit,omitzero"`
	Item    string      `json:"item,omitempty"` // SKU, else name, else category
	Host    device.Host `json:"host,omitempty"`
	Version string      `json:"version,omitempty"`
}

// Shown is that of the code.
func (r Reason) Shown() bool { return r.Code.Shown() }
