package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/pay"
	"morepay/internal/webhook"
)

var outboxCases = []testCase{
	{"message-with-its-event", messageWithEvent},
	{"endpoint-gets-its-messages", allMessages},
	{"session-is-a-line", sessionLine},
	{"failed-try-delays-its-session-only", failedTry},
	{"probe-takes-what-never-failed", probing},
	{"recovery-makes-what-failed-due", recovery},
	{"disabled-endpoint-keeps-what-waits", disabled},
	{"redelivery-starts-again", redelivery},
	{"skipped-message-lets-the-next-pass", skipping},
	{"claim-is-renewed-or-lost", claimLost},
	{"backlog", backlog},
	{"release-never-loses-a-message", releaseRace},
	{"several-servers-assign-in-order", assignTogether},
	{"news-are-of-messages-only", newsOfMessages},
}

// paidSession stores a session of a merchant and pays it: one message.
func (fx *fixture) paidSession(merchant string) *pay.Ledger {
	fx.Helper()
	l := newLedger()
	l.Session.Merchant = merchant
	fx.must(fx.Ledgers.Create(fx.Context(), l))
	return fx.pay(l.Session.ID, fx.begin(l.Session.ID))
}

// told stores a session of the shop that makes n messages: paid, and then again.
func (fx *fixture) told(n int) {
	fx.Helper()
	id := fx.create().Session.ID
	attempts := make([]pay.Attempt, n)
	for i := range attempts {
		attempts[i] = fx.begin(id)
	}
	for _, a := range attempts {
		fx.pay(id, a)
	}
}

func (fx *fixture) messages(merchant string) []webhook.Message {
	fx.Helper()
	page, err := fx.Log.Events(fx.Context(), merchant, webhook.Filter{Limit: 1000})
	fx.must(err)
	return page.Messages
}

// configure gives the shop endpoints with the URLs, named a, b, …
func (fx *fixture) configure(urls ...string) {
	fx.Helper()
	_, err := fx.Endpoints.Change(fx.Context(), "shop", webhook.Version{Author: "ann", At: start}, func(kept []webhook.Kept) ([]webhook.Kept, string, error) {
		for i, url := range urls {
			kept = append(kept, webhook.Kept{ID: string(rune('a' + i)), URL: url, Sealed: []byte("sealed")})
		}
		return kept, "added", nil
	})
	fx.must(err)
}

const shopURL = "https://a.example/"

func (fx *fixture) assign() {
	fx.Helper()
	for n := 10; n == 10; {
		var err error
		n, err = fx.Queue.Assign(fx.Context(), start, 10)
		fx.must(err)
	}
}

func (fx *fixture) claimEndpoints(now time.Time) []webhook.Claim {
	fx.Helper()
	list, err := fx.Queue.Claim(fx.Context(), newID("holder"), now, now.Add(time.Minute), 10)
	fx.must(err)
	return list
}

// claimOne demands that exactly one endpoint is due.
func (fx *fixture) claimOne(now time.Time) webhook.Claim {
	fx.Helper()
	list := fx.claimEndpoints(now)
	if len(list) != 1 {
		fx.Fatalf("one endpoint is due, got %v", list)
	}
	return list[0]
}

// round tells results and returns what is due.
func (fx *fixture) round(c webhook.Claim, now time.Time, results ...webhook.Result) []webhook.Delivery {
	fx.Helper()
	_, due, err := fx.Queue.Round(fx.Context(), webhook.Round{Claim: c, Now: now, Until: now.Add(time.Minute), Results: results, Limit: 100})
	fx.must(err)
	return due
}

func result(d webhook.Delivery, state webhook.State) webhook.Result {
	return webhook.Result{Position: d.Position, State: state, Tries: d.Tries + 1, Status: 204, At: start}
}

// failed is a try after which the next is due at a time.
func failed(d webhook.Delivery, due time.Time) webhook.Result {
	r := result(d, webhook.Pending)
	r.Status, r.Error, r.DueAt, r.PlannedAt = 500, "it answered 500", due, due
	return r
}

