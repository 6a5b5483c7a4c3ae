package providersim

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// clock is the time of the books, and that of the server that is tried, if it reads
// it here ([Options].Shared). Signatures stay on Options.Now, on both sides. It has a
// lock of its own, because the server may ask for the time whoever holds the other.
type clock struct {
	mu     sync.Mutex
	real   func() time.Time
	offset time.Duration // from the real time
	frozen time.Time     // where it stands; zero while it goes
	ahead  time.Duration // by which the server's is ahead of ours
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reading()
}

// reading is the time. The caller holds the lock, as for what follows.
func (c *clock) reading() time.Time {
	if !c.frozen.IsZero() {
		return c.frozen
	}
	return c.real().Add(c.offset)
}

func (c *clock) move(d time.Duration) {
	c.offset += d
	if !c.frozen.IsZero() {
		c.frozen = c.frozen.Add(d)
	}
}

func (c *clock) freeze(stand bool) {
	switch {
	case stand:
		c.frozen = c.reading()
	case !c.frozen.IsZero():
		c.offset, c.frozen = c.frozen.Sub(c.real()), time.Time{}
	}
}

// Clock is the state of both clocks.
type Clock struct {
	Now    time.Time `json:"now"`
	Frozen bool      `json:"frozen"`

	// Of the server that is tried; absent if it has a clock of its own.
	Server *time.Time `json:"server_now,omitempty"`
	Ahead  *int64     `json:"server_ahead_seconds,omitempty"`
}

// Now returns the time on the simulator's clock.
func (s *Sim) Now() time.Time { return s.now() }

func (s *Sim) now() time.Time { return s.clock.now() }

// ServerNow returns the time on the clock of the server that is tried.
func (s *Sim) ServerNow() time.Time {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	return s.clock.reading().Add(s.clock.ahead)
}

// Clock returns the state of both clocks.
func (s *Sim) Clock() Clock {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	c := Clock{Now: s.clock.reading(), Frozen: !s.clock.frozen.IsZero()}
	if s.options.Shared {
		server, ahead := c.Now.Add(s.clock.ahead), int64(s.clock.ahead/time.Second)
		c.Server, c.Ahead = &server, &ahead
	}
	return c
}

// Advance moves the clock, to let codes, links and orders expire and to bring retries
// forward; a server that shares it moves along. A negative d moves it back: what has
// expired can be paid again, and late.
func (s *Sim) Advance(d time.Duration) {
	if d != 0 {
		s.turned(Moves, d)
	}
	s.setClock(func(c *clock) { c.move(d) })
}

// Freeze stops the clock, or lets it go on from where it stands. Advance moves it all
// the same.
func (s *Sim) Freeze(stand bool) {
	s.turned(Freezes, 0)
	s.setClock(func(c *clock) { c.freeze(stand) })
}

// Part puts the clock of a server that shares ours ahead, or behind if d is negative.
func (s *Sim) Part(d time.Duration) {
	s.turned(Parts, d)
	s.setClock(func(c *clock) { c.ahead = d })
}

func (s *Sim) setClock(set func(*clock)) {
	s.clock.mu.Lock()
	set(&s.clock)
	s.clock.mu.Unlock()
	s.stir()
}

func (s *Sim) controlClock(*http.Request) (any, error) { return s.Clock(), nil }

// maxAdvance limits one move of the clock, in seconds: ten years.
const maxAdvance = 10 * 365 * 24 * 60 * 60

func (s *Sim) controlSetClock(r *http.Request) (any, error) {
	in, err := controlBody[struct {
		Seconds int64  `json:"advance_seconds"`
		Freeze  *bool  `json:"freeze"`
		Ahead   *int64 `json:"server_ahead_seconds"`
	}](r)
	if err != nil {
		return nil, err
	}
	if in.Seconds == 0 && in.Freeze == nil && in.Ahead == nil {
		return nil, errors.New("advance_seconds, freeze or server_ahead_seconds: one of them is needed")
	}
	if tooFar(in.Seconds) {
		return nil, fmt.Errorf("advance_seconds: must be up to %d, or down to minus that", maxAdvance)
	}
	if in.Ahead != nil && !s.options.Shared {
		return nil, errors.New("server_ahead_seconds: the server has a clock of its own")
	}
	if in.Ahead != nil && tooFar(*in.Ahead) {
		return nil, fmt.Errorf("server_ahead_seconds: must be up to %d, or down to minus that", maxAdvance)
	}
	if in.Freeze != nil {
		s.Freeze(*in.Freeze)
	}
	if in.Ahead != nil {
		s.Part(time.Duration(*in.Ahead) * time.Second)
	}
	s.Advance(time.Duration(in.Seconds) * time.Second)
	return s.Clock(), nil
}

func tooFar(seconds int64) bool { return seconds > maxAdvance || seconds < -maxAdvance }

// Reset makes everything as it is before the first case of a test: no faults, the
// clocks right, the phone as new, and what the server has learnt from earlier failures forgotten, if
// Options.Reset can do that. Orders stay.
func (s *Sim) Reset() error {
	s.Calm()
	s.turned(Resets, 0)
	s.setClock(func(c *clock) { c.offset, c.frozen, c.ahead = 0, time.Time{}, 0 })
	s.mu.Lock()
	s.holder, s.handset = Ming, newHandset()
	s.mu.Unlock()
	if s.options.Reset == nil {
		return nil
	}
	return s.options.Reset()
}

func (s *Sim) controlReset(r *http.Request) (any, error) {
	if _, err := controlBody[struct{}](r); err != nil {
		return nil, err
	}
	if err := s.Reset(); err != nil {
		return nil, err
	}
	return map[string]any{"rules": s.Rules(), "clock": s.Clock(), "server": s.options.Reset != nil}, nil
}
