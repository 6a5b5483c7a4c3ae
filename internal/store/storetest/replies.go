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

// record returns a request under a key, begun at a time.
func record(name, holder string, at time.Time) idempotency.Record {
	return idempotency.Record{
		Key: idempotency.Key{Scope: "shop POST /v1/sessions", Name: name}, BodyHash: "hash", Holder: holder,
		LeaseEnds: at.Add(idempotency.Lease), KeptUntil: at.Add(idempotency.Keep),
	}
}

func (fx *fixture) beginReply(r idempotency.Record, now time.Time) *idempotency.Record {
	fx.Helper()
	found, err := fx.Replies.Begin(fx.Context(), r, now)
	fx.must(err)
	return found
}

func beginFinish(fx *fixture) {
	r := record("k", "one", start)
	if found := fx.beginReply(r, start); found != nil {
		fx.Fatalf("a new key is free, found %+v", found)
	}
	r.Reply = idempotency.Reply{Status: 201, ContentType: "application/json", Body: []byte{0, 255, '{'}}
	fx.must(fx.Replies.Finish(fx.Context(), r))
	found := fx.beginReply(record("k", "two", start), start.Add(time.Hour))
	if found == nil {
		fx.Fatal("a finished key is not free")
	}
	if diff := cmp.Diff(r.Reply, found.Reply); diff != "" {
		fx.Errorf("the reply comes back as it was (-want +got):\n%s", diff)
	}
}

func leasePasses(fx *fixture) {
	fx.beginReply(record("k", "one", start), start)
	almost := start.Add(idempotency.Lease - time.Millisecond)
	if found := fx.beginReply(record("k", "two", almost), almost); found == nil || found.Holder != "one" || found.Reply.Status != 0 {
		fx.Errorf("an unfinished request holds its key, found %+v", found)
	}
	end := start.Add(idempotency.Lease)
	if found := fx.beginReply(record("k", "two", end), end); found != nil {
		fx.Errorf("when the lease has ended the key passes on, found %+v", found)
	}
}

func otherBody(fx *fixture) {
	fx.beginReply(record("k", "one", start), start)
	other := record("k", "two", start)
	other.BodyHash = "another"
	if found := fx.beginReply(other, start.Add(time.Hour)); found == nil || found.BodyHash != "hash" {
		fx.Errorf("a request with another body never takes a key over, found %+v", found)
	}
}

func onlyHolder(fx *fixture) {
	first, second := record("k", "one", start), record("k", "two", start.Add(time.Hour))
	fx.beginReply(first, start)
	fx.beginReply(second, start.Add(time.Hour))
	first.Reply.Status = 200
	fx.must(fx.Replies.Finish(fx.Context(), first))
	fx.must(fx.Replies.Abandon(fx.Context(), first))
	found := fx.beginReply(record("k", "three", start), start.Add(time.Hour))
	if found == nil || found.Holder != "two" || found.Reply.Status != 0 {
		fx.Errorf("who has lost the key can neither finish nor abandon it, found %+v", found)
	}
}

func abandoned(fx *fixture) {
	r := record("k", "one", start)
	fx.beginReply(r, start)
	fx.must(fx.Replies.Abandon(fx.Context(), r))
	if found := fx.beginReply(record("k", "two", start), start); found != nil {
		fx.Errorf("an abandoned key is free, found %+v", found)
	}
}

func keptForADay(fx *fixture) {
	for i := range 10 {
		r := record(fmt.Sprint("k", i), "one", start)
		fx.beginReply(r, start)
		r.Reply.Status = 200
		fx.must(fx.Replies.Finish(fx.Context(), r))
	}
	end := start.Add(idempotency.Keep)
	if found := fx.beginReply(record("k0", "two", end), end.Add(-time.Millisecond)); found == nil {
		fx.Error("a reply is kept for a day")
	}
	if found := fx.beginReply(record("k0", "two", end), end); found != nil {
		fx.Errorf("after a day the key is free, found %+v", found)
	}
	fresh := record("fresh", "one", end)
	fx.beginReply(fresh, end)
	fresh.Reply.Status = 200
	fx.must(fx.Replies.Finish(fx.Context(), fresh)) // tidies up
	if found := fx.beginReply(record("fresh", "two", end), end); found == nil {
		fx.Error("tidying up must not touch a reply that is to be kept")
	}
}

func scopes(fx *fixture) {
	a, b := record("k", "one", start), record("k", "two", start)
	b.Key.Scope = "another shop"
	fx.beginReply(a, start)
	if found := fx.beginReply(b, start); found != nil {
		fx.Errorf("keys of two scopes never meet, found %+v", found)
	}
}

func twins(fx *fixture) {
	var runs atomic.Int64
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			key := idempotency.Key{Scope: "shop", Name: fmt.Sprint("k", i%2)}
			reply, err := idempotency.Do(fx.Context(), fx.Replies, key, "hash", time.Now, func(context.Context) (idempotency.Reply, error) {
				return idempotency.Reply{Status: 201, Body: fmt.Append(nil, runs.Add(1))}, nil
			})
			if err != nil || reply.Status != 201 {
				fx.Errorf("a twin gets the reply: %+v, %v", reply, err)
			}
		})
	}
	all.Wait()
	if n := runs.Load(); n != 2 {
		fx.Errorf("each of 2 keys runs once, ran %d times in all", n)
	}
}
