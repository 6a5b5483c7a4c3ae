package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"morepay/internal/pay"
	"morepay/internal/webhook"
)

var _ webhook.Log = (*Outbox)(nil)

const (
	// assignBatch and assignBatches bound how many messages a reader of the list
	// assigns first.
	assignBatch   = 256
	assignBatches = 40

	// maxLooked bounds how many events a page looks at for those that its filter
	// takes: a rare type must not make one request read the history of years.
	maxLooked = 10_000
)

const (
	hasUnassigned = "SELECT position FROM messages WHERE sequence = 0 AND merchant = ? ORDER BY position LIMIT 1"
	selectLast    = "SELECT last FROM sequences WHERE merchant = ?"
	selectOldest  = "SELECT sequence FROM messages WHERE merchant = ? AND sequence > 0 ORDER BY sequence LIMIT 1"
	sequenceOf    = "SELECT sequence FROM messages WHERE merchant = ? AND id = ?"
	idAt          = "SELECT id FROM messages WHERE merchant = ? AND sequence > 0 AND sequence = ?"
)

var selectPage = "SELECT " + messages.list() + ` FROM messages
	WHERE merchant = ? AND sequence > 0 AND sequence > ? AND sequence <= ?
	AND (? = '' OR type = ?) AND at >= ? AND at < ? ORDER BY sequence LIMIT ?`

// Events implements [webhook.Log]. What has been written and is not numbered yet
// is numbered first, so that who sees a session paid finds its event. If that
// fails the list is only shorter.
func (s *Outbox) Events(ctx context.Context, merchant string, f webhook.Filter) (page webhook.Page, err error) {
	for range assignBatches {
		fresh, err := list(ctx, s.base, scalar[int64], hasUnassigned, merchant)
		if err != nil || len(fresh) == 0 {
			break
		}
		if _, err := s.Assign(ctx, time.Now(), assignBatch); err != nil {
			break
		}
		s.tell()
	}
	err = s.snapshot(ctx, func(q Querier) error {
		page, err = s.page(ctx, q, merchant, f)
		return err
	})
	return page, err
}

func (s *Outbox) page(ctx context.Context, q Querier, merchant string, f webhook.Filter) (webhook.Page, error) {
	last, err := first(ctx, q, int64(0), selectLast, merchant)
	if err != nil {
		return webhook.Page{}, err
	}
	from, err := s.placed(ctx, q, merchant, f.After, last)
	if err != nil {
		return webhook.Page{}, err
	}
	until := min(from+maxLooked, last)
	end := int64(math.MaxInt64)
	if !f.Until.IsZero() {
		end = toMillis(f.Until)
	}
	found, err := all(ctx, q, messageFields, selectPage, merchant, from, until, f.Type, f.Type, toMillis(f.From), end, f.Limit)
	if err != nil {
		return webhook.Page{}, err
	}
	next := webhook.Place{Sequence: max(until, from)}
	if len(found) == f.Limit {
		m := found[len(found)-1]
		next = webhook.Place{Sequence: m.Sequence, ID: m.ID}
	}
	switch {
	case next.Sequence == 0:
		next = webhook.Beginning
	case next.Sequence == f.After.Sequence:
		next = f.After // its event may be gone
	case next.ID == "":
		if next.ID, err = first(ctx, q, "", idAt, merchant, next.Sequence); err != nil {
			return webhook.Page{}, err
		}
	}
	return webhook.Page{Messages: found, Next: next, More: next.Sequence < last}, nil
}

var errCursorExpired = pay.Errorf(pay.CodeCursorExpired, "after", "the events after this place are not kept any more: begin without after")

