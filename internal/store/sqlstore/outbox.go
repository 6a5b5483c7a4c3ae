package sqlstore

import (
	"context"
	"time"

	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// Outbox keeps the messages to merchants and their delivery.
type Outbox struct {
	base
	unassigned, assigned, endpoint, deliver string
	claim, next, recordTry, recordEndpoint  string
	lockEndpoint, release, forget           string

	positionOf, ofMerchant, deliveries, redeliver, wake, endpoints, enable string
}

var (
	_ webhook.Queue = (*Outbox)(nil)
	_ webhook.Log   = (*Outbox)(nil)
)

var messages = newTable("messages", `
	id merchant session_id number type at payload`)

func messageFields(m *webhook.Message) []any {
	return []any{&m.ID, &m.Merchant, &m.SessionID, &m.Number, &m.Type, millis{&m.At}, blob{&m.Payload}}
}

func newOutbox(b base) *Outbox {
	const pending = "(SELECT COUNT(*) FROM deliveries d WHERE d.endpoint = e.id AND d.state = 'pending')"
	return &Outbox{
		base: b,

		unassigned: "SELECT position, merchant FROM messages WHERE assigned = 0 ORDER BY position LIMIT ?",
		assigned:   "UPDATE messages SET assigned = 1 WHERE position = ?",
		endpoint: `INSERT INTO endpoints (merchant, url, next_at) VALUES (?, ?, ?)
			ON CONFLICT (merchant, url) DO UPDATE SET next_at = CASE endpoints.next_at WHEN 0 THEN excluded.next_at ELSE endpoints.next_at END
			RETURNING id`,
		deliver: "INSERT INTO deliveries (endpoint, position) VALUES (?, ?)",

		claim: `WITH due AS MATERIALIZED (
			SELECT id FROM endpoints WHERE next_at > 0 AND disabled_at = 0 AND next_at <= ? AND claimed_until <= ?
			ORDER BY next_at LIMIT ?` + b.dialect.SkipLocked + `)
			UPDATE endpoints SET claimed_until = ? WHERE id IN (SELECT id FROM due) RETURNING id, merchant, url`,
		next: `SELECT d.endpoint, d.position, d.tries, m.id, m.merchant, m.session_id, m.number, m.type, m.at, m.payload
			FROM deliveries d JOIN messages m ON m.position = d.position
			WHERE d.endpoint = ? AND d.state = 'pending' ORDER BY d.position LIMIT 1`,
		recordTry:      "UPDATE deliveries SET state = ?, tries = ?, status = ?, error = ?, tried_at = ? WHERE endpoint = ? AND position = ?",
		recordEndpoint: "UPDATE endpoints SET next_at = ?, claimed_until = ?, disabled_at = ?, reason = ? WHERE id = ?",
		lockEndpoint:   "SELECT id FROM endpoints WHERE id = ?" + b.dialect.LockRow,
		release: `UPDATE endpoints SET claimed_until = 0, next_at = CASE WHEN EXISTS (
			SELECT 1 FROM deliveries d WHERE d.endpoint = endpoints.id AND d.state = 'pending') THEN next_at ELSE 0 END WHERE id = ?`,
		forget: "UPDATE deliveries SET state = 'failed', error = ? WHERE endpoint = ? AND state = 'pending'",

		positionOf: "SELECT tx, position FROM messages WHERE merchant = ? AND id = ?",
		ofMerchant: "SELECT " + messages.list() + " FROM messages WHERE merchant = ? AND (tx, position) > (?, ?) AND " + b.dialect.Settled + " ORDER BY tx, position LIMIT ?",
		deliveries: `SELECT e.url, d.state, d.tries, d.status, d.error, d.tried_at
			FROM deliveries d JOIN endpoints e ON e.id = d.endpoint WHERE d.position = ? ORDER BY e.id`,
		redeliver: "UPDATE deliveries SET state = 'pending', tries = 0 WHERE position = ?",
		wake:      "UPDATE endpoints SET next_at = ? WHERE id IN (SELECT endpoint FROM deliveries WHERE position = ?)",
		endpoints: "SELECT e.url, " + pending + ", e.next_at, e.disabled_at, e.reason FROM endpoints e WHERE e.merchant = ? ORDER BY e.id",
		enable:    "UPDATE endpoints SET disabled_at = 0, reason = '', claimed_until = 0, next_at = ? WHERE merchant = ? AND url = ?",
	}
}

// assignLock is the key of the lock that lets one server at a time assign
// messages: two at once could give an endpoint a later message first.
const assignLock = 2

// Assign implements [webhook.Queue].
func (s *Outbox) Assign(ctx context.Context, now time.Time, limit int, urls func(merchant string) []string) (int, error) {
	type unassigned struct {
		position int64
		merchant string
	}
	fields := func(m *unassigned) []any { return []any{&m.position, &m.merchant} }
	var list []unassigned
	err := s.write(ctx, func(q Querier) (err error) {
		if err := s.exclusive(ctx, q, assignLock); err != nil {
			return err
		}
		if list, err = all(ctx, q, fields, s.unassigned, limit); err != nil {
			return err
		}
		endpoints := map[webhook.Claim]int64{} // those seen in this batch
		for _, m := range list {
			for _, url := range urls(m.merchant) {
				id, err := s.endpointID(ctx, q, endpoints, webhook.Claim{Merchant: m.merchant, URL: url}, now)
				if err != nil {
					return err
				}
				if _, err := exec(ctx, q, s.deliver, id, m.position); err != nil {
					return err
				}
			}
			if _, err := exec(ctx, q, s.assigned, m.position); err != nil {
				return err
			}
		}
		return nil
	})
	return len(list), err
}

// endpointID returns the number of an endpoint, which from now on has something
// to send.
func (s *Outbox) endpointID(ctx context.Context, q Querier, seen map[webhook.Claim]int64, e webhook.Claim, now time.Time) (int64, error) {
	if id, ok := seen[e]; ok {
		return id, nil
	}
	id, err := one(ctx, q, scalar[int64], s.endpoint, e.Merchant, e.URL, toMillis(now))
	seen[e] = id
	return id, err
}

// Claim implements [webhook.Queue].
func (s *Outbox) Claim(ctx context.Context, now, until time.Time, limit int) (list []webhook.Claim, err error) {
	fields := func(c *webhook.Claim) []any { return []any{&c.Endpoint, &c.Merchant, &c.URL} }
	err = s.write(ctx, func(q Querier) (err error) {
		list, err = all(ctx, q, fields, s.claim, toMillis(now), toMillis(now), limit, toMillis(until))
		return err
	})
	return list, err
}

// Next implements [webhook.Queue].
func (s *Outbox) Next(ctx context.Context, endpoint int64) (*webhook.Delivery, error) {
	fields := func(d *webhook.Delivery) []any {
		return append([]any{&d.Endpoint, &d.Position, &d.Tries}, messageFields(&d.Message)...)
	}
	found, err := list(ctx, s.base, fields, s.next, endpoint)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// Record implements [webhook.Queue].
func (s *Outbox) Record(ctx context.Context, r webhook.Result) error {
	nextAt, disabledAt := r.At, time.Time{}
	if r.State == webhook.Pending {
		nextAt = r.RetryAt
	}
	if r.Disable != "" {
		disabledAt = r.At
	}
	return s.write(ctx, func(q Querier) error {
		_, err := exec(ctx, q, s.recordEndpoint, toMillis(nextAt), toMillis(r.Until), toMillis(disabledAt), r.Disable, r.Endpoint)
		if err != nil {
			return err
		}
		_, err = exec(ctx, q, s.recordTry, string(r.State), r.Tries, r.Status, r.Error, toMillis(r.At), r.Endpoint, r.Position)
		return err
	})
}

// Release implements [webhook.Queue].
func (s *Outbox) Release(ctx context.Context, endpoint int64) error {
	return s.write(ctx, func(q Querier) error {
		// The lock comes first, in a statement of its own, so that the next one
		// sees the deliveries of an Assign that held it.
		if _, err := one(ctx, q, scalar[int64], s.lockEndpoint, endpoint); err != nil {
			return missing(err, "endpoint")
		}
		_, err := exec(ctx, q, s.release, endpoint)
		return err
	})
}

// Forget implements [webhook.Queue].
func (s *Outbox) Forget(ctx context.Context, endpoint int64, reason string) error {
	return s.write(ctx, func(q Querier) error {
		if _, err := one(ctx, q, scalar[int64], s.lockEndpoint, endpoint); err != nil {
			return missing(err, "endpoint")
		}
		if _, err := exec(ctx, q, s.forget, reason, endpoint); err != nil {
			return err
		}
		_, err := exec(ctx, q, s.release, endpoint)
		return err
	})
}

// outboxPosition is the position of a message in the order of commits.
type outboxPosition struct{ tx, position int64 }

func (s *Outbox) position(ctx context.Context, q Querier, merchant, id string) (outboxPosition, error) {
	fields := func(p *outboxPosition) []any { return []any{&p.tx, &p.position} }
	p, err := one(ctx, q, fields, s.positionOf, merchant, id)
	return p, missing(err, "event")
}

// Messages implements [webhook.Log].
func (s *Outbox) Messages(ctx context.Context, merchant, after string, limit int) (list []webhook.Message, err error) {
	err = s.snapshot(ctx, func(q Querier) error {
		start := outboxPosition{-1, -1}
		if after != "" {
			if start, err = s.position(ctx, q, merchant, after); err != nil {
				return err
			}
		}
		list, err = all(ctx, q, messageFields, s.ofMerchant, merchant, start.tx, start.position, limit)
		return err
	})
	return list, err
}

// Deliveries implements [webhook.Log].
func (s *Outbox) Deliveries(ctx context.Context, merchant, id string) (list []webhook.DeliveryState, err error) {
	fields := func(r *webhook.DeliveryState) []any {
		return []any{&r.URL, &r.State, &r.Tries, &r.Status, &r.Error, millis{&r.TriedAt}}
	}
	err = s.snapshot(ctx, func(q Querier) error {
		p, err := s.position(ctx, q, merchant, id)
		if err != nil {
			return err
		}
		list, err = all(ctx, q, fields, s.deliveries, p.position)
		return err
	})
	return list, err
}

// Redeliver implements [webhook.Log].
func (s *Outbox) Redeliver(ctx context.Context, merchant, id string, now time.Time) error {
	return s.write(ctx, func(q Querier) error {
		p, err := s.position(ctx, q, merchant, id)
		if err != nil {
			return err
		}
		if _, err := exec(ctx, q, s.wake, toMillis(now), p.position); err != nil {
			return err
		}
		_, err = exec(ctx, q, s.redeliver, p.position)
		return err
	})
}

// Endpoints implements [webhook.Log].
func (s *Outbox) Endpoints(ctx context.Context, merchant string) ([]webhook.EndpointState, error) {
	fields := func(e *webhook.EndpointState) []any {
		return []any{&e.URL, &e.Pending, millis{&e.NextAt}, millis{&e.DisabledAt}, &e.Reason}
	}
	return list(ctx, s.base, fields, s.endpoints, merchant)
}

// Enable implements [webhook.Log].
func (s *Outbox) Enable(ctx context.Context, merchant, url string, now time.Time) error {
	return s.write(ctx, func(q Querier) error {
		changed, err := exec(ctx, q, s.enable, toMillis(now), merchant, url)
		if err == nil && changed == 0 {
			return pay.Errorf(pay.CodeNotFound, "", "there is no such endpoint")
		}
		return err
	})
}
