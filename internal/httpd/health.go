package httpd

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Drain has readiness probes fail from now on; everything else is served.
func (s *Server) Drain() { s.draining.Store(true) }

// Healthy is the answer of a process that answers at all.
const Healthy = `{"status":"ok"}`

// handleHealth says that the process answers at all.
func (s *Server) handleHealth(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, json.RawMessage(Healthy))
}

// probeTimeout bounds a readiness probe.
const probeTimeout = 2 * time.Second

// handleReadiness says that every part is there that a request needs, and that the
// server means to stay.
func (s *Server) handleReadiness(w http.ResponseWriter, r *http.Request) error {
	if s.draining.Load() {
		return writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "draining"})
	}
	ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
	defer cancel()
	if err := s.ready(ctx); err != nil {
		return err
	}
	return s.handleHealth(w, r)
}
