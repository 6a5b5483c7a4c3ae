package sqlstore

import (
	"context"
	"math"
	"slices"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/pay"
	"morepay/internal/trace"
)

var (
	_ checkout.DeskStore = (*Ledgers)(nil)
	_ desk.Books         = (*Ledgers)(nil)
	_ trace.Books        = (*Ledgers)(nil)
)

var insertQuarantined = quarantine.insert(ignoreRepeats)

// Quarantine implements [checkout.DeskStore].
func (s *Ledgers) Quarantine(ctx context.Context, q checkout.Quarantined) (fresh bool, err error) {
	sum, err := digest{&q.Evidence}.Value()
	if err != nil {
		return false, err
	}
	q.ID = "qe_" + sum.(string)[:24]
	args, err := values(quarantineFields(&q))
	if err != nil {
		return false, err
	}
	err = s.write(ctx, func(tx Querier) error {
		added, err := exec(ctx, tx, insertQuarantined, args...)
		fresh = added > 0
		return err
	})
	return fresh, err
}

var (
	selectQuarantined = "SELECT " + quarantine.list() + " FROM quarantine"
	selectEntry       = selectQuarantined + " WHERE entry = ?"
)

// Entry implements [checkout.DeskStore].
func (s *Ledgers) Entry(ctx context.Context, id string) (checkout.Quarantined, error) {
	return get(ctx, s.base, "entry", quarantineFields, selectEntry, id)
}

// entryPlace is the position of an entry in the list.
type entryPlace struct {
	at int64
	id string
}

const selectPlace = "SELECT at, entry FROM quarantine WHERE entry = ?"

var (
	filterQuarantined = ` (? = '' OR status = ?) AND (? = '' OR merchant = ?) AND (? = '' OR provider = ?) AND (? = '' OR account = ?)
		AND (at, entry) < (?, ?) ORDER BY at DESC, entry DESC LIMIT ?`
	listQuarantined = selectQuarantined + " WHERE" + filterQuarantined
	listOfNumber    = selectQuarantined + " WHERE out_trade_no = ? AND" + filterQuarantined
)

// Quarantined implements [checkout.DeskStore].
func (s *Ledgers) Quarantined(ctx context.Context, f checkout.QuarantineFilter) (list []checkout.Quarantined, err error) {
	query, args := listQuarantined, []any{}
	if f.OutTradeNo != "" {
		query, args = listOfNumber, []any{f.OutTradeNo}
	}
	for _, value := range []string{string(f.Status), f.Merchant, f.Provider, f.Account} {
		args = append(args, value, value)
	}
	look := s.read // one statement sees one moment
	if f.After != "" {
		look = s.snapshot
	}
	err = look(ctx, func(q Querier) error {
		after := entryPlace{at: math.MaxInt64}
		if f.After != "" {
			fields := func(p *entryPlace) []any { return []any{&p.at, &p.id} }
			if after, err = one(ctx, q, fields, selectPlace, f.After); err != nil {
				return missing(err, "entry")
			}
		}
		list, err = all(ctx, q, quarantineFields, query, append(slices.Clip(args), after.at, after.id, f.Limit)...)
		return err
	})
	return list, err
}

// UpdateEntry implements [checkout.DeskStore].
func (s *Ledgers) UpdateEntry(ctx context.Context, id string, change func(*checkout.Quarantined) error) (entry checkout.Quarantined, err error) {
	var refused error
	err = s.write(ctx, func(q Querier) error {
		var failed error
		entry, refused, failed = s.changeEntry(ctx, q, id, change)
		if failed != nil {
			return failed
		}
		return refused
	})
	if refused != nil {
		err = refused
	}
	return entry, err
}

// UpdateWithEntry implements [checkout.DeskStore].
func (s *Ledgers) UpdateWithEntry(ctx context.Context, sessionID, entryID string, change func(*pay.Ledger, *checkout.Quarantined) error) (*pay.Ledger, error) {
	return s.update(ctx, sessionID, func(q Querier, l *pay.Ledger) (refused, failed error) {
		_, refused, failed = s.changeEntry(ctx, q, entryID, func(e *checkout.Quarantined) error { return change(l, e) })
		return refused, failed
	})
}

var updateEntry = "UPDATE quarantine SET " + quarantine.set(quarantineWork) + " WHERE entry = ?"

