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
func (w *world) paidSession(merchant string) *pay.Ledger {
	w.Helper()
	l := newLedger()
	l.Session.Merchant = merchant
	w.must(w.Ledgers.Create(w.Context(), l))
	return w.pay(l.Session.ID, w.begin(l.Session.ID))
}

func (w *world) messages(merchant, after string, limit int) []webhook.Message {
	w.Helper()
	list, err := w.Log.Messages(w.Context(), merchant, after, limit)
	w.must(err)
	return list
}

func (w *world) assign(urls ...string) {
	w.Helper()
	for {
		n, err := w.Queue.Assign(w.Context(), start, 10, func(string) []string { return urls })
		w.must(err)
		if n == 0 {
			return
		}
	}
}

func (w *world) claimEndpoints(now time.Time) []webhook.Claim {
	w.Helper()
	list, err := w.Queue.Claim(w.Context(), now, now.Add(time.Minute), 10)
	w.must(err)
	return list
}

// claimOne demands that exactly one endpoint is due.
func (w *world) claimOne(now time.Time) int64 {
	w.Helper()
	list := w.claimEndpoints(now)
	if len(list) != 1 {
		w.Fatalf("one endpoint is due, got %v", list)
	}
	return list[0].Endpoint
}

func (w *world) next(endpoint int64) *webhook.Delivery {
	w.Helper()
	d, err := w.Queue.Next(w.Context(), endpoint)
	w.must(err)
	return d
}

func (w *world) record(d *webhook.Delivery, r webhook.Result) {
	w.Helper()
	r.Endpoint, r.Position, r.Tries = d.Endpoint, d.Position, d.Tries+1
	w.must(w.Queue.Record(w.Context(), r))
}

func messageWithEvent(w *world) {
	l := w.paidSession("shop")
	list := w.messages("shop", "", 9)
	if len(list) != 1 {
		w.Fatalf("of the events only those that merchants hear of make a message: %d", len(list))
	}
	m := list[0]
	if m.Type != pay.EventSessionPaid || m.SessionID != l.Session.ID || m.Number != 3 || !m.At.Equal(start.Add(time.Minute).Truncate(time.Millisecond)) {
		w.Errorf("the message is of the paid event: %+v", m)
	}
	var payload struct {
		Type string
		Data struct {
			Session struct{ ID, Status string }
			Payment struct{ ID string }
		}
	}
	w.must(json.Unmarshal(m.Payload, &payload))
	if payload.Type != "session.paid" || payload.Data.Session.ID != l.Session.ID || payload.Data.Session.Status != "paid" || payload.Data.Payment.ID != l.Session.Winner {
		w.Errorf("the payload tells who, what and how: %s", m.Payload)
	}
	refused := w.create()
	_, err := w.Ledgers.Update(w.Context(), refused.Session.ID, func(l *pay.Ledger) error {
		_ = l.Cancel(start)
		l.Session.LastEvent++ // a bug: the store refuses the update after it has written the event
		return nil
	})
	w.code(err, pay.CodeInternal, "a wrong count of events")
	if n := len(w.messages("shop", "", 9)); n != 1 {
		w.Errorf("without its event there is no message: %d", n)
	}
}

func messagesOfMerchant(w *world) {
	for range 3 {
		w.paidSession("shop")
		w.paidSession("other")
	}
	all := w.messages("shop", "", 9)
	if len(all) != 3 {
		w.Fatalf("a merchant's own messages: %d, want 3", len(all))
	}
	if diff := cmp.Diff(all[1:2], w.messages("shop", all[0].ID, 1)); diff != "" {
		w.Errorf("the next after the first (-want +got):\n%s", diff)
	}
	if rest := w.messages("shop", all[2].ID, 9); len(rest) != 0 {
		w.Errorf("nothing after the last: %+v", rest)
	}
	_, err := w.Log.Messages(w.Context(), "shop", "evt_none", 9)
	w.code(err, pay.CodeNotFound, "after an unknown message")
	_, err = w.Log.Messages(w.Context(), "other", all[0].ID, 9)
	w.code(err, pay.CodeNotFound, "after a message of another merchant")
}

