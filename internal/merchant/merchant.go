// Package merchant keeps the documents of merchants: versioned, with their
// history, and with a feed of changes so that running servers follow within a
// second.
//
// What must not live here: what a document says (package capability knows), and
// any secret or account of a merchant (package merchant/folder reads them).
package merchant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Revision is one stored version of a merchant's document.
type Revision struct {
	Merchant string
	Version  int64 // 1, 2, 3, … of this merchant
	JSON     []byte
	ETag     string // [ETag] of JSON
	Author   string // who stored it
	At       time.Time
	Position int64 // grows with every document stored, over all merchants
}

// ETag returns a strong entity tag, quoted: the hash of the bytes that are
// served.
func ETag(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// Change is a document to be stored.
type Change struct {
	Merchant string
	JSON     []byte
	Expect   *int64 // the version it replaces, 0 for none; nil for whatever is there
}

// Putter stores documents.
type Putter interface {
	// Put stores all changes or none, and returns the revisions that are then in
	// force. A change that changes nothing makes no version. Fails with
	// precondition_failed, naming the merchant, if Expect is not what is there.
	Put(ctx context.Context, changes []Change, author string, at time.Time) ([]Revision, error)
}

// Store keeps documents. All methods are safe for concurrent use; what isn't
// there is *pay.Error not_found, a database that can't be reached or written is
// store_unavailable.
type Store interface {
	Putter

	// Get returns a merchant's newest revision.
	Get(ctx context.Context, merchant string) (Revision, error)

	// Version returns one revision of a merchant's document.
	Version(ctx context.Context, merchant string, version int64) (Revision, error)

	// History lists a merchant's revisions, newest first, without their JSON.
	History(ctx context.Context, merchant string, limit int) ([]Revision, error)

	// List lists the newest revision of each merchant whose id is above after, by
	// id, without JSON.
	List(ctx context.Context, after string, limit int) ([]Revision, error)

	// Changes lists the revisions with a position above after, in order, without
	// JSON. Nothing is ever added below a position that was listed.
	Changes(ctx context.Context, after int64, limit int) ([]Revision, error)

	// InUse lists the revisions with a position above after that are the newest of
	// their merchant or that a session under way was opened with, in order.
	InUse(ctx context.Context, after int64, limit int) ([]Revision, error)

	// Position is the highest position in use, 0 for none.
	Position(ctx context.Context) (int64, error)
}
