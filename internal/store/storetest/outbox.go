package storetest

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/pay"
	"morepay/internal/webhook"
)

var outboxCases = []testCase{
	{"message-with-its-event", messageWithEvent},
	{"messages-of-a-merchant", messagesOfMerchant},
	{"messages-never-appear-behind", messagesNeverBehind},
	{"endpoint-gets-its-messages-in-order", inOrder},
	{"failed-try-waits-and-counts", failedTry},
	{"disabled-endpoint-keeps-what-waits", disabled},
	{"redelivery-starts-again", redelivery},
	{"forgotten-endpoint", forgotten},
	{"release-never-loses-a-message", releaseRace},
	{"several-servers-assign-in-order", assignTogether},
}

// paidSession stores a session of a merchant and pays it: one message.
func (fx *fixture) paidSession(merchant string) *pay.Ledger {
	fx.Helper()
	l := newLedger()
	l.Session.Merchant = merchant
	fx.must(fx.Ledgers.Create(fx.Context(), l))
	return fx.pay(l.Session.ID, fx.begin(l.Session.ID))
}

func (fx *fixture) messages(merchant, after string, limit int) []webhook.Message {
	fx.Helper()
	list, err := fx.Log.Messages(fx.Context(), merchant, after, limit)
	fx.must(err)
	return list
}

func (fx *fixture) assign(urls ...string) {
	fx.Helper()
	for {
		n, err := fx.Queue.Assign(fx.Context(), start, 10, func(string) []string { return urls })
		fx.must(err)
		if n == 0 {
			return
		}
	}
}

func (fx *fixture) claimEndpoints(now time.Time) []webhook.Claim {
	fx.Helper()
	list, err := fx.Queue.Claim(fx.Context(), now, now.Add(time.Minute), 10)
	fx.must(err)
	return list
}

// claimOne demands that exactly one endpoint is due.
func (fx *fixture) claimOne(now time.Time) int64 {
	fx.Helper()
	list := fx.claimEndpoints(now)
	if len(list) != 1 {
		fx.Fatalf("one endpoint is due, got %v", list)
	}
	return list[0].Endpoint
}

func (fx *fixture) next(endpoint int64) *webhook.Delivery {
	fx.Helper()
	d, err := fx.Queue.Next(fx.Context(), endpoint)
	fx.must(err)
	return d
}

func (fx *fixture) record(d *webhook.Delivery, r webhook.Result) {
	fx.Helper()
	r.Endpoint, r.Position, r.Tries = d.Endpoint, d.Position, d.Tries+1
	fx.must(fx.Queue.Record(fx.Context(), r))
}

func messageWithEvent(fx *fixture) {
	l := fx.paidSession("shop")
	list := fx.messages("shop", "", 9)
	if len(list) != 1 {
		fx.Fatalf("of the events only those that merchants hear of make a message: %d", len(list))
	}
	m := list[0]
	if m.Type != pay.EventSessionPaid || m.SessionID != l.Session.ID || m.Number != 3 || !m.At.Equal(start.Add(time.Minute).Truncate(time.Millisecond)) {
		fx.Errorf("the message is of the paid event: %+v", m)
	}
	var payload struct {
		Type string
		Data struct {
			Session struct{ ID, Status string }
			Payment struct{ ID string }
		}
	}
	fx.must(json.Unmarshal(m.Payload, &payload))
	if payload.Type != "session.paid" || payload.Data.Session.ID != l.Session.ID || payload.Data.Session.Status != "paid" || payload.Data.Payment.ID != l.Session.Winner {
		fx.Errorf("the payload tells who, what and how: %s", m.Payload)
	}
	refused := fx.create()
	_, err := fx.Ledgers.Update(fx.Context(), refused.Session.ID, func(l *pay.Ledger) error {
		_ = l.Cancel(start)
		l.Session.LastEvent++ // a bug: the store refuses the update after it has written the event
		return nil
	})
	fx.code(err, pay.CodeInternal, "a wrong count of events")
	if n := len(fx.messages("shop", "", 9)); n != 1 {
		fx.Errorf("without its event there is no message: %d", n)
	}
}

func messagesOfMerchant(fx *fixture) {
	for range 3 {
		fx.paidSession("shop")
		fx.paidSession("other")
	}
	all := fx.messages("shop", "", 9)
	if len(all) != 3 {
		fx.Fatalf("a merchant's own messages: %d, want 3", len(all))
	}
	if diff := cmp.Diff(all[1:2], fx.messages("shop", all[0].ID, 1)); diff != "" {
		fx.Errorf("the next after the first (-want +got):\n%s", diff)
	}
	if rest := fx.messages("shop", all[2].ID, 9); len(rest) != 0 {
		fx.Errorf("nothing after the last: %+v", rest)
	}
	_, err := fx.Log.Messages(fx.Context(), "shop", "evt_none", 9)
	fx.code(err, pay.CodeNotFound, "after an unknown message")
	_, err = fx.Log.Messages(fx.Context(), "other", all[0].ID, 9)
	fx.code(err, pay.CodeNotFound, "after a message of another merchant")
}

