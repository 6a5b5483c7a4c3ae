package capability

import (
	"time"

	"morepay/internal/device"
	"morepay/internal/pay"
)

// Order is what a decision needs to know of the session.
type Order struct {
	Amount pay.Money    `json:"amount"`
	Items  []pay.Item   `json:"items,omitempty"`
	Payer  string       `json:"payer,omitempty"`  // opaque key of the payer, see PayerKey; "" for an anonymous one
	Region string       `json:"region,omitempty"` // ISO 3166-1 alpha-2, or "" if unknown
	Down   []pay.Method `json:"down,omitempty"`   // methods whose provider can't be reached right now
}

// Decision says for every method of a document how it can be paid with, or why
// it can't.
type Decision struct {
	Choices []Choice `json:"choices"` // in display order
}

// Group is where a choice is shown.
type Group string

// The groups.
const (
	GroupPrimary Group = "primary" // at once
	GroupMore    Group = "more"    // behind "More payment methods"
)

// Choice is the decision about one method: either a ladder or reasons.
type Choice struct {
	Method  pay.Method `json:"method"`
	Group   Group      `json:"group"`
	Rank    int        `json:"rank"`              // 1, 2, 3, … in display order
	Ladder  []pay.Rail `json:"ladder,omitempty"`  // the first is offered, the rest are its fallbacks
	Reasons []Reason   `json:"reasons,omitempty"` // every check that failed, in the order of ReasonCodes
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
	ReasonBlockedInContainer  ReasonCode = "blocked_in_container" // Host: the app that blocks the method
	ReasonNoRailOnDevice      ReasonCode = "no_rail_on_device"
	ReasonRailNotGranted      ReasonCode = "rail_not_granted"
	ReasonProviderUnavailable ReasonCode = "provider_unavailable"
)

// Reason is one failed check with its facts. Reasons compare with ==.
type Reason struct {
	Code    ReasonCode  `json:"code"`
	At      time.Time   `json:"at,omitzero"`
	Limit   pay.Money   `json:"limit,omitzero"`
	Item    string      `json:"item,omitempty"` // SKU, else name, else category
	Host    device.Host `json:"host,omitempty"`
	Version string      `json:"version,omitempty"`
}

// Offered tells whether the payer can choose the method.
func (c Choice) Offered() bool { return len(c.Ladder) > 0 }
