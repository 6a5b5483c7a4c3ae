package merchant

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// KeyUse is when an API key was used last.
type KeyUse struct {
	Merchant string
	Key      string // its fingerprint: of the key nothing is known here
	At       time.Time
}

// KeyUses keeps the last use of each key. It is safe for concurrent use and fails as
// Store does.
type KeyUses interface {
	// AddKeyUses keeps those that are later than what is kept.
	AddKeyUses(ctx context.Context, uses []KeyUse) error

	// KeyUses lists those of a merchant, by key.
	KeyUses(ctx context.Context, merchant string) ([]KeyUse, error)
}

// keepUsesEvery is the pause between writes: a key that is used all the time costs one
// row a minute and server.
const keepUsesEvery = time.Minute

// KeyRecorder keeps uses in the background: no call waits for it. What it holds, of at
// most a minute, is lost in a crash. It is safe for concurrent use.
type KeyRecorder struct {
	store KeyUses
	log   *slog.Logger

	mu      sync.Mutex
	waiting map[keyName]time.Time
}

type keyName struct{ merchant, key string }

// NewKeyRecorder makes a KeyRecorder.
func NewKeyRecorder(s KeyUses, log *slog.Logger) *KeyRecorder {
	return &KeyRecorder{store: s, log: log, waiting: map[keyName]time.Time{}}
}

// Used takes a use down.
func (r *KeyRecorder) Used(u KeyUse) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := keyName{u.Merchant, u.Key}
	if u.At.After(r.waiting[name]) {
		r.waiting[name] = u.At
	}
}

// Run stores what is taken down, until ctx ends.
func (r *KeyRecorder) Run(ctx context.Context) {
	ticker := time.NewTicker(keepUsesEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			r.Flush(context.WithoutCancel(ctx))
			return
		case <-ticker.C:
		}
		r.Flush(ctx)
	}
}

// Flush stores what waits; what can't be stored goes on waiting.
func (r *KeyRecorder) Flush(ctx context.Context) {
	uses := r.take()
	if len(uses) == 0 {
		return
	}
	if err := r.store.AddKeyUses(ctx, uses); err != nil {
		r.log.WarnContext(ctx, "when API keys were used can't be kept", "keys", len(uses), "err", err)
		for _, u := range uses {
			r.Used(u)
		}
	}
}

// take returns what waits, in the same order on every server, so that no two wait for
// each other's rows.
func (r *KeyRecorder) take() []KeyUse {
	r.mu.Lock()
	defer r.mu.Unlock()
	uses := r.held("")
	clear(r.waiting)
	return uses
}

// held lists what waits of a merchant, of all for "".
func (r *KeyRecorder) held(merchant string) (uses []KeyUse) {
	for name, at := range r.waiting {
		if merchant == "" || name.merchant == merchant {
			uses = append(uses, KeyUse{name.merchant, name.key, at})
		}
	}
	slices.SortFunc(uses, func(a, b KeyUse) int { return cmp.Or(cmp.Compare(a.Merchant, b.Merchant), cmp.Compare(a.Key, b.Key)) })
	return uses
}

// Last returns when each key of a merchant was used last, as far as this server knows.
func (r *KeyRecorder) Last(ctx context.Context, merchant string) (map[string]time.Time, error) {
	kept, err := r.store.KeyUses(ctx, merchant)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	last := map[string]time.Time{}
	for _, u := range append(kept, r.held(merchant)...) {
		if u.At.After(last[u.Key]) {
			last[u.Key] = u.At
		}
	}
	return last, nil
}
