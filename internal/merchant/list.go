package merchant

import "context"

// Lister lists merchants, see [Store].
type Lister interface {
	List(ctx context.Context, after string, limit int) ([]Revision, error)
}

// listed is how many merchants are read at once.
const listed = 500

// IDs lists the ids of all merchants that have a document.
func IDs(ctx context.Context, from Lister) (ids []string, err error) {
	after := ""
	for {
		list, err := from.List(ctx, after, listed)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			after = r.Merchant
			ids = append(ids, after)
		}
		if len(list) < listed {
			return ids, nil
		}
	}
}
