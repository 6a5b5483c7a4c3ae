package webhook

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	maxInFlight = 32 // tries at once to one endpoint
	maxAhead    = 16 // deliveries that wait for one of them to end

	lease     = 15 * time.Second // of a claim, which is renewed every beat
	beat      = time.Second      // between looks for what others have assigned
	lastWords = 3 * time.Second  // to store what has come of the last tries
	otherKey  = 30 * time.Second // until the next server may try to open the secrets
)

// worker delivers to one endpoint for as long as it holds the claim on it. Up to
// maxInFlight slots try what is ready; the worker alone speaks to the store.
type worker struct {
	*Dispatcher
	claim Claim
	to    Endpoint
	log   *slog.Logger
	poke  chan struct{} // there may be something new

	slots sync.WaitGroup
	n     int // of the slots
	ready chan job
	tried chan outcome

	known     map[int64]bool // positions that are ready, in flight, or not recorded yet
	results   []Result       // not recorded yet
	recovered time.Time      // what failed since then is due again
	asked     time.Duration
	disable   string
}

func (d *Dispatcher) newWorker(c Claim) *worker {
	const most = maxInFlight + maxAhead
	return &worker{
		Dispatcher: d, claim: c, log: d.log.With("merchant", c.Merchant, "endpoint", c.ID, "url", c.URL),
		poke: make(chan struct{}, 1), ready: make(chan job, most), tried: make(chan outcome, most), known: map[int64]bool{},
	}
}

// run delivers until nothing is due or the endpoint is down, and ends the claim,
// even if ctx has ended.
func (w *worker) run(ctx context.Context) {
	tries, cut := context.WithCancel(ctx)
	err := w.open()
	if err != nil {
		w.log.ErrorContext(ctx, "webhooks: the secrets of an endpoint can't be opened", "err", err)
	} else {
		err = w.deliver(ctx, tries)
	}
	cut()
	close(w.ready)
	w.slots.Wait()
	w.giveSlotsBack()
	if errors.Is(err, ErrLost) {
		w.log.WarnContext(ctx, "webhooks: another server has taken this endpoint over")
		return
	}
	if err != nil && ctx.Err() == nil {
		w.log.ErrorContext(ctx, "webhooks: the outbox can't be read or written", "err", err)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	w.end(last)
}

// deliver makes rounds until nothing is left to wait for.
func (w *worker) deliver(ctx, tries context.Context) error {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	probe := w.down()
	for {
		err := w.round(ctx, tries, probe)
		if errors.Is(err, ErrLost) || len(w.known) == 0 {
			return err
		}
		if err != nil && ctx.Err() == nil {
			w.log.ErrorContext(ctx, "webhooks: the outbox can't be read or written", "err", err) // what is in flight is told the next time
		}
		probe = false
		select {
		case o := <-w.tried:
			w.take(o)
			w.takeAll()
		case <-w.poke:
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// down reports whether the endpoint gets probes only.
func (w *worker) down() bool { return w.claim.Failing >= DownAfter }

// round stores what has come of tries, and has what is due tried.
func (w *worker) round(ctx, tries context.Context, probe bool) error {
	now := w.now()
	r := Round{
		Claim: w.claim, Now: now, Until: now.Add(lease), Results: w.results,
		Disable: w.disable, Recovered: w.recovered, Limit: maxInFlight + maxAhead, Probe: probe,
	}
	if probe {
		r.Limit = 1
	} else if w.down() {
		r.Limit = 0
	}
	claim, due, err := w.queue.Round(ctx, r)
	if err != nil {
		return err
	}
	for _, t := range w.results {
		delete(w.known, t.Position)
	}
	w.results, w.disable, w.recovered = nil, "", time.Time{}
	if err := w.follow(claim); err != nil {
		return err
	}
	if claim.Disabled || w.down() && !probe {
		w.withdraw()
		return nil
	}
	w.offer(tries, due)
	return nil
}

// follow takes up what has changed about the endpoint.
func (w *worker) follow(c Claim) error {
	moved := c.URL != w.claim.URL
	changed := moved || !bytes.Equal(c.Sealed, w.claim.Sealed)
	w.claim = c
	if !changed {
		return nil
	}
	if moved {
		w.claim.Health = Health{}
	}
	w.withdraw()
	return w.open()
}

// open reads the endpoint's secrets.
func (w *worker) open() error {
	secrets, err := w.secrets(w.claim.Sealed)
	w.to = Endpoint{ID: w.claim.ID, URL: w.claim.URL, Secrets: secrets}
	return err
}

// offer has deliveries tried, as far as they are new.
func (w *worker) offer(tries context.Context, due []Delivery) {
	for _, delivery := range due {
		if w.known[delivery.Position] || len(w.known) == cap(w.ready) {
			continue
		}
		w.known[delivery.Position] = true
		w.ready <- job{Delivery: delivery, to: w.to, removed: w.claim.Removed}
	}
	for w.n < min(len(w.known), maxInFlight) && w.takeSlot() {
		w.slots.Go(func() {
			for j := range w.ready {
				w.tried <- w.try(tries, j, w.log)
			}
		})
	}
}

// takeSlot reports whether the endpoint may have one more try in flight: the
// first always, the others if all endpoints together have not too many.
func (w *worker) takeSlot() bool {
	if w.n > 0 {
		select {
		case w.extra <- struct{}{}:
		default:
			return false
		}
	}
	w.n++
	return true
}

func (w *worker) giveSlotsBack() {
	for range w.n - 1 {
		<-w.extra
	}
}

// withdraw takes back what no slot has taken yet.
func (w *worker) withdraw() {
	for {
		select {
		case j := <-w.ready:
			delete(w.known, j.Position)
		default:
			return
		}
	}
}

// take notes what has come of a try, and what it says about the endpoint.
func (w *worker) take(o outcome) {
	if o.cut {
		return // still in known: it is tried again by whoever comes next
	}
	w.results = append(w.results, o.Result)
	w.asked = o.asked
	if o.disable != "" {
		w.disable = o.disable
	}
	health := &w.claim.Health
	switch {
	case o.State == Delivered:
		if w.down() {
			w.recovered = health.Since
			w.log.Info("webhooks: endpoint is back")
		}
		*health = Health{}
	case o.planned && (health.Failing == 0 || o.job.TriedAt.Before(health.Since)):
		if health.Failing == 0 {
			health.Since = o.At
		}
		if health.Failing++; health.Failing == DownAfter {
			w.log.Warn("webhooks: endpoint is down: it is probed until it answers")
		}
	}
}

func (w *worker) takeAll() {
	for {
		select {
		case o := <-w.tried:
			w.take(o)
		default:
			return
		}
	}
}

// end stores what is left to store and gives the endpoint back.
func (w *worker) end(ctx context.Context) {
	w.takeAll()
	now := w.now()
	if len(w.results) > 0 {
		r := Round{Claim: w.claim, Now: now, Until: now.Add(lease), Results: w.results, Disable: w.disable, Recovered: w.recovered}
		_, _, _ = w.queue.Round(ctx, r) // if this fails they are tried again
	}
	var at time.Time
	if w.down() {
		at = now.Add(probePause(now.Sub(w.claim.Since), w.asked))
	}
	if w.to.Secrets == nil {
		at = now.Add(otherKey)
	}
	_ = w.queue.Release(ctx, w.claim, at) // if this fails, the claim ends by itself
}
