package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
	"morepay/web/client"
)

// TestRetries: a call is sent again, as the same call, where that can help and nowhere else.
func TestRetries(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		after  string // Retry-After
		want   int    // requests
	}{
		"unavailable": {503, "0", 3}, "too-often": {429, "0", 3}, "internal": {500, "", 3}, "cut": {408, "", 3}, "bad-gateway": {502, "", 3},
		"refused": {400, "", 1}, "conflict": {409, "", 1}, "not-found": {404, "", 1}, "too-long-to-wait": {503, "3600", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var keys []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				keys = append(keys, r.Header.Get("Idempotency-Key"))
				w.Header().Set("Retry-After", test.after)
				w.Header().Set("Request-Id", "req_"+strconv.Itoa(len(keys)))
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(`{"error":{"code":"some_code","message":"no"}}`))
			}))
			t.Cleanup(server.Close)
			_, err := (&client.Client{Origin: server.URL}).CreateSession(t.Context(), client.NewSession{})
			refused, ok := errors.AsType[*client.Error](err)
			if !ok || refused.Status != test.status || refused.Code != "some_code" || refused.RequestID != "req_"+strconv.Itoa(test.want) {
				t.Errorf("the error is %+v", err)
			}
			if len(keys) != test.want || keys[0] == "" || len(slices.Compact(keys)) != 1 {
				t.Errorf("the keys are %q, want %d times the same", keys, test.want)
			}
		})
	}
}

// TestUnreached: who can't be reached is tried again, but not by who has given up.
func TestUnreached(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c := &client.Client{Origin: server.URL}
	if _, err := c.GetSession(t.Context(), "cs_1"); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := c.GetSession(gone, "cs_1"); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// TestProxyError: an answer that is none of the server's has a status, and no code.
func TestProxyError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusForbidden) }))
	t.Cleanup(server.Close)
	_, err := (&client.Client{Origin: server.URL}).GetSession(t.Context(), "cs_1")
	if refused, ok := errors.AsType[*client.Error](err); !ok || refused.Status != http.StatusForbidden || refused.Code != "" {
		t.Errorf("the error is %v", err)
	}
}

