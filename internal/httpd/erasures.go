package httpd

import (
	"context"
	"net/http"
	"time"

	"morepay/internal/desk"
	"morepay/internal/pay"
)

// erasureBody is the record of a payer's data having been erased.
type erasureBody struct {
	ID        string    `json:"id"`
	Merchant  string    `json:"merchant"`
	PayerHash string    `json:"payer_sha256"`
	Author    string    `json:"author"`
	Note      string    `json:"note"`
	At        time.Time `json:"at"`
	Sessions  int       `json:"sessions"`
	Waiting   int       `json:"waiting"` // of them under way then
}

func (s *Server) handleErase(w http.ResponseWriter, r *http.Request) error {
	var order desk.EraseOrder
	return decide(w, r, http.StatusCreated, &order, func(ctx context.Context) (any, error) {
		e, err := s.desk.Erase(ctx, r.PathValue("id"), order)
		return erasureBody(e), err
	})
}

// handleListErasures lists records, newest first, from before the time that the
// query names.
func (s *Server) handleListErasures(w http.ResponseWriter, r *http.Request) error {
	q, err := parameters(r.URL, "merchant", "before", "limit")
	if err != nil {
		return err
	}
	limit, err := limitOf(q.Get("limit"))
	if err != nil {
		return err
	}
	var before time.Time
	if text := q.Get("before"); text != "" {
		if before, err = time.Parse(time.RFC3339, text); err != nil {
			return pay.Errorf(pay.CodeInvalid, "before", "must be a time such as 2026-11-01T00:00:00Z")
		}
	}
	list, err := s.desk.ListErasures(r.Context(), q.Get("merchant"), before, limit+1)
	if err != nil {
		return err
	}
	more := len(list) > limit
	out := make([]erasureBody, min(len(list), limit))
	for i := range out {
		out[i] = erasureBody(list[i])
	}
	return writeJSON(w, http.StatusOK, map[string]any{"erasures": out, "has_more": more})
}
