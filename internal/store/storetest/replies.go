package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/idempotency"
)

var replyCases = []testCase{
	{"begin-finish-replay", beginFinish},
	{"lease-holds-then-passes-on", leasePasses},
	{"another-body-never-takes-over", otherBody},
	{"only-the-holder-finishes", onlyHolder},
	{"abandoned-key-is-free", abandoned},
	{"kept-for-a-day", keptForADay},
	{"scopes-never-meet", scopes},
	{"twins-run-once", twins},
}

// record is a request under a key, begun at a time.
func record(name, holder string, at time.Time) idempotency.Record {
	return idempotency.Record{
		Key: idempotency.Key{Scope: "shop POST /v1/sessions", Name: name}, BodyHash: "hash", Holder: holder,
		LeaseEnds: at.Add(idempotency.Lease), KeptUntil: at.Add(idempotency.Keep),
	}
}

func (w *world) beginReply(r idempotency.Record, now time.Time) *idempotency.Record {
	w.Helper()
	found, err := w.Replies.Begin(w.Context(), r, now)
	w.must(err)
	return found
}

func beginFinish(w *world) {
	r := record("k", "one", start)
	if found := w.beginReply(r, start); found != nil {
		w.Fatalf("a new key is free, found %+v", found)
	}
	r.Reply = idempotency.Reply{Status: 201, ContentType: "application/json", Body: []byte{0, 255, '{'}}
	w.must(w.Replies.Finish(w.Context(), r))
	found := w.beginReply(record("k", "two", start), start.Add(time.Hour))
	if found == nil {
		w.Fatal("a finished key is not free")
	}
	if diff := cmp.Diff(r.Reply, found.Reply); diff != "" {
		w.Errorf("the reply comes back as it was (-want +got):\n%s", diff)
	}
}

func leasePasses(w *world) {
	w.beginReply(record("k", "one", start), start)
	almost := start.Add(idempotency.Lease - time.Millisecond)
	if found := w.beginReply(record("k", "two", almost), almost); found == nil || found.Holder != "one" || found.Reply.Status != 0 {
		w.Errorf("an unfinished request holds its key, found %+v", found)
	}
	end := start.Add(idempotency.Lease)
	if found := w.beginReply(record("k", "two", end), end); found != nil {
		w.Errorf("when the lease has ended the key passes on, found %+v", found)
	}
}

func otherBody(w *world) {
	w.beginReply(record("k", "one", start), start)
	other := record("k", "two", start)
	other.BodyHash = "another"
	if found := w.beginReply(other, start.Add(time.Hour)); found == nil || found.BodyHash != "hash" {
		w.Errorf("a request with another body never takes a key over, found %+v", found)
	}
}

func onlyHolder(w *world) {
	first, second := record("k", "one", start), record("k", "two", start.Add(time.Hour))
	w.beginReply(first, start)
	w.beginReply(second, start.Add(time.Hour))
	first.Reply.Status = 200
	w.must(w.Replies.Finish(w.Context(), first))
	w.must(w.Replies.Abandon(w.Context(), first))
	found := w.beginReply(record("k", "three", start), start.Add(time.Hour))
	if found == nil || found.Holder != "two" || found.Reply.Status != 0 {
		w.Errorf("who has lost the key can neither finish nor abandon it, found %+v", found)
	}
}

func abandoned(w *world) {
	r := record("k", "one", start)
	w.beginReply(r, start)
	w.must(w.Replies.Abandon(w.Context(), r))
	if found := w.beginReply(record("k", "two", start), start); found != nil {
		w.Errorf("an abandoned key is free, found %+v", found)
	}
}

func keptForADay(w *world) {
	for i := range 10 {
		r := record(fmt.Sprint("k", i), "one", start)
		w.beginReply(r, start)
		r.Reply.Status = 200
		w.must(w.Replies.Finish(w.Context(), r))
	}
	end := start.Add(idempotency.Keep)
	if found := w.beginReply(record("k0", "two", end), end.Add(-time.Millisecond)); found == nil {
		w.Error("a reply is kept for a day")
	}
	if found := w.beginReply(record("k0", "two", end), end); found != nil {
		w.Errorf("after a day the key is free, found %+v", found)
	}
	fresh := record("fresh", "one", end)
	w.beginReply(fresh, end)
	fresh.Reply.Status = 200
	w.must(w.Replies.Finish(w.Context(), fresh)) // tidies up
	if found := w.beginReply(record("fresh", "two", end), end); found == nil {
		w.Error("tidying up must not touch a reply that is to be kept")
	}
}

func scopes(w *world) {
	a, b := record("k", "one", start), record("k", "two", start)
	b.Key.Scope = "another shop"
	w.beginReply(a, start)
	if found := w.beginReply(b, start); found != nil {
		w.Errorf("keys of two scopes never meet, found %+v", found)
	}
}

func twins(w *world) {
	var runs atomic.Int64
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			key := idempotency.Key{Scope: "shop", Name: fmt.Sprint("k", i%2)}
			reply, err := idempotency.Do(w.Context(), w.Replies, key, "hash", time.Now, func(context.Context) (idempotency.Reply, error) {
				return idempotency.Reply{Status: 201, Body: fmt.Append(nil, runs.Add(1))}, nil
			})
			if err != nil || reply.Status != 201 {
				w.Errorf("a twin gets the reply: %+v, %v", reply, err)
			}
		})
	}
	all.Wait()
	if n := runs.Load(); n != 2 {
		w.Errorf("each of 2 keys runs once, ran %d times in all", n)
	}
}