// placed returns the number after which a list goes on.
func (s *Outbox) placed(ctx context.Context, q Querier, merchant string, after webhook.Place, last int64) (int64, error) {
	oldest, err := first(ctx, q, last+1, selectOldest, merchant)
	if err != nil {
		return 0, err
	}
	if after == (webhook.Place{}) {
		return oldest - 1, nil
	}
	if after.Sequence == 0 && after != webhook.Beginning {
		sequence, err := one(ctx, q, scalar[int64], sequenceOf, merchant, after.ID)
		if errors.Is(err, sql.ErrNoRows) && oldest > 1 && last > 0 { // it may have been pruned
			return 0, errCursorExpired
		}
		return sequence, missing(err, "event")
	}
	id, err := first(ctx, q, after.ID, idAt, merchant, after.Sequence)
	if err != nil {
		return 0, err
	}
	if after.Sequence+1 < oldest || after.Sequence > last || id != after.ID {
		return 0, errCursorExpired
	}
	return after.Sequence, nil
}

// first reads the first row of a query that is one plain value, or returns none.
func first[T any](ctx context.Context, q Querier, none T, query string, args ...any) (T, error) {
	found, err := all(ctx, q, scalar[T], query, args...)
	if err != nil || len(found) == 0 {
		return none, err
	}
	return found[0], nil
}

var selectMessage = "SELECT " + messages.list() + " FROM messages WHERE merchant = ? AND id = ?"

// Event implements [webhook.Log].
func (s *Outbox) Event(ctx context.Context, merchant, id string) (webhook.Message, error) {
	return get(ctx, s.base, "event", messageFields, selectMessage, merchant, id)
}

var selectOfSession = "SELECT " + messages.list() + " FROM messages WHERE session_id = ? ORDER BY number"

// MessagesOf implements [trace.Outbox].
func (s *Outbox) MessagesOf(ctx context.Context, sessionID string) ([]webhook.Message, error) {
	return list(ctx, s.base, messageFields, selectOfSession, sessionID)
}

// undelivered are the queries for the deliveries in a state. Each names its state as the
// index does that has them.
var undelivered = map[webhook.State]string{
	webhook.Pending: undeliveredOf + "d.state = 'pending' ORDER BY d.position LIMIT ?",
	webhook.Failed:  undeliveredOf + "(d.state = 'failed' OR d.state = 'skipped') AND d.state = 'failed' ORDER BY d.position DESC LIMIT ?",
}

const undeliveredOf = `SELECT m.id, m.type, m.session_id, m.at, e.name, e.url, d.state, d.tries, d.status, d.error, d.tried_at, d.due_at
	FROM endpoints e JOIN deliveries d ON d.endpoint = e.id JOIN messages m ON m.position = d.position WHERE e.merchant = ? AND `

// Undelivered implements [webhook.Log].
func (s *Outbox) Undelivered(ctx context.Context, merchant string, state webhook.State, limit int) ([]webhook.Undelivered, error) {
	query, ok := undelivered[state]
	if !ok {
		return nil, nil
	}
	return list(ctx, s.base, func(u *webhook.Undelivered) []any {
		return append([]any{&u.ID, &u.Type, &u.SessionID, millis{&u.At}}, deliveryFields(&u.DeliveryState)...)
	}, query, merchant, limit)
}

const positionOf = "SELECT position FROM messages WHERE merchant = ? AND id = ?"

// Deliveries implements [webhook.Log].
func (s *Outbox) Deliveries(ctx context.Context, merchant, id string) (list []webhook.DeliveryState, err error) {
	const query = `SELECT e.name, e.url, d.state, d.tries, d.status, d.error, d.tried_at, d.due_at
		FROM deliveries d JOIN endpoints e ON e.id = d.endpoint WHERE d.position = ? ORDER BY e.id`
	err = s.snapshot(ctx, func(q Querier) error {
		position, err := one(ctx, q, scalar[int64], positionOf, merchant, id)
		if err != nil {
			return missing(err, "event")
		}
		list, err = all(ctx, q, deliveryFields, query, position)
		return err
	})
	return list, err
}

func deliveryFields(r *webhook.DeliveryState) []any {
	return []any{&r.Endpoint, &r.URL, &r.State, &r.Tries, &r.Status, &r.Error, millis{&r.TriedAt}, millis{&r.DueAt}}
}

