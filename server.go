// Command morepay serves a checkout widget: the payer's page, the merchants'
// API, and what providers tell. This file parses the configuration, wires the
// parts, runs and stops them. It decides nothing.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/checkout"
	"morepay/internal/cli"
	"morepay/internal/demo"
	"morepay/internal/httpd"
	"morepay/internal/merchant"
	"morepay/internal/provider"
	_ "morepay/internal/provider/all"
	"morepay/internal/providersim"
	"morepay/internal/run"
	"morepay/internal/store"
	"morepay/internal/store/sqlstore"
	"morepay/internal/webhook"
	"morepay/web"
)

// commands is the command line. Every flag has a twin MOREPAY_… in the
// environment.
type commands struct {
	Serve serve `cmd:"" help:"Run the server for real merchants, or with --sim-url for tests."`
	Demo  trial `cmd:"" help:"Run the server with simulated providers and a demo storefront."`
	cli.Commands
}

// config is what serve and demo have in common.
type config struct {
	Listen         string         `default:"127.0.0.1:8080" help:"Address of the payers', merchants' and providers' routes."`
	AdminListen    string         `default:"127.0.0.1:8082" help:"Address of metrics and the admin API. Keep it private."`
	BaseURL        string         `help:"Origin under which payers and providers reach --listen, such as https://pay.example; by default http and --listen."`
	Data           string         `type:"path" help:"Folder of the SQLite database and the server's secret; by default data, for demo one that is thrown away."`
	Database       string         `help:"postgres://… to use PostgreSQL instead of SQLite."`
	Merchants      string         `type:"path" help:"Folder with one folder a merchant; by default merchants, for demo the samples."`
	Secret         string         `help:"The server's secret, in base64, if it is not to be kept in --data."`
	AdminKey       string         `help:"SHA-256 (hex) of the key of the admin API; without it the admin API refuses."`
	TrustedProxies []netip.Prefix `help:"Networks whose X-Forwarded-For is believed, such as 10.0.0.0/8."`
	LogFormat      string         `enum:"text,json" default:"text" help:"text or json."`

	logTo io.Writer // standard error if nil
}

// Validate is called by kong before Run.
func (c *config) Validate() error {
	return errors.Join(cli.CheckOrigin("base-url", c.BaseURL), cli.CheckDatabase(c.Database))
}

type serve struct {
	config `embed:""`
	SimURL string `help:"Origin of a simulator, such as http://127.0.0.1:8081: test mode. Without it real money moves."`
}

// Validate is called by kong before Run.
func (s *serve) Validate() error {
	return errors.Join(s.config.Validate(), cli.CheckOrigin("sim-url", s.SimURL))
}

type trial struct {
	config    `embed:""`
	SimListen string `default:"127.0.0.1:8081" help:"Address of the simulated providers and the simulated phone."`
}

