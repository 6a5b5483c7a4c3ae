package httpd

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/funnel"
	"morepay/internal/idempotency"
	"morepay/internal/merchant"
	"morepay/internal/merchant/folder"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/internal/tracing"
	"morepay/internal/webhook"
	"morepay/web"
)

// Config holds the parts of a Server.
type Config struct {
	Service   *checkout.Service
	Accounts  *account.Registry
	Documents *merchant.Cache
	Merchants *folder.Registry

	Desk *desk.Desk

	Revisions Revisions
	Outbox    webhook.Log
	Replies   idempotency.Store

	Reconciliations Reconciliations
	Webhooks        *webhook.Directory

	Visits    *funnel.Recorder
	Traces    *tracing.Traces // nil for none
	Keys      *merchant.KeyRecorder
	Assets    *web.Assets
	Secrets   [][]byte                    // at least one: the first signs and seals, all are understood
	BaseURL   string                      // origin under which payers reach us
	RealMoney bool                        // providers are no simulators: https only
	Proxies   []netip.Prefix              // peers whose X-Forwarded-For is believed
	AdminKey  string                      // SHA-256 (hex) of the admin API's key; "" refuses everyone
	Ready     func(context.Context) error // fails if nothing can be stored at present
	Reload    func(context.Context) error // takes up the merchants' folders anew
	Now       func() time.Time
	Log       *slog.Logger
	Registry  *prometheus.Registry

	Patience time.Duration // how long a payer waits for a provider; 0 for as long as is right
}

// Server answers payers, merchants and providers.
type Server struct {
	service   *checkout.Service
	accounts  *account.Registry
	documents *merchant.Cache
	merchants *folder.Registry

	desk *desk.Desk

	revisions Revisions
	outbox    webhook.Log
	replies   idempotency.Store

	reconciliations Reconciliations
	webhooks        *webhook.Directory

	visits    *funnel.Recorder
	traces    *tracing.Traces
	keys      *merchant.KeyRecorder
	assets    *web.Assets
	scripts   page.Scripts
	secrets   *secrets
	baseURL   string
	realMoney bool
	proxies   []netip.Prefix
	adminKey  string
	now       func() time.Time
	log       *slog.Logger
	registry  *prometheus.Registry
	metrics   *metrics

	crossOrigin *http.CrossOriginProtection

	limits *limits
	open   sync.WaitGroup // event streams, and work that has outlasted its request

	ready    func(context.Context) error
	reload   func(context.Context) error
	draining atomic.Bool
	patience time.Duration
}

// New makes a Server. Fails if the secret is too short, or if AdminKey is not the
// hash of a key.
func New(c Config) (*Server, error) {
	sec, err := newSecrets(c.Secrets...)
	if err != nil {
		return nil, err
	}
	if c.AdminKey != "" {
		if err := folder.CheckKeyHash(c.AdminKey); err != nil {
			return nil, pay.Wrap(pay.CodeInvalid, err, "admin key: "+err.Error())
		}
	}
	s := &Server{
		service: c.Service, accounts: c.Accounts, documents: c.Documents, merchants: c.Merchants,
		desk: c.Desk, revisions: c.Revisions, outbox: c.Outbox, replies: c.Replies,
		reconciliations: c.Reconciliations, webhooks: c.Webhooks,
		visits: c.Visits, keys: c.Keys, traces: c.Traces, assets: c.Assets, scripts: pageScripts(c.Assets), secrets: sec,
		baseURL: c.BaseURL, realMoney: c.RealMoney, proxies: unmapped(c.Proxies), adminKey: c.AdminKey, now: c.Now, log: c.Log,
		registry: c.Registry, metrics: newMetrics(c.Registry),
		crossOrigin: http.NewCrossOriginProtection(), limits: newLimits(), ready: c.Ready, reload: c.Reload, patience: cmp.Or(c.Patience, payerPatience),
	}
	if s.now == nil {
		s.now = time.Now
	}
	// Behind a proxy that changes Host, browsers without Sec-Fetch-Site can only be
	// judged by our public origin.
	if err := s.crossOrigin.AddTrustedOrigin(c.BaseURL); err != nil {
		return nil, pay.Wrap(pay.CodeInvalid, err, "the base URL must be an origin")
	}
	return s, nil
}

// route is one row of the routing table.
type route struct {
	pattern string
	fail    fail
	handler handler
}