func numbers(due []webhook.Delivery) (list []int64) {
	for _, d := range due {
		list = append(list, d.Message.Sequence)
	}
	return list
}

func (fx *fixture) dueNow(c webhook.Claim, now time.Time, want ...int64) []webhook.Delivery {
	fx.Helper()
	due := fx.round(c, now)
	if got := numbers(due); !slices.Equal(got, want) {
		fx.Fatalf("due are the messages %v, want %v", got, want)
	}
	return due
}

func messageWithEvent(fx *fixture) {
	l := fx.paidSession("shop")
	list := fx.messages("shop")
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
	if n := len(fx.messages("shop")); n != 1 {
		fx.Errorf("without its event there is no message: %d", n)
	}
}

func allMessages(fx *fixture) {
	fx.configure(shopURL, "https://b.example/")
	for range 3 {
		fx.paidSession("shop")
		fx.paidSession("other") // has no endpoints
	}
	if busy, err := fx.Queue.Busy(fx.Context(), start); err != nil || !busy {
		fx.Errorf("there are new messages: %v, %v", busy, err)
	}
	fx.assign()
	want := fx.messages("shop")
	claims := fx.claimEndpoints(start)
	if len(claims) != 2 {
		fx.Fatalf("both endpoints are due: %v", claims)
	}
	if again := fx.claimEndpoints(start); len(again) != 0 {
		fx.Errorf("a claim excludes others: %v", again)
	}
	for _, c := range claims {
		var told []webhook.Message
		var results []webhook.Result
		for _, d := range fx.round(c, start) {
			told, results = append(told, d.Message), append(results, result(d, webhook.Delivered))
		}
		if diff := cmp.Diff(want, told); diff != "" {
			fx.Errorf("%s hears of every message (-want +got):\n%s", c.URL, diff)
		}
		if left := fx.round(c, start, results...); len(left) != 0 {
			fx.Errorf("nothing is left: %+v", left)
		}
		fx.must(fx.Queue.Release(fx.Context(), c, time.Time{}))
	}
	if claims := fx.claimEndpoints(start.Add(time.Hour)); len(claims) != 0 {
		fx.Errorf("an endpoint with nothing left is not due: %v", claims)
	}
	if busy, err := fx.Queue.Busy(fx.Context(), start.Add(time.Hour)); err != nil || busy {
		fx.Errorf("there is nothing to do: %v, %v", busy, err)
	}
	deliveries, err := fx.Log.Deliveries(fx.Context(), "shop", want[0].ID)
	fx.must(err)
	if len(deliveries) != 2 || deliveries[0].State != webhook.Delivered || deliveries[0].Status != 204 || deliveries[0].Tries != 1 || deliveries[0].Endpoint != "a" {
		fx.Errorf("a delivery for each endpoint: %+v", deliveries)
	}
	_, err = fx.Log.Deliveries(fx.Context(), "other", want[0].ID)
	fx.code(err, pay.CodeNotFound, "deliveries of another merchant's message")
}

// undelivered holds the list of a state to messages, "" for any.
func (fx *fixture) undelivered(state webhook.State, ids ...string) {
	fx.Helper()
	list, err := fx.Log.Undelivered(fx.Context(), "shop", state, 9)
	fx.must(err)
	if len(list) != len(ids) {
		fx.Fatalf("%s are %+v, want %d", state, list, len(ids))
	}
	for i, u := range list {
		if ids[i] != "" && u.ID != ids[i] || u.State != state || u.Endpoint != "a" || u.SessionID == "" || u.At.IsZero() || u.Type == "" {
			fx.Errorf("%s is %+v, want %q", state, u, ids[i])
		}
	}
	if some, err := fx.Log.Undelivered(fx.Context(), "shop", state, 1); err != nil || len(some) != min(1, len(ids)) {
		fx.Errorf("one of them: %+v, %v", some, err)
	}
	if other, err := fx.Log.Undelivered(fx.Context(), "other", state, 9); err != nil || len(other) != 0 {
		fx.Errorf("another merchant's: %+v, %v", other, err)
	}
}

