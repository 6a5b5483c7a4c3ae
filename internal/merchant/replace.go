package merchant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

// Proposal is a document that an operator wants in force.
type Proposal struct {
	Merchant string
	JSON     []byte
	Expect   *int64                           // the version it replaces, 0 for none; nil for whatever is there
	Author   string                           // who stores it
	Check    func(*capability.Document) error // what else must hold; nil for nothing
}

// Replace stores a proposed document as a new version. Fails with
// strictjson.Problems if it is no document, with invalid_request, naming the
// field, if it can't be in force for this merchant, and with precondition_failed
// if another version than Expect is.
func Replace(ctx context.Context, store Putter, p Proposal, now time.Time) (Revision, error) {
	doc, err := document.Decode(p.JSON)
	if err != nil {
		return Revision{}, err
	}
	if doc.Merchant != p.Merchant {
		return Revision{}, pay.Errorf(pay.CodeInvalid, "merchant", "is %q, want %q", doc.Merchant, p.Merchant)
	}
	if p.Check != nil {
		if err := p.Check(doc); err != nil {
			return Revision{}, placed(p.JSON, err)
		}
	}
	stored, err := store.Put(ctx, []Change{{Merchant: p.Merchant, JSON: doc.JSON(), Expect: p.Expect}}, p.Author, now)
	if err != nil {
		return Revision{}, err
	}
	return stored[0], nil
}

// placed gives the problems of a document that was checked their lines in its text.
func placed(text []byte, err error) error {
	problems, ok := errors.AsType[strictjson.Problems](err)
	if !ok {
		return err
	}
	if v, _ := strictjson.Parse(text, document.MaxSize); v != nil {
		problems.Place(v)
	}
	return problems
}

// Rollback stores an earlier version again, as a new one. Of the proposal it takes all but
// its JSON.
func Rollback(ctx context.Context, store Store, p Proposal, version int64, now time.Time) (Revision, error) {
	old, err := store.Version(ctx, p.Merchant, version)
	if err != nil {
		return Revision{}, err
	}
	p.JSON = old.JSON
	r, err := Replace(ctx, store, p, now)
	if err != nil {
		return Revision{}, fmt.Errorf("version %d can't be stored again: %w", version, err)
	}
	return r, nil
}
