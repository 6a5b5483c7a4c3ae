package sqlstore

import (
	"context"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

var pastPayments = newTable("past_payments", `
	provider account out_trade_no session_id merchant merchant_reference
	amount_value amount_currency reference paid_at returned_total pruned_at`)

func pastFields(p *checkout.PastPayment) []any {
	return []any{
		&p.Provider, &p.Account, &p.OutTradeNo, &p.SessionID, &p.Merchant, &p.OrderName,
		&p.Amount.Value, &p.Amount.Currency, &p.Reference,
		millis{&p.PaidAt},
		&p.Returned,
		millis{&p.PrunedAt},
	}
}

var (
	insertPast = pastPayments.insert("")
	selectPast = "SELECT " + pastPayments.list() + " FROM past_payments WHERE provider = ? AND account = ? AND out_trade_no = ?"
)

// Past implements [checkout.Store].
func (s *Ledgers) Past(ctx context.Context, key checkout.Key) (checkout.PastPayment, error) {
	return get(ctx, s.base, "payment", pastFields, selectPast, key.Provider, key.Account, key.OutTradeNo)
}

// unused fails with conflict if a payment that has been pruned had the number of an
// attempt.
func (s *Ledgers) unused(ctx context.Context, q Querier, a pay.Attempt) error {
	past, err := all(ctx, q, pastFields, selectPast, a.Provider, a.Account, a.OutTradeNo)
	if err == nil && len(past) > 0 {
		err = pay.Errorf(pay.CodeConflict, "", "another payment had this out_trade_no")
	}
	return err
}