// changeEntry loads an entry, lets change alter it and stores what people change.
// An error of change is refused, one of the store failed.
func (s *Ledgers) changeEntry(ctx context.Context, q Querier, id string, change func(*checkout.Quarantined) error) (entry checkout.Quarantined, refused, failed error) {
	entry, err := one(ctx, q, quarantineFields, selectEntry+s.dialect.LockRow, id)
	if err != nil {
		return entry, nil, missing(err, "entry")
	}
	if refused = change(&entry); refused != nil {
		return entry, refused, nil
	}
	row, err := values(quarantineFields(&entry))
	if err != nil {
		return entry, nil, err
	}
	_, err = exec(ctx, q, updateEntry, append(slices.Clone(row[quarantineWork:]), id)...)
	return entry, nil, err
}

// Unresolved implements [desk.Books].
func (s *Ledgers) Unresolved(ctx context.Context) (n int, err error) {
	const query = "SELECT COUNT(*) FROM quarantine WHERE status <> 'resolved'"
	return get(ctx, s.base, "count", scalar[int], query)
}

// waitingRefunds selects refunds that may need a person, with the newest and
// exact word left to the ledger: those that the payer's account can't take, and
// failed ones of a surplus of which something is left.
const waitingRefunds = ` FROM refunds r JOIN attempts a ON a.session_id = r.session_id AND a.id = r.attempt_id
	WHERE r.status <> 'succeeded' AND (r.status = 'pending' AND r.failure = 'payer_account'
		OR r.status = 'failed' AND r.origin = 'surplus' AND a.returned_unknown = ? AND a.amount_value > COALESCE((
			SELECT SUM(o.amount_value) FROM refunds o
			WHERE o.session_id = r.session_id AND o.attempt_id = r.attempt_id AND o.status <> 'failed'), 0))`

// WaitingRefunds implements [desk.Books].
func (s *Ledgers) WaitingRefunds(ctx context.Context, limit int) ([]desk.WaitingRefund, error) {
	const query = "SELECT r.session_id, r.id, r.created_at" + waitingRefunds + " ORDER BY r.created_at, r.id LIMIT ?"
	fields := func(w *desk.WaitingRefund) []any { return []any{&w.SessionID, &w.RefundID, millis{&w.Since}} }
	return list(ctx, s.base, fields, query, false, limit)
}

// CountWaitingRefunds implements [desk.Books].
func (s *Ledgers) CountWaitingRefunds(ctx context.Context) (n int, oldest time.Time, err error) {
	const query = "SELECT COUNT(*), COALESCE(MIN(r.created_at), 0)" + waitingRefunds
	c, err := get(ctx, s.base, "count", sinceFields, query, false)
	return c.n, c.oldest, err
}

// Overdue implements [desk.Books].
func (s *Ledgers) Overdue(ctx context.Context, now time.Time) (n int, oldest time.Time, err error) {
	const query = "SELECT COUNT(*), COALESCE(MIN(due_at), 0) FROM sessions WHERE due_at > 0 AND due_at <= ?"
	c, err := get(ctx, s.base, "count", sinceFields, query, toMillis(now))
	return c.n, c.oldest, err
}

// since is how many there are, and since when.
type since struct {
	n      int
	oldest time.Time
}

func sinceFields(c *since) []any { return []any{&c.n, millis{&c.oldest}} }

// Needs implements [desk.Books].
func (s *Ledgers) Needs(ctx context.Context) (needs []desk.Need, err error) {
	const attempts = `SELECT a.provider, a.account, s.merchant, COUNT(*), 0
		FROM sessions s JOIN attempts a ON a.session_id = s.id
		WHERE s.due_at > 0 AND a.state IN ('submitting', 'awaiting') GROUP BY a.provider, a.account, s.merchant`
	const refunds = `SELECT a.provider, a.account, s.merchant, 0, COUNT(*)
		FROM sessions s JOIN refunds r ON r.session_id = s.id JOIN attempts a ON a.session_id = s.id AND a.id = r.attempt_id
		WHERE s.due_at > 0 AND r.status = 'pending' GROUP BY a.provider, a.account, s.merchant`
	const entries = `SELECT provider, account, merchant, 0, COUNT(*) FROM quarantine
		WHERE status <> 'resolved' AND status = 'refunding' GROUP BY provider, account, merchant`
	fields := func(n *desk.Need) []any { return []any{&n.Provider, &n.Account, &n.Merchant, &n.Attempts, &n.Refunds} }
	err = s.snapshot(ctx, func(q Querier) error {
		needs = nil
		for _, query := range []string{attempts, refunds, entries} {
			some, err := all(ctx, q, fields, query)
			if err != nil {
				return err
			}
			needs = append(needs, some...)
		}
		return nil
	})
	return needs, err
}
