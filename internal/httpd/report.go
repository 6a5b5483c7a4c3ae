package httpd

import "net/http"

// handleCSPReport counts what a browser blocked on our page; the text may be
// anybody's, so only its start is logged, and not often.
func (s *Server) handleCSPReport(w http.ResponseWriter, r *http.Request) error {
	if err := s.allowIP(s.limits.report, r); err != nil {
		return err
	}
	b, err := readBody(w, r, maxFormBody)
	if err != nil {
		return err
	}
	s.metrics.csp.Inc()
	s.log.WarnContext(r.Context(), "content was blocked on the payer's page", "report", string(b[:min(len(b), 1024)]))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
