package provider

import (
	"time"

	"morepay/internal/pay"
)

// RefundOrder holds what an adapter needs to refund.
type RefundOrder struct {
	OutTradeNo string
	Reference  string // the provider's number of the payment
	Number     string // our number of the refund, the same on every retry
	Amount     pay.Money
	Total      pay.Money // of the payment
	Note       string
	MadeAt     time.Time // when we made the refund
	NotifyURL  string    // absolute, without query
}

// Evidence makes evidence of what a provider answered about this refund: returned
// says what, raw is the verified answer. Provider and Account are the caller's.
func (r RefundOrder) Evidence(returned pay.Returned, raw []byte, now time.Time) pay.Evidence {
	returned.Number = r.Number
	ev := pay.Evidence{
		Source: pay.SourceRefund, Outcome: pay.OutcomeRefund, OutTradeNo: r.OutTradeNo,
		Returned: &returned, ReceivedAt: now, Raw: raw,
	}
	ev.ID = EvidenceID(ev)
	return ev
}
