package httpd

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
)

type refundBody struct {
	ID                string            `json:"id"`
	Session           string            `json:"session"`
	Attempt           string            `json:"attempt"`
	MerchantReference string            `json:"merchant_reference,omitempty"`
	OutRefundNo       string            `json:"out_refund_no,omitempty"` // our number of it at the provider
	Reference         string            `json:"provider_reference,omitempty"`
	Amount            pay.Money         `json:"amount"`
	Origin            pay.RefundOrigin  `json:"origin"`
	Reason            string            `json:"reason,omitempty"` // the words of who wanted it
	Status            pay.RefundStatus  `json:"status"`
	Failure           pay.RefundFailure `json:"failure,omitempty"`
	Arrival           pay.RefundArrival `json:"arrival,omitempty"`
	CreatedAt         time.Time         `json:"created_at"`
}

func refundOf(session string, r pay.Refund) refundBody {
	return refundBody{
		r.ID, session, r.AttemptID, r.MerchantReference, r.Number, r.Reference, r.Amount, r.Origin, r.Note, r.Status, r.Failure, r.Arrival, r.CreatedAt,
	}
}

func (s *Server) handleCreateRefund(w http.ResponseWriter, r *http.Request) error {
	var n checkout.NewRefund
	return s.post(w, r, folder.ScopeRefund, http.StatusCreated, &n, func(ctx context.Context, merchant string) (any, error) {
		n.Key = r.Header.Get("Idempotency-Key")
		_, refund, err := s.service.Refund(ctx, merchant, r.PathValue("id"), n)
		if err != nil {
			return nil, err
		}
		return refundOf(r.PathValue("id"), *refund), nil
	})
}

func (s *Server) handleGetRefund(w http.ResponseWriter, r *http.Request) error {
	merchant, err := s.reader(w, r, reads)
	if err != nil {
		return err
	}
	found, err := s.service.FindRefund(r.Context(), merchant, r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, refundOf(found.SessionID, found.Refund))
}

// handleListRefunds lists refunds, the newest first.
func (s *Server) handleListRefunds(w http.ResponseWriter, r *http.Request) error {
	merchant, err := s.reader(w, r, polls)
	if err != nil {
		return err
	}
	filter, err := refundFilter(r.URL)
	if err != nil {
		return err
	}
	filter.Merchant = merchant
	page, err := s.service.Refunds(r.Context(), filter)
	if err != nil {
		return err
	}
	list := make([]refundBody, len(page.Refunds))
	next := ""
	for i, found := range page.Refunds {
		list[i] = refundOf(found.SessionID, found.Refund)
		next = checkout.Place{At: found.CreatedAt, ID: found.ID}.String()
	}
	return writeList(w, "refunds", list, page.More, next)
}

func refundFilter(u *url.URL) (f checkout.RefundFilter, err error) {
	q, err := readList(u, "session", "merchant_reference", "status")
	if err != nil {
		return f, err
	}
	f = checkout.RefundFilter{SessionID: q.Get("session"), Reference: q.Get("merchant_reference"), From: q.from, Until: q.until, After: q.after, Limit: q.limit}
	f.Status, err = oneOf(q.Values, "status", pay.RefundStatuses)
	return f, err
}
