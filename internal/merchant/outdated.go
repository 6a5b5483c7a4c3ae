package merchant

import (
	"context"
	"errors"
	"fmt"

	"morepay/internal/capability/document"
	"morepay/internal/strictjson"
)

// inUseAtOnce is how many documents are read at once.
const inUseAtOnce = 200

// Outdated says of each document that is in force, or pinned by a session under way,
// what today's rules would refuse in it, and what to do. They go on being read.
func Outdated(ctx context.Context, store Store) ([]string, error) {
	var list []string
	newest := map[string]int64{}
	for after := int64(0); ; {
		revisions, err := store.InUse(ctx, after, inUseAtOnce)
		if err != nil {
			return nil, err
		}
		for _, r := range revisions {
			after = r.Position
			if newest[r.Merchant] == 0 {
				current, err := store.Get(ctx, r.Merchant)
				if err != nil {
					return nil, err
				}
				newest[r.Merchant] = current.Version
			}
			list = append(list, outdated(r, r.Version == newest[r.Merchant])...)
		}
		if len(revisions) < inUseAtOnce {
			return list, nil
		}
	}
}

// outdated returns a sentence for each mistake.
func outdated(r Revision, inForce bool) (list []string) {
	_, err := document.Decode(r.JSON)
	problems, ok := errors.AsType[strictjson.Problems](err)
	if !ok && err != nil {
		problems = strictjson.Problems{{Message: err.Error()}}
	}
	standing, remedy := "pinned by sessions", "they go on with it until they end"
	if inForce {
		standing, remedy = "in force", "it goes on being read; the next one that is stored must keep the rule"
	}
	for _, p := range problems {
		list = append(list, fmt.Sprintf("%s: version %d, %s: %s (%s)", r.Merchant, r.Version, standing, p.Error(), remedy))
	}
	return list
}
