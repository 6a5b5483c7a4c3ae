package sqlstore

import (
	"context"
	"time"

	"morepay/internal/idempotency"
)

// Replies keeps the replies to requests that may be repeated.
type Replies struct{ base }

var _ idempotency.Store = (*Replies)(nil)

var replies = newTable("replies", `
	scope name body_hash holder lease_ends kept_until status content_type body`)

func replyFields(r *idempotency.Record) []any {
	return []any{
		&r.Key.Scope, &r.Key.Name, &r.BodyHash, &r.Holder,
		millis{&r.LeaseEnds},
		millis{&r.KeptUntil},
		&r.Reply.Status, &r.Reply.ContentType,
		blob{&r.Reply.Body},
	}
}

var (
	// A reply past its time, or one that is not there yet and whose holder has had
	// its time, is taken over.
	beginReply = replies.insert(`ON CONFLICT (scope, name) DO UPDATE SET body_hash = excluded.body_hash,
		holder = excluded.holder, lease_ends = excluded.lease_ends, kept_until = excluded.kept_until,
		status = excluded.status, content_type = excluded.content_type, body = excluded.body
		WHERE replies.kept_until <= ? OR (replies.status = 0 AND replies.lease_ends <= ? AND replies.body_hash = excluded.body_hash)`)

	selectReply = "SELECT " + replies.list() + " FROM replies WHERE scope = ? AND name = ?"
)

// Begin implements [idempotency.Store].
func (s *Replies) Begin(ctx context.Context, r idempotency.Record, now time.Time) (found *idempotency.Record, err error) {
	err = s.write(ctx, func(q Querier) error {
		found = nil
		args, err := values(replyFields(&r))
		if err != nil {
			return err
		}
		claimed, err := exec(ctx, q, beginReply, append(args, toMillis(now), toMillis(now))...)
		if err != nil || claimed > 0 {
			return err
		}
		there, err := one(ctx, q, replyFields, selectReply, r.Key.Scope, r.Key.Name)
		found = &there
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// forgetBatch is the number of replies past their time that each Finish deletes:
// more than it adds, so that the table shrinks to what must be kept without a job
// of its own.
const forgetBatch = "4"

// forget returns the statement that deletes replies past their time.
func (s *Replies) forget() string {
	return `WITH old AS MATERIALIZED (
		SELECT scope, name FROM replies WHERE kept_until <= ? ORDER BY kept_until LIMIT ` + forgetBatch + s.dialect.SkipLocked + `)
		DELETE FROM replies WHERE (scope, name) IN (SELECT scope, name FROM old)`
}

// Finish implements [idempotency.Store].
func (s *Replies) Finish(ctx context.Context, r idempotency.Record) error {
	const finish = "UPDATE replies SET status = ?, content_type = ?, body = ? WHERE scope = ? AND name = ? AND holder = ? AND status = 0"
	return s.write(ctx, func(q Querier) error {
		body := append([]byte{}, r.Reply.Body...)
		if _, err := exec(ctx, q, finish, r.Reply.Status, r.Reply.ContentType, body, r.Key.Scope, r.Key.Name, r.Holder); err != nil {
			return err
		}
		begun := r.LeaseEnds.Add(-idempotency.Lease) // near enough to now: a store has no clock of its own
		_, err := exec(ctx, q, s.forget(), toMillis(begun))
		return err
	})
}

// Abandon implements [idempotency.Store].
func (s *Replies) Abandon(ctx context.Context, r idempotency.Record) error {
	const abandon = "DELETE FROM replies WHERE scope = ? AND name = ? AND holder = ? AND status = 0"
	return s.write(ctx, func(q Querier) error {
		_, err := exec(ctx, q, abandon, r.Key.Scope, r.Key.Name, r.Holder)
		return err
	})
}
