package reconcile

import (
	"morepay/internal/pay"
)

// Outcome is the outcome of reconciling one account's bill of one day.
type Outcome string

// The outcomes.
const (
	Agrees      Outcome = "agrees"
	Differs     Outcome = "differs"
	NoBill      Outcome = "no_bill"      // the provider has not written it yet
	Failed      Outcome = "failed"       // it was not compared, or not to its end
	NotCompared Outcome = "not_compared" // the provider writes no bills
)

// Outcomes lists all of them.
var Outcomes = []Outcome{Agrees, Differs, NoBill, Failed, NotCompared}

// Final reports whether there is no sense in asking again.
func (o Outcome) Final() bool { return o == Agrees || o == Differs || o == NotCompared }

// Result is the result of reconciling one account's bill of one day.
type Result struct {
	Merchant string  `json:"merchant"`
	Provider string  `json:"provider"`
	Account  string  `json:"account"`
	Day      string  `json:"day"` // 2006-01-02, China's
	Outcome  Outcome `json:"result"`
	Problem  string  `json:"problem,omitempty"` // why it failed or is not there
	Totals   Totals  `json:"totals"`

	Count       int          `json:"differences_count"`
	Differences []Difference `json:"differences,omitempty"` // in the store only the first of them
}

// Totals sums a bill's payments and refunds.
type Totals struct {
	Payments Sum        `json:"payments"`
	Refunds  Sum        `json:"refunds"`
	Fees     *pay.Money `json:"fees,omitempty"` // nil where the bill does not say
}

// Sum is a number of rows and what they come to. A row of another currency than
// the first is not in the value.
type Sum struct {
	Count int       `json:"count"`
	Value pay.Money `json:"amount"`
}

func (s *Sum) add(m pay.Money) {
	s.Count++
	if s.Value.Currency == "" {
		s.Value.Currency = m.Currency
	}
	if s.Value.Currency == m.Currency {
		s.Value.Value += m.Value
	}
}
