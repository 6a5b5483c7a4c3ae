package provider

import (
	"fmt"

	"morepay/internal/pay"
)

// EvidenceID returns the id of evidence that has none of its own, such as the answer
// to a query: the same for the same statement about the same payment, however
// often it is asked for.
func EvidenceID(ev pay.Evidence) string {
	id := fmt.Sprintf("%s:%s:%s:%s", ev.Source, ev.OutTradeNo, ev.Outcome, ev.Reference)
	if r := ev.Returned; r != nil {
		id += fmt.Sprintf(":%s:%s:%s:%d:%t", r.Number, r.Status, r.Failure, r.Total.Value, r.Unknown)
	}
	return id
}
