package webhook

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	assignBatch = 256
	maxWorkers  = 1024        // endpoints served at once
	maxExtra    = 1024        // tries in flight beyond the first of each endpoint
	idle        = time.Second // between looks for what is due
)

// Config holds the parts of a [Dispatcher]. Queue and Secrets are needed.
type Config struct {
	Queue    Queue
	Secrets  func(sealed []byte) ([]string, error) // opens what an endpoint's secrets are sealed in
	Loopback bool                                  // test mode: loopback, plain http and any port are let through
	Now      func() time.Time                      // default time.Now
	Log      *slog.Logger                          // default slog.Default
	Metrics  *Metrics                              // nil for none
}

// Dispatcher delivers messages. Several may work on one queue.
type Dispatcher struct {
	queue    Queue
	secrets  func(sealed []byte) ([]string, error)
	loopback bool
	client   *http.Client
	now      func() time.Time
	log      *slog.Logger
	metrics  *Metrics

	places chan struct{} // one element for each worker
	extra  chan struct{} // one element for each slot of a worker but its first
	ended  chan struct{} // has a value when a worker has ended

	mu      sync.Mutex
	workers map[*worker]struct{}
}

// New makes a dispatcher.
func New(c Config) *Dispatcher {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Dispatcher{
		queue: c.Queue, secrets: c.Secrets, loopback: c.Loopback, now: c.Now, log: c.Log, metrics: c.Metrics,
		client:  newClient(guard(c.Loopback, 443), net.DefaultResolver),
		places:  make(chan struct{}, maxWorkers),
		extra:   make(chan struct{}, maxExtra),
		ended:   make(chan struct{}, 1),
		workers: map[*worker]struct{}{},
	}
}

// Run delivers until ctx ends, and returns when every worker has stopped. A try
// that is cut short is made again: messages are delivered at least once.
func (d *Dispatcher) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer d.client.CloseIdleConnections()
	defer running.Wait()
	tick := time.NewTicker(idle)
	defer tick.Stop()
	for {
		if err := d.start(ctx, &running); err != nil && ctx.Err() == nil {
			d.log.ErrorContext(ctx, "webhooks: the outbox can't be read", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-d.queue.News():
		case <-d.ended:
		case <-tick.C:
		}
	}
}

// Once delivers what is due now and returns when it is done.
func (d *Dispatcher) Once(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	return d.start(ctx, &running)
}

// start assigns new messages and starts a worker for every endpoint that is due.
func (d *Dispatcher) start(ctx context.Context, running *sync.WaitGroup) error {
	busy, err := d.queue.Busy(ctx, d.now())
	if err != nil || !busy {
		return err
	}
	for n := assignBatch; n == assignBatch; {
		if n, err = d.queue.Assign(ctx, d.now(), assignBatch); err != nil {
			return err
		}
	}
	d.pokeWorkers()
	claims, err := d.queue.Claim(ctx, rand.Text(), d.now(), d.now().Add(lease), cap(d.places)-len(d.places))
	for _, c := range claims {
		d.places <- struct{}{}
		running.Go(func() { d.serve(ctx, c) })
	}
	return err
}

// serve delivers to one endpoint for as long as something is due.
func (d *Dispatcher) serve(ctx context.Context, c Claim) {
	w := d.newWorker(c)
	d.mu.Lock()
	d.workers[w] = struct{}{}
	d.mu.Unlock()
	w.run(ctx)
	d.mu.Lock()
	delete(d.workers, w)
	d.mu.Unlock()
	<-d.places
	signal(d.ended)
}

// pokeWorkers has every worker look for what was assigned to its endpoint.
func (d *Dispatcher) pokeWorkers() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for w := range d.workers {
		signal(w.poke)
	}
}

// signal gives a channel of one element its value if it has none yet.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
