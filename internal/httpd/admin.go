package httpd

import (
	"crypto/subtle"
	"net/http"
	"net/http/pprof"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	"morepay/internal/merchant"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
)

// adminRoutes are those of whoever has the admin key.
func (s *Server) adminRoutes() []route {
	return []route{
		{"GET /v1/admin/merchants/{id}/capabilities", failJSON, bare(s.handleGetDocument)},
		{"PUT /v1/admin/merchants/{id}/capabilities", failJSON, bare(s.handlePutDocument)},
		{"POST /v1/admin/reload", failJSON, bare(s.handleReload)},
		{"GET /v1/admin/sessions", failJSON, s.handleFindSessions},
		{"GET /v1/admin/quarantine", failJSON, s.handleListEntries},
		{"GET /v1/admin/quarantine/{id}", failJSON, bare(s.handleGetEntry)},
		{"POST /v1/admin/quarantine/{id}/resolve", failJSON, bare(s.handleResolveEntry)},
		{"GET /v1/admin/rails", failJSON, bare(s.handleListMarks)},
		{"POST /v1/admin/rails/retry", failJSON, bare(s.handleRetryRails)},
		{"GET /v1/admin/refunds", failJSON, bare(s.handleListStuckRefunds)},
		{"POST /v1/admin/sessions/{id}/refunds", failJSON, bare(s.handleRecordRefund)},
		{"POST /v1/admin/sessions/{id}/refunds/{refund}/retry", failJSON, bare(s.handleRetryRefund)},
		{"POST /v1/admin/sessions/{id}/refunds/{refund}/redirect", failJSON, bare(s.handleRedirectRefund)},
		{"POST /v1/admin/merchants/{id}/erasures", failJSON, bare(s.handleErase)},
		{"GET /v1/admin/erasures", failJSON, s.handleListErasures},
		{"GET /v1/admin/reconciliations", failJSON, s.handleReconciliations},
		{"GET /v1/admin/merchants/{id}/keys", failJSON, bare(s.handleListKeys)},
		{"GET /v1/admin/merchants/{id}/webhooks", failJSON, bare(s.handleListEndpoints)},
		{"POST /v1/admin/merchants/{id}/webhooks", failJSON, bare(s.handleAddEndpoint)},
		{"GET /v1/admin/merchants/{id}/webhooks/history", failJSON, bare(s.handleEndpointHistory)},
		{"POST /v1/admin/merchants/{id}/webhooks/restore", failJSON, bare(s.handleRestoreEndpoints)},
		{"POST /v1/admin/merchants/{id}/webhooks/{endpoint}/move", failJSON, bare(s.handleMoveEndpoint)},
		{"POST /v1/admin/merchants/{id}/webhooks/{endpoint}/remove", failJSON, bare(s.handleEndpoint(s.webhooks.Remove))},
		{"POST /v1/admin/merchants/{id}/webhooks/{endpoint}/disable", failJSON, bare(s.handleEndpoint(s.webhooks.Disable))},
		{"POST /v1/admin/merchants/{id}/webhooks/{endpoint}/enable", failJSON, bare(s.handleEndpoint(s.webhooks.Enable))},
		{"POST /v1/admin/merchants/{id}/webhooks/{endpoint}/rotate", failJSON, bare(s.handleRotateEndpoint)},
		{"POST /v1/admin/merchants/{id}/webhooks/{endpoint}/test", failJSON, bare(s.handleTestEndpoint)},
		{"POST /v1/admin/merchants/{id}/events/redeliver", failJSON, bare(s.handleRedeliverSince)},
		{"POST /v1/admin/merchants/{id}/events/{event}/skip", failJSON, bare(s.handleSkip)},
	}
}

// Admin serves operators, on a listener of its own: metrics and profiles to
// whoever can reach it, the rest to whoever has the admin key.
func (s *Server) Admin() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.adminRoutes() {
		mux.Handle(r.pattern, s.handle(r.pattern, r.fail, s.admins(r.handler)))
	}
	mux.Handle("GET /docs", s.handle("GET /docs", failJSON, s.handleDocs))
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.Handle("GET /healthz", s.handle("GET /healthz", failJSON, s.handleHealth))
	mux.Handle("GET /readyz", s.handle("GET /readyz", failJSON, s.handleReadiness))
	mux.Handle("/", s.handle("/", failJSON, unknown(mux)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// admins lets a request through that carries the admin key.
func (s *Server) admins(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		key := bearer(r)
		if key == "" || s.adminKey == "" || subtle.ConstantTimeCompare([]byte(folder.HashKey(key)), []byte(s.adminKey)) != 1 {
			return pay.Errorf(pay.CodeUnauthorized, "Authorization", "must be Bearer and the admin key")
		}
		return h(w, r)
	}
}

// handleReload has this server take up the merchants' folders anew, all or nothing.
func (s *Server) handleReload(w http.ResponseWriter, r *http.Request) error {
	if err := s.reload(r.Context()); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "reloaded"})
}

// versionTag is the entity tag of a stored version, which If-Match names.
func versionTag(version int64) string { return `"v` + strconv.FormatInt(version, 10) + `"` }

func (s *Server) handleGetDocument(w http.ResponseWriter, r *http.Request) error {
	doc, err := s.revisions.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("ETag", versionTag(doc.Version))
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(doc.JSON)
	return err
}

// handlePutDocument stores a new version. If-Match names the version that it replaces
// and is needed, so that no two operators undo each other's work unseen; for a
// new merchant it is "v0".
func (s *Server) handlePutDocument(w http.ResponseWriter, r *http.Request) error {
	expect, err := expectedVersion(r.Header.Get("If-Match"))
	if err != nil {
		return err
	}
	body, err := readBody(w, r, document.MaxSize)
	if err != nil {
		return err
	}
	stored, err := merchant.Replace(r.Context(), s.revisions, merchant.Proposal{
		Merchant: r.PathValue("id"), JSON: body, Expect: &expect, Author: "admin", Check: s.checkDocument,
	}, s.now())
	if err != nil {
		return invalid(err)
	}
	w.Header().Set("ETag", versionTag(stored.Version))
	return writeJSON(w, http.StatusOK, map[string]int64{"version": stored.Version})
}

// checkDocument refuses a document that this server's merchant could not be paid by.
func (s *Server) checkDocument(doc *capability.Document) error {
	return folder.CheckDocument(doc, s.merchants, s.accounts)
}

func expectedVersion(ifMatch string) (int64, error) {
	digits, ok := strings.CutPrefix(strings.Trim(ifMatch, `"`), "v")
	version, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || version < 0 {
		return 0, pay.Errorf(pay.CodeInvalid, "If-Match", `must name the version to replace, such as "v3", or "v0" for a new merchant`)
	}
	return version, nil
}