func sessionLine(fx *fixture) {
	fx.configure(shopURL)
	fx.told(3) // 1, 2, 3
	fx.told(2) // 4, 5
	fx.assign()
	c := fx.claimOne(start)
	due := fx.dueNow(c, start, 1, 4)
	fx.round(c, start, failed(due[0], start.Add(5*time.Minute)), result(due[1], webhook.Delivered))
	due = fx.dueNow(c, start, 5)
	fx.round(c, start, result(due[0], webhook.Delivered))
	fx.dueNow(c, start)
	due = fx.dueNow(c, start.Add(5*time.Minute), 1)
	if due[0].Tries != 1 {
		fx.Errorf("the try is counted: %+v", due[0])
	}
	fx.undelivered(webhook.Pending, due[0].Message.ID, "", "")
	fx.undelivered(webhook.Failed)
	fx.round(c, start, result(due[0], webhook.Failed))
	fx.undelivered(webhook.Pending, "", "")
	fx.undelivered(webhook.Failed, due[0].Message.ID)
	fx.dueNow(c, start, 2)
}

func failedTry(fx *fixture) {
	fx.configure(shopURL)
	fx.paidSession("shop")
	fx.assign()
	c := fx.claimOne(start)
	first := fx.dueNow(c, start, 1)
	c.Failing, c.Since = 1, start
	fx.round(c, start, failed(first[0], start.Add(5*time.Second)))
	fx.must(fx.Queue.Release(fx.Context(), c, time.Time{}))
	if claims := fx.claimEndpoints(start.Add(4 * time.Second)); len(claims) != 0 {
		fx.Errorf("nothing is due: %v", claims)
	}
	fx.paidSession("shop")
	fx.assign()
	c = fx.claimOne(start.Add(time.Second))
	if c.Failing != 1 || !c.Since.Equal(start.Truncate(time.Millisecond)) {
		fx.Errorf("the endpoint's health is kept: %+v", c)
	}
	second := fx.dueNow(c, start.Add(time.Second), 2)
	fx.round(c, start, result(second[0], webhook.Delivered))
	fx.must(fx.Queue.Release(fx.Context(), c, time.Time{}))
	c = fx.claimOne(start.Add(5 * time.Second))
	due := fx.dueNow(c, start.Add(5*time.Second), 1)
	if d := due[0]; d.Tries != 1 || !d.TriedAt.Equal(start.Truncate(time.Millisecond)) || !d.PlannedAt.Equal(start.Add(5*time.Second).Truncate(time.Millisecond)) {
		fx.Errorf("what is known of the first try: %+v", d)
	}
}

func probing(fx *fixture) {
	fx.configure(shopURL)
	fx.paidSession("shop")
	fx.assign()
	c := fx.claimOne(start)
	d := fx.dueNow(c, start, 1)[0]
	c.Failing, c.Since = webhook.DownAfter, start
	fx.round(c, start, failed(d, start.Add(time.Hour)))
	probe := func(want int64) webhook.Delivery {
		_, due, err := fx.Queue.Round(fx.Context(), webhook.Round{Claim: c, Now: start, Until: start.Add(time.Minute), Limit: 1, Probe: true})
		fx.must(err)
		if len(due) != 1 || due[0].Message.Sequence != want {
			fx.Fatalf("the probe is %v, want message %d", numbers(due), want)
		}
		return due[0]
	}
	probe(1) // though it isn't due
	fx.must(fx.Queue.Release(fx.Context(), c, start.Add(30*time.Second)))
	fx.paidSession("shop")
	fx.assign()
	if claims := fx.claimEndpoints(start.Add(webhook.ProbeFresh - time.Second)); len(claims) != 0 {
		fx.Errorf("a new message does not wake an endpoint at once that is down: %v", claims)
	}
	c = fx.claimOne(start.Add(webhook.ProbeFresh))
	probe(2)
}

