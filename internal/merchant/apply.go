package merchant

import (
	"context"
	"math"
	"slices"
	"time"

	"morepay/internal/capability"
	"morepay/internal/pay"
)

// Apply stores the documents that differ from what is stored, all or none, and
// returns what changed.
func Apply(ctx context.Context, store Store, docs []*capability.Document, author string, now time.Time) ([]Revision, error) {
	changes := make([]Change, len(docs))
	for i, d := range docs {
		changes[i] = Change{Merchant: d.Merchant, JSON: d.JSON()}
	}
	before := map[string]int64{}
	for _, c := range changes {
		current, err := newest(ctx, store, c.Merchant)
		if err != nil {
			return nil, err
		}
		before[c.Merchant] = current.Version
	}
	after, err := store.Put(ctx, changes, author, now)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(after, func(r Revision) bool { return r.Version == before[r.Merchant] }), nil
}

// Unseen returns the documents that the store has never had, which a server takes up
// when it reads them in its folder. A document that is in a merchant's history is an
// old one: what was stored after it, by a command or the admin API, stays in force
// through every restart. Those that are in force instead of what docs says are
// returned too.
func Unseen(ctx context.Context, store Store, docs []*capability.Document) (unseen []*capability.Document, inForce []Revision, err error) {
	for _, d := range docs {
		current, err := newest(ctx, store, d.Merchant)
		if err != nil {
			return nil, nil, err
		}
		tag := ETag(d.JSON())
		if current.ETag == tag {
			continue
		}
		seen, err := inHistory(ctx, store, d.Merchant, tag)
		if err != nil {
			return nil, nil, err
		}
		if seen {
			inForce = append(inForce, current)
			continue
		}
		unseen = append(unseen, d)
	}
	return unseen, inForce, nil
}

func inHistory(ctx context.Context, store Store, merchant, tag string) (bool, error) {
	versions, err := store.History(ctx, merchant, math.MaxInt32)
	return slices.ContainsFunc(versions, func(r Revision) bool { return r.ETag == tag }), err
}

// newest returns a merchant's revision in force; its version is 0 if there is none.
func newest(ctx context.Context, store Store, merchant string) (Revision, error) {
	current, err := store.Get(ctx, merchant)
	if pay.CodeOf(err) == pay.CodeNotFound {
		return Revision{}, nil
	}
	return current, err
}
