package reconcile

// Kind names how a bill and our books disagree.
type Kind string

// The kinds of difference.
const (
	NotOurs     Kind = "not_ours"    // billed, and no attempt of ours has that number
	WasUnpaid   Kind = "was_unpaid"  // billed, and we did not know that it was paid: we do now
	OtherAmount Kind = "amount"      // billed with another amount
	NotBilled   Kind = "not_billed"  // we believe that it was paid, the bill does not have it
	OtherRefund Kind = "refund"      // a refund was billed that we did not ask for, or of another amount
	Unreadable  Kind = "unreadable"  // a row of the bill that can't be read, or whose state is unknown
	BillAbsent  Kind = "bill_absent" // the provider has not written the bill yet
)

// Difference is one thing on which a provider's bill and our books disagree.
type Difference struct {
	Merchant   string `json:"merchant"`
	Provider   string `json:"provider"`
	Account    string `json:"account"`
	Day        string `json:"day"` // 2006-01-02, of the bill
	Kind       Kind   `json:"kind"`
	OutTradeNo string `json:"out_trade_no,omitempty"`
	Ours       string `json:"ours,omitempty"`
	Theirs     string `json:"theirs,omitempty"`
}
