package checkout

import (
	"context"
	"time"
)

// SweepOnce runs one round of Sweep with all its work and returns the number
// of sessions worked on.
func (s *Service) SweepOnce(ctx context.Context) int {
	w := newSweep(s)
	defer w.wait()
	return w.round(ctx)
}

// FollowDeskOnce runs one round of FollowDesk.
func (s *Service) FollowDeskOnce(ctx context.Context) { s.followDesk(ctx) }

// Throttle keeps payers from having their provider asked all the time.
type Throttle = throttle

// Allow reports whether a session may ask now.
func (t *Throttle) Allow(id string, now time.Time) bool { return t.allow(id, now) }

// Len returns the number of sessions that it remembers.
func (t *Throttle) Len() int { return len(t.at) }

// Puzzles remembers since when something can't be understood.
type Puzzles = puzzles

// MaxPuzzles is the number of rows that are remembered at most.
const MaxPuzzles = maxPuzzles

// Note adds to a row.
func (p *Puzzles) Note(what string, now time.Time) (age time.Duration, tell bool) {
	return p.note(what, now)
}

// Len returns the number of rows that it remembers.
func (p *Puzzles) Len() int { return len(p.rows) }

// ClaimFor is for how long what a crashed server had claimed stays claimed.
const ClaimFor = claimFor

// Len returns the number of waiters.
func (h *Hub) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, waiters := range h.waiters {
		n += len(waiters)
	}
	return n
}
