package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"morepay/internal/merchant"
	"morepay/internal/pay"
)

var documentCases = []testCase{
	{"put-and-get", putAndGet},
	{"versions-and-history", versions},
	{"same-content-makes-no-version", sameContent},
	{"expected-version", expected},
	{"all-or-nothing", allOrNothing},
	{"list-by-id", listByID},
	{"changes-in-order", changesInOrder},
	{"in-use", inUse},
	{"two-editors-one-wins", twoEditors},
}

func version(v int64) *int64 { return &v }

func (fx *fixture) put(changes ...merchant.Change) []merchant.Revision {
	fx.Helper()
	stored, err := fx.Documents.Put(fx.Context(), changes, "ann", start)
	fx.must(err)
	return stored
}

func putAndGet(fx *fixture) {
	body := []byte(`{"name":"袜子"}`)
	stored := fx.put(merchant.Change{Merchant: "shop", JSON: body})[0]
	got, err := fx.Documents.Get(fx.Context(), "shop")
	fx.must(err)
	if diff := cmp.Diff(stored, got); diff != "" {
		fx.Errorf("Get returns what Put returned (-put +got):\n%s", diff)
	}
	want := merchant.Revision{Merchant: "shop", Version: 1, JSON: body, Author: "ann", At: start.UTC().Truncate(time.Millisecond)}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(merchant.Revision{}, "ETag", "Position")); diff != "" {
		fx.Errorf("a document keeps every field (-want +got):\n%s", diff)
	}
	if len(got.ETag) < 18 || got.ETag[0] != '"' {
		fx.Errorf("an ETag is quoted and strong: %s", got.ETag)
	}
	_, err = fx.Documents.Get(fx.Context(), "other")
	fx.code(err, pay.CodeNotFound, "an unknown merchant")
	_, err = fx.Documents.Version(fx.Context(), "shop", 2)
	fx.code(err, pay.CodeNotFound, "an unknown version")
}

func versions(fx *fixture) {
	for i := range 3 {
		fx.put(merchant.Change{Merchant: "shop", JSON: fmt.Appendf(nil, `{"n":%d}`, i+1)})
	}
	first, err := fx.Documents.Version(fx.Context(), "shop", 1)
	fx.must(err)
	if string(first.JSON) != `{"n":1}` {
		fx.Errorf("an old version stays: %s", first.JSON)
	}
	history, err := fx.Documents.History(fx.Context(), "shop", 2)
	fx.must(err)
	if len(history) != 2 || history[0].Version != 3 || history[1].Version != 2 || history[0].JSON != nil {
		fx.Errorf("history is newest first, without JSON: %+v", history)
	}
}

func sameContent(fx *fixture) {
	change := merchant.Change{Merchant: "shop", JSON: []byte(`{}`)}
	first, second := fx.put(change)[0], fx.put(change)[0]
	if diff := cmp.Diff(first, second); diff != "" {
		fx.Errorf("the same content makes no version:\n%s", diff)
	}
	other := fx.put(merchant.Change{Merchant: "other", JSON: []byte(`{}`)})[0]
	if other.ETag != first.ETag || other.Version != 1 {
		fx.Errorf("the same content has the same ETag, and versions count by merchant: %+v", other)
	}
}

func expected(fx *fixture) {
	put := func(expect int64, body string) error {
		_, err := fx.Documents.Put(fx.Context(), []merchant.Change{{Merchant: "shop", JSON: []byte(body), Expect: version(expect)}}, "ann", start)
		return err
	}
	fx.code(put(1, `1`), pay.CodePrecondition, "version 1 where there is none")
	fx.must(put(0, `1`))
	fx.code(put(0, `2`), pay.CodePrecondition, "none where there is version 1")
	fx.must(put(1, `2`))
	fx.code(put(1, `3`), pay.CodePrecondition, "version 1 where there is version 2")
}

func allOrNothing(fx *fixture) {
	_, err := fx.Documents.Put(fx.Context(), []merchant.Change{
		{Merchant: "a", JSON: []byte(`1`)}, {Merchant: "b", JSON: []byte(`1`), Expect: version(7)},
	}, "ann", start)
	fx.code(err, pay.CodePrecondition, "one bad change of two")
	if e, ok := err.(*pay.Error); !ok || e.Field != "b" {
		fx.Errorf("the error names the merchant: %v", err)
	}
	_, err = fx.Documents.Get(fx.Context(), "a")
	fx.code(err, pay.CodeNotFound, "the good change of two")
}