func recovery(fx *fixture) {
	fx.configure(shopURL)
	for range 3 {
		fx.paidSession("shop")
	}
	fx.assign()
	c := fx.claimOne(start)
	due := fx.dueNow(c, start, 1, 2, 3)
	old := failed(due[0], start.Add(time.Hour))
	old.At = start.Add(-time.Hour)
	fx.round(c, start, old, failed(due[1], start.Add(time.Hour)), failed(due[2], start.Add(time.Hour)))
	_, due, err := fx.Queue.Round(fx.Context(), webhook.Round{Claim: c, Now: start, Until: start.Add(time.Minute), Limit: 9, Recovered: start})
	fx.must(err)
	if got := numbers(due); !slices.Equal(got, []int64{2, 3}) {
		fx.Errorf("what failed since then is due, what failed before for its own sake is not: %v", got)
	}
}

func disabled(fx *fixture) {
	fx.configure(shopURL)
	fx.paidSession("shop")
	fx.assign()
	c := fx.claimOne(start)
	d := fx.dueNow(c, start, 1)[0]
	now, due, err := fx.Queue.Round(fx.Context(), webhook.Round{
		Claim: c, Now: start, Until: start, Limit: 9, Disable: "it answered 410", Results: []webhook.Result{failed(d, start)},
	})
	fx.must(err)
	if !now.Disabled || len(due) != 0 {
		fx.Errorf("nothing more is sent: %+v %v", now, due)
	}
	fx.must(fx.Queue.Release(fx.Context(), c, time.Time{}))
	fx.paidSession("shop")
	fx.assign()
	if claims := fx.claimEndpoints(start.Add(time.Hour)); len(claims) != 0 {
		fx.Errorf("a disabled endpoint is left alone: %v", claims)
	}
	endpoints, err := fx.Endpoints.Endpoints(fx.Context(), "shop")
	fx.must(err)
	if len(endpoints) != 1 || endpoints[0].Pending != 2 || endpoints[0].Reason != "it answered 410" || endpoints[0].DisabledAt.IsZero() {
		fx.Errorf("what comes meanwhile waits, and the reason is kept: %+v", endpoints)
	}
	_, err = fx.Endpoints.Change(fx.Context(), "shop", webhook.Version{Author: "ann", At: start.Add(time.Hour)}, func(kept []webhook.Kept) ([]webhook.Kept, string, error) {
		kept[0].DisabledAt, kept[0].Reason = time.Time{}, ""
		return kept, "enabled", nil
	})
	fx.must(err)
	fx.dueNow(fx.claimOne(start.Add(time.Hour)), start.Add(time.Hour), 1, 2)
}

func redelivery(fx *fixture) {
	fx.configure(shopURL)
	for range 3 {
		fx.paidSession("shop")
	}
	fx.assign()
	c := fx.claimOne(start)
	due := fx.dueNow(c, start, 1, 2, 3)
	fx.round(c, start, result(due[0], webhook.Failed), result(due[1], webhook.Delivered), result(due[2], webhook.Delivered))
	fx.must(fx.Queue.Release(fx.Context(), c, time.Time{}))
	again := func(r webhook.Redelivery, want int) {
		fx.Helper()
		if n, err := fx.Log.Redeliver(fx.Context(), r, start.Add(time.Hour)); err != nil || n != want {
			fx.Errorf("%d messages are sent again, %v, want %d", n, err, want)
		}
	}
	id := due[0].Message.ID
	again(webhook.Redelivery{Merchant: "shop", Message: id}, 1)
	for _, r := range []webhook.Redelivery{{Merchant: "other", Message: id}, {Merchant: "shop", Message: "evt_none"}, {Merchant: "shop", Message: id, Endpoint: "none"}} {
		_, err := fx.Log.Redeliver(fx.Context(), r, start)
		fx.code(err, pay.CodeNotFound, "redelivery of what isn't there")
	}
	c = fx.claimOne(start.Add(time.Hour))
	told := fx.dueNow(c, start.Add(time.Hour), 1)[0]
	if diff := cmp.Diff(due[0].Message, told.Message); diff != "" || told.Tries != 0 {
		fx.Errorf("the message is tried from the start, %d, with the same bytes:\n%s", told.Tries, diff)
	}
	again(webhook.Redelivery{Merchant: "shop", Since: start}, 3)
	again(webhook.Redelivery{Merchant: "shop", Since: start.Add(time.Hour)}, 0)
	again(webhook.Redelivery{Merchant: "nobody", Since: start}, 0)
	fx.dueNow(c, start.Add(time.Hour), 1, 2, 3)
}

