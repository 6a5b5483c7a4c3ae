package sqlstore

import (
	"context"
	"slices"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/retention"
)

// Retention lets go of what has been kept long enough, and of payers' data.
type Retention struct{ base }

var _ retention.Store = (*Retention)(nil)

// ClaimJob implements [retention.Store].
func (s *Retention) ClaimJob(ctx context.Context, holder string, now, until time.Time) (ours bool, err error) {
	const query = `INSERT INTO jobs (name, holder, claimed_until) VALUES ('prune', ?, ?)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, claimed_until = excluded.claimed_until
		WHERE jobs.claimed_until <= ? OR jobs.holder = excluded.holder`
	err = s.write(ctx, func(q Querier) error {
		n, err := exec(ctx, q, query, holder, toMillis(until), toMillis(now))
		ours = n > 0
		return err
	})
	return ours, err
}

// Prune implements [retention.Store].
func (s *Retention) Prune(ctx context.Context, k retention.Kind, step retention.Step) (done retention.Pruned, err error) {
	do := map[retention.Kind]func(context.Context, Querier, retention.Step) (retention.Pruned, error){
		retention.Erasing: s.pruneErasing,
		retention.Events:  s.pruneEvents,
		retention.Unpaid:  s.pruneSessions(selectUnpaid),
		retention.Ledgers: s.pruneSessions(selectPaid),
		retention.Raw:     s.pruneRaw,
	}[k]
	err = s.write(ctx, func(q Querier) error {
		done, err = do(ctx, q, step)
		return err
	})
	return done, err
}

// What is over and old. A session is over for good only if its ledger is settled
// too, which is looked at when it goes.
const (
	oldUnpaid = " FROM sessions WHERE due_at = 0 AND winner IS NULL AND expires_at <= ?"
	oldPaid   = " FROM sessions WHERE due_at = 0 AND winner IS NOT NULL AND expires_at <= ?"

	walked       = " AND (expires_at, id) > (?, ?) ORDER BY expires_at, id LIMIT ?"
	selectUnpaid = "SELECT expires_at, id" + oldUnpaid + walked
	selectPaid   = "SELECT expires_at, id" + oldPaid + walked
)

// Count implements [retention.Store].
func (s *Retention) Count(ctx context.Context, k retention.Kind, before time.Time) (n int, err error) {
	if k == retention.Events {
		return s.countEvents(ctx, before)
	}
	queries := map[retention.Kind][]string{
		retention.Erasing: {erasingSessions + " AND expires_at <= ?"},
		retention.Unpaid:  {oldUnpaid},
		retention.Ledgers: {oldPaid},
		retention.Raw:     {wholeRequests, wholeEvidence, wholeEntries},
	}
	for _, from := range queries[k] {
		some, err := get(ctx, s.base, "count", scalar[int], "SELECT COUNT(*) FROM (SELECT 1"+from+" LIMIT ?) AS old", toMillis(before), retention.MaxCount)
		if err != nil {
			return 0, err
		}
		n += some
	}
	return min(n, retention.MaxCount), nil
}

// countEvents looks at the first messages of each merchant.
func (s *Retention) countEvents(ctx context.Context, before time.Time) (n int, err error) {
	const query = "SELECT COUNT(*) FROM (SELECT at FROM messages WHERE merchant = ? AND sequence > 0 ORDER BY sequence LIMIT ?) AS old WHERE at <= ?"
	for merchant := ""; n < retention.MaxCount; {
		next, err := list(ctx, s.base, scalar[string], nextMerchant, merchant)
		if err != nil || len(next) == 0 {
			return n, err
		}
		merchant = next[0]
		some, err := get(ctx, s.base, "count", scalar[int], query, merchant, retention.MaxCount, toMillis(before))
		if err != nil {
			return 0, err
		}
		n += some
	}
	return retention.MaxCount, nil
}

const (
	nextMerchant   = "SELECT merchant FROM sequences WHERE merchant > ? ORDER BY merchant LIMIT 1"
	selectFirst    = "SELECT m.sequence, m.at, CASE WHEN EXISTS (SELECT 1 FROM deliveries d WHERE d.position = m.position AND d.state = 'pending') THEN 1 ELSE 0 END FROM messages m WHERE m.merchant = ? AND m.sequence > 0 ORDER BY m.sequence LIMIT ?"
	dropDeliveries = `DELETE FROM deliveries WHERE state <> 'pending' AND position IN (
		SELECT position FROM messages WHERE merchant = ? AND sequence > 0 AND sequence <= ?)`
	dropMessages = "DELETE FROM messages WHERE merchant = ? AND sequence > 0 AND sequence <= ?"
)

