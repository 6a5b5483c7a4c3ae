// Package site runs the whole server and the simulated providers on loopback,
// for tests and for the stress tool. Everything is the real part: SQLite in a
// file, the adapters, sockets on both sides. The only thing that is not as in
// production is the clock, where a test wants to move it.
//
// What must not live here: expectations. What must hold is written in the tests.
package site

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/demo"
	"morepay/internal/httpd"
	"morepay/internal/merchant"
	"morepay/internal/provider"
	_ "morepay/internal/provider/all" // registers the adapters
	"morepay/internal/providersim"
	"morepay/internal/run"
	"morepay/internal/store"
	"morepay/internal/store/sqlstore"
	"morepay/web"
)

// Options are the settings of a Site. Only Data is needed.
type Options struct {
	Data        string        // folder of the database, or a postgres:// URL
	Listen      string        // address of the server; "" for a free port
	Log         *slog.Logger  // nil to be silent
	Seed        uint64        // of the simulator's faults
	RetryScale  float64       // of the simulator's notifications: see providersim.Options
	RefundAfter time.Duration // how long a refund is under way at the simulator
	Courier     *Courier      // carries the simulator's notifications; nil for one that only carries
	Sweep       bool          // run the sweeper in the background

	// Detour is given the simulator's address and returns the one under which
	// the adapters reach it: a proxy that breaks things. Nil for none.
	Detour func(simAddress string) (string, error)
}

// Site is a running server with its simulator.
type Site struct {
	Options
	URL      string // origin of the server
	Sim      *providersim.Sim
	SimURL   string
	Shops    []demo.Shop
	Secret   []byte
	Client   *http.Client // to the server; follows no redirects
	upstream string       // where the adapters reach the simulator
	offset   atomic.Int64 // of the clock, in nanoseconds

	now       atomic.Pointer[incarnation]
	server    *server // nil after Leave
	simulator *server
}

// server is a listener with what answers on it.
type server struct {
	run.Group
	stop    context.CancelFunc
	stopped chan error
}

func (s *server) start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.stopped = cancel, make(chan error, 1)
	go func() { s.stopped <- s.Run(ctx) }()
}

func (s *server) end() error {
	s.stop()
	return <-s.stopped
}

// incarnation is the server between two restarts.
type incarnation struct {
	stores   *sqlstore.DB
	hangUp   func() // closes connections to the simulator that nobody uses
	accounts *account.Registry
	service  *checkout.Service
	handler  http.Handler
	end      context.CancelFunc
	work     sync.WaitGroup
}

// Start starts a site. Close must be called.
func Start(o Options) (*Site, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Courier == nil {
		o.Courier = &Courier{}
	}
	s := &Site{Options: o, Secret: httpd.NewSecret()}
	s.Client = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 256},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	s.server.start()
	s.simulator.Go(s.Sim.Run)
	s.simulator.start()
	return s, nil
}

// listen opens both listeners and furnishes the shops.
func (s *Site) listen() error {
	var address, simAddress string
	var err error
	if s.server, address, err = s.serve(cmp.Or(s.Listen, "127.0.0.1:0"), func() http.Handler { return s.now.Load().handler }); err != nil {
		return err
	}
	s.server.OnShutdown(func() { s.Service().Hub().Close() })
	var simulator http.Handler
	if s.simulator, simAddress, err = s.serve("127.0.0.1:0", func() http.Handler { return simulator }); err != nil {
		return err
	}
	s.URL, s.SimURL, s.upstream = "http://"+address, "http://"+simAddress, "http://"+simAddress
	if s.Detour != nil {
		detour, err := s.Detour(simAddress)
		if err != nil {
			return err
		}
		s.upstream = "http://" + detour
	}
	s.Sim = providersim.New(providersim.Options{
		Origin: s.SimURL, Client: &http.Client{Transport: s.Courier}, Seed: s.Seed,
		RetryScale: s.RetryScale, RefundAfter: s.RefundAfter,
	})
	simulator = s.Sim.Handler()
	s.Shops, err = demo.Furnish("", s.Sim, s.URL)
	return err
}

// serve opens a listener; what answers on it may change.
func (s *Site) serve(address string, h func() http.Handler) (*server, string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, "", err
	}
	added := &server{Group: run.Group{Log: s.Log}}
	added.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h().ServeHTTP(w, r) }))
	return added, l.Addr().String(), nil
}