func messagesNeverBehind(fx *fixture) {
	const writers, each = 8, 10
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				fx.paidSession("shop")
			}
		})
	}
	seen, after := 0, ""
	read := func() {
		for _, m := range fx.messages("shop", after, 9) {
			after = m.ID
			seen++
		}
	}
	for range 50 {
		read() // while they are written
	}
	all.Wait()
	for range writers * each {
		read()
	}
	if seen != writers*each {
		fx.Errorf("who reads on from the last message misses none: %d of %d", seen, writers*each)
	}
}

func inOrder(fx *fixture) {
	for range 3 {
		fx.paidSession("shop")
	}
	want := fx.messages("shop", "", 9)
	fx.assign("https://a.example/", "https://b.example/")
	claims := fx.claimEndpoints(start)
	if len(claims) != 2 {
		fx.Fatalf("both endpoints are due: %v", claims)
	}
	if again := fx.claimEndpoints(start); len(again) != 0 {
		fx.Errorf("a claim excludes others: %v", again)
	}
	for _, c := range claims {
		for i := range want {
			d := fx.next(c.Endpoint)
			if d == nil {
				fx.Fatalf("delivery %d of %s is missing", i, c.URL)
			}
			if diff := cmp.Diff(want[i], d.Message); diff != "" {
				fx.Errorf("delivery %d is message %d (-want +got):\n%s", i, i, diff)
			}
			fx.record(d, webhook.Result{State: webhook.Delivered, Status: 204, At: start, Until: start.Add(time.Minute)})
		}
		if d := fx.next(c.Endpoint); d != nil {
			fx.Errorf("nothing is left: %+v", d)
		}
		fx.must(fx.Queue.Release(fx.Context(), c.Endpoint))
	}
	if claims := fx.claimEndpoints(start.Add(time.Hour)); len(claims) != 0 {
		fx.Errorf("an endpoint with nothing left is not due: %v", claims)
	}
	deliveries, err := fx.Log.Deliveries(fx.Context(), "shop", want[0].ID)
	fx.must(err)
	if len(deliveries) != 2 || deliveries[0].State != webhook.Delivered || deliveries[0].Status != 204 || deliveries[0].Tries != 1 {
		fx.Errorf("a delivery for each endpoint: %+v", deliveries)
	}
	_, err = fx.Log.Deliveries(fx.Context(), "other", want[0].ID)
	fx.code(err, pay.CodeNotFound, "deliveries of another merchant's message")
}

func failedTry(fx *fixture) {
	fx.paidSession("shop")
	fx.assign("https://a.example/")
	endpoint := fx.claimOne(start)
	first := fx.next(endpoint)
	fx.record(first, webhook.Result{State: webhook.Pending, Status: 500, Error: "status 500", At: start, RetryAt: start.Add(5 * time.Second)})
	fx.paidSession("shop")
	fx.assign("https://a.example/")
	if claims := fx.claimEndpoints(start.Add(4 * time.Second)); len(claims) != 0 {
		fx.Errorf("a new message does not wake an endpoint that is being retried: %v", claims)
	}
	if again := fx.claimOne(start.Add(5 * time.Second)); again != endpoint {
		fx.Errorf("the same endpoint is due again: %d, want %d", again, endpoint)
	}
	d := fx.next(endpoint)
	if d.Position != first.Position || d.Tries != 1 {
		fx.Errorf("the message that failed is first in line, with one try: %+v", d)
	}
	fx.record(d, webhook.Result{State: webhook.Failed, At: start, Until: start.Add(time.Minute)})
	if d = fx.next(endpoint); d == nil || d.Position == first.Position {
		fx.Errorf("a message that is given up lets the next one pass: %+v", d)
	}
}

