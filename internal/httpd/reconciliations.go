package httpd

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/reconcile"
)

// reconciliation is the result of reconciling one account's bill of one day.
type reconciliation struct {
	reconcile.Result
	Tries      int        `json:"tries"`
	ComparedAt *time.Time `json:"compared_at,omitempty"` // nil before the first try has ended
	NextTryAt  *time.Time `json:"next_try_at,omitempty"` // nil if there is none
}

// handleReconciliations lists what came of the daily comparison, newest day first.
func (s *Server) handleReconciliations(w http.ResponseWriter, r *http.Request) error {
	filter, err := reconciliationFilter(r)
	if err != nil {
		return err
	}
	list, err := s.reconciliations.List(r.Context(), filter)
	if err != nil {
		return err
	}
	out := make([]reconciliation, len(list))
	next := ""
	for i, record := range list {
		out[i] = reconciliation{Result: record.Result, Tries: record.Tries}
		if !record.FinishedAt.IsZero() {
			out[i].ComparedAt = &record.FinishedAt
		}
		if !record.Outcome.Final() && !record.ClaimedUntil.IsZero() {
			out[i].NextTryAt = &record.ClaimedUntil
		}
		if i == filter.Limit-1 {
			next = cursorOf(record.Key())
		}
	}
	return writeJSON(w, http.StatusOK, map[string]any{"reconciliations": out, "next": next})
}

func cursorOf(k reconcile.Key) string { return k.Day + "/" + k.Provider + "/" + k.Account }

func reconciliationFilter(r *http.Request) (reconcile.Filter, error) {
	q, err := parameters(r.URL, "result", "provider", "account", "after", "limit")
	if err != nil {
		return reconcile.Filter{}, err
	}
	f := reconcile.Filter{Provider: q.Get("provider"), Account: q.Get("account"), Outcome: reconcile.Outcome(q.Get("result")), Limit: checkout.MaxListed}
	if f.Outcome != "" && !slices.Contains(reconcile.Outcomes, f.Outcome) {
		return f, pay.Errorf(pay.CodeInvalid, "result", "must be one of %v", reconcile.Outcomes)
	}
	if after := q.Get("after"); after != "" {
		part := strings.SplitN(after, "/", 3)
		if len(part) != 3 {
			return f, pay.Errorf(pay.CodeInvalid, "after", "must be the next of the page before")
		}
		f.After = reconcile.Key{Day: part[0], Provider: part[1], Account: part[2]}
	}
	f.Limit, err = limitOf(q.Get("limit"))
	return f, err
}