// pruneEvents lets go of a merchant's first messages, up to the first that is young
// or not delivered: the numbers of those that are left have no gap. The last number
// is kept in sequences.
func (s *Retention) pruneEvents(ctx context.Context, q Querier, step retention.Step) (done retention.Pruned, err error) {
	merchants, err := all(ctx, q, scalar[string], nextMerchant, step.After.ID)
	if err != nil || len(merchants) == 0 {
		return done, err
	}
	type message struct {
		sequence, at int64
		pending      int
	}
	fields := func(m *message) []any { return []any{&m.sequence, &m.at, &m.pending} }
	oldest, err := all(ctx, q, fields, selectFirst, merchants[0], step.Limit)
	if err != nil {
		return done, err
	}
	stay := slices.IndexFunc(oldest, func(m message) bool { return m.at > toMillis(step.Before) || m.pending > 0 })
	done = retention.Pruned{Count: len(oldest), Next: step.After, More: true}
	if stay >= 0 || len(oldest) < step.Limit {
		done.Next.ID = merchants[0]
	}
	if stay >= 0 {
		done.Count = stay
	}
	if done.Count == 0 {
		return done, nil
	}
	last := oldest[done.Count-1].sequence
	for _, query := range []string{dropDeliveries, dropMessages} {
		if _, err := exec(ctx, q, query, merchants[0], last); err != nil {
			return done, err
		}
	}
	return done, nil
}

// pruneSessions lets go of sessions that query finds, and of all below them.
func (s *Retention) pruneSessions(query string) func(context.Context, Querier, retention.Step) (retention.Pruned, error) {
	fields := func(c *retention.Cursor) []any { return []any{&c.At, &c.ID} }
	return func(ctx context.Context, q Querier, step retention.Step) (done retention.Pruned, err error) {
		found, err := all(ctx, q, fields, query, toMillis(step.Before), step.After.At, step.After.ID, step.Limit)
		if err != nil || len(found) == 0 {
			return done, err
		}
		done.Next, done.More = found[len(found)-1], len(found) == step.Limit
		for _, c := range found {
			gone, err := s.pruneSession(ctx, q, c.ID, step)
			if err != nil {
				return done, err
			}
			if gone {
				done.Count++
			}
		}
		return done, nil
	}
}

const (
	sessionInUse = `SELECT CASE WHEN EXISTS (SELECT 1 FROM messages WHERE session_id = ?)
		OR EXISTS (SELECT 1 FROM events WHERE session_id = ? AND at > ?)
		OR EXISTS (SELECT 1 FROM attempts a JOIN quarantine e ON e.out_trade_no = a.out_trade_no
			WHERE a.session_id = ? AND e.provider = a.provider AND e.account = a.account AND e.status <> 'resolved') THEN 1 ELSE 0 END`
)

// below lists what belongs to a session, in the order in which it may go.
var below = []string{
	"DELETE FROM evidence WHERE session_id = ?",
	"DELETE FROM events WHERE session_id = ?",
	"DELETE FROM refunds WHERE session_id = ?",
	"DELETE FROM invitations WHERE session_id = ?",
	"DELETE FROM visits WHERE session_id = ?",
	"DELETE FROM attempts WHERE session_id = ?",
	"DELETE FROM sessions WHERE id = ?",
}

// pruneSession lets go of a session unless something of it is under way, young or
// still to be read by its merchant. It locks the session first, so that what is seen
// afterwards stays so.
func (s *Retention) pruneSession(ctx context.Context, q Querier, id string, step retention.Step) (gone bool, err error) {
	locked, err := all(ctx, q, scalar[string], "SELECT id FROM sessions WHERE id = ?"+s.dialect.SkipLocked, id)
	if err != nil || len(locked) == 0 {
		return false, err
	}
	l, _, err := loadLedger(ctx, q, selectSession, id)
	if err != nil || !l.Settled() {
		return false, err
	}
	inUse, err := one(ctx, q, scalar[int], sessionInUse, id, id, toMillis(step.Before), id)
	if err != nil || inUse > 0 {
		return false, err
	}
	for i := range l.Attempts {
		past := pastPayment(l, &l.Attempts[i], step.Now)
		if err := insert(ctx, q, insertPast, pastFields(&past)); err != nil {
			return false, err
		}
	}
	for _, query := range below {
		if _, err := exec(ctx, q, query, id); err != nil {
			return false, err
		}
	}
	return true, nil
}

func pastPayment(l *pay.Ledger, a *pay.Attempt, now time.Time) checkout.PastPayment {
	return checkout.PastPayment{
		Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo,
		SessionID: l.Session.ID, Merchant: l.Session.Merchant, OrderName: l.Session.Reference,
		Amount: a.Amount, Reference: a.Reference, PaidAt: a.PaidAt, Returned: l.Returned(a.ID), PrunedAt: now,
	}
}
