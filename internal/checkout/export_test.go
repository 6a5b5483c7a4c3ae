package checkout

import (
	"context"
	"time"
)

// SweepOnce is one round of Sweep with all its work. It returns how many sessions
// were worked on.
func (s *Service) SweepOnce(ctx context.Context) int {
	w := newSweep(s)
	defer w.wait()
	return w.round(ctx)
}

// ClockJump is what Sweep goes by to tell a jump of the wall clock.
func ClockJump(from, to time.Time) time.Duration { return clockJump(from, to) }

// ClaimFor is for how long what a crashed server had claimed stays claimed.
const ClaimFor = claimFor

// Len is how many wait.
func (h *Hub) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, waiters := range h.waiters {
		n += len(waiters)
	}
	return n
}
