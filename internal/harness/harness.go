// Package harness runs the program against simulated providers on loopback, for
// tests and for the stress runs. Everything is the real part: SQLite in a file,
// the adapters, sockets on both sides, all background work. The only thing that
// is not as in production is the clock, where a test wants to move it.
//
// What must not live here: wiring, which is package program's, and expectations:
// what must hold is written in the tests.
package harness

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/demo"
	"morepay/internal/merchant/folder"
	"morepay/internal/program"
	"morepay/internal/provider"
	"morepay/internal/providersim"
	"morepay/internal/run"
	"morepay/internal/secret"
	"morepay/internal/store/fresh"
	"morepay/internal/store/sqlstore"
)

// Options are the settings of a Harness.
type Options struct {
	// Config is the program's. Data is needed; Listen is a free port, AdminListen
	// too, Secret is made for a Database, and nothing is logged if nothing else is said. Merchants, SimURL and Now
	// are the harness's own.
	program.Config

	Seed        uint64        // of the simulator's faults
	RetryScale  float64       // of the simulator's notifications and late replies: see providersim.Options
	RefundAfter time.Duration // how long a refund is under way at the simulator
	Courier     *Courier      // carries the simulator's notifications; nil for one that only carries

	// SimProxy is given the simulator's address and returns the one under which
	// the adapters reach it: a proxy that breaks things. Nil for none.
	SimProxy func(simAddress string) (string, error)
}

// Harness is a running program with its simulator.
type Harness struct {
	Options // BaseURL, SimURL and addresses are those in use
	Sim     *providersim.Sim
	Shops   []demo.Shop
	Client  *http.Client // to the program; follows no redirects

	program   atomic.Pointer[program.Program]
	running   *running // the program; nil after Leave
	simulator *running
}

// running holds the parts that have been started and not ended.
type running struct {
	cancel context.CancelFunc
	ended  chan error
}

func start(run func(context.Context) error) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{cancel, make(chan error, 1)}
	go func() { r.ended <- run(ctx) }()
	return r
}

func (r *running) end() error {
	r.cancel()
	return <-r.ended
}

// Start starts a harness. Close must be called.
func Start(o Options) (*Harness, error) {
	o.Listen, o.AdminListen = cmp.Or(o.Listen, "127.0.0.1:0"), cmp.Or(o.AdminListen, "127.0.0.1:0")
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.Courier = cmp.Or(o.Courier, &Courier{})
	if o.Database != "" {
		o.Secret = cmp.Or(o.Secret, base64.StdEncoding.EncodeToString(secret.New()))
	}
	h := &Harness{Options: o, Client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 256},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	h.Merchants, h.Config.Now = h.merchants, h.Now
	if h.Database == "" {
		if err := fresh.Lay(h.Data); err != nil {
			return nil, err
		}
	}
	if err := h.simulate(); err != nil {
		return nil, err
	}
	if err := h.Return(); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// simulate starts the simulator.
func (h *Harness) simulate() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.SimURL = "http://" + listener.Addr().String()
	if h.SimProxy != nil {
		address, err := h.SimProxy(listener.Addr().String())
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		h.Transport = provider.TestTransport("http://" + address)
	}
	h.Sim = providersim.New(providersim.Options{
		Origin: h.SimURL, Client: &http.Client{Transport: h.Courier}, Seed: h.Seed,
		RetryScale: h.RetryScale, ReplyScale: h.RetryScale, RefundAfter: h.RefundAfter,
	})
	group := &run.Group{Log: h.Log}
	group.Serve(listener, h.Sim.Handler())
	group.Go(h.Sim.Run)
	h.simulator = start(group.Run)
	return nil
}

// merchants returns the sample merchants, the same after every restart.
func (h *Harness) merchants(baseURL string, _ bool) ([]folder.Merchant, error) {
	if h.Shops == nil {
		var err error
		if h.Shops, err = demo.Furnish("", h.Sim, baseURL); err != nil {
			return nil, err
		}
	}
	return demo.Merchants(h.Shops), nil
}

// Now returns the clock that the program and the simulator share. Signatures stay on the
// true clock, on both sides.
func (h *Harness) Now() time.Time { return h.Sim.Now() }

// Advance moves the clock.
func (h *Harness) Advance(d time.Duration) { h.Sim.Advance(d) }

// Service returns the service as of the last restart.
func (h *Harness) Service() *checkout.Service { return h.program.Load().Service }

// Accounts returns all merchants' accounts with their adapters.
func (h *Harness) Accounts() *account.Registry { return h.program.Load().Accounts }

// Stores returns the stores as of the last restart.
func (h *Harness) Stores() *sqlstore.DB { return h.program.Load().Stores }

// Restart ends the program as a crash would, as far as that can be done within
// one process, and starts a new one on the same database and address: what was
// under way is cut off, and nothing but the database is carried over. The
// simulator goes on.
func (h *Harness) Restart() error {
	running := h.running
	h.running = nil // if nothing comes back, there is nothing to end
	return errors.Join(h.program.Load().Close(), running.end(), h.Return())
}

// Leave ends the program as SIGTERM does and lets go of its address and
// database, for a program in another process to take over. The simulator goes on.
func (h *Harness) Leave() error {
	h.Client.CloseIdleConnections() // a server waits five seconds for a connection that was never used
	h.Courier.CloseIdleConnections()
	err := errors.Join(h.running.end(), h.program.Load().Close())
	h.running = nil
	return err
}

// Return starts a new program on what the last one has left.
func (h *Harness) Return() error {
	p, err := program.Open(context.Background(), h.Config)
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	p.Handle("POST /demo/hook", http.HandlerFunc(takeWebhook))
	h.Listen, h.AdminListen, h.BaseURL = p.Listen, p.AdminListen, p.BaseURL
	h.program.Store(p)
	h.running = start(p.Run)
	return nil
}

// takeWebhook plays the merchants' back end.
func takeWebhook(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// Close stops everything.
func (h *Harness) Close() error {
	h.Sim.Close()
	var err error
	if h.running != nil {
		err = h.Leave()
	}
	err = errors.Join(err, h.simulator.end())
	h.Client.CloseIdleConnections()
	return err
}

// Shop returns a sample merchant; it panics if there is none of that id.
func (h *Harness) Shop(id string) demo.Shop {
	for _, shop := range h.Shops {
		if shop.ID == id {
			return shop
		}
	}
	panic("harness: there is no merchant " + id)
}
