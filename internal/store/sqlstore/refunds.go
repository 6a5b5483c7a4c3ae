package sqlstore

import (
	"context"

	"morepay/internal/checkout"
)

// Refunds implements [checkout.Store].
func (s *Ledgers) Refunds(ctx context.Context, f checkout.RefundFilter) (page checkout.RefundPage, err error) {
	query, args := "SELECT "+refunds.list()+" FROM refunds WHERE merchant = ?", []any{f.Merchant}
	// Each index but that of statuses finds few: of a merchant's own choice of words the
	// status is looked at, and not searched for.
	status := " AND status = ?"
	for _, narrow := range []struct{ column, value string }{
		{"id", f.ID}, {"session_id", f.SessionID}, {"merchant_reference", f.Reference},
	} {
		if narrow.value == "" {
			continue
		}
		query, args = query+" AND "+narrow.column+" = ?", append(args, narrow.value)
		status = " AND status || '' = ?"
	}
	if f.Status != "" {
		query, args = query+status, append(args, string(f.Status))
	}
	rows, err := list(ctx, s.base, refundFields, query+newestFirst, append(args, pageArgs(f.From, f.Until, f.After, f.Limit)...)...)
	if err != nil {
		return page, err
	}
	page.More = len(rows) > f.Limit
	for _, row := range rows[:min(len(rows), f.Limit)] {
		page.Refunds = append(page.Refunds, checkout.ListedRefund{SessionID: row.sessionID, Refund: *row.Refund})
	}
	return page, nil
}
