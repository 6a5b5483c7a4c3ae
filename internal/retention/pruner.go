package retention

import (
	"context"
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/pay"
)

// Store lets go of what is old. All methods are safe for concurrent use and fail
// with store_unavailable.
type Store interface {
	// ClaimJob gives the job to holder until a time, unless somebody else has it at
	// now. The holder may renew it so.
	ClaimJob(ctx context.Context, holder string, now, until time.Time) (bool, error)

	// Prune lets go of some of a kind, in one short transaction.
	Prune(ctx context.Context, k Kind, s Step) (Pruned, error)

	// Count returns how many of a kind are old, those included that are under way,
	// and MaxCount if there are so many or more.
	Count(ctx context.Context, k Kind, before time.Time) (int, error)
}

// Step is a piece of a run.
type Step struct {
	Now    time.Time
	Before time.Time // what is older may go
	After  Cursor    // where the step before ended
	Limit  int       // rows that it looks at
}

// Cursor is how far a run has come. The zero value is its beginning.
type Cursor struct {
	At int64
	ID string
}

// Pruned is what came of a step.
type Pruned struct {
	Count int // that went
	Next  Cursor
	More  bool // there is something after Next
}

// MaxCount bounds what is counted: a database of years must answer too.
const MaxCount = 100_000

// How a run goes.
const (
	Every    = time.Hour // pause between runs, unless a test wants another
	batch    = 50        // rows that a step looks at
	pause    = 20 * time.Millisecond
	claimFor = time.Minute
)

// Pruner runs a policy. Policy and Store are needed.
type Pruner struct {
	Policy  Policy
	Store   Store
	Now     func() time.Time // nil for the machine's clock
	Log     *slog.Logger     // nil for the default one
	Metrics *Metrics         // nil for none
}

// Metrics counts what was pruned.
type Metrics struct{ pruned *prometheus.CounterVec }

// NewMetrics makes the metrics and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "morepay_pruned_total", Help: "What was let go because it was kept long enough, by kind.",
	}, []string{"kind"})}
	for _, k := range Kinds {
		m.pruned.WithLabelValues(string(k))
	}
	r.MustRegister(m.pruned)
	return m
}

// Sweep runs the policy again and again until ctx ends, at this pace.
func (p *Pruner) Sweep(ctx context.Context, pace time.Duration) {
	log := p.log()
	for sleep(ctx, pace/60+mathrand.N(pace/30+1)); ctx.Err() == nil; sleep(ctx, pace) {
		_, err := p.Run(ctx)
		if pay.CodeOf(err) != pay.CodeConflict && err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "pruning", "err", err)
		}
	}
}

func (p *Pruner) log() *slog.Logger {
	if p.Log == nil {
		return slog.Default()
	}
	return p.Log
}

func (p *Pruner) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

// Run lets go of all that is old, and returns how many of each kind that were. Fails
// with conflict if another server does so at present.
func (p *Pruner) Run(ctx context.Context) (map[Kind]int, error) {
	holder, counts, begun := rand.Text(), map[Kind]int{}, p.now()
	for _, k := range Kinds {
		before, ok := p.Policy.Before(k, begun)
		if !ok {
			continue
		}
		n, err := p.kind(ctx, holder, k, Step{Now: begun, Before: before, Limit: batch})
		counts[k] += n
		if err != nil {
			return counts, err
		}
	}
	_, err := p.Store.ClaimJob(ctx, holder, p.now(), p.now()) // ends it
	p.log().InfoContext(ctx, "pruned", "erasing", counts[Erasing], "events", counts[Events], "unpaid", counts[Unpaid], "ledgers", counts[Ledgers], "raw", counts[Raw])
	return counts, err
}

// kind lets go of one kind, step by step, for as long as the claim is ours.
func (p *Pruner) kind(ctx context.Context, holder string, k Kind, s Step) (n int, err error) {
	for {
		now := p.now()
		if ours, err := p.Store.ClaimJob(ctx, holder, now, now.Add(claimFor)); err != nil || !ours {
			return n, orBusy(err)
		}
		done, err := p.Store.Prune(ctx, k, s)
		if err != nil {
			return n, err
		}
		n += done.Count
		if p.Metrics != nil {
			p.Metrics.pruned.WithLabelValues(string(k)).Add(float64(done.Count))
		}
		if !done.More {
			return n, nil
		}
		s.After = done.Next
		sleep(ctx, pause) // others want to write too
		if ctx.Err() != nil {
			return n, context.Cause(ctx)
		}
	}
}

func orBusy(err error) error {
	if err != nil {
		return err
	}
	return pay.Errorf(pay.CodeConflict, "", "another server prunes at present: try again later")
}

// Count returns how many of each kind are old, up to MaxCount. Of these, what is
// under way stays.
func (p *Pruner) Count(ctx context.Context) (map[Kind]int, error) {
	counts := map[Kind]int{}
	for _, k := range Kinds {
		before, ok := p.Policy.Before(k, p.now())
		if !ok {
			continue
		}
		n, err := p.Store.Count(ctx, k, before)
		if err != nil {
			return nil, err
		}
		counts[k] = n
	}
	return counts, nil
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
