package sqlstore

import (
	"context"
	"slices"
	"time"

	"morepay/internal/webhook"
)

// Outbox keeps the messages to merchants and their delivery.
type Outbox struct {
	base
	news chan struct{}
}

var _ webhook.Queue = (*Outbox)(nil)

var messages = newTable("messages", `
	id merchant session_id sequence number type at payload`)

func messageFields(m *webhook.Message) []any {
	return []any{&m.ID, &m.Merchant, &m.SessionID, &m.Sequence, &m.Number, &m.Type, millis{&m.At}, blob{&m.Payload}}
}

// News implements [webhook.Queue].
func (s *Outbox) News() <-chan struct{} { return s.news }

// tell says that there is something new in the outbox.
func (s *Outbox) tell() {
	select {
	case s.news <- struct{}{}:
	default: // nobody has taken the last word yet
	}
}

// assignLock is the key of the lock that lets one server at a time assign
// messages: numbers appear in order, and two servers can't give the same one.
const assignLock = 2

const (
	// Row numbers begin after the last number of their merchant.
	numberMessages = `WITH batch AS MATERIALIZED (
		SELECT position, merchant FROM messages WHERE sequence = 0 ORDER BY position LIMIT ?),
		numbered AS MATERIALIZED (
		SELECT batch.position, COALESCE(sequences.last, 0) + ROW_NUMBER() OVER (PARTITION BY batch.merchant ORDER BY batch.position) AS sequence
		FROM batch LEFT JOIN sequences ON sequences.merchant = batch.merchant)
		UPDATE messages SET sequence = numbered.sequence FROM numbered WHERE messages.position = numbered.position
		RETURNING messages.merchant, messages.sequence`
	keepLast = "INSERT INTO sequences (merchant, last) VALUES (?, ?) ON CONFLICT (merchant) DO UPDATE SET last = excluded.last"

	// An endpoint that works is looked at by the first of two times, one that fails
	// by the second.
	wakeEndpoints = `UPDATE endpoints SET next_at = CASE
		WHEN failing < ? AND (next_at = 0 OR next_at > ?) THEN CAST(? AS BIGINT)
		WHEN next_at = 0 OR next_at > ? THEN CAST(? AS BIGINT)
		ELSE next_at END WHERE merchant = ? AND removed_at = 0`

	insertDeliveries = `INSERT INTO deliveries (endpoint, position, session_id, state, tries, status, error, tried_at, due_at, planned_at)
		SELECT e.id, m.position, m.session_id, 'pending', 0, 0, '', 0, CAST(? AS BIGINT), 0
		FROM messages m JOIN endpoints e ON e.merchant = m.merchant`
	deliverNew = insertDeliveries + " WHERE m.merchant = ? AND m.sequence > 0 AND m.sequence >= ? AND m.sequence <= ? AND e.removed_at = 0"
)

// Assign implements [webhook.Queue].
func (s *Outbox) Assign(ctx context.Context, now time.Time, limit int) (n int, err error) {
	err = s.write(ctx, func(q Querier) (err error) {
		if err := s.exclusive(ctx, q, assignLock); err != nil {
			return err
		}
		n, err = s.assign(ctx, q, now, limit)
		return err
	})
	return n, err
}