func disabled(fx *fixture) {
	fx.paidSession("shop")
	const url = "https://a.example/"
	fx.assign(url)
	d := fx.next(fx.claimOne(start))
	fx.record(d, webhook.Result{State: webhook.Pending, Status: 410, At: start, RetryAt: start, Disable: "it answered 410"})
	if claims := fx.claimEndpoints(start.Add(time.Hour)); len(claims) != 0 {
		fx.Errorf("a disabled endpoint is left alone: %v", claims)
	}
	fx.paidSession("shop")
	fx.assign(url)
	endpoints, err := fx.Log.Endpoints(fx.Context(), "shop")
	fx.must(err)
	if len(endpoints) != 1 || endpoints[0].Pending != 2 || endpoints[0].Reason != "it answered 410" || endpoints[0].DisabledAt.IsZero() {
		fx.Errorf("what comes meanwhile waits, and the reason is kept: %+v", endpoints)
	}
	fx.must(fx.Log.Enable(fx.Context(), "shop", url, start.Add(time.Hour)))
	fx.claimOne(start.Add(time.Hour))
	fx.code(fx.Log.Enable(fx.Context(), "other", url, start), pay.CodeNotFound, "enabling an endpoint of another merchant")
}

func redelivery(fx *fixture) {
	fx.paidSession("shop")
	fx.assign("https://a.example/")
	endpoint := fx.claimOne(start)
	d := fx.next(endpoint)
	fx.record(d, webhook.Result{State: webhook.Failed, At: start, Until: start})
	fx.must(fx.Queue.Release(fx.Context(), endpoint))
	fx.must(fx.Log.Redeliver(fx.Context(), "shop", d.Message.ID, start.Add(time.Hour)))
	fx.code(fx.Log.Redeliver(fx.Context(), "other", d.Message.ID, start), pay.CodeNotFound, "redelivery of another merchant's message")
	fx.claimOne(start.Add(time.Hour))
	again := fx.next(endpoint)
	if again == nil || again.Message.ID != d.Message.ID || again.Tries != 0 {
		fx.Fatalf("the message is tried again from the start: %+v", again)
	}
	if diff := cmp.Diff(d.Message, again.Message); diff != "" {
		fx.Errorf("with the same bytes:\n%s", diff)
	}
}

func forgotten(fx *fixture) {
	fx.paidSession("shop")
	fx.assign("https://a.example/")
	fx.must(fx.Queue.Forget(fx.Context(), fx.claimOne(start), "removed"))
	if claims := fx.claimEndpoints(start.Add(time.Hour)); len(claims) != 0 {
		fx.Errorf("a forgotten endpoint is not due: %v", claims)
	}
	deliveries, err := fx.Log.Deliveries(fx.Context(), "shop", fx.messages("shop", "", 1)[0].ID)
	fx.must(err)
	if len(deliveries) != 1 || deliveries[0].State != webhook.Failed || deliveries[0].Error != "removed" {
		fx.Errorf("its delivery is given up with the reason: %+v", deliveries)
	}
}

// releaseRace: a worker that has found nothing left releases its endpoint just
// as a new message is assigned to it.
func releaseRace(fx *fixture) {
	const rounds = 30
	for round := range rounds {
		url := fmt.Sprintf("https://a.example/%d", round)
		fx.paidSession("shop")
		fx.assign(url)
		endpoint := fx.claimOne(start)
		fx.record(fx.next(endpoint), webhook.Result{State: webhook.Delivered, At: start, Until: start.Add(time.Minute)})
		fx.paidSession("shop")
		var both sync.WaitGroup
		both.Go(func() { fx.assign(url) })
		both.Go(func() {
			if err := fx.Queue.Release(fx.Context(), endpoint); err != nil {
				fx.Errorf("release: %v", err)
			}
		})
		both.Wait()
		again := fx.claimOne(start.Add(time.Second))
		fx.record(fx.next(again), webhook.Result{State: webhook.Delivered, At: start, Until: start})
		fx.must(fx.Queue.Release(fx.Context(), again))
	}
}

// assignTogether: messages must not overtake one another on their way to an
// endpoint, though several servers assign them a few at a time.
func assignTogether(fx *fixture) {
	const messages = 60
	for range messages {
		fx.paidSession("shop")
	}
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for {
				n, err := fx.Queue.Assign(fx.Context(), start, 2, func(string) []string { return []string{"https://a.example/"} })
				if err != nil {
					fx.Errorf("assign: %v", err)
				}
				if n == 0 || err != nil {
					return
				}
			}
		})
	}
	all.Go(func() {
		for delivered, last := 0, int64(0); delivered < messages && !fx.Failed(); {
			for _, c := range fx.claimEndpoints(start) {
				for d := fx.next(c.Endpoint); d != nil; d = fx.next(c.Endpoint) {
					if d.Position < last {
						fx.Errorf("message %d comes after message %d", d.Position, last)
					}
					last = d.Position
					delivered++
					fx.record(d, webhook.Result{State: webhook.Delivered, At: start, Until: start.Add(time.Minute)})
				}
				fx.must(fx.Queue.Release(fx.Context(), c.Endpoint))
			}
		}
	})
	all.Wait()
}
