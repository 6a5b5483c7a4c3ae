package funnel

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/pay"
)

// Visit is what the page of a session showed at first.
type Visit struct {
	SessionID string
	Form      device.Form
	Container device.Container
	Shown     []Offered // that could be chosen
	Hidden    []Hidden
	At        time.Time
}

// Offered is a method with the rail that a page offered.
type Offered struct {
	Method pay.Method
	Rail   pay.Rail
}

// Hidden is a method that a page could not offer, with the first reason.
type Hidden struct {
	Method pay.Method
	Reason capability.ReasonCode
}

// Saw returns the visit of a page that showed a decision.
func Saw(sessionID string, on device.Device, d capability.Decision, at time.Time) Visit {
	v := Visit{SessionID: sessionID, Form: on.Form, Container: on.Container, At: at}
	for _, c := range d.Choices {
		switch {
		case c.Offered():
			v.Shown = append(v.Shown, Offered{c.Method, c.Ladder[0]})
		case len(c.Reasons) > 0:
			v.Hidden = append(v.Hidden, Hidden{c.Method, c.Reasons[0].Code})
		}
	}
	return v
}

// Lists returns what was shown and hidden as text, as it is stored: method:rail and
// method:reason, with spaces between. Few sessions differ.
func (v Visit) Lists() (shown, hidden string) {
	offers, others := make([]string, len(v.Shown)), make([]string, len(v.Hidden))
	for i, o := range v.Shown {
		offers[i] = string(o.Method) + ":" + string(o.Rail)
	}
	for i, h := range v.Hidden {
		others[i] = string(h.Method) + ":" + string(h.Reason)
	}
	return strings.Join(offers, " "), strings.Join(others, " ")
}

// SetLists takes up what Lists has made. What is written otherwise is left out.
func (v *Visit) SetLists(shown, hidden string) {
	v.Shown, v.Hidden = nil, nil
	for _, pair := range strings.Fields(shown) {
		if m, r, ok := strings.Cut(pair, ":"); ok {
			v.Shown = append(v.Shown, Offered{pay.Method(m), pay.Rail(r)})
		}
	}
	for _, pair := range strings.Fields(hidden) {
		if m, code, ok := strings.Cut(pair, ":"); ok {
			v.Hidden = append(v.Hidden, Hidden{pay.Method(m), capability.ReasonCode(code)})
		}
	}
}

// Store keeps visits, one a session. It is safe for concurrent use and fails as
// checkout.Store does.
type Store interface {
	// AddVisits stores visits of sessions that have none, and returns the ids of the
	// sessions whose visit was stored. Those of sessions that are not there are left out.
	AddVisits(ctx context.Context, visits []Visit) (stored []string, err error)

	// Visited calls do with each session whose page was first seen at from or later, and
	// before to, in the order of that time.
	Visited(ctx context.Context, from, to time.Time, do func(Session)) error
}

// How visits are kept.
const (
	keepEvery  = time.Second
	maxWaiting = 4096 // visits of a second; more are not counted
	maxKnown   = 1 << 14
)

// Recorder keeps visits in the background: no page waits for it, and none fails with it.
// What it holds, of at most a second, is lost in a crash. It is safe for concurrent use.
type Recorder struct {
	store   Store
	metrics *Metrics
	log     *slog.Logger

	mu      sync.Mutex
	waiting []Visit
	known   map[string]bool // sessions whose visit is kept or waits
}

// NewRecorder makes a Recorder that counts what it stores.
func NewRecorder(s Store, m *Metrics, log *slog.Logger) *Recorder {
	return &Recorder{store: s, metrics: m, log: log, known: map[string]bool{}}
}

// Add keeps a visit, unless the session is known to have one.
func (r *Recorder) Add(v Visit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known[v.SessionID] || len(r.waiting) >= maxWaiting {
		return
	}
	if len(r.known) >= maxKnown {
		clear(r.known)
	}
	r.known[v.SessionID] = true
	r.waiting = append(r.waiting, v)
}

// Run stores what is added, until ctx ends.
func (r *Recorder) Run(ctx context.Context) {
	ticker := time.NewTicker(keepEvery)
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

// Flush stores what waits. What can't be stored is let go of, and the log says so.
func (r *Recorder) Flush(ctx context.Context) {
	r.mu.Lock()
	visits := r.waiting
	r.waiting = nil
	r.mu.Unlock()
	if len(visits) == 0 {
		return
	}
	stored, err := r.store.AddVisits(ctx, visits)
	if err != nil {
		r.log.WarnContext(ctx, "what pages showed can't be kept: the funnel misses it", "sessions", len(visits), "err", err)
		return
	}
	fresh := map[string]bool{}
	for _, id := range stored {
		fresh[id] = true
	}
	for _, v := range visits {
		if fresh[v.SessionID] {
			r.metrics.visited(v)
		}
	}
}