func listByID(fx *fixture) {
	for _, id := range []string{"c", "a", "b", "a"} {
		fx.put(merchant.Change{Merchant: id, JSON: fmt.Append(nil, id, time.Now().UnixNano())})
	}
	for after, want := range map[string][]string{"": {"a v2", "b v1"}, "a": {"b v1", "c v1"}, "c": nil} {
		list, err := fx.Documents.List(fx.Context(), after, 2)
		fx.must(err)
		var got []string
		for _, d := range list {
			got = append(got, fmt.Sprintf("%s v%d", d.Merchant, d.Version))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			fx.Errorf("the merchants after %q (-want +got):\n%s", after, diff)
		}
	}
}

// inUse: the newest of each merchant, and what sessions under way were opened with.
func inUse(fx *fixture) {
	for i := range 3 {
		fx.put(merchant.Change{Merchant: "shop", JSON: fmt.Appendf(nil, `{"n":%d}`, i+1)})
	}
	fx.put(merchant.Change{Merchant: "other", JSON: []byte(`{}`)})
	used := func(what string, want ...string) {
		fx.Helper()
		var got []string
		for after := int64(0); ; {
			list, err := fx.Documents.InUse(fx.Context(), after, 1)
			fx.must(err)
			if len(list) == 0 {
				break
			}
			after = list[0].Position
			got = append(got, fmt.Sprintf("%s v%d %s", list[0].Merchant, list[0].Version, list[0].JSON))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			fx.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	used("no session", `shop v3 {"n":3}`, `other v1 {}`)
	l := newLedger()
	l.Session.DocumentVersion = 1
	fx.must(fx.Ledgers.Create(fx.Context(), l))
	used("a session of version 1", `shop v1 {"n":1}`, `shop v3 {"n":3}`, `other v1 {}`)
	fx.update(l.Session.ID, func(l *pay.Ledger) error { return l.Cancel(start) })
	used("a session that is over", `shop v3 {"n":3}`, `other v1 {}`)
}

func changesInOrder(fx *fixture) {
	if p, err := fx.Documents.Position(fx.Context()); err != nil || p != 0 {
		fx.Errorf("an empty store is at position 0: %d, %v", p, err)
	}
	const writers, each = 4, 10
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			for i := range each {
				if _, err := fx.Documents.Put(fx.Context(), []merchant.Change{{Merchant: fmt.Sprint("m", n), JSON: fmt.Append(nil, i)}}, "ann", start); err != nil {
					fx.Errorf("put: %v", err)
				}
			}
		})
	}
	var position int64
	seen := 0
	read := func() {
		list, err := fx.Documents.Changes(fx.Context(), position, 7)
		fx.must(err)
		for _, d := range list {
			if d.Position <= position {
				fx.Errorf("positions grow: %d after %d", d.Position, position)
			}
			position = d.Position
			seen++
		}
	}
	for range 20 {
		read() // while they write: nothing may appear behind us
	}
	all.Wait()
	for range 10 {
		read()
	}
	if seen != writers*each {
		fx.Errorf("a follower sees every change: %d of %d", seen, writers*each)
	}
	if p, err := fx.Documents.Position(fx.Context()); err != nil || p != position {
		fx.Errorf("the position is that of the newest change: %d, %v, want %d", p, err, position)
	}
}

func twoEditors(fx *fixture) {
	fx.put(merchant.Change{Merchant: "shop", JSON: []byte(`0`)})
	results := make(chan error, 10)
	var all sync.WaitGroup
	for i := range cap(results) {
		all.Go(func() {
			_, err := fx.Documents.Put(fx.Context(), []merchant.Change{{Merchant: "shop", JSON: fmt.Append(nil, i+1), Expect: version(1)}}, "ann", start)
			results <- err
		})
	}
	all.Wait()
	won := 0
	for range cap(results) {
		if err := <-results; err == nil {
			won++
		} else {
			fx.code(err, pay.CodePrecondition, "an editor who was too late")
		}
	}
	if won != 1 {
		fx.Errorf("of editors of the same version one wins, got %d", won)
	}
}
