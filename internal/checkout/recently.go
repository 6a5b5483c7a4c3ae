package checkout

import (
	"sync"
	"time"
)

// askAgain is how long a payer's impatience is answered from the store, in
// keeping with at most one query per order and two seconds.
const askAgain = 2 * time.Second

// recently remembers what was asked in the last askAgain. The zero value is
// ready.
type recently struct {
	mu    sync.Mutex
	at    map[string]time.Time
	swept time.Time
}

// first tells whether id has not been asked for recently, and marks it as asked.
func (r *recently) first(id string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.swept) > askAgain {
		for id, at := range r.at {
			if now.Sub(at) > askAgain {
				delete(r.at, id)
			}
		}
		r.swept = now
	}
	if at, ok := r.at[id]; ok && now.Sub(at) <= askAgain {
		return false
	}
	if r.at == nil {
		r.at = map[string]time.Time{}
	}
	r.at[id] = now
	return true
}
