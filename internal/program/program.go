// Package program is the composition root: it makes the server's parts from a
// configuration, puts them together, runs and closes them. The command, the
// demo, the tests and the stress runs open the same program; only their
// configurations differ.
//
// What must not live here: rules of the business, flags, and whatever is for the
// demo or for tests alone.
package program

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"morepay/internal/account"
	"morepay/internal/certificate"
	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/run"
	"morepay/internal/store/sqlstore"
	"morepay/internal/tracing"
	"morepay/internal/webhook"
)

// Config says what a Program is made of. Merchants is needed.
type Config struct {
	Listen         string        // address of the payers', merchants' and providers' routes; the port may be 0
	AdminListen    string        // address of metrics and the admin API; the port may be 0
	Sockets        Sockets       // what is listened at already, in place of addresses; nil for nothing
	TLS            TLS           // of Listen
	AdminHosts     []string      // names, beside addresses and localhost, under which it is reached
	BaseURL        string        // origin under which payers and providers reach Listen; "" for http and Listen
	Data           string        // folder of the SQLite database and the server's secret; "" for "data"
	Database       string        // postgres://… to use PostgreSQL instead of SQLite
	ListenDatabase string        // the same with no pooler between, for LISTEN and migrations; "" if Database is that
	DatabaseWait   time.Duration // for how long a PostgreSQL that does not answer yet is tried again
	Drain          time.Duration // for how long readiness probes fail before the server stops
	Merchants      Merchants     // loaded once the base URL is known
	SimURL         string        // origin of the simulated providers; "" where real money moves
	Secret         string        // the server's secrets in base64, split by commas; "" for one in Data
	AdminKey       string        // SHA-256 (hex) of the admin API's key; "" refuses everyone
	TrustedProxies []netip.Prefix
	ReconcileAt    string       // time of the day in China, such as 10:30, at which bills are compared; "" for never
	Retain         string       // how long what is kept, such as unpaid=30d,raw=never; "" for the default
	AllowOrphans   bool         // start although accounts are gone that money under way still needs
	OTLPEndpoint   string       // origin of a collector of OpenTelemetry, such as http://127.0.0.1:4318; "" for no traces
	Log            *slog.Logger // nil for DefaultLog

	Front func(http.Handler) http.Handler // around the public routes; nil for nothing. The demo has a bad network there

	// The rest is for tests: the zero value is right for everyone else.

	Now        func() time.Time     // the clock of the business; signatures are made by the true one
	Transport  http.RoundTripper    // to the providers, instead of what SimURL asks for
	Patience   time.Duration        // how long a payer waits for a provider; 0 for the server's own
	SweepEvery time.Duration        // pause between the sweeper's rounds; 0 for checkout.SweepEvery, or Never
	LookEvery  time.Duration        // pause between two looks for bills to compare; 0 for reconcile.LookEvery
	PruneEvery time.Duration        // pause between two prunings; 0 for retention.Every, or Never
	Reached    func(checkout.Point) // called at every point at which a crash must do no harm

	meters *meters // of a running program; nil for one that only looks
}

// Sockets are listening sockets that were handed over, by name: [PublicSocket], [AdminSocket].
type Sockets map[string]net.Listener

// The names of the sockets that a program takes over: of the public routes, and of
// metrics and the admin API.
const (
	PublicSocket = "public"
	AdminSocket  = "admin"
)

// Never leaves sweeping or pruning to the test.
const Never time.Duration = -1

// Merchants loads the merchants of a server that is reached at baseURL.
type Merchants func(baseURL string, realMoney bool) ([]folder.Merchant, error)

// Folder loads the merchants from a folder with one folder each.
func Folder(path string) Merchants {
	return func(_ string, realMoney bool) ([]folder.Merchant, error) {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			return nil, pay.Errorf(pay.CodeInvalid, "--merchants", "there is no folder %s", path)
		}
		return folder.Load(os.DirFS(path), realMoney)
	}
}

// RealMoney reports whether payments are made at the providers themselves.
func (c *Config) RealMoney() bool { return c.SimURL == "" }

// Program is the server with everything that belongs to it.
type Program struct {
	Config   // as it is in force: with the addresses that were taken
	Stores   *sqlstore.DB
	Accounts *account.Registry
	Service  *checkout.Service

	merchants *folder.Registry
	desk      *desk.Desk
	webhooks  *webhook.Directory
	files     *certificate.Files // nil without
	reloading sync.Mutex

	forgetRates func()
	traces      *tracing.Traces

	group  run.Group
	public *http.ServeMux
	admin  *http.ServeMux
}

// Open makes a program. It takes its addresses at once, but answers nothing
// before Run. Close must be called.
func Open(ctx context.Context, c Config) (*Program, error) {
	c.fillIn()
	if c.Reached == nil {
		c.Reached = crashPoint()
	}
	p := &Program{Config: c, group: run.Group{Log: c.Log, Drain: c.Drain}, public: http.NewServeMux(), admin: http.NewServeMux()}
	if err := p.listen(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if err := p.wire(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func orNow(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

// listen takes the sockets that were handed over, and else the addresses, which
// are known from then on.
func (p *Program) listen() error {
	var public http.Handler = p.public
	if p.Front != nil {
		public = p.Front(public)
	}
	for _, l := range []struct {
		name    string
		address *string
		handler http.Handler
	}{{PublicSocket, &p.Listen, public}, {AdminSocket, &p.AdminListen, run.KnownHosts(p.admin, p.AdminHosts...)}} {
		listener, err := p.Sockets[l.name], error(nil)
		if listener == nil {
			listener, err = net.Listen("tcp", *l.address)
		}
		if err == nil && l.name == PublicSocket {
			listener, err = p.overTLS(listener)
		}
		if err != nil {
			return err
		}
		*l.address = listener.Addr().String()
		p.group.Serve(listener, l.handler)
	}
	p.BaseURL = p.origin()
	return nil
}

// Handle adds a public route, Serve a server and Go background work of which the
// program itself knows nothing. They are for before Run.
func (p *Program) Handle(pattern string, h http.Handler) { p.public.Handle(pattern, h) }

// Serve adds a server that lives as long as the program. See [Program.Handle].
func (p *Program) Serve(l net.Listener, h http.Handler) { p.group.Serve(l, h) }

// Go adds background work; it must return soon after its context ends. See
// [Program.Handle].
func (p *Program) Go(work func(context.Context)) { p.group.Go(work) }

// Run serves until ctx ends or a server fails. Requests under way may finish,
// and background work has ended when it returns.
func (p *Program) Run(ctx context.Context) error {
	p.Log.InfoContext(ctx, "serving", "url", p.BaseURL, "admin", p.AdminListen)
	defer p.Log.Info("stopped")
	return p.group.Run(ctx)
}

// Close gives everything back. A program that still runs is cut off, as by a
// crash.
func (p *Program) Close() error {
	err := errors.Join(p.group.Close(), p.traces.Close())
	if t, ok := p.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
	if p.Stores != nil {
		err = errors.Join(err, p.Stores.Close())
	}
	return err
}
