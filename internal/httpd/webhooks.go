package httpd

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// handleListEvents lists what a merchant has been or will be told, oldest first, after
// the place that the query's after names: what a webhook missed can be read up
// here.
func (s *Server) handleListEvents(w http.ResponseWriter, r *http.Request) error {
	merchant, err := s.reader(w, r, polls)
	if err != nil {
		return err
	}
	filter, err := eventFilter(r.URL)
	if err != nil {
		return err
	}
	page, err := s.outbox.Events(r.Context(), merchant, filter)
	if err != nil {
		return err
	}
	events := make([]json.RawMessage, len(page.Messages))
	for i, m := range page.Messages {
		events[i] = m.Payload
	}
	return writeJSON(w, http.StatusOK, map[string]any{"events": events, "has_more": page.More, "next": page.Next.String()})
}

func eventFilter(u *url.URL) (f webhook.Filter, err error) {
	q, err := parameters(u, "after", "limit", "type", "created[gte]", "created[lt]")
	if err != nil {
		return f, err
	}
	kind, err := oneOf(q, "type", pay.WebhookEvents)
	if err != nil {
		return f, err
	}
	f.Type = string(kind)
	if f.Limit, err = limitOf(q.Get("limit")); err != nil {
		return f, err
	}
	if f.After, err = webhook.ParsePlace(q.Get("after")); err != nil {
		return f, err
	}
	f.From, f.Until, err = createdRange(q)
	return f, err
}

// handleGetEvent returns one event as it was or will be told.
func (s *Server) handleGetEvent(w http.ResponseWriter, r *http.Request) error {
	merchant, err := s.reader(w, r, reads)
	if err != nil {
		return err
	}
	m, err := s.outbox.Event(r.Context(), merchant, r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, json.RawMessage(m.Payload))
}

// handleRedeliver has an event told again to every endpoint of the merchant.
func (s *Server) handleRedeliver(w http.ResponseWriter, r *http.Request) error {
	return s.post(w, r, folder.ScopeWrite, http.StatusOK, &struct{}{}, func(ctx context.Context, merchant string) (any, error) {
		id := r.PathValue("id")
		_, err := s.outbox.Redeliver(ctx, webhook.Redelivery{Merchant: merchant, Message: id}, s.now())
		return map[string]string{"redelivering": id}, err
	})
}

