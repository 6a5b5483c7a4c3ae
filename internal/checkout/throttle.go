package checkout

import (
	"sync"
	"time"
)

// askAgain is the minimum interval between provider queries for one session: no
// provider publishes a limit, so we stay modest. Earlier requests are answered
// from the store.
const askAgain = 2 * time.Second

// throttle remembers what was asked about in the last askAgain. The zero value is
// ready.
type throttle struct {
	mu    sync.Mutex
	at    map[string]time.Time
	swept time.Time
}

// allow reports whether it is time to ask about id, and if so takes it as asked.
func (t *throttle) allow(id string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.swept) > askAgain {
		for id, at := range t.at {
			if now.Sub(at) > askAgain {
				delete(t.at, id)
			}
		}
		t.swept = now
	}
	if at, ok := t.at[id]; ok && now.Sub(at) <= askAgain {
		return false
	}
	if t.at == nil {
		t.at = map[string]time.Time{}
	}
	t.at[id] = now
	return true
}
