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