func messagesNeverBehind(w *world) {
	const writers, each = 8, 10
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				w.paidSession("shop")
			}
		})
	}
	seen, after := 0, ""
	read := func() {
		for _, m := range w.messages("shop", after, 9) {
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
		w.Errorf("who reads on from the last message misses none: %d of %d", seen, writers*each)
	}
}

func inOrder(w *world) {
	for range 3 {
		w.paidSession("shop")
	}
	want := w.messages("shop", "", 9)
	w.assign("https://a.example/", "https://b.example/")
	claims := w.claimEndpoints(start)
	if len(claims) != 2 {
		w.Fatalf("both endpoints are due: %v", claims)
	}
	if again := w.claimEndpoints(start); len(again) != 0 {
		w.Errorf("a claim excludes others: %v", again)
	}
	for _, c := range claims {
		for i := range want {
			d := w.next(c.Endpoint)
			if d == nil {
				w.Fatalf("delivery %d of %s is missing", i, c.URL)
			}
			if diff := cmp.Diff(want[i], d.Message); diff != "" {
				w.Errorf("delivery %d is message %d (-want +got):\n%s", i, i, diff)
			}
			w.record(d, webhook.Result{State: webhook.Delivered, Status: 204, At: start, Until: start.Add(time.Minute)})
		}
		if d := w.next(c.Endpoint); d != nil {
			w.Errorf("nothing is left: %+v", d)
		}
		w.must(w.Queue.Release(w.Context(), c.Endpoint))
	}
	if claims := w.claimEndpoints(start.Add(time.Hour)); len(claims) != 0 {
		w.Errorf("an endpoint with nothing left is not due: %v", claims)
	}
	deliveries, err := w.Log.Deliveries(w.Context(), "shop", want[0].ID)
	w.must(err)
	if len(deliveries) != 2 || deliveries[0].State != webhook.Delivered || deliveries[0].Status != 204 || deliveries[0].Tries != 1 {
		w.Errorf("a delivery for each endpoint: %+v", deliveries)
	}
	_, err = w.Log.Deliveries(w.Context(), "other", want[0].ID)
	w.code(err, pay.CodeNotFound, "deliveries of another merchant's message")
}

func failedTry(w *world) {
	w.paidSession("shop")
	w.assign("https://a.example/")
	endpoint := w.claimOne(start)
	first := w.next(endpoint)
	w.record(first, webhook.Result{State: webhook.Pending, Status: 500, Error: "status 500", At: start, RetryAt: start.Add(5 * time.Second)})
	w.paidSession("shop")
	w.assign("https://a.example/")
	if claims := w.claimEndpoints(start.Add(4 * time.Second)); len(claims) != 0 {
		w.Errorf("a new message does not wake an endpoint that is being retried: %v", claims)
	}
	if again := w.claimOne(start.Add(5 * time.Second)); again != endpoint {
		w.Errorf("the same endpoint is due again: %d, want %d", again, endpoint)
	}
	d := w.next(endpoint)
	if d.Position != first.Position || d.Tries != 1 {
		w.Errorf("the message that failed is first in line, with one try: %+v", d)
	}
	w.record(d, webhook.Result{State: webhook.Failed, At: start, Until: start.Add(time.Minute)})
	if d = w.next(endpoint); d == nil || d.Position == first.Position {
		w.Errorf("a message that is given up lets the next one pass: %+v", d)
	}
}

func disabled(w *world) {
	w.paidSession("shop")
	const url = "https://a.example/"
	w.assign(url)
	d := w.next(w.claimOne(start))
	w.record(d, webhook.Result{State: webhook.Pending, Status: 410, At: start, RetryAt: start, Disable: "it answered 410"})
	if claims := w.claimEndpoints(start.Add(time.Hour)); len(claims) != 0 {
		w.Errorf("a disabled endpoint is left alone: %v", claims)
	}
	w.paidSession("shop")
	w.assign(url)
	endpoints, err := w.Log.Endpoints(w.Context(), "shop")
	w.must(err)
	if len(endpoints) != 1 || endpoints[0].Pending != 2 || endpoints[0].Reason != "it answered 410" || endpoints[0].DisabledAt.IsZero() {
		w.Errorf("what comes meanwhile waits, and the reason is kept: %+v", endpoints)
	}
	w.must(w.Log.Enable(w.Context(), "shop", url, start.Add(time.Hour)))
	w.claimOne(start.Add(time.Hour))
	w.code(w.Log.Enable(w.Context(), "other", url, start), pay.CodeNotFound, "enabling an endpoint of another merchant")
}