// redeliverBatch bounds how many messages one transaction has sent again.
const redeliverBatch = 200

const (
	selectSince = `SELECT sequence FROM messages WHERE merchant = ? AND sequence > 0 AND sequence > ? AND sequence <= ? AND at >= ?
		ORDER BY sequence LIMIT ?`
	sendAgain = insertDeliveries + ` WHERE m.merchant = ? AND m.sequence > 0 AND m.sequence = ? AND e.removed_at = 0 AND (? = '' OR e.name = ?)
		ON CONFLICT (endpoint, position) DO UPDATE SET state = 'pending', tries = 0, planned_at = 0, due_at = excluded.due_at`
)

// Redeliver implements [webhook.Log].
func (s *Outbox) Redeliver(ctx context.Context, r webhook.Redelivery, now time.Time) (n int, err error) {
	if err := s.known(ctx, r.Merchant, r.Endpoint); err != nil {
		return 0, err
	}
	defer s.tell()
	if r.Message != "" {
		sequence, err := get(ctx, s.base, "event", scalar[int64], sequenceOf, r.Merchant, r.Message)
		if err != nil {
			return 0, err
		}
		return 1, s.again(ctx, r, []int64{sequence}, now)
	}
	last, err := list(ctx, s.base, scalar[int64], selectLast, r.Merchant)
	if err != nil || len(last) == 0 {
		return 0, err
	}
	for from := int64(0); from < last[0]; {
		batch, err := list(ctx, s.base, scalar[int64], selectSince, r.Merchant, from, last[0], toMillis(r.Since), redeliverBatch)
		if err != nil || len(batch) == 0 {
			return n, err
		}
		if err := s.again(ctx, r, batch, now); err != nil {
			return n, err
		}
		n, from = n+len(batch), batch[len(batch)-1]
	}
	return n, nil
}

// again makes the messages with some numbers due again.
func (s *Outbox) again(ctx context.Context, r webhook.Redelivery, sequences []int64, now time.Time) error {
	return s.write(ctx, func(q Querier) error {
		if _, err := s.wake(ctx, q, r.Merchant, now); err != nil {
			return err
		}
		for _, sequence := range sequences {
			if _, err := exec(ctx, q, sendAgain, toMillis(now), r.Merchant, sequence, r.Endpoint, r.Endpoint); err != nil {
				return err
			}
		}
		return nil
	})
}

// known fails if an endpoint is named that the merchant doesn't have.
func (s *Outbox) known(ctx context.Context, merchant, endpoint string) error {
	if endpoint == "" {
		return nil
	}
	_, err := get(ctx, s.base, "endpoint", scalar[int64], "SELECT id FROM endpoints WHERE merchant = ? AND name = ?", merchant, endpoint)
	return err
}

const (
	skipPending = `UPDATE deliveries SET state = 'skipped', error = ? WHERE position = ? AND state = 'pending'
		AND endpoint IN (SELECT id FROM endpoints WHERE merchant = ? AND (? = '' OR name = ?))`
	wakePending = "UPDATE endpoints SET next_at = ? WHERE merchant = ? AND next_at > ? AND failing < ?"
)

// Skip implements [webhook.Log].
func (s *Outbox) Skip(ctx context.Context, merchant, id, endpoint, author string, now time.Time) (n int, err error) {
	if err := s.known(ctx, merchant, endpoint); err != nil {
		return 0, err
	}
	defer s.tell()
	err = s.write(ctx, func(q Querier) error {
		position, err := one(ctx, q, scalar[int64], positionOf, merchant, id)
		if err != nil {
			return missing(err, "event")
		}
		if _, err := exec(ctx, q, wakePending, toMillis(now), merchant, toMillis(now), webhook.DownAfter); err != nil {
			return err
		}
		changed, err := exec(ctx, q, skipPending, "skipped by "+author, position, merchant, endpoint, endpoint)
		n = int(changed)
		return err
	})
	return n, err
}