func skipping(fx *fixture) {
	fx.configure(shopURL, "https://b.example/")
	fx.told(2)
	fx.assign()
	id := fx.messages("shop")[0].ID
	for _, c := range fx.claimEndpoints(start) {
		d := fx.dueNow(c, start, 1)[0]
		fx.round(c, start, failed(d, start.Add(time.Hour)))
		fx.must(fx.Queue.Release(fx.Context(), c, time.Time{}))
	}
	skip := func(endpoint string, want int) {
		fx.Helper()
		if n, err := fx.Log.Skip(fx.Context(), "shop", id, endpoint, "ann", start); err != nil || n != want {
			fx.Errorf("%d deliveries were skipped, %v, want %d", n, err, want)
		}
	}
	skip("b", 1)
	skip("b", 0)
	for _, c := range fx.claimEndpoints(start) {
		want := map[string][]int64{"a": nil, "b": {2}}[c.ID]
		fx.dueNow(c, start, want...)
		fx.must(fx.Queue.Release(fx.Context(), c, time.Time{}))
	}
	skip("", 1)
	_, err := fx.Log.Skip(fx.Context(), "other", id, "", "ann", start)
	fx.code(err, pay.CodeNotFound, "skipping another merchant's message")
	_, err = fx.Log.Skip(fx.Context(), "shop", id, "none", "ann", start)
	fx.code(err, pay.CodeNotFound, "skipping at an unknown endpoint")
	deliveries, err := fx.Log.Deliveries(fx.Context(), "shop", id)
	fx.must(err)
	for _, d := range deliveries {
		if d.State != webhook.Skipped || d.Error != "skipped by ann" {
			fx.Errorf("who skipped it is kept: %+v", d)
		}
	}
}

func claimLost(fx *fixture) {
	fx.configure(shopURL)
	fx.paidSession("shop")
	fx.assign()
	old := fx.claimOne(start)
	d := fx.dueNow(old, start, 1)[0] // renewed until a minute from start
	if claims := fx.claimEndpoints(start.Add(59 * time.Second)); len(claims) != 0 {
		fx.Errorf("a claim that is renewed excludes others: %v", claims)
	}
	taken := fx.claimOne(start.Add(time.Minute))
	_, _, err := fx.Queue.Round(fx.Context(), webhook.Round{Claim: old, Now: start, Until: start.Add(time.Hour), Limit: 1, Results: []webhook.Result{result(d, webhook.Delivered)}})
	if !errors.Is(err, webhook.ErrLost) {
		fx.Errorf("who was too slow must stop: %v", err)
	}
	fx.must(fx.Queue.Release(fx.Context(), old, time.Time{}))
	fx.dueNow(taken, start.Add(time.Minute), 1)
}