func redelivery(w *world) {
	w.paidSession("shop")
	w.assign("https://a.example/")
	endpoint := w.claimOne(start)
	d := w.next(endpoint)
	w.record(d, webhook.Result{State: webhook.Failed, At: start, Until: start})
	w.must(w.Queue.Release(w.Context(), endpoint))
	w.must(w.Log.Redeliver(w.Context(), "shop", d.Message.ID, start.Add(time.Hour)))
	w.code(w.Log.Redeliver(w.Context(), "other", d.Message.ID, start), pay.CodeNotFound, "redelivery of another merchant's message")
	w.claimOne(start.Add(time.Hour))
	again := w.next(endpoint)
	if again == nil || again.Message.ID != d.Message.ID || again.Tries != 0 {
		w.Fatalf("the message is tried again from the start: %+v", again)
	}
	if diff := cmp.Diff(d.Message, again.Message); diff != "" {
		w.Errorf("with the same bytes:\n%s", diff)
	}
}

func forgotten(w *world) {
	w.paidSession("shop")
	w.assign("https://a.example/")
	w.must(w.Queue.Forget(w.Context(), w.claimOne(start), "removed"))
	if claims := w.claimEndpoints(start.Add(time.Hour)); len(claims) != 0 {
		w.Errorf("a forgotten endpoint is not due: %v", claims)
	}
	deliveries, err := w.Log.Deliveries(w.Context(), "shop", w.messages("shop", "", 1)[0].ID)
	w.must(err)
	if len(deliveries) != 1 || deliveries[0].State != webhook.Failed || deliveries[0].Error != "removed" {
		w.Errorf("its delivery is given up with the reason: %+v", deliveries)
	}
}

// releaseRace: a worker that has found nothing left releases its endpoint just
// as a new message is assigned to it.
func releaseRace(w *world) {
	const rounds = 30
	for round := range rounds {
		url := fmt.Sprintf("https://a.example/%d", round)
		w.paidSession("shop")
		w.assign(url)
		endpoint := w.claimOne(start)
		w.record(w.next(endpoint), webhook.Result{State: webhook.Delivered, At: start, Until: start.Add(time.Minute)})
		w.paidSession("shop")
		var both sync.WaitGroup
		both.Go(func() { w.assign(url) })
		both.Go(func() {
			if err := w.Queue.Release(w.Context(), endpoint); err != nil {
				w.Errorf("release: %v", err)
			}
		})
		both.Wait()
		again := w.claimOne(start.Add(time.Second))
		w.record(w.next(again), webhook.Result{State: webhook.Delivered, At: start, Until: start})
		w.must(w.Queue.Release(w.Context(), again))
	}
}

// assignTogether: messages must not overtake one another on their way to an
// endpoint, though several servers assign them a few at a time.
func assignTogether(w *world) {
	const messages = 60
	for range messages {
		w.paidSession("shop")
	}
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for {
				n, err := w.Queue.Assign(w.Context(), start, 2, func(string) []string { return []string{"https://a.example/"} })
				if err != nil {
					w.Errorf("assign: %v", err)
				}
				if n == 0 || err != nil {
					return
				}
			}
		})
	}
	all.Go(func() {
		for delivered, last := 0, int64(0); delivered < messages && !w.Failed(); {
			for _, c := range w.claimEndpoints(start) {
				for d := w.next(c.Endpoint); d != nil; d = w.next(c.Endpoint) {
					if d.Position < last {
						w.Errorf("message %d comes after message %d", d.Position, last)
					}
					last = d.Position
					delivered++
					w.record(d, webhook.Result{State: webhook.Delivered, At: start, Until: start.Add(time.Minute)})
				}
				w.must(w.Queue.Release(w.Context(), c.Endpoint))
			}
		}
	})
	all.Wait()
}
