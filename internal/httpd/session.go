package httpd

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/merchant/folder"
	"morepay/internal/page"
	"morepay/internal/pay"
)

// sessionBody is a session as its merchant sees it.
type sessionBody struct {
	ID          string            `json:"id"`
	Token       string            `json:"token,omitempty"` // only in the answer that creates it
	URL         string            `json:"url,omitempty"`   // only in the answer that creates it
	Status      pay.SessionStatus `json:"status"`
	Reference   string            `json:"merchant_reference"`
	Amount      pay.Money         `json:"amount"`
	Description string            `json:"description"`
	ReturnURL   string            `json:"return_url"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	CreatedAt   time.Time         `json:"created_at"`
	ExpiresAt   time.Time         `json:"expires_at"`
	ServerTime  time.Time         `json:"server_time"`
	Payment     *paymentBody      `json:"payment,omitempty"` // that paid it
	Surplus     *surplusBody      `json:"surplus,omitempty"` // what came besides
	Attempts    []attemptBody     `json:"attempts"`
	Refunds     []refundBody      `json:"refunds"`
}

// paymentBody is the payment that the merchant has, under the names that webhooks have
// for it.
type paymentBody struct {
	ID          string     `json:"id"`
	Method      pay.Method `json:"method"`
	Rail        pay.Rail   `json:"rail"`
	Instalments int        `json:"instalments,omitempty"`
	Provider    string     `json:"provider"`
	OutTradeNo  string     `json:"out_trade_no"`
	Reference   string     `json:"provider_reference"`
	Amount      pay.Money  `json:"amount"`
	Refunded    pay.Money  `json:"amount_refunded"`   // what is back
	Refundable  pay.Money  `json:"amount_refundable"` // what may still be given back: nothing of what is under way
	PaidAt      time.Time  `json:"paid_at,omitzero"`
	Friend      bool       `json:"friend,omitempty"`
}

// surplusBody is what was paid beyond the price.
type surplusBody struct {
	Amount   pay.Money `json:"amount"`
	Refunded pay.Money `json:"amount_refunded"`
}

func paymentOf(l *pay.Ledger) *paymentBody {
	a := l.Attempt(l.Session.Winner)
	if a == nil {
		return nil
	}
	return &paymentBody{
		ID: a.ID, Method: a.Method, Rail: a.Rail, Instalments: a.Instalments, Provider: a.Provider, OutTradeNo: a.OutTradeNo,
		Reference: a.Reference, Amount: a.Amount, PaidAt: a.PaidAt, Friend: a.Invitation != "",
		Refunded:   pay.Money{Currency: a.Amount.Currency, Value: l.Returned(a.ID)},
		Refundable: l.Refundable(a.ID),
	}
}

func surplusOf(l *pay.Ledger) *surplusBody {
	var b *surplusBody
	for _, a := range l.Attempts {
		if a.State != pay.AttemptSurplus {
			continue
		}
		if b == nil {
			b = &surplusBody{pay.Money{Currency: a.Amount.Currency}, pay.Money{Currency: a.Amount.Currency}}
		}
		b.Amount.Value += a.Amount.Value
		b.Refunded.Value += l.Returned(a.ID)
	}
	return b
}

type attemptBody struct {
	ID          string           `json:"id"`
	Method      pay.Method       `json:"method"`
	Rail        pay.Rail         `json:"rail"`
	Instalments int              `json:"instalments,omitempty"` // that the payer chose: the money comes as one payment
	State       pay.AttemptState `json:"state"`
	OutTradeNo  string           `json:"out_trade_no"`
	Reference   string           `json:"provider_reference,omitempty"`
	CreatedAt   time.Time        `json:"created_at"`
	PaidAt      time.Time        `json:"paid_at,omitzero"`
	Friend      bool             `json:"friend,omitempty"` // of a friend whom the payer asked: a refund goes to them
}

func (s *Server) sessionBody(l *pay.Ledger) sessionBody {
	now := s.now().UTC()
	b := sessionBody{
		ID: l.Session.ID, Status: l.StatusAt(now), Reference: l.Session.Reference, Amount: l.Session.Amount,
		Description: l.Session.Description, ReturnURL: l.Session.ReturnURL, Metadata: l.Session.Metadata,
		CreatedAt: l.Session.CreatedAt, ExpiresAt: l.Session.ExpiresAt, ServerTime: now,
		Payment: paymentOf(l), Surplus: surplusOf(l),
		Attempts: []attemptBody{}, Refunds: []refundBody{},
	}
	for _, a := range l.Attempts {
		b.Attempts = append(b.Attempts, attemptBody{a.ID, a.Method, a.Rail, a.Instalments, a.State, a.OutTradeNo, a.Reference, a.CreatedAt, a.PaidAt, a.Invitation != ""})
	}
	for _, r := range l.Refunds {
		b.Refunds = append(b.Refunds, refundOf(l.Session.ID, r))
	}
	return b
}

func (s *Server) handleCreateSession(w http.ResponseWriter, r *http.Request) error {
	var n checkout.NewSession
	return s.post(w, r, folder.ScopeWrite, http.StatusCreated, &n, func(ctx context.Context, merchant string) (any, error) {
		l, token, err := s.service.Create(ctx, merchant, n)
		if err != nil {
			return nil, err
		}
		b := s.sessionBody(l)
		b.Token, b.URL = token, s.baseURL+page.Path(token)
		return b, nil
	})
}

func (s *Server) handleGetSession(w http.ResponseWriter, r *http.Request) error {
	merchant, err := s.reader(w, r, reads)
	if err != nil {
		return err
	}
	l, err := s.service.Ledger(r.Context(), merchant, r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, s.sessionBody(l))
}

// handleListSessions lists sessions, the newest first.
func (s *Server) handleListSessions(w http.ResponseWriter, r *http.Request) error {
	merchant, err := s.reader(w, r, polls)
	if err != nil {
		return err
	}
	filter, err := sessionFilter(r.URL)
	if err != nil {
		return err
	}
	filter.Merchant = merchant
	page, err := s.service.Sessions(r.Context(), filter)
	if err != nil {
		return err
	}
	list := make([]sessionBody, len(page.Sessions))
	next := ""
	for i, l := range page.Sessions {
		list[i] = s.sessionBody(l)
		next = checkout.Place{At: l.Session.CreatedAt, ID: l.Session.ID}.String()
	}
	return writeList(w, "sessions", list, page.More, next)
}

func sessionFilter(u *url.URL) (f checkout.SessionFilter, err error) {
	q, err := readList(u, "merchant_reference", "out_trade_no", "provider_reference", "status")
	if err != nil {
		return f, err
	}
	f = checkout.SessionFilter{
		Reference: q.Get("merchant_reference"), OutTradeNo: q.Get("out_trade_no"), ProviderReference: q.Get("provider_reference"),
		From: q.from, Until: q.until, After: q.after, Limit: q.limit,
	}
	f.Status, err = oneOf(q.Values, "status", pay.SessionStatuses)
	return f, err
}

// handleExtend lets an open session last longer.
func (s *Server) handleExtend(w http.ResponseWriter, r *http.Request) error {
	var e checkout.Extension
	return s.post(w, r, folder.ScopeWrite, http.StatusOK, &e, func(ctx context.Context, merchant string) (any, error) {
		l, err := s.service.Extend(ctx, merchant, r.PathValue("id"), e)
		if err != nil {
			return nil, err
		}
		return s.sessionBody(l), nil
	})
}

// handleEnd ends an open session in one of the ways that there are.
func (s *Server) handleEnd(end func(ctx context.Context, merchant, id string) (*pay.Ledger, error)) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return s.post(w, r, folder.ScopeWrite, http.StatusOK, &struct{}{}, func(ctx context.Context, merchant string) (any, error) {
			l, err := end(ctx, merchant, r.PathValue("id"))
			if err != nil {
				return nil, err
			}
			return s.sessionBody(l), nil
		})
	}
}
