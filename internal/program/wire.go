package program

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"morepay/internal/account"
	"morepay/internal/admin"
	"morepay/internal/capability"
	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/funnel"
	"morepay/internal/httpd"
	"morepay/internal/merchant"
	"morepay/internal/merchant/folder"
	"morepay/internal/provider"
	_ "morepay/internal/provider/all" // registers the adapters
	"morepay/internal/reconcile"
	"morepay/internal/retention"
	"morepay/internal/seal"
	"morepay/internal/secret"
	"morepay/internal/store"
	"morepay/internal/store/sqlstore"
	"morepay/internal/tracing"
	"morepay/internal/webhook"
	"morepay/web"
)

// wire loads the merchants, opens the stores and puts the parts together.
func (p *Program) wire(ctx context.Context) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	p.Transport, p.meters = p.transport(), newMeters(registry)
	loaded, err := p.examine(registry)
	if err != nil {
		return fmt.Errorf("nothing is served until this is put right:\n%w", err)
	}
	p.Accounts, p.merchants = loaded.accounts, loaded.registry
	for _, warning := range append(p.warnings(), loaded.warnings()...) {
		p.Log.WarnContext(ctx, warning)
	}
	assets, hub := web.Files(), &checkout.Hub{}
	p.Stores, err = store.Config{
		Source: cmp.Or(p.Database, p.Data), Alone: true, Listen: p.ListenDatabase, Notify: hub.Wake, Wait: p.DatabaseWait, Log: p.Log, Metrics: registry,
	}.Open(ctx)
	if err != nil {
		return err
	}
	secrets, err := secret.Join(ctx, p.secrets(), p.Stores.Fingerprints, p.Now(), p.Log)
	if err != nil {
		return err
	}
	box, err := seal.New(secrets...)
	if err != nil {
		return err
	}
	p.webhooks = &webhook.Directory{Store: p.Stores.Endpoints, Box: box, Loopback: !p.RealMoney(), Now: p.Now, Log: p.Log}
	if err := p.webhooks.Reseal(ctx); err != nil {
		return err
	}
	if err := p.takeUp(ctx, loaded, startAuthor); err != nil {
		return err
	}
	p.warnOfStored(ctx)
	documents, err := merchant.NewCache(ctx, p.Stores.Documents, p.Log)
	if err != nil {
		return err
	}
	metrics := checkout.NewMetrics(registry)
	visits := funnel.NewRecorder(p.Stores.Visits, metrics.Funnel, p.Log)
	p.Service = checkout.New(checkout.Config{
		Store: p.Stores.Ledgers, Desk: p.Stores.Ledgers, Marks: p.Stores.Marks, Documents: documents, Merchants: loaded.registry, Accounts: p.Accounts, Hub: hub, BaseURL: p.BaseURL,
		Now: p.Now, Log: p.Log, Metrics: metrics, Reached: p.Reached,
	})
	p.desk = desk.New(desk.Config{
		Store: p.Stores.Ledgers, Books: p.Stores.Ledgers, Marks: p.Stores.Marks, Accounts: p.Accounts, Recorder: p.Service.Recorder(), Erasures: p.Stores.Retention,
		Now: p.Now, Log: p.Log,
	})
	registry.MustRegister(p.desk)
	if err := p.desk.CheckOrphans(ctx, p.AllowOrphans); err != nil {
		return err
	}
	if p.traces, err = tracing.Open(ctx, p.OTLPEndpoint, p.Log); err != nil {
		return err
	}
	keys := merchant.NewKeyRecorder(p.Stores.KeyUses, p.Log)
	server, err := httpd.New(httpd.Config{
		Service: p.Service, Desk: p.desk, Accounts: p.Accounts, Documents: documents, Merchants: loaded.registry,
		Revisions: p.Stores.Documents, Outbox: p.Stores.Outbox, Replies: p.Stores.Replies,
		Reconciliations: p.Stores.Reconciliations, Webhooks: p.webhooks,
		Visits: visits, Keys: keys, Traces: p.traces, Assets: assets, Secrets: secrets, BaseURL: p.BaseURL, RealMoney: p.RealMoney(), Proxies: p.TrustedProxies,
		AdminKey: p.AdminKey, Ready: p.Stores.Ready, Reload: p.Reload, Now: p.Now, Log: p.Log, Registry: registry, Patience: p.Patience,
	})
	if err != nil {
		return err
	}
	dispatcher := webhook.New(webhook.Config{
		Queue: p.Stores.Outbox, Secrets: p.webhooks.Secrets, Loopback: !p.RealMoney(), Now: p.Now, Log: p.Log,
		Metrics: webhook.NewMetrics(registry, p.Stores.Outbox, p.Now),
	})
	p.forgetRates = server.ForgetRates
	p.public.Handle("/", server.Handler())
	p.admin.Handle("/", server.Admin())
	p.admin.Handle(admin.Root, p.desks())
	p.admin.Handle("GET /{$}", http.RedirectHandler(admin.Root, http.StatusSeeOther))
	p.group.OnDrain(func() { p.Log.Info("draining", "for", p.Drain); server.Drain() })
	p.group.OnShutdown(hub.Close)
	p.Go(server.Wait)
	p.Go(documents.Run)
	p.Go(visits.Run)
	p.Go(keys.Run)
	p.Go(dispatcher.Run)
	p.Go(p.desk.WatchOrphans)
	if p.SweepEvery != Never {
		p.Go(func(ctx context.Context) { p.Service.Sweep(ctx, cmp.Or(p.SweepEvery, checkout.SweepEvery)) })
		p.Go(func(ctx context.Context) { p.Service.FollowDesk(ctx, cmp.Or(p.SweepEvery, checkout.DeskEvery)) })
	}
	if err := p.prune(registry); err != nil {
		return err
	}
	return p.reconcile(registry)
}

