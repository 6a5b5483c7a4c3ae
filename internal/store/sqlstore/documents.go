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
type Documents struct{ base }

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

// What a list selects, and what a single revision does.
const (
	selectListed = "SELECT position, merchant, version, etag, author, at FROM documents"
	selectStored = "SELECT position, merchant, version, etag, author, at, json FROM documents"
)

// putLock is the key of the lock that lets one transaction at a time store
// documents, so that their positions appear in order.
const putLock = 1

// Put implements [merchant.Store].
func (s *Documents) Put(ctx context.Context, changes []merchant.Change, author string, at time.Time) (revisions []merchant.Revision, err error) {
	err = s.write(ctx, func(q Querier) error {
		revisions = make([]merchant.Revision, 0, len(changes))
		if err := s.exclusive(ctx, q, putLock); err != nil {
			return err
		}
		for _, c := range changes {
			d, err := s.put(ctx, q, c, author, at)
			if err != nil {
				return err
			}
			revisions = append(revisions, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return revisions, nil
}

var insertDocument = documents.insert("RETURNING position")

func (s *Documents) put(ctx context.Context, q Querier, c merchant.Change, author string, at time.Time) (merchant.Revision, error) {
	current, err := one(ctx, q, storedFields, selectNewest, c.Merchant)
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
	d.Position, err = one(ctx, q, scalar[int64], insertDocument, args...)
	return d, err
}

const selectNewest = selectStored + " WHERE merchant = ? ORDER BY version DESC LIMIT 1"

// Get implements [merchant.Store].
func (s *Documents) Get(ctx context.Context, id string) (merchant.Revision, error) {
	return get(ctx, s.base, "merchant", storedFields, selectNewest, id)
}

// Version implements [merchant.Store].
func (s *Documents) Version(ctx context.Context, id string, version int64) (merchant.Revision, error) {
	const query = selectStored + " WHERE merchant = ? AND version = ?"
	return get(ctx, s.base, "version of this merchant's document", storedFields, query, id, version)
}

// History implements [merchant.Store].
func (s *Documents) History(ctx context.Context, id string, limit int) ([]merchant.Revision, error) {
	const query = selectListed + " WHERE merchant = ? ORDER BY version DESC LIMIT ?"
	return list(ctx, s.base, listedFields, query, id, limit)
}

// List implements [merchant.Store].
func (s *Documents) List(ctx context.Context, after string, limit int) ([]merchant.Revision, error) {
	const query = selectListed + ` WHERE (merchant, version) IN (
		SELECT merchant, MAX(version) FROM documents WHERE merchant > ? GROUP BY merchant ORDER BY merchant LIMIT ?)
		ORDER BY merchant`
	return list(ctx, s.base, listedFields, query, after, limit)
}

// Changes implements [merchant.Store].
func (s *Documents) Changes(ctx context.Context, after int64, limit int) ([]merchant.Revision, error) {
	const query = selectListed + " WHERE position > ? ORDER BY position LIMIT ?"
	return list(ctx, s.base, listedFields, query, after, limit)
}

// InUse implements [merchant.Store].
func (s *Documents) InUse(ctx context.Context, after int64, limit int) ([]merchant.Revision, error) {
	const query = selectStored + ` WHERE position > ? AND (
		(merchant, version) IN (SELECT merchant, MAX(version) FROM documents GROUP BY merchant) OR
		(merchant, version) IN (SELECT merchant, document_version FROM sessions WHERE due_at > 0))
		ORDER BY position LIMIT ?`
	return list(ctx, s.base, storedFields, query, after, limit)
}

// Position implements [merchant.Store].
func (s *Documents) Position(ctx context.Context) (int64, error) {
	const query = "SELECT COALESCE(MAX(position), 0) FROM documents"
	return get(ctx, s.base, "position", scalar[int64], query)
}