func backlog(fx *fixture) {
	fx.configure(shopURL)
	count := func(want webhook.Backlog) {
		fx.Helper()
		got, err := fx.Queue.Backlog(fx.Context())
		fx.must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			fx.Errorf("the backlog (-want +got):\n%s", diff)
		}
	}
	count(webhook.Backlog{})
	for range 3 {
		fx.paidSession("shop")
	}
	at := start.Add(time.Minute).UTC().Truncate(time.Millisecond)
	count(webhook.Backlog{Pending: 3, Oldest: at})
	fx.assign()
	count(webhook.Backlog{Pending: 3, Oldest: at})
	c := fx.claimOne(start)
	due := fx.dueNow(c, start, 1, 2, 3)
	fx.round(c, start, result(due[0], webhook.Failed), result(due[1], webhook.Delivered))
	count(webhook.Backlog{Pending: 1, Oldest: at, Failed: 1})
	_, err := fx.Log.Skip(fx.Context(), "shop", due[2].Message.ID, "", "ann", start)
	fx.must(err)
	count(webhook.Backlog{Failed: 1, Skipped: 1})
}

// releaseRace: a worker that has found nothing left releases its endpoint just
// as a new message is assigned to it.
func releaseRace(fx *fixture) {
	fx.configure(shopURL)
	const rounds = 30
	for range rounds {
		fx.paidSession("shop")
		fx.assign()
		c := fx.claimOne(start)
		fx.round(c, start, result(fx.round(c, start)[0], webhook.Delivered))
		fx.paidSession("shop")
		var both sync.WaitGroup
		both.Go(func() { fx.assign() })
		both.Go(func() {
			if err := fx.Queue.Release(fx.Context(), c, time.Time{}); err != nil {
				fx.Errorf("release: %v", err)
			}
		})
		both.Wait()
		c = fx.claimOne(start.Add(time.Second))
		fx.round(c, start, result(fx.round(c, start)[0], webhook.Delivered))
		fx.must(fx.Queue.Release(fx.Context(), c, time.Time{}))
	}
}

// assignTogether: numbers must appear in order and without gaps, though several
// servers assign a few at a time while messages are written.
func assignTogether(fx *fixture) {
	fx.configure(shopURL)
	const sessions = 60
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range sessions / 4 {
				fx.paidSession("shop")
				fx.paidSession("other")
			}
		})
	}
	for range 4 {
		all.Go(func() {
			for range sessions {
				if _, err := fx.Queue.Assign(fx.Context(), start, 2); err != nil {
					fx.Errorf("assign: %v", err)
				}
			}
		})
	}
	var seen []int64
	all.Go(func() {
		for filter := (webhook.Filter{Limit: 7}); len(seen) < sessions && !fx.Failed(); {
			page, err := fx.Log.Events(fx.Context(), "shop", filter)
			if err != nil {
				fx.Errorf("events: %v", err)
				return
			}
			for _, m := range page.Messages {
				seen = append(seen, m.Sequence)
			}
			filter.After = page.Next
		}
	})
	all.Wait()
	for i, n := range seen {
		if n != int64(i)+1 {
			fx.Fatalf("the events are numbered %v: want 1, 2, 3, … as they appear", seen)
		}
	}
	fx.assign()
	later := time.Now().Add(time.Minute) // who reads the list assigns by the wall clock
	c := fx.claimOne(later)
	if due := fx.round(c, later); len(due) != sessions {
		fx.Errorf("each is to be delivered once: %s", fmt.Sprint(numbers(due)))
	}
}

// Most events are none that merchants hear of: they wake nobody who delivers.
func newsOfMessages(fx *fixture) {
	l := newLedger()
	fx.must(fx.Ledgers.Create(fx.Context(), l))
	news := func() bool {
		select {
		case <-fx.Queue.News():
			return true
		default:
			return false
		}
	}
	news() // of what came before
	fx.update(l.Session.ID, func(l *pay.Ledger) error { return l.Begin(newAttempt(), start) })
	if news() {
		fx.Error("there is news after an attempt")
	}
	fx.update(l.Session.ID, func(l *pay.Ledger) error { return l.Cancel(start) })
	if !news() {
		fx.Error("there is no news after a message was written")
	}
}
