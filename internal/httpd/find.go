package httpd

import (
	"net/http"
	"net/url"
	"strconv"

	"morepay/internal/desk"
	"morepay/internal/merchant"
	"morepay/internal/pay"
)

// handleFindSessions tells what became of a payment that somebody asks about.
func (s *Server) handleFindSessions(w http.ResponseWriter, r *http.Request) error {
	search, err := searchOf(r.URL)
	if err != nil {
		return err
	}
	if search.Merchants == nil {
		if search.Merchants, err = merchant.IDs(r.Context(), s.revisions); err != nil {
			return err
		}
	}
	found, err := s.desk.Find(r.Context(), search)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, found)
}

func searchOf(u *url.URL) (search desk.Search, err error) {
	q, err := parameters(u, "q", "merchant", "amount", "created[gte]", "created[lt]")
	if err != nil {
		return search, err
	}
	search.Text = q.Get("q")
	if id := q.Get("merchant"); id != "" {
		search.Merchants = []string{id}
	}
	if text := q.Get("amount"); text != "" {
		if search.Amount, err = strconv.ParseInt(text, 10, 64); err != nil || search.Amount < 1 {
			return search, pay.Errorf(pay.CodeInvalid, "amount", "must be a whole number of minor units")
		}
	}
	search.From, search.Until, err = createdRange(q)
	return search, err
}