func main() {
	var c commands
	k := kong.Parse(&c, kong.Name("morepay"), kong.DefaultEnvars("MOREPAY"), kong.ShortUsageOnError(),
		kong.Description("A self-hosted checkout widget: more payment methods, on every device."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	k.FatalIfErrorf(k.Run())
}

// Run serves real merchants, or test merchants against a simulator elsewhere.
func (s *serve) Run(ctx context.Context) error {
	sources, err := merchant.Load(os.DirFS(cmp.Or(s.config.Merchants, "merchants")), s.SimURL == "")
	if err != nil {
		return fmt.Errorf("nothing is served until this is put right:\n%w", err)
	}
	p, err := newProgram(s.config)
	if err != nil {
		return err
	}
	if err := p.wire(ctx, sources, s.SimURL); err != nil {
		return err
	}
	return p.run(ctx)
}

// Run serves the sample merchants, or those of --merchants, with everything
// simulated.
func (d *trial) Run(ctx context.Context) error {
	if d.Data == "" {
		folder, err := os.MkdirTemp("", "morepay-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		d.Data = folder
	}
	p, err := d.start(ctx)
	if err != nil {
		return err
	}
	demo.Announce(os.Stdout, p.shops, p.config.BaseURL, p.simURL)
	return p.run(ctx)
}

// demoProgram is the running demo.
type demoProgram struct {
	*program
	sim    *providersim.Sim
	simURL string
	shops  []demo.Shop
}

// start wires the demo: everything listens, and nothing is answered before run.
func (d *trial) start(ctx context.Context) (*demoProgram, error) {
	p, err := newProgram(d.config)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", d.SimListen)
	if err != nil {
		return nil, err
	}
	simURL := "http://" + listener.Addr().String()
	sim := providersim.New(providersim.Options{Origin: simURL, Log: p.Log.With("part", "simulator"), RetryScale: 0.1})
	shops, err := demo.Furnish(d.config.Merchants, sim, p.config.BaseURL)
	if err != nil {
		return nil, err
	}
	storefront, err := demo.NewStorefront(shops, p.config.BaseURL, simURL)
	if err != nil {
		return nil, err
	}
	p.public.Handle("/demo/", storefront)
	p.public.Handle("GET /{$}", http.RedirectHandler("/demo/", http.StatusSeeOther))
	p.Serve(listener, sim.Handler())
	p.Go(sim.Run)
	return &demoProgram{p, sim, simURL, shops}, p.wire(ctx, demo.Sources(shops), simURL)
}

// program is the running whole.
type program struct {
	run.Group
	config config
	stores *sqlstore.DB
	public *http.ServeMux
	admin  *http.ServeMux
}

// newProgram opens the listeners, so that addresses are known (a port may be 0).
func newProgram(c config) (*program, error) {
	p := &program{Group: run.Group{Log: newLog(c.LogFormat, c.logTo)}, config: c, public: http.NewServeMux(), admin: http.NewServeMux()}
	for _, l := range []struct {
		address *string
		handler http.Handler
	}{{&p.config.Listen, p.public}, {&p.config.AdminListen, p.admin}} {
		listener, err := net.Listen("tcp", *l.address)
		if err != nil {
			return nil, err
		}
		*l.address = listener.Addr().String()
		p.Serve(listener, l.handler)
	}
	p.config.Data = cmp.Or(c.Data, "data")
	p.config.BaseURL = strings.TrimSuffix(cmp.Or(c.BaseURL, "http://"+p.config.Listen), "/")
	return p, nil
}

// wire opens the stores and puts the parts together. simURL is the simulator's
// origin, or "" where real money moves.
func (p *program) wire(ctx context.Context, sources []merchant.Source, simURL string) (err error) {
	c, log, live := p.config, p.Log, simURL == ""
	if live && !strings.HasPrefix(c.BaseURL, "https://") {
		return errors.New("--base-url must be https where real money moves")
	}
	registry := prometheus.NewRegistry()
	accounts, err := merchant.OpenAccounts(sources, provider.Env{HTTP: p.providerClient(simURL), TestURL: simURL, Now: time.Now}, registry)
	if err != nil {
		return err
	}
	secret, err := httpd.LoadSecret(c.Secret, c.Data)
	if err != nil {
		return err
	}
	assets, hub := web.NewAssets(), &checkout.Hub{}
	if !assets.HasBundle() {
		log.Warn("this binary holds no WebAssembly bundle: pages work as HTML only (make build puts it in)")
	}
	news := make(chan struct{}, 1)
	notify := func(sessionID string) {
		hub.Wake(sessionID)
		select {
		case news <- struct{}{}:
		default: // the dispatcher has not taken the last one yet
		}
	}
	if p.stores, err = store.Open(ctx, cmp.Or(c.Database, c.Data), notify); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.stores.Close())
		}
	}()
	directory, err := p.introduce(ctx, sources, live)
	if err != nil {
		return err
	}
	service := checkout.New(checkout.Config{
		Store: p.stores.Ledgers, Merchants: directory, Accounts: accounts, Hub: hub,
		BaseURL: c.BaseURL, Log: log, Metrics: checkout.NewMetrics(registry),
	})
	server, err := httpd.New(httpd.Config{
		Service: service, Accounts: accounts, Merchants: directory, Stores: p.stores,
		Assets: assets, Secret: secret, BaseURL: c.BaseURL, Live: live, Proxies: c.TrustedProxies,
		AdminKey: c.AdminKey, Log: log, Registry: registry,
	})
	if err != nil {
		return err
	}
	p.public.Handle("/", server.Handler())
	p.admin.Handle("/", server.Admin())
	p.OnShutdown(hub.Close)
	p.Go(server.Streams)
	p.Go(service.Sweep)
	p.Go(directory.Run)
	p.Go(webhook.New(webhook.Config{Queue: p.stores.Outbox, Endpoints: directory.Endpoints, News: news, Loopback: !live, Log: log}).Run)
	return nil
}

// providerClient reaches the providers, or the simulator in their place, and
// tells when a provider's clock differs from ours.
func (p *program) providerClient(simURL string) *http.Client {
	transport := http.RoundTripper(provider.Transport())
	if simURL != "" {
		transport = provider.TestTransport(simURL)
	}
	return provider.NewHTTPClient(provider.WatchClock(transport, time.Now, func(host string, skew time.Duration) {
		p.Log.Error("our clock and a provider's differ", "host", host, "ahead", skew)
	}))
}

// introduce stores the documents of merchants that are new.
func (p *program) introduce(ctx context.Context, sources []merchant.Source, live bool) (*merchant.Directory, error) {
	inForce, err := merchant.Introduce(ctx, p.stores.Documents, sources, time.Now())
	if err != nil {
		return nil, err
	}
	for _, d := range inForce {
		p.Log.Warn("a later document than the folder's is in force: morepay merchants apply stores the folder's", "merchant", d.Merchant, "version", d.Version)
	}
	return merchant.NewDirectory(ctx, p.stores.Documents, sources, live, p.Log)
}

// run serves until ctx ends.
func (p *program) run(ctx context.Context) error {
	defer p.stores.Close()
	p.Log.Info("serving", "url", p.config.BaseURL, "admin", p.config.AdminListen)
	defer p.Log.Info("stopped")
	return p.Run(ctx)
}

func newLog(format string, to io.Writer) *slog.Logger {
	if to == nil {
		to = os.Stderr
	}
	options := &slog.HandlerOptions{ReplaceAttr: httpd.RedactAttr}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}
