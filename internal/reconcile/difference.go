package reconcile

// Kind names how a bill and our books disagree.
type Kind string

// The kinds of difference.
const (
	NotOurs        Kind = "not_ours"      // billed, and no attempt of ours has that number
	WasUnpaid      Kind = "was_unpaid"    // billed, and we did not know that it was paid
	OtherAmount    Kind = "amount"        // billed with another amount
	OtherReference Kind = "reference"     // billed with another number of the provider: the same order was paid twice
	NotBilled      Kind = "not_billed"    // we believe that it was paid, the bill does not have it
	ForeignRefund  Kind = "refund"        // a refund was billed that we did not ask for
	RefundAmount   Kind = "refund_amount" // a refund was billed with another amount
	RefundStatus   Kind = "refund_status" // a refund was billed that has another status in our books
	Unreadable     Kind = "unreadable"    // a row that can't be read, or whose state is unknown
)

// Difference is one thing on which a provider's bill and our books disagreed.
type Difference struct {
	Kind       Kind   `json:"kind"`
	OutTradeNo string `json:"out_trade_no,omitempty"`
	Refund     string `json:"refund_number,omitempty"`
	Ours       string `json:"ours,omitempty"`
	Theirs     string `json:"theirs,omitempty"`
	Healed     bool   `json:"healed"` // our books say what the bill says, from now on
}
