package program

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/httpd"
	"morepay/internal/merchant"
	"morepay/internal/provider"
	_ "morepay/internal/provider/all" // registers the adapters
	"morepay/internal/store"
	"morepay/internal/webhook"
	"morepay/web"
)

// wire loads the merchants, opens the stores and puts the parts together.
func (p *Program) wire(ctx context.Context) error {
	sources, err := p.Merchants(p.BaseURL, p.RealMoney())
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	p.Transport = p.transport()
	if p.Accounts, err = OpenAccounts(p.Config, sources, registry); err != nil {
		return err
	}
	secret, err := httpd.LoadSecret(p.Secret, p.Data)
	if err != nil {
		return err
	}
	assets, hub := web.NewAssets(), &checkout.Hub{}
	if !assets.HasBundle() {
		p.Log.Warn("this binary holds no WebAssembly bundle: pages work as HTML only (make build puts it in)")
	}
	news := make(chan struct{}, 1)
	if p.Stores, err = store.Open(ctx, cmp.Or(p.Database, p.Data), announce(hub, news)); err != nil {
		return err
	}
	directory, err := p.introduce(ctx, sources)
	if err != nil {
		return err
	}
	p.Service = checkout.New(checkout.Config{
		Store: p.Stores.Ledgers, Merchants: directory, Accounts: p.Accounts, Hub: hub, BaseURL: p.BaseURL,
		Now: p.Now, Log: p.Log, Metrics: checkout.NewMetrics(registry), Reached: p.Reached,
	})
	server, err := httpd.New(httpd.Config{
		Service: p.Service, Accounts: p.Accounts, Merchants: directory, Stores: p.Stores,
		Assets: assets, Secret: secret, BaseURL: p.BaseURL, RealMoney: p.RealMoney(), Proxies: p.TrustedProxies,
		AdminKey: p.AdminKey, Now: p.Now, Log: p.Log, Registry: registry,
	})
	if err != nil {
		return err
	}
	dispatcher := webhook.New(webhook.Config{
		Queue: p.Stores.Outbox, Endpoints: directory.Endpoints, News: news, Loopback: !p.RealMoney(), Now: p.Now, Log: p.Log,
	})
	p.public.Handle("/", server.Handler())
	p.admin.Handle("/", server.Admin())
	p.group.OnShutdown(hub.Close)
	p.Go(server.Streams)
	p.Go(directory.Run)
	p.Go(dispatcher.Run)
	if p.SweepEvery != Never {
		p.Go(func(ctx context.Context) { p.Service.Sweep(ctx, cmp.Or(p.SweepEvery, checkout.SweepEvery)) })
	}
	return nil
}

// announce wakes who waits for a session, and the dispatcher of webhooks.
func announce(hub *checkout.Hub, news chan<- struct{}) checkout.Notifier {
	return func(sessionID string) {
		hub.Wake(sessionID)
		select {
		case news <- struct{}{}:
		default: // the dispatcher has not taken the last one yet
		}
	}
}

// OpenAccounts opens every merchant's accounts at the providers, or at the
// simulator in their place. A provider whose clock differs from ours is logged.
// registry may be nil.
func OpenAccounts(c Config, sources []merchant.Source, registry prometheus.Registerer) (*account.Registry, error) {
	client := provider.NewHTTPClient(provider.WatchClock(c.transport(), time.Now, func(host string, skew time.Duration) {
		c.Log.Error("our clock and a provider's differ", "host", host, "ahead", skew)
	}))
	return merchant.OpenAccounts(sources, provider.Env{HTTP: client, TestURL: c.SimURL, Now: time.Now}, registry)
}

// transport reaches the providers.
func (c *Config) transport() http.RoundTripper {
	if c.Transport != nil {
		return c.Transport
	}
	if c.RealMoney() {
		return provider.Transport()
	}
	return provider.TestTransport(c.SimURL)
}

// introduce stores the documents of merchants that are new.
func (p *Program) introduce(ctx context.Context, sources []merchant.Source) (*merchant.Directory, error) {
	inForce, err := merchant.Introduce(ctx, p.Stores.Documents, sources, p.Now())
	if err != nil {
		return nil, err
	}
	for _, d := range inForce {
		p.Log.Warn("a later document than the folder's is in force: morepay merchants apply stores the folder's", "merchant", d.Merchant, "version", d.Version)
	}
	return merchant.NewDirectory(ctx, p.Stores.Documents, sources, p.RealMoney(), p.Log)
}
