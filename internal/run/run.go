// Package run starts servers and background work, and stops them in order. It
// knows nothing about the work itself.
//
// What must not live here: anything that imports another package of ours.
package run

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// stopWithin limits how long requests under way may take to finish when the
// program stops. Orchestrators usually kill after ten seconds.
const stopWithin = 8 * time.Second

// Group is a set of servers and background work that live and end together.
type Group struct {
	Log       *slog.Logger
	Drain     time.Duration // between the wish to stop and the stop, so that balancers notice
	draining  []func()
	servers   []*http.Server
	listeners []net.Listener
	ending    atomic.Bool // answers close their connections
	open      []*unanswered
	stopping  []func()
	work      []func(context.Context)

	mu      sync.Mutex
	closed  bool
	running chan struct{} // closed when Run has returned; nil before Run
}

// Serve adds a server on a listener, with every time limit set.
func (g *Group) Serve(l net.Listener, h http.Handler) {
	open := newUnanswered()
	s := &http.Server{
		ConnState: open.note, Handler: g.closing(h), ErrorLog: slog.NewLogLogger(g.Log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 15 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	g.servers, g.listeners, g.open = append(g.servers, s), append(g.listeners, l), append(g.open, open)
}

// closing has clients open another connection for their next request as soon as the
// server is to stop: on one that is kept, a request may meet its end.
func (g *Group) closing(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.ending.Load() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// OnShutdown has f called when the servers begin to stop, to send home whoever waits.
func (g *Group) OnShutdown(f func()) { g.stopping = append(g.stopping, f) }

// OnDrain has f called when Run is to end, and still serves for the time of Drain,
// if that isn't 0.
func (g *Group) OnDrain(f func()) { g.draining = append(g.draining, f) }

// Go adds background work; it must return soon after its context ends.
func (g *Group) Go(work func(context.Context)) { g.work = append(g.work, work) }

// Run serves until ctx ends, a server fails or Close is called. After the first of
// these it drains. It then takes no new requests, lets those under way finish, and ends the background work last,
// because they may still give it something to do.
func (g *Group) Run(ctx context.Context) error {
	ended := g.begin()
	if ended == nil {
		return nil
	}
	defer close(ended)
	working, stopWork := context.WithCancel(context.Background())
	defer stopWork()
	var work, serving sync.WaitGroup
	for _, f := range g.work {
		work.Go(func() { f(working) })
	}
	failed := make(chan error, len(g.servers))
	for i, s := range g.servers {
		serving.Go(func() { failed <- s.Serve(g.listeners[i]) })
	}
	var err error
	select {
	case <-ctx.Done():
		g.ending.Store(true)
		err = g.drain(failed)
	case err = <-failed:
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	err = errors.Join(err, g.stop(&serving))
	stopWork()
	work.Wait()
	return err
}

// drain serves on until its time is over, or fails with a server.
func (g *Group) drain(failed <-chan error) error {
	if g.Drain == 0 {
		return nil
	}
	for _, f := range g.draining {
		f()
	}
	end := time.NewTimer(g.Drain)
	defer end.Stop()
	select {
	case <-end.C:
		return nil
	case err := <-failed:
		return err
	}
}

// begin returns what to close at the end, or nil if the group has been closed.
func (g *Group) begin() (ended chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil
	}
	g.running = make(chan struct{})
	return g.running
}

// Close lets go of the addresses. If Run has not returned, requests under way are
// cut off and background work is ended, and Close returns after Run.
func (g *Group) Close() error {
	g.mu.Lock()
	g.closed = true
	running := g.running
	g.mu.Unlock()
	var errs []error
	for i, s := range g.servers {
		if err := s.Close(); !errors.Is(err, net.ErrClosed) { // by a Run that is ending
			errs = append(errs, err)
		}
		g.listeners[i].Close() // for servers that never served: the others have closed theirs
	}
	if running != nil {
		<-running
	}
	return errors.Join(errs...)
}

// stop takes no more connections and sends home whoever waits, has all be answered who
// were let in, and shuts the servers down; what has not finished in time is cut off.
func (g *Group) stop(serving *sync.WaitGroup) error {
	g.ending.Store(true)
	for _, l := range g.listeners {
		l.Close() // where it fails it is closed already
	}
	serving.Wait() // from then on every connection is known
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	for _, f := range g.stopping {
		f()
	}
	errs := make([]error, len(g.servers))
	var stopping sync.WaitGroup
	for i, s := range g.servers {
		stopping.Go(func() {
			g.open[i].none(ctx)
			if errs[i] = s.Shutdown(ctx); errs[i] != nil {
				errs[i] = errors.Join(errs[i], s.Close())
			}
		})
	}
	stopping.Wait()
	return errors.Join(errs...)
}