func (s *Outbox) assign(ctx context.Context, q Querier, now time.Time, limit int) (int, error) {
	type numbered struct {
		merchant string
		sequence int64
	}
	rows, err := all(ctx, q, func(n *numbered) []any { return []any{&n.merchant, &n.sequence} }, numberMessages, limit)
	if err != nil {
		return 0, err
	}
	type span struct{ first, last int64 }
	spans := map[string]span{}
	var merchants []string
	for _, r := range rows {
		sp, ok := spans[r.merchant]
		if !ok {
			sp = span{r.sequence, r.sequence}
			merchants = append(merchants, r.merchant)
		}
		spans[r.merchant] = span{min(sp.first, r.sequence), max(sp.last, r.sequence)}
	}
	slices.Sort(merchants) // everybody locks their endpoints in one order
	for _, m := range merchants {
		if _, err := exec(ctx, q, keepLast, m, spans[m].last); err != nil {
			return 0, err
		}
		// The endpoints are locked first, in a statement of its own, so that who
		// releases one sees either the lock or what is assigned under it.
		woken, err := s.wake(ctx, q, m, now)
		if err != nil || woken == 0 {
			if err != nil {
				return 0, err
			}
			continue
		}
		if _, err := exec(ctx, q, deliverNew, toMillis(now), m, spans[m].first, spans[m].last); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// wake has a merchant's endpoints looked at, and returns how many are in force.
func (s *Outbox) wake(ctx context.Context, q Querier, merchant string, now time.Time) (int64, error) {
	soon, later := toMillis(now), toMillis(now.Add(webhook.ProbeFresh))
	return exec(ctx, q, wakeEndpoints, webhook.DownAfter, soon, soon, later, later, merchant)
}

// claimable is the condition on an endpoint that may be claimed.
const claimable = "next_at > 0 AND disabled_at = 0 AND next_at <= ? AND claimed_until <= ? AND LENGTH(secrets) > 0"

const findWork = `SELECT CASE WHEN EXISTS (SELECT 1 FROM messages WHERE sequence = 0)
	OR EXISTS (SELECT 1 FROM endpoints WHERE ` + claimable + `) THEN 1 ELSE 0 END`

// Busy implements [webhook.Queue].
func (s *Outbox) Busy(ctx context.Context, now time.Time) (bool, error) {
	found, err := get(ctx, s.base, "work", scalar[int], findWork, toMillis(now), toMillis(now))
	return found > 0, err
}

const claimedColumns = " RETURNING id, holder, merchant, name, url, secrets, disabled_at, removed_at, failing, failing_since"

func claimFields(c *webhook.Claim) []any {
	return []any{&c.Endpoint, &c.Holder, &c.Merchant, &c.ID, &c.URL, blob{&c.Sealed}, happened{&c.Disabled}, happened{&c.Removed}, &c.Failing, millis{&c.Since}}
}

// Claim implements [webhook.Queue].
func (s *Outbox) Claim(ctx context.Context, holder string, now, until time.Time, limit int) (list []webhook.Claim, err error) {
	claim := `WITH due AS MATERIALIZED (
		SELECT id FROM endpoints WHERE ` + claimable + ` ORDER BY next_at LIMIT ?` + s.dialect.SkipLocked + `)
		UPDATE endpoints SET claimed_until = ?, holder = ? WHERE id IN (SELECT id FROM due)` + claimedColumns
	err = s.write(ctx, func(q Querier) (err error) {
		list, err = all(ctx, q, claimFields, claim, toMillis(now), toMillis(now), limit, toMillis(until), holder)
		return err
	})
	return list, err
}

const (
	renewClaim   = "UPDATE endpoints SET claimed_until = ?, failing = ?, failing_since = ? WHERE id = ? AND holder = ?" + claimedColumns
	disableFound = "UPDATE endpoints SET disabled_at = ?, reason = ? WHERE id = ?"
	recordTry    = `UPDATE deliveries SET state = ?, tries = ?, status = ?, error = ?, tried_at = ?, due_at = ?, planned_at = ?
		WHERE endpoint = ? AND position = ? AND state = 'pending'`
	hurryTried = "UPDATE deliveries SET due_at = ? WHERE endpoint = ? AND state = 'pending' AND due_at > ? AND tried_at >= ?"

	// The oldest pending message of each session.
	heads = ` FROM deliveries d JOIN messages m ON m.position = d.position WHERE d.endpoint = ? AND d.state = 'pending'
		AND NOT EXISTS (SELECT 1 FROM deliveries p WHERE p.endpoint = d.endpoint AND p.session_id = d.session_id
			AND p.state = 'pending' AND p.position < d.position)`
	firstDue   = " ORDER BY d.due_at, d.position LIMIT ?"
	headFields = `SELECT d.position, d.tries, d.tried_at, d.planned_at,
		m.id, m.merchant, m.session_id, m.sequence, m.number, m.type, m.at, m.payload` + heads
	selectDue     = headFields + " AND d.due_at <= ?" + firstDue
	selectFresh   = headFields + " AND d.tries = 0" + firstDue
	selectSoonest = headFields + firstDue
)

// Round implements [webhook.Queue].
func (s *Outbox) Round(ctx context.Context, r webhook.Round) (c webhook.Claim, due []webhook.Delivery, err error) {
	lost := false
	err = s.write(ctx, func(q Querier) error {
		due, lost = nil, false
		found, err := all(ctx, q, claimFields, renewClaim, toMillis(r.Until), r.Claim.Failing, toMillis(r.Claim.Since), r.Claim.Endpoint, r.Claim.Holder)
		if lost = len(found) == 0; lost || err != nil {
			return err
		}
		c = found[0]
		if r.Disable != "" {
			c.Disabled = true
			if _, err := exec(ctx, q, disableFound, toMillis(r.Now), r.Disable, c.Endpoint); err != nil {
				return err
			}
		}
		for _, t := range r.Results {
			if _, err := exec(ctx, q, recordTry, string(t.State), t.Tries, t.Status, t.Error, toMillis(t.At), toMillis(t.DueAt), toMillis(t.PlannedAt), c.Endpoint, t.Position); err != nil {
				return err
			}
		}
		if !r.Recovered.IsZero() {
			if _, err := exec(ctx, q, hurryTried, toMillis(r.Now), c.Endpoint, toMillis(r.Now), toMillis(r.Recovered)); err != nil {
				return err
			}
		}
		due, err = s.due(ctx, q, c, r)
		return err
	})
	if lost && err == nil {
		err = webhook.ErrLost
	}
	return c, due, err
}

// due lists what the holder of a claim may send.
func (s *Outbox) due(ctx context.Context, q Querier, c webhook.Claim, r webhook.Round) ([]webhook.Delivery, error) {
	fields := func(d *webhook.Delivery) []any {
		return append([]any{&d.Position, &d.Tries, millis{&d.TriedAt}, millis{&d.PlannedAt}}, messageFields(&d.Message)...)
	}
	if c.Disabled || r.Limit == 0 {
		return nil, nil
	}
	if !r.Probe {
		return all(ctx, q, fields, selectDue, c.Endpoint, toMillis(r.Now), r.Limit)
	}
	// One that hasn't failed before says most about the endpoint.
	fresh, err := all(ctx, q, fields, selectFresh, c.Endpoint, r.Limit)
	if err != nil || len(fresh) > 0 {
		return fresh, err
	}
	return all(ctx, q, fields, selectSoonest, c.Endpoint, r.Limit)
}

const (
	selectNextDue   = "SELECT d.due_at" + heads + firstDue
	releaseEndpoint = "UPDATE endpoints SET claimed_until = 0, holder = '', next_at = ?, failing = ?, failing_since = ? WHERE id = ? AND holder = ?"
)

// Release implements [webhook.Queue].
func (s *Outbox) Release(ctx context.Context, c webhook.Claim, at time.Time) error {
	return s.write(ctx, func(q Querier) error {
		// The lock comes first, in a statement of its own, so that the next one
		// sees the deliveries of an Assign that held it.
		if err := s.lockEndpoint(ctx, q, c.Endpoint); err != nil {
			return err
		}
		next := toMillis(at)
		if at.IsZero() {
			due, err := all(ctx, q, scalar[int64], selectNextDue, c.Endpoint, 1)
			if err != nil {
				return err
			}
			for _, at := range due {
				next = max(at, 1)
			}
		}
		_, err := exec(ctx, q, releaseEndpoint, next, c.Failing, toMillis(c.Since), c.Endpoint, c.Holder)
		return err
	})
}

func (s *Outbox) lockEndpoint(ctx context.Context, q Querier, endpoint int64) error {
	_, err := one(ctx, q, scalar[int64], "SELECT id FROM endpoints WHERE id = ?"+s.dialect.LockRow, endpoint)
	return missing(err, "endpoint")
}

// Backlog implements [webhook.Queue].
func (s *Outbox) Backlog(ctx context.Context) (b webhook.Backlog, err error) {
	const (
		countUnassigned = "SELECT COUNT(*), COALESCE(MIN(at), 0) FROM messages WHERE sequence = 0"
		countPending    = "SELECT COUNT(*), COALESCE(MIN(position), 0) FROM deliveries WHERE state = 'pending'"
		oldestAt        = "SELECT at FROM messages WHERE position = ?"
		countGivenUp    = "SELECT state, COUNT(*) FROM deliveries WHERE state = 'failed' OR state = 'skipped' GROUP BY state"
	)
	type counted struct {
		n     int
		first int64
	}
	count := func(c *counted) []any { return []any{&c.n, &c.first} }
	type given struct {
		state webhook.State
		n     int
	}
	err = s.snapshot(ctx, func(q Querier) error {
		unassigned, err := one(ctx, q, count, countUnassigned)
		if err != nil {
			return err
		}
		pending, err := one(ctx, q, count, countPending)
		if err != nil {
			return err
		}
		first, err := all(ctx, q, scalar[int64], oldestAt, pending.first)
		if err != nil {
			return err
		}
		up, err := all(ctx, q, func(g *given) []any { return []any{&g.state, &g.n} }, countGivenUp)
		if err != nil {
			return err
		}
		b = webhook.Backlog{Pending: unassigned.n + pending.n, Oldest: fromMillis(unassigned.first)}
		for _, at := range first {
			if b.Oldest.IsZero() || fromMillis(at).Before(b.Oldest) {
				b.Oldest = fromMillis(at)
			}
		}
		for _, g := range up {
			if g.state == webhook.Failed {
				b.Failed = g.n
			} else {
				b.Skipped = g.n
			}
		}
		return nil
	})
	return b, err
}
