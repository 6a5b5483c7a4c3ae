package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	assignBatch = 256
	maxWorkers  = 1024            // endpoints served at once; a dead one holds its worker for at most tryWithin
	lease       = 2 * time.Minute // of a claim: longer than a try and its record can take
	idle        = time.Second     // between looks for what is due
)

// Config holds the parts of a [Dispatcher]. Queue and Endpoints are needed.
type Config struct {
	Queue     Queue
	Endpoints func(merchant string) []Endpoint
	News      <-chan struct{}  // a value means that there may be new messages; nil to look once a second
	Loopback  bool             // test mode: loopback, plain http and any port are let through
	Now       func() time.Time // default time.Now
	Log       *slog.Logger     // default slog.Default
}

// Dispatcher delivers messages. Several may work on one queue.
type Dispatcher struct {
	queue     Queue
	endpoints func(merchant string) []Endpoint
	loopback  bool
	client    *http.Client
	now       func() time.Time
	log       *slog.Logger
	news      <-chan struct{}
	workers   chan struct{} // one element for each worker
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
		queue: c.Queue, endpoints: c.Endpoints, loopback: c.Loopback, now: c.Now, log: c.Log,
		client:  newClient(guard(c.Loopback, 443), net.DefaultResolver),
		news:    c.News,
		workers: make(chan struct{}, maxWorkers),
	}
}

// Run delivers until ctx ends, and returns when every worker has stopped. A try
// that is cut short is made again: messages are delivered at least once.
func (d *Dispatcher) Run(ctx context.Context) {
	var workers sync.WaitGroup
	defer d.client.CloseIdleConnections()
	defer workers.Wait()
	tick := time.NewTicker(idle)
	defer tick.Stop()
	for {
		if err := d.start(ctx, &workers); err != nil && ctx.Err() == nil {
			d.log.ErrorContext(ctx, "webhooks: the outbox can't be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-d.news:
		case <-tick.C:
		}
	}
}

// Once delivers what is due now and returns when it is done.
func (d *Dispatcher) Once(ctx context.Context) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	return d.start(ctx, &workers)
}

// start assigns new messages and starts a worker for every endpoint that is due.
func (d *Dispatcher) start(ctx context.Context, workers *sync.WaitGroup) error {
	for {
		n, err := d.queue.Assign(ctx, d.now(), assignBatch, d.urls)
		if err != nil {
			return err
		}
		if n < assignBatch {
			break
		}
	}
	claims, err := d.queue.Claim(ctx, d.now(), d.now().Add(lease), cap(d.workers)-len(d.workers))
	for _, c := range claims {
		d.workers <- struct{}{}
		workers.Go(func() {
			defer func() { <-d.workers }()
			d.serve(ctx, c)
		})
	}
	return err
}

func (d *Dispatcher) urls(merchant string) []string {
	var urls []string
	for _, e := range d.endpoints(merchant) {
		urls = append(urls, e.URL)
	}
	return urls
}

// serve delivers to one endpoint, oldest message first, until nothing is left or
// a try fails. Then it gives the endpoint back, even if ctx has ended.
func (d *Dispatcher) serve(ctx context.Context, c Claim) {
	log := d.log.With("merchant", c.Merchant, "endpoint", c.URL)
	endpoint, ok := d.find(c)
	var err error
	if ok {
		err = d.drain(ctx, c, endpoint, log)
	} else {
		err = d.queue.Forget(ctx, c.Endpoint, "the merchant has removed this endpoint")
	}
	if errors.Is(err, errGivenBack) {
		return
	}
	if err != nil && ctx.Err() == nil {
		log.ErrorContext(ctx, "webhooks: the outbox can't be read or written", "error", err)
	}
	_ = d.queue.Release(context.WithoutCancel(ctx), c.Endpoint) // if this fails, the claim ends by itself
}

// errGivenBack: the record of a try has ended the claim already.
var errGivenBack = errors.New("the claim has ended")

func (d *Dispatcher) drain(ctx context.Context, c Claim, endpoint Endpoint, log *slog.Logger) error {
	for {
		delivery, err := d.queue.Next(ctx, c.Endpoint)
		if err != nil || delivery == nil {
			return err
		}
		result := d.try(ctx, endpoint, delivery, log)
		if ctx.Err() != nil {
			return ctx.Err() // our end, not the endpoint's fault: the try doesn't count
		}
		if err := d.queue.Record(ctx, result); err != nil {
			return err
		}
		if result.State == Pending {
			return errGivenBack
		}
	}
}

func (d *Dispatcher) find(c Claim) (Endpoint, bool) {
	for _, e := range d.endpoints(c.Merchant) {
		if e.URL == c.URL {
			return e, true
		}
	}
	return Endpoint{}, false
}

// try sends a message once and decides what follows.
func (d *Dispatcher) try(ctx context.Context, e Endpoint, delivery *Delivery, log *slog.Logger) Result {
	var a answer
	err := e.Check(d.loopback)
	if err == nil {
		a, err = send(ctx, d.client, e, delivery.Message, d.now())
	}
	now := d.now()
	r := Result{
		Endpoint: delivery.Endpoint, Position: delivery.Position, Tries: delivery.Tries + 1,
		Status: a.status, At: now, Until: now.Add(lease), State: Delivered,
	}
	if err == nil && a.status/100 == 2 {
		return r
	}
	r.Error = reason(a, err)
	log = log.With("message", delivery.Message.ID, "tries", r.Tries, "error", r.Error)
	switch {
	case a.status == http.StatusGone:
		r.State, r.RetryAt, r.Until, r.Disable = Pending, now, time.Time{}, "it answered 410 Gone"
		log.WarnContext(ctx, "webhooks: endpoint disabled")
	case r.Tries >= MaxTries:
		r.State = Failed
		log.ErrorContext(ctx, "webhooks: message given up")
	default:
		r.State, r.RetryAt, r.Until = Pending, now.Add(pause(r.Tries, a.retryAfter)), time.Time{}
		log.WarnContext(ctx, "webhooks: try failed", "again", r.RetryAt)
	}
	return r
}

// maxReason bounds what is kept of an error, in bytes.
const maxReason = 200

func reason(a answer, err error) string {
	if err == nil {
		return fmt.Sprintf("it answered %d", a.status)
	}
	text := strings.ReplaceAll(err.Error(), "\x00", "")
	return strings.ToValidUTF8(text[:min(len(text), maxReason)], "")
}
