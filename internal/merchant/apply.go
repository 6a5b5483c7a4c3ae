package merchant

import (
	"context"
	"math"
	"slices"
	"time"

	"morepay/internal/pay"
)

// Apply stores the documents of sources that differ from what is stored, all or
// none, and returns what changed.
func Apply(ctx context.Context, store Store, sources []Source, author string, now time.Time) ([]Document, error) {
	changes := make([]Change, len(sources))
	for i, s := range sources {
		changes[i] = Change{Merchant: s.ID, JSON: s.Document.JSON()}
	}
	before := map[string]int64{}
	for _, c := range changes {
		doc, err := newest(ctx, store, c.Merchant)
		if err != nil {
			return nil, err
		}
		before[c.Merchant] = doc.Version
	}
	after, err := store.Put(ctx, changes, author, now)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(after, func(d Document) bool { return d.Version == before[d.Merchant] }), nil
}

// Introduce stores, when a server starts, the documents that the store has never
// seen, all or none. A document that is in a merchant's history is an old one:
// what was stored after it, by a command or the admin API, stays in force through
// every restart. Those that are in force instead of what sources says are
// returned.
func Introduce(ctx context.Context, store Store, sources []Source, now time.Time) (inForce []Document, err error) {
	var unseen []Source
	for _, s := range sources {
		current, err := newest(ctx, store, s.ID)
		if err != nil {
			return nil, err
		}
		tag := ETag(s.Document.JSON())
		if current.ETag == tag {
			continue
		}
		seen, err := inHistory(ctx, store, s.ID, tag)
		if err != nil {
			return nil, err
		}
		if seen {
			inForce = append(inForce, current)
			continue
		}
		unseen = append(unseen, s)
	}
	_, err = Apply(ctx, store, unseen, "start", now)
	return inForce, err
}

func inHistory(ctx context.Context, store Store, merchant, tag string) (bool, error) {
	versions, err := store.History(ctx, merchant, math.MaxInt32)
	return slices.ContainsFunc(versions, func(d Document) bool { return d.ETag == tag }), err
}

// newest is a merchant's document in force; its version is 0 if there is none.
func newest(ctx context.Context, store Store, merchant string) (Document, error) {
	doc, err := store.Get(ctx, merchant)
	if pay.CodeOf(err) == pay.CodeNotFound {
		return Document{}, nil
	}
	return doc, err
}
