package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"morepay/internal/merchant"
	"morepay/internal/pay"
)

// Documents keeps the documents of merchants with their history.
type Documents struct {
	base
	add, newest, version, history, byID, changes, position string
}

var _ merchant.Store = (*Documents)(nil)

// The JSON is the last column, so that lists can leave it out.
var documents = newTable("documents", `merchant version etag author at json`)

func documentFields(d *merchant.Revision) []any {
	return []any{&d.Merchant, &d.Version, &d.ETag, &d.Author, millis{&d.At}, blob{&d.JSON}}
}

func listedFields(d *merchant.Revision) []any {
	return []any{&d.Position, &d.Merchant, &d.Version, &d.ETag, &d.Author, millis{&d.At}}
}

func storedFields(d *merchant.Revision) []any { return append(listedFields(d), blob{&d.JSON}) }

func newDocuments(b base) *Documents {
	const listed = "SELECT position, merchant, version, etag, author, at FROM documents"
	const stored = "SELECT position, merchant, version, etag, author, at, json FROM documents"
	return &Documents{
		base:    b,
		add:     b.insert(documents, "RETURNING position"),
		newest:  b.sql(stored + " WHERE merchant = ? ORDER BY version DESC LIMIT 1"),
		version: b.sql(stored + " WHERE merchant = ? AND version = ?"),
		history: b.sql(listed + " WHERE merchant = ? ORDER BY version DESC LIMIT ?"),
		byID: b.sql(listed + ` WHERE (merchant, version) IN (
			SELECT merchant, MAX(version) FROM documents WHERE merchant > ? GROUP BY merchant ORDER BY merchant LIMIT ?)
			ORDER BY merchant`),
		changes:  b.sql(listed + " WHERE position > ? ORDER BY position LIMIT ?"),
		position: b.sql("SELECT COALESCE(MAX(position), 0) FROM documents"),
	}
}

// putLock is the key of the lock that lets one transaction at a time store
// documents, so that their positions appear in order.
const putLock = 1

// Put implements [merchant.Store].
func (s *Documents) Put(ctx context.Context, changes []merchant.Change, author string, at time.Time) (stored []merchant.Revision, err error) {
	err = s.write(ctx, func(q Querier) error {
		stored = make([]merchant.Revision, 0, len(changes))
		if err := s.exclusive(ctx, q, putLock); err != nil {
			return err
		}
		for _, c := range changes {
			d, err := s.put(ctx, q, c, author, at)
			if err != nil {
				return err
			}
			stored = append(stored, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return stored, nil
}

func (s *Documents) put(ctx context.Context, q Querier, c merchant.Change, author string, at time.Time) (merchant.Revision, error) {
	current, err := one(ctx, q, storedFields, s.newest, c.Merchant)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return current, err
	}
	if c.Expect != nil && *c.Expect != current.Version {
		return current, pay.Errorf(pay.CodePrecondition, c.Merchant, "the document is at version %d, not %d", current.Version, *c.Expect)
	}
	etag := merchant.ETag(c.JSON)
	if current.Version > 0 && current.ETag == etag {
		return current, nil
	}
	d := merchant.Revision{
		Merchant: c.Merchant, Version: current.Version + 1, ETag: etag, Author: author, At: at, JSON: c.JSON,
	}
	args, err := values(documentFields(&d))
	if err != nil {
		return d, err
	}
	d.Position, err = one(ctx, q, scalar[int64], s.add, args...)
	return d, err
}

// Get implements [merchant.Store].
func (s *Documents) Get(ctx context.Context, id string) (merchant.Revision, error) {
	return get(ctx, s.base, "merchant", storedFields, s.newest, id)
}

// Version implements [merchant.Store].
func (s *Documents) Version(ctx context.Context, id string, version int64) (merchant.Revision, error) {
	return get(ctx, s.base, "version of this merchant's document", storedFields, s.version, id, version)
}

// History implements [merchant.Store].
func (s *Documents) History(ctx context.Context, id string, limit int) ([]merchant.Revision, error) {
	return list(ctx, s.base, listedFields, s.history, id, limit)
}

// List implements [merchant.Store].
func (s *Documents) List(ctx context.Context, after string, limit int) ([]merchant.Revision, error) {
	return list(ctx, s.base, listedFields, s.byID, after, limit)
}

// Changes implements [merchant.Store].
func (s *Documents) Changes(ctx context.Context, after int64, limit int) ([]merchant.Revision, error) {
	return list(ctx, s.base, listedFields, s.changes, after, limit)
}

// Position implements [merchant.Store].
func (s *Documents) Position(ctx context.Context) (int64, error) {
	return get(ctx, s.base, "position", scalar[int64], s.position)
}