// routes are the public ones.
func (s *Server) routes() []route {
	return []route{
		{"GET /pay/{token}", s.failPage, s.handlePage},
		{"POST /pay/{token}", s.failPage, s.handleStray},
		{"POST /pay/{token}/attempts", s.failPage, s.handleAttempt},
		{"GET /pay/{token}/attempts", s.failPage, s.handleStray},
		{"GET /pay/{token}/events", failJSON, s.handleEvents},
		{"GET /pay/{token}/return", s.failPage, s.handleReturn},
		{"POST /pay/{token}/return", s.failPage, s.handleCheck},
		{"GET /pay/{token}/reason", failJSON, s.handleReason},
		{"GET /pay/{token}/page.png", failJSON, s.handlePagePNG},
		{"GET /pay/{token}/friend", s.failPage, s.handleFriend},
		{"POST /pay/{token}/friend", s.failPage, s.handleInvite},
		{"POST /pay/{token}/friend/revoke", s.failPage, s.handleRevoke},
		{"GET /pay/{token}/friend/revoke", s.failPage, s.handleFriend},

		{"GET /p/{token}", s.failPage, s.handlePage},
		{"POST /p/{token}", s.failPage, s.handleStray},
		{"POST /p/{token}/attempts", s.failPage, s.handleAttempt},
		{"GET /p/{token}/attempts", s.failPage, s.handleStray},
		{"GET /p/{token}/events", failJSON, s.handleEvents},
		{"GET /p/{token}/return", s.failPage, s.handleReturn},
		{"POST /p/{token}/return", s.failPage, s.handleCheck},
		{"GET /p/{token}/page.png", failJSON, s.handlePagePNG},

		{"GET " + page.OfferPath, s.failPage, s.handleOffer},
		{"GET /return/{sealed}", s.failPage, s.handleWalletReturn},
		{"POST /return/{sealed}", s.failPage, s.handleWalletReturn},
		{"GET " + formPath + "{sealed}/{attempt}", s.failPage, s.handleForm},
		{"GET /identified/{sealed}", s.failPage, s.handleIdentified},

		{"POST /v1/sessions", failJSON, bare(s.handleCreateSession)},
		{"GET /v1/sessions", failJSON, s.handleListSessions},
		{"GET /v1/sessions/{id}", failJSON, bare(s.handleGetSession)},
		{"POST /v1/sessions/{id}/cancel", failJSON, bare(s.handleEnd(s.service.Cancel))},
		{"POST /v1/sessions/{id}/expire", failJSON, bare(s.handleEnd(s.service.Expire))},
		{"POST /v1/sessions/{id}/extend", failJSON, bare(s.handleExtend)},
		{"POST /v1/sessions/{id}/refunds", failJSON, bare(s.handleCreateRefund)},
		{"GET /v1/refunds", failJSON, s.handleListRefunds},
		{"GET /v1/refunds/{id}", failJSON, bare(s.handleGetRefund)},
		{"GET /v1/events", failJSON, s.handleListEvents},
		{"GET /v1/events/{id}", failJSON, bare(s.handleGetEvent)},
		{"POST /v1/events/{id}/redeliver", failJSON, bare(s.handleRedeliver)},
		{"GET /v1/merchants/{id}/capabilities", failJSON, s.handleCapabilities},
		{"GET /v1/merchants/{id}/eligibility", failJSON, s.handleEligibility},
		{"GET /merchants/{id}/icons/{icon}", failJSON, s.handleIcon},
		{"POST /v1/merchants/{id}/decide", failJSON, bare(s.handleDecide)},
		{"GET " + page.TextsPrefix + "{hash}/{file}", failJSON, s.handleTexts},
		{"GET /v1/schemas/capabilities.json", failJSON, s.handleSchema},
		{"GET /openapi.json", failJSON, s.handleOpenAPI},

		{"POST /notify/{provider}/{account}", s.failNotify, s.handleNotify},

		{"POST /csp", failJSON, s.handleCSPReport},
		{"GET /healthz", failJSON, s.handleHealth},
		{"GET /readyz", failJSON, s.handleReadiness},
	}
}

// Handler serves the public routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.handle(r.pattern, r.fail, r.handler))
	}
	mux.Handle("GET /assets/", s.assets)
	mux.Handle("GET /embed.js", s.assets)
	mux.Handle("GET /embed/{file}", s.assets)
	mux.Handle("GET /embed.d.ts", s.assets)
	mux.Handle("/", s.handle("/", s.failUnknown, unknown(mux)))
	return mux
}

// unknown answers for what no other route of mux takes: 405 where it would take
// another method.
func unknown(mux *http.ServeMux) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var allowed []string
		for _, method := range methods {
			if _, pattern := mux.Handler(&http.Request{Method: method, Host: r.Host, URL: r.URL}); pattern != "/" {
				allowed = append(allowed, method)
			}
		}
		if allowed == nil {
			return errNotFound
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return pay.Errorf(pay.CodeMethodNotAllowed, "", "here only %v can be used", allowed)
	}
}

// failUnknown answers programs in JSON and people, who type addresses and no methods,
// with a page.
func (s *Server) failUnknown(w http.ResponseWriter, r *http.Request, err error) {
	if pay.CodeOf(err) == pay.CodeMethodNotAllowed || strings.HasPrefix(r.URL.Path, "/v1/") {
		failJSON(w, r, err)
		return
	}
	s.failPage(w, r, err)
}
