package checkout

import "sync"

// Hub wakes those who wait for news of a session. It carries no data and may
// wake too often; the waiter looks in the store again. The zero Hub is ready.
type Hub struct {
	mu      sync.Mutex
	closed  bool
	waiters map[string]map[chan struct{}]struct{}
}

// Wait returns a channel that gets a value after each Wake of the session, at
// least once for any number of them, and is closed when the hub is. stop must be
// called when the waiter leaves.
func (h *Hub) Wait(sessionID string) (news <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(ch)
		return ch, func() {}
	}
	if h.waiters == nil {
		h.waiters = map[string]map[chan struct{}]struct{}{}
	}
	if h.waiters[sessionID] == nil {
		h.waiters[sessionID] = map[chan struct{}]struct{}{}
	}
	h.waiters[sessionID][ch] = struct{}{}
	return ch, func() { h.leave(sessionID, ch) }
}

func (h *Hub) leave(sessionID string, ch chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.waiters[sessionID], ch)
	if len(h.waiters[sessionID]) == 0 {
		delete(h.waiters, sessionID)
	}
}

// Wake tells the waiters of a session to look again; "" tells all of them, as
// after a gap in the news from other servers.
func (h *Hub) Wake(sessionID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if sessionID != "" {
		wake(h.waiters[sessionID])
		return
	}
	for _, waiters := range h.waiters {
		wake(waiters)
	}
}

func wake(waiters map[chan struct{}]struct{}) {
	for ch := range waiters {
		select {
		case ch <- struct{}{}:
		default: // it has not taken the last one yet
		}
	}
}

// Close sends every waiter home; later ones go home at once.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	for _, waiters := range h.waiters {
		for ch := range waiters {
			close(ch)
		}
	}
	h.waiters = nil
}