// TestCalls: every call does what it says at a real server.
func TestCalls(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	ctx, c := t.Context(), &client.Client{Origin: s.Origin, Key: s.Shop(t, "bench").Key}
	order := client.NewSession{
		MerchantReference: "1001", Amount: client.Money{Currency: "CNY", Value: 1234}, Description: "Enamel mug", ReturnURL: s.Origin + "/demo/",
		Items: []client.Item{{SKU: "mug"}}, Metadata: map[string]string{"erp": "SO-1"}, ExpiresIn: 600,
	}
	made := must(c.CreateSession(ctx, order, client.IdempotencyKey("order-1001")))(t)
	if again := must(c.CreateSession(ctx, order, client.IdempotencyKey("order-1001")))(t); again.ID != made.ID || again.Token == "" {
		t.Errorf("made again it is %+v", again)
	}
	other := must(c.CreateSession(ctx, order))(t)
	if longer := must(c.ExtendSession(ctx, other.ID, client.Extension{ExpiresIn: 3600}))(t); !longer.ExpiresAt.After(made.ExpiresAt) {
		t.Errorf("extended it ends at %v", longer.ExpiresAt)
	}
	if ended := must(c.CancelSession(ctx, other.ID))(t); ended.Status != client.Canceled {
		t.Errorf("canceled it is %s", ended.Status)
	}
	if ended := must(c.ExpireSession(ctx, must(c.CreateSession(ctx, order))(t).ID))(t); ended.Status != client.Expired {
		t.Errorf("expired it is %s", ended.Status)
	}
	payIt(t, s, demotest.Session{ID: made.ID, URL: made.URL, Key: c.Key})
	paid := must(c.GetSession(ctx, made.ID))(t)
	if paid.Status != client.Paid || paid.Payment == nil || paid.Payment.AmountRefundable.Value != 1234 || paid.Metadata["erp"] != "SO-1" {
		t.Errorf("paid it is %+v", paid)
	}

	recent := client.Range{From: s.Now().Add(-time.Hour), Until: s.Now().Add(time.Hour), Limit: 1}
	found := must(c.ListSessions(ctx, client.SessionQuery{
		MerchantReference: "1001", OutTradeNo: paid.Payment.OutTradeNo, ProviderReference: paid.Payment.ProviderReference, Status: client.Paid, Range: recent,
	}))(t)
	if len(found.Sessions) != 1 || found.Sessions[0].ID != made.ID {
		t.Errorf("found are %+v", found)
	}

	refund := must(c.CreateRefund(ctx, made.ID, client.NewRefund{Amount: &client.Money{Currency: "CNY", Value: 234}, Reason: "chipped", MerchantReference: "R-1"}))(t)
	if got := must(c.GetRefund(ctx, refund.ID))(t); got.Session != made.ID || got.Reason != "chipped" {
		t.Errorf("the refund is %+v", got)
	}
	if list := must(c.ListRefunds(ctx, client.RefundQuery{Session: made.ID, MerchantReference: "R-1", Status: refund.Status, Range: recent}))(t); len(list.Refunds) > 1 {
		t.Errorf("the refunds are %+v", list)
	}
	events := must(c.ListEvents(ctx, client.EventQuery{Type: "session.paid", Range: recent}))(t)
	if len(events.Events) != 1 || events.Events[0].Data.Payment == nil {
		t.Fatalf("the events are %+v", events)
	}
	told := must(c.GetEvent(ctx, events.Events[0].ID))(t)
	if again := must(c.RedeliverEvent(ctx, told.ID))(t); again.Redelivering != told.ID || told.Data.Session.ID != made.ID {
		t.Errorf("%+v is told again as %+v", told, again)
	}
	d := must(c.Decide(ctx, "bench", client.Question{Amount: order.Amount, UserAgent: demotest.Desktop}))(t)
	if len(d.Decision.Choices) == 0 || len(d.Decision.Choices[0].Ladder) == 0 || d.Device.Form != "desktop" {
		t.Errorf("the decision is %+v", d)
	}

	_, err := c.CreateSession(ctx, client.NewSession{MerchantReference: "1001"})
	if refused, ok := errors.AsType[*client.Error](err); !ok || refused.Code != "invalid_request" || len(refused.Mistakes) < 3 || !strings.HasPrefix(refused.RequestID, "req_") {
		t.Errorf("the error is %+v", err)
	}
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// payIt pays a session by a code.
func payIt(t *testing.T, s *demotest.Demo, open demotest.Session) {
	t.Helper()
	a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", s.Form(t, open, "wechat_pay", pay.RailQR).Encode(),
		"Accept", demotest.TypeJSON, "User-Agent", demotest.Desktop, "Content-Type", "application/x-www-form-urlencoded"))
	if a.Status != http.StatusOK {
		t.Fatalf("no attempt: %d %s", a.Status, a.Body)
	}
	s.UntilPaid(t, open, func() { s.Phone(t, "approve", s.Look(t, open).Attempts[0].OutTradeNo) })
}

// TestWebhooks: a message counts if any of our secrets signed just these bytes, just now.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	const secret, older, foreign = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_plJ3nmyCDGBKInavdOK15jsl"
	const body = `{"id":"evt_1","type":"session.paid","timestamp":"2026-11-29T08:00:12Z","data":{"session":{"id":"cs_1","status":"paid"}}}`
	hooks := must(client.NewWebhooks(secret, older))(t)
	for name, test := range map[string]struct {
		secret, body string
		age          time.Duration
		good         bool
	}{
		"good":    {secret, body, 0, true},
		"older":   {older, body, 0, true},
		"foreign": {foreign, body, 0, false},
		"changed": {secret, strings.Replace(body, "cs_1", "cs_2", 1), 0, false},
		"stale":   {secret, body, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			at := time.Now().Add(-test.age)
			signature := must(must(standardwebhooks.NewWebhook(test.secret))(t).Sign("evt_1", at, []byte(body)))(t)
			r := demotest.Request(t, http.MethodPost, "http://shop.example/hook", test.body,
				"webhook-id", "evt_1", "webhook-timestamp", strconv.FormatInt(at.Unix(), 10), "webhook-signature", signature)
			e, err := hooks.Read(r)
			if (err == nil) != test.good || !test.good && !errors.Is(err, client.ErrSignature) {
				t.Errorf("judged: %v", err)
			}
			if test.good && (e.Type != "session.paid" || e.Data.Session.ID != "cs_1" || e.Data.Session.Status != client.Paid) {
				t.Errorf("the event is %+v", e)
			}
		})
	}
	if _, err := client.NewWebhooks("whsec_!"); err == nil {
		t.Error("a malformed secret is taken")
	}
}
