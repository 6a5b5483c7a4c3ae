package provider

import (
	"context"
	"time"

	"morepay/internal/pay"
)

// Biller is a provider that publishes a daily bill file.
type Biller interface {
	// Bill reads the bill of one day in China, taking up to a minute. A day
	// without payments has an empty one. ErrNotReady if it hasn't been written yet.
	Bill(ctx context.Context, day time.Time) (Bill, error)
}

// Bill is a provider's account of one day's money.
type Bill struct {
	Lines    []BillLine
	Problems []BillProblem // rows that are not among the lines: they don't keep the others from being read
	Fees     *pay.Money    // what the provider took for itself, rounded; nil where the bill does not say
}

// BillLine is one row of a bill: a payment, or a refund.
type BillLine struct {
	OutTradeNo   string
	RefundNumber string            // "" for a payment
	Status       pay.RefundStatus  // of a refund, when the bill was written; "" for a payment
	Failure      pay.RefundFailure // why a refund failed or is stuck, if the bill says
	Amount       pay.Money
	Reference    string // the provider's number of the payment or refund
	At           time.Time
}

// BillProblem is a row that can't be read or whose state is unknown.
type BillProblem struct {
	Row        int    // the line of the file on which it begins, from 1
	OutTradeNo string // as far as it could be read, or ""
	Why        string // in our words
}
