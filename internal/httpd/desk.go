package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/pay"
)

// entryBody is an entry of the desk: evidence in quarantine, and what a person
// made of it.
type entryBody struct {
	ID         string          `json:"id"`
	Reason     string          `json:"reason"`
	At         time.Time       `json:"at"`
	Merchant   string          `json:"merchant,omitempty"`
	Provider   string          `json:"provider"`
	Account    string          `json:"account"`
	App        string          `json:"app,omitempty"`
	OutTradeNo string          `json:"out_trade_no"`
	Source     pay.Source      `json:"source"`
	Outcome    pay.Outcome     `json:"outcome,omitempty"`
	Amount     pay.Money       `json:"amount"`
	Reference  string          `json:"provider_reference,omitempty"`
	PaidAt     time.Time       `json:"paid_at,omitzero"`
	Returned   *returnedBody   `json:"returned,omitempty"`
	Raw        json.RawMessage `json:"statement,omitempty"`

	Status     checkout.QuarantineStatus `json:"status"`
	Resolution checkout.Resolution       `json:"resolution,omitempty"`
	Author     string                    `json:"author,omitempty"`
	Note       string                    `json:"note,omitempty"`
	Refund     *entryRefundBody          `json:"refund,omitempty"`
	ResolvedAt time.Time                 `json:"resolved_at,omitzero"`
}

// entryRefundBody is the state of giving an entry's money back.
type entryRefundBody struct {
	Number  string            `json:"number"` // at the provider
	Amount  pay.Money         `json:"amount"`
	Status  pay.RefundStatus  `json:"status"`
	Failure pay.RefundFailure `json:"failure,omitempty"`
}

// returnedBody is a statement about money that went back.
type returnedBody struct {
	Number  string            `json:"number,omitempty"`
	Status  pay.RefundStatus  `json:"status,omitempty"`
	Failure pay.RefundFailure `json:"failure,omitempty"`
	Amount  pay.Money         `json:"amount,omitzero"`
	Total   pay.Money         `json:"total,omitzero"`
	Unknown bool              `json:"unknown,omitempty"`
}

func entryOf(q checkout.Quarantined) entryBody {
	ev := q.Evidence
	b := entryBody{
		ID: q.ID, Reason: q.Reason, At: q.At, Merchant: q.Merchant,
		Provider: ev.Provider, Account: ev.Account, App: ev.App, OutTradeNo: ev.OutTradeNo,
		Source: ev.Source, Outcome: ev.Outcome, Amount: ev.Amount, Reference: ev.Reference, PaidAt: ev.PaidAt,
		Status: q.Status, Resolution: q.Resolution, Author: q.Author, Note: q.Note, ResolvedAt: q.ResolvedAt,
	}
	if r := ev.Returned; r != nil {
		b.Returned = &returnedBody{r.Number, r.Status, r.Failure, r.Amount, r.Total, r.Unknown}
	}
	if r := q.Refund; r != nil {
		b.Refund = &entryRefundBody{r.Number, r.Amount, r.Status, r.Failure}
	}
	switch {
	case json.Valid(ev.Raw):
		b.Raw = ev.Raw
	case bytes.HasPrefix(ev.Raw, []byte("sha256:")): // what is left of it
		b.Raw = strconv.AppendQuote(nil, string(ev.Raw))
	}
	return b
}

// handleListEntries lists entries, newest first, after the one that the query's
// after names.
func (s *Server) handleListEntries(w http.ResponseWriter, r *http.Request) error {
	q, err := parameters(r.URL, "status", "merchant", "provider", "account", "out_trade_no", "after", "limit")
	if err != nil {
		return err
	}
	limit, err := limitOf(q.Get("limit"))
	if err != nil {
		return err
	}
	list, err := s.desk.Entries(r.Context(), checkout.QuarantineFilter{
		Status: checkout.QuarantineStatus(q.Get("status")), Merchant: q.Get("merchant"), Provider: q.Get("provider"),
		Account: q.Get("account"), OutTradeNo: q.Get("out_trade_no"), After: q.Get("after"), Limit: limit + 1,
	})
	if err != nil {
		return err
	}
	more := len(list) > limit
	out := make([]entryBody, min(len(list), limit))
	for i := range out {
		out[i] = entryOf(list[i])
	}
	return writeJSON(w, http.StatusOK, map[string]any{"quarantine": out, "has_more": more})
}