// open opens the database and makes the server on it, as the program does.
func (s *Site) open() error {
	ctx, end := context.WithCancel(context.Background())
	n := &incarnation{end: end}
	if err := s.wire(ctx, n); err != nil {
		end()
		if n.stores != nil {
			err = errors.Join(err, n.stores.Close())
		}
		return fmt.Errorf("site: %w", err)
	}
	if s.Sweep {
		n.work.Go(func() { n.service.Sweep(ctx) })
	}
	s.now.Store(n)
	return nil
}

func (s *Site) wire(ctx context.Context, n *incarnation) error {
	sources := demo.Sources(s.Shops)
	transport := provider.TestTransport(s.upstream)
	n.hangUp = func() {
		if t, ok := transport.(interface{ CloseIdleConnections() }); ok {
			t.CloseIdleConnections()
		}
	}
	var err error
	n.accounts, err = merchant.OpenAccounts(sources, provider.Env{
		HTTP: provider.NewHTTPClient(transport), TestURL: s.SimURL, Now: time.Now,
	}, nil)
	if err != nil {
		return err
	}
	hub := &checkout.Hub{}
	if n.stores, err = store.Open(ctx, s.Data, hub.Wake); err != nil {
		return err
	}
	if _, err := merchant.Apply(ctx, n.stores.Documents, sources, "start", s.Now()); err != nil {
		return err
	}
	directory, err := merchant.NewDirectory(ctx, n.stores.Documents, sources, false, s.Log)
	if err != nil {
		return err
	}
	n.service = checkout.New(checkout.Config{
		Store: n.stores.Ledgers, Merchants: directory, Accounts: n.accounts, Hub: hub,
		BaseURL: s.URL, Now: s.Now, Log: s.Log,
	})
	server, err := httpd.New(httpd.Config{
		Service: n.service, Accounts: n.accounts, Merchants: directory, Stores: n.stores, Assets: web.NewAssets(), Secret: s.Secret,
		BaseURL: s.URL, Now: s.Now, Log: s.Log, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		return err
	}
	n.handler = server.Handler()
	return nil
}

// Now is the clock of the server.
func (s *Site) Now() time.Time { return time.Now().Add(time.Duration(s.offset.Load())) }

// Advance moves the clocks of the server and the simulator. Signatures stay on
// the true clock, on both sides.
func (s *Site) Advance(d time.Duration) {
	s.offset.Add(int64(d))
	s.Sim.Advance(d)
}

// Service is the service as of the last restart.
func (s *Site) Service() *checkout.Service { return s.now.Load().service }

// Accounts are all merchants' accounts with their adapters.
func (s *Site) Accounts() *account.Registry { return s.now.Load().accounts }

// Stores are the stores as of the last restart.
func (s *Site) Stores() *sqlstore.DB { return s.now.Load().stores }

// Restart ends the server as a crash would, as far as that can be done within
// one process, and starts a new one on the same database: what was under way
// fails, and nothing but the database is carried over. The simulator goes on.
func (s *Site) Restart() error {
	return errors.Join(s.now.Load().close(), s.open())
}

func (n *incarnation) close() error {
	n.end()
	n.work.Wait()
	n.service.Hub().Close()
	n.hangUp()
	return n.stores.Close()
}

// Leave ends the server and lets go of its address and database, for a server
// in another process to take over. The simulator goes on.
func (s *Site) Leave() error {
	s.Client.CloseIdleConnections() // a server waits five seconds for a connection that was never used
	err := errors.Join(s.server.end(), s.now.Load().close())
	s.server = nil
	return err
}

// Return takes over again, with a new server on what the other process has left.
func (s *Site) Return() error {
	if err := s.open(); err != nil {
		return err
	}
	server, _, err := s.serve(strings.TrimPrefix(s.URL, "http://"), func() http.Handler { return s.now.Load().handler })
	if err != nil {
		return errors.Join(err, s.now.Load().close())
	}
	server.OnShutdown(func() { s.Service().Hub().Close() })
	s.server = server
	s.server.start()
	return nil
}

// Close stops everything.
func (s *Site) Close() error {
	s.Sim.Close()
	var err error
	if s.server != nil {
		err = s.Leave()
	}
	err = errors.Join(err, s.simulator.end())
	s.Client.CloseIdleConnections()
	return err
}

// Shop is a sample merchant; it panics if there is none of that id.
func (s *Site) Shop(id string) demo.Shop {
	for _, shop := range s.Shops {
		if shop.ID == id {
			return shop
		}
	}
	panic("site: there is no merchant " + id)
}
