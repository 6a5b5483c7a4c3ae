package desk

import (
	"context"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// Marks lists the rails that providers refuse to merchants' accounts.
func (d *Desk) Marks(ctx context.Context) ([]checkout.Mark, error) {
	return d.Config.Marks.Marks(ctx, d.Now())
}

// RailsRetry says which rails are to be offered again: those of a merchant, of one
// method or rail, or where these are "", of any.
type RailsRetry struct {
	Merchant string     `json:"merchant"` // needed
	Method   pay.Method `json:"method"`
	Rail     pay.Rail   `json:"rail"`
}

// RetryRails ends marks, because the provider grants the rails by now, and counts
// them. Every server offers them again within a second. Fails with not_found if
// there is none.
func (d *Desk) RetryRails(ctx context.Context, r RailsRetry) (int, error) {
	if r.Merchant == "" {
		return 0, pay.Errorf(pay.CodeInvalid, "merchant", "is missing")
	}
	n, err := d.Config.Marks.ClearMarks(ctx, r.Merchant, r.Method, r.Rail)
	if err == nil && n == 0 {
		err = pay.Errorf(pay.CodeNotFound, "", "no such rail is marked as not granted")
	}
	return n, err
}
