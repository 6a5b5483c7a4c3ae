package client

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// CreateSession opens a session. Its token and URL are told only here.
func (c *Client) CreateSession(ctx context.Context, n NewSession, options ...Option) (s Session, err error) {
	err = c.post(ctx, "/v1/sessions", n, &s, options)
	return s, err
}

// GetSession returns a session as it is now.
func (c *Client) GetSession(ctx context.Context, id string) (s Session, err error) {
	err = c.get(ctx, "/v1/sessions/"+url.PathEscape(id), nil, &s)
	return s, err
}

// CancelSession ends an open session. A payment that was under way may still arrive.
func (c *Client) CancelSession(ctx context.Context, id string, options ...Option) (s Session, err error) {
	err = c.post(ctx, "/v1/sessions/"+url.PathEscape(id)+"/cancel", struct{}{}, &s, options)
	return s, err
}

// ExpireSession ends an open session as if its time were over.
func (c *Client) ExpireSession(ctx context.Context, id string, options ...Option) (s Session, err error) {
	err = c.post(ctx, "/v1/sessions/"+url.PathEscape(id)+"/expire", struct{}{}, &s, options)
	return s, err
}

// ExtendSession lets an open session last longer.
func (c *Client) ExtendSession(ctx context.Context, id string, e Extension, options ...Option) (s Session, err error) {
	err = c.post(ctx, "/v1/sessions/"+url.PathEscape(id)+"/extend", e, &s, options)
	return s, err
}

// Range is a part of a list. Zero fields choose all.
type Range struct {
	From, Until time.Time // made at or after, and before
	Limit       int       // 1 to 100
	After       string    // the Next of an earlier answer with the same query
}

func (r Range) values(others map[string]string) url.Values {
	q := url.Values{}
	for name, value := range others {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, at := range map[string]time.Time{"created[gte]": r.From, "created[lt]": r.Until} {
		if !at.IsZero() {
			q.Set(name, at.Format(time.RFC3339Nano))
		}
	}
	if r.Limit != 0 {
		q.Set("limit", strconv.Itoa(r.Limit))
	}
	if r.After != "" {
		q.Set("after", r.After)
	}
	return q
}

// SessionQuery chooses sessions: all that is given must be true.
type SessionQuery struct {
	MerchantReference string
	OutTradeNo        string // our number of any of its payments at the provider
	ProviderReference string // the provider's number of any of its payments
	Status            SessionStatus
	Range
}

// ListSessions finds sessions, the newest first.
func (c *Client) ListSessions(ctx context.Context, q SessionQuery) (list SessionList, err error) {
	err = c.get(ctx, "/v1/sessions", q.values(map[string]string{
		"merchant_reference": q.MerchantReference, "out_trade_no": q.OutTradeNo, "provider_reference": q.ProviderReference, "status": string(q.Status),
	}), &list)
	return list, err
}

// CreateRefund gives money of a session back.
func (c *Client) CreateRefund(ctx context.Context, session string, n NewRefund, options ...Option) (r Refund, err error) {
	err = c.post(ctx, "/v1/sessions/"+url.PathEscape(session)+"/refunds", n, &r, options)
	return r, err
}

// GetRefund returns a refund as it is now.
func (c *Client) GetRefund(ctx context.Context, id string) (r Refund, err error) {
	err = c.get(ctx, "/v1/refunds/"+url.PathEscape(id), nil, &r)
	return r, err
}

// RefundQuery chooses refunds: all that is given must be true.
type RefundQuery struct {
	Session           string // its id
	MerchantReference string
	Status            string
	Range
}

// ListRefunds finds refunds, the newest first.
func (c *Client) ListRefunds(ctx context.Context, q RefundQuery) (list RefundList, err error) {
	err = c.get(ctx, "/v1/refunds", q.values(map[string]string{
		"session": q.Session, "merchant_reference": q.MerchantReference, "status": q.Status,
	}), &list)
	return list, err
}

// EventQuery chooses events.
type EventQuery struct {
	Type string
	Range
}

// ListEvents reads what webhooks have told or will tell, the oldest first.
func (c *Client) ListEvents(ctx context.Context, q EventQuery) (list EventList, err error) {
	err = c.get(ctx, "/v1/events", q.values(map[string]string{"type": q.Type}), &list)
	return list, err
}

// GetEvent returns an event as it was or will be told.
func (c *Client) GetEvent(ctx context.Context, id string) (e Event, err error) {
	err = c.get(ctx, "/v1/events/"+url.PathEscape(id), nil, &e)
	return e, err
}

// RedeliverEvent has an event told again to every endpoint that is in force.
func (c *Client) RedeliverEvent(ctx context.Context, id string, options ...Option) (r Redelivery, err error) {
	err = c.post(ctx, "/v1/events/"+url.PathEscape(id)+"/redeliver", struct{}{}, &r, options)
	return r, err
}

// Decide says what an order can be paid with on a device, and why not with the rest.
func (c *Client) Decide(ctx context.Context, merchant string, q Question) (d Decision, err error) {
	err = c.post(ctx, "/v1/merchants/"+url.PathEscape(merchant)+"/decide", q, &d, nil)
	return d, err
}
