package httpd

import (
	"context"
	"net/http"
	"time"
)

// handleHealth says that the process answers at all.
func (s *Server) handleHealth(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// probeTimeout bounds a readiness probe.
const probeTimeout = 2 * time.Second

// handleReadiness says that every part is there that a request needs.
func (s *Server) handleReadiness(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
	defer cancel()
	if _, err := s.revisions.Position(ctx); err != nil {
		return err
	}
	return s.handleHealth(w, r)
}
