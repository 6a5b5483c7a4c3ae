package sqlstore

import (
	"context"
	"time"

	"morepay/internal/reconcile"
)

var _ reconcile.Books = (*Ledgers)(nil)

// PaidAttempts implements [reconcile.Books].
func (s *Ledgers) PaidAttempts(ctx context.Context, provider, account string, from, until time.Time) ([]reconcile.PaidAttempt, error) {
	const columns = "SELECT session_id, out_trade_no, amount_currency, amount_value, paid_at FROM "
	const paid = " WHERE provider = ? AND account = ? AND paid_at > 0 AND paid_at >= ? AND paid_at < ?"
	const query = columns + "attempts" + paid + " UNION ALL " + columns + "past_payments" + paid + " ORDER BY paid_at, out_trade_no"
	fields := func(r *reconcile.PaidAttempt) []any {
		return []any{&r.SessionID, &r.OutTradeNo, &r.Amount.Currency, &r.Amount.Value, millis{&r.PaidAt}}
	}
	args := []any{provider, account, toMillis(from), toMillis(until)}
	return list(ctx, s.base, fields, query, append(args, args...)...)
}

// FirstUsed implements [reconcile.Books].
func (s *Ledgers) FirstUsed(ctx context.Context, provider, account string) (time.Time, error) {
	const query = "SELECT COALESCE(MIN(created_at), 0) FROM attempts WHERE provider = ? AND account = ?"
	fields := func(t *time.Time) []any { return []any{millis{t}} }
	return get(ctx, s.base, "attempt", fields, query, provider, account)
}