func (s *Server) handleGetEntry(w http.ResponseWriter, r *http.Request) error {
	q, err := s.desk.Entry(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, entryOf(q))
}

func (s *Server) handleResolveEntry(w http.ResponseWriter, r *http.Request) error {
	var decision desk.Decision
	return decide(w, r, http.StatusOK, &decision, func(ctx context.Context) (any, error) {
		q, err := s.desk.Resolve(ctx, r.PathValue("id"), decision)
		return entryOf(q), err
	})
}

// decide reads what a person decides and carries it out.
func decide(w http.ResponseWriter, r *http.Request, status int, into any, do func(context.Context) (any, error)) error {
	if _, err := readJSON(w, r, maxAPIBody, into); err != nil {
		return err
	}
	result, err := do(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, status, result)
}

// stuckBody is a refund that waits for a person.
type stuckBody struct {
	Session    string     `json:"session"`
	Merchant   string     `json:"merchant"`
	Reference  string     `json:"merchant_reference"`
	Provider   string     `json:"provider"`
	Account    string     `json:"account"`
	OutTradeNo string     `json:"out_trade_no"`
	Number     string     `json:"number"` // of the refund at the provider
	Refund     refundBody `json:"refund"`
}

func (s *Server) handleListStuckRefunds(w http.ResponseWriter, r *http.Request) error {
	list, err := s.desk.StuckRefunds(r.Context())
	if err != nil {
		return err
	}
	out := make([]stuckBody, len(list))
	for i, stuck := range list {
		a := stuck.Attempt
		out[i] = stuckBody{
			stuck.Session.ID, stuck.Session.Merchant, stuck.Session.Reference, a.Provider, a.Account, a.OutTradeNo, stuck.Refund.Number, refundOf(stuck.Session.ID, stuck.Refund),
		}
	}
	return writeJSON(w, http.StatusOK, map[string]any{"refunds": out})
}

func (s *Server) handleRecordRefund(w http.ResponseWriter, r *http.Request) error {
	var made desk.ByHand
	return decide(w, r, http.StatusCreated, &made, func(ctx context.Context) (any, error) {
		refund, err := s.desk.RecordRefund(ctx, r.PathValue("id"), made)
		return refundOf(r.PathValue("id"), refund), err
	})
}

func (s *Server) handleRetryRefund(w http.ResponseWriter, r *http.Request) error {
	var retry desk.Retry
	return decide(w, r, http.StatusCreated, &retry, func(ctx context.Context) (any, error) {
		refund, err := s.desk.RetryRefund(ctx, r.PathValue("id"), r.PathValue("refund"), retry)
		return refundOf(r.PathValue("id"), refund), err
	})
}

func (s *Server) handleRedirectRefund(w http.ResponseWriter, r *http.Request) error {
	var to desk.Redirect
	return decide(w, r, http.StatusOK, &to, func(ctx context.Context) (any, error) {
		refund, err := s.desk.RedirectRefund(ctx, r.PathValue("id"), r.PathValue("refund"), to)
		return refundOf(r.PathValue("id"), refund), err
	})
}

// markBody is a rail that a provider refuses to a merchant's account.
type markBody struct {
	Merchant        string     `json:"merchant"`
	Method          pay.Method `json:"method"`
	Rail            pay.Rail   `json:"rail"`
	Provider        string     `json:"provider"`
	Account         string     `json:"account"`
	Code            string     `json:"code"`
	DocumentVersion int64      `json:"document_version"`
	At              time.Time  `json:"at"`
	Until           time.Time  `json:"until"`
}

func (s *Server) handleListMarks(w http.ResponseWriter, r *http.Request) error {
	list, err := s.desk.Marks(r.Context())
	if err != nil {
		return err
	}
	out := make([]markBody, len(list))
	for i, m := range list {
		out[i] = markBody{m.Merchant, m.Method, m.Rail, m.Provider, m.Account, m.Code, m.DocumentVersion, m.At, m.Until}
	}
	return writeJSON(w, http.StatusOK, map[string]any{"not_granted": out})
}

func (s *Server) handleRetryRails(w http.ResponseWriter, r *http.Request) error {
	var retry desk.RailsRetry
	return decide(w, r, http.StatusOK, &retry, func(ctx context.Context) (any, error) {
		n, err := s.desk.RetryRails(ctx, retry)
		return map[string]int{"offered_again": n}, err
	})
}