// desks are the operators' pages.
func (p *Program) desks() http.Handler {
	return admin.New(admin.Config{
		KeyHash: p.AdminKey, Desk: p.desk, Sessions: p.Service, Books: p.Stores.Ledgers, Outbox: p.Stores.Outbox, Webhooks: p.webhooks,
		Documents: p.Stores.Documents, Accounts: p.Accounts, Reload: p.Reload, Ready: p.Stores.Ready, Now: p.Now, Log: p.Log,
		Check: func(doc *capability.Document) error { return folder.CheckDocument(doc, p.merchants, p.Accounts) },
	}).Handler()
}

// prune has what was kept long enough let go of.
func (p *Program) prune(registry *prometheus.Registry) error {
	policy, err := retention.Parse(p.Retain)
	if err != nil {
		return err
	}
	pruner := &retention.Pruner{Policy: policy, Store: p.Stores.Retention, Now: p.Now, Log: p.Log, Metrics: retention.NewMetrics(registry)}
	if p.PruneEvery != Never {
		p.Go(func(ctx context.Context) { pruner.Sweep(ctx, cmp.Or(p.PruneEvery, retention.Every)) })
	}
	return nil
}

// reconcile has the bills compared every day, if that is wanted.
func (p *Program) reconcile(registry *prometheus.Registry) error {
	if p.ReconcileAt == "" {
		return nil
	}
	at, err := reconcile.ParseTime(p.ReconcileAt)
	if err != nil {
		return err
	}
	ledgers := p.Stores.Ledgers
	daily := &reconcile.Daily{
		Reconciler: &reconcile.Reconciler{Books: ledgers, Accounts: p.Accounts, Recorder: p.Service.Recorder()},
		Journal:    p.Stores.Reconciliations, At: at, Now: p.Now, Log: p.Log, Metrics: reconcile.NewMetrics(registry),
	}
	p.Go(func(ctx context.Context) { daily.Run(ctx, cmp.Or(p.LookEvery, reconcile.LookEvery)) })
	return nil
}

// secrets says where the server's secrets are.
func (c *Config) secrets() secret.Source {
	return secret.Source{List: c.Secret, Folder: c.Data, Shared: c.Database != ""}
}

// OpenDirectory opens where a server's merchants are told, for who works on its
// database. The server's secret must be there.
func OpenDirectory(ctx context.Context, db *sqlstore.DB, c Config, realMoney bool) (*webhook.Directory, error) {
	secrets, err := secret.Use(ctx, c.secrets(), db.Fingerprints)
	if err != nil {
		return nil, err
	}
	box, err := seal.New(secrets...)
	if err != nil {
		return nil, err
	}
	return &webhook.Directory{Store: db.Endpoints, Box: box, Loopback: !realMoney, Now: orNow(c.Now), Log: c.Log}, nil
}

// meters measure the way to the providers. A program has them once: a reload opens its
// accounts anew.
type meters struct {
	skews    prometheus.Counter
	requests *prometheus.CounterVec
}

// newMeters makes meters that a registry tells of; nil for nobody.
func newMeters(registry prometheus.Registerer) *meters {
	m := &meters{
		skews: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "morepay_clock_skews_total", Help: "Minutes in which a provider's clock and this server's differed by more than a minute.",
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "morepay_provider_requests_total", Help: "Requests to providers, by host and by whether they were answered or failed: no answer, or a 5xx.",
		}, []string{"host", "result"}),
	}
	if registry != nil {
		registry.MustRegister(m.skews, m.requests)
	}
	return m
}

func (m *meters) request(host string, failed bool) {
	result := "answered"
	if failed {
		result = "failed"
	}
	m.requests.WithLabelValues(host, result).Inc()
}

// OpenAccounts opens every merchant's accounts at the providers, or at the
// simulator in their place. A provider whose clock differs from ours is logged.
// registry may be nil.
func OpenAccounts(c Config, merchants []folder.Merchant, registry prometheus.Registerer) (*account.Registry, error) {
	m := c.meters
	if m == nil {
		m = newMeters(nil)
	}
	client := provider.NewHTTPClient(provider.WatchClock(provider.WatchHosts(c.transport(), m.request), time.Now, func(host string, skew time.Duration) {
		c.Log.Error("our clock and a provider's differ", "host", host, "ahead", skew)
		m.skews.Inc()
	}))
	return folder.OpenAccounts(merchants, provider.Env{HTTP: client, TestURL: c.SimURL, Now: time.Now, Clock: orNow(c.Now), Log: c.Log}, registry)
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
