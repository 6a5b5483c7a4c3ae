package checkout

import (
	"context"
	"time"
)

// SweepOnce works through one claim, as Sweep does every half second, and tells
// how many sessions it held.
func (s *Service) SweepOnce(ctx context.Context) int { return s.sweepOnce(ctx) }

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
