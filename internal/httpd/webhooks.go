package httpd

import (
	"context"
	"encoding/json"
	"net/http"
)

// handleListEvents lists what a merchant has been or will be told, oldest first, after
// the event whose id the query's after names: what a webhook missed can be read
// up here.
func (s *Server) handleListEvents(w http.ResponseWriter, r *http.Request) error {
	merchant, err := s.merchantOf(r)
	if err != nil {
		return err
	}
	messages, err := s.outbox.Messages(r.Context(), merchant, r.URL.Query().Get("after"), maxListed)
	if err != nil {
		return err
	}
	events := make([]json.RawMessage, len(messages))
	for i, m := range messages {
		events[i] = m.Payload
	}
	return writeJSON(w, http.StatusOK, map[string]any{"events": events, "has_more": len(events) == maxListed})
}

// handleRedeliver has an event told again to every endpoint of the merchant.
func (s *Server) handleRedeliver(w http.ResponseWriter, r *http.Request) error {
	return s.post(w, r, &struct{}{}, func(ctx context.Context, merchant string) (any, error) {
		id := r.PathValue("id")
		return map[string]string{"redelivering": id}, s.outbox.Redeliver(ctx, merchant, id, s.now())
	})
}