// endpointBody is an endpoint as operators see it.
type endpointBody struct {
	ID         string    `json:"id"`
	URL        string    `json:"url"`
	Pending    int       `json:"pending"`
	Down       bool      `json:"down"` // it is probed until it answers
	NextTryAt  time.Time `json:"next_try_at,omitzero"`
	DisabledAt time.Time `json:"disabled_at,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	RemovedAt  time.Time `json:"removed_at,omitzero"`
}

func (s *Server) handleListEndpoints(w http.ResponseWriter, r *http.Request) error {
	list, err := s.webhooks.List(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	out := make([]endpointBody, len(list))
	for i, e := range list {
		out[i] = endpointBody{e.ID, e.URL, e.Pending, e.Failing >= webhook.DownAfter, e.NextAt, e.DisabledAt, e.Reason, e.RemovedAt}
	}
	return writeJSON(w, http.StatusOK, map[string]any{"endpoints": out})
}

// versionBody is a version of a merchant's endpoints.
type versionBody struct {
	Version   int64            `json:"version"`
	Author    string           `json:"author"`
	Change    string           `json:"change"`
	At        time.Time        `json:"at"`
	Endpoints []webhook.Listed `json:"endpoints"`
}

func (s *Server) handleEndpointHistory(w http.ResponseWriter, r *http.Request) error {
	list, err := s.webhooks.History(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	out := make([]versionBody, len(list))
	for i, v := range list {
		out[i] = versionBody{v.Number, v.Author, v.Change, v.At, v.Endpoints}
	}
	return writeJSON(w, http.StatusOK, map[string]any{"versions": out})
}

func (s *Server) handleAddEndpoint(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		ID     string `json:"id"`
		URL    string `json:"url"`
		Author string `json:"author"`
	}
	return decide(w, r, http.StatusCreated, &body, func(ctx context.Context) (any, error) {
		secret, err := s.webhooks.Add(ctx, r.PathValue("id"), body.Author, webhook.Endpoint{ID: body.ID, URL: body.URL})
		return map[string]string{"id": body.ID, "url": body.URL, "secret": secret}, err
	})
}

func (s *Server) handleMoveEndpoint(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		URL    string `json:"url"`
		Author string `json:"author"`
	}
	return decide(w, r, http.StatusOK, &body, func(ctx context.Context) (any, error) {
		id := r.PathValue("endpoint")
		return map[string]string{"id": id, "url": body.URL}, s.webhooks.Move(ctx, r.PathValue("id"), body.Author, id, body.URL)
	})
}

func (s *Server) handleRotateEndpoint(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		AtOnce bool   `json:"at_once"`
		Author string `json:"author"`
	}
	return decide(w, r, http.StatusOK, &body, func(ctx context.Context) (any, error) {
		id := r.PathValue("endpoint")
		secret, err := s.webhooks.Rotate(ctx, r.PathValue("id"), body.Author, id, body.AtOnce)
		return map[string]string{"id": id, "secret": secret}, err
	})
}

// handleEndpoint does to an endpoint what needs nothing but an author.
func (s *Server) handleEndpoint(do func(ctx context.Context, merchant, author, id string) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var body struct {
			Author string `json:"author"`
		}
		return decide(w, r, http.StatusOK, &body, func(ctx context.Context) (any, error) {
			id := r.PathValue("endpoint")
			return map[string]string{"id": id}, do(ctx, r.PathValue("id"), body.Author, id)
		})
	}
}

func (s *Server) handleRestoreEndpoints(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Version int64  `json:"version"`
		Author  string `json:"author"`
	}
	return decide(w, r, http.StatusOK, &body, func(ctx context.Context) (any, error) {
		return map[string]int64{"restored": body.Version}, s.webhooks.Restore(ctx, r.PathValue("id"), body.Author, body.Version)
	})
}

func (s *Server) handleTestEndpoint(w http.ResponseWriter, r *http.Request) error {
	return decide(w, r, http.StatusOK, &struct{}{}, func(ctx context.Context) (any, error) {
		t, err := s.webhooks.Test(ctx, r.PathValue("id"), r.PathValue("endpoint"))
		return map[string]any{"accepted": t.Error == "", "status": t.Status, "error": t.Error, "ms": t.Took.Milliseconds()}, err
	})
}

func (s *Server) handleRedeliverSince(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Event    string    `json:"event"`
		Since    time.Time `json:"since"`
		Endpoint string    `json:"endpoint"`
	}
	return decide(w, r, http.StatusOK, &body, func(ctx context.Context) (any, error) {
		if (body.Event == "") == body.Since.IsZero() {
			return nil, pay.Errorf(pay.CodeInvalid, "event", "either event or since must be given")
		}
		n, err := s.outbox.Redeliver(ctx, webhook.Redelivery{
			Merchant: r.PathValue("id"), Message: body.Event, Since: body.Since, Endpoint: body.Endpoint,
		}, s.now())
		return map[string]int{"redelivering": n}, err
	})
}

func (s *Server) handleSkip(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Endpoint string `json:"endpoint"`
		Author   string `json:"author"`
	}
	return decide(w, r, http.StatusOK, &body, func(ctx context.Context) (any, error) {
		if body.Author == "" {
			return nil, pay.Errorf(pay.CodeInvalid, "author", "must say who decides")
		}
		merchant, event := r.PathValue("id"), r.PathValue("event")
		n, err := s.outbox.Skip(ctx, merchant, event, body.Endpoint, body.Author, s.now())
		if err == nil && n > 0 {
			s.log.ErrorContext(ctx, "webhooks: message given up", "merchant", merchant, "endpoint", body.Endpoint, "message", event, "author", body.Author)
		}
		return map[string]int{"skipped": n}, err
	})
}
