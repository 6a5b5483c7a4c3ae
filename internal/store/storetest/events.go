package storetest

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/pay"
	"morepay/internal/webhook"
)

var eventCases = []testCase{
	{"of-a-merchant", eventsOfMerchant},
	{"filtered", eventsFiltered},
	{"place-in-another-list", eventsElsewhere},
	{"endpoints-with-history", endpointHistory},
	{"resealed-secrets", resealing},
}

// page reads the shop's events.
func (fx *fixture) page(f webhook.Filter) webhook.Page {
	fx.Helper()
	page, err := fx.Log.Events(fx.Context(), "shop", f)
	fx.must(err)
	return page
}

func eventsOfMerchant(fx *fixture) {
	empty := fx.page(webhook.Filter{Limit: 9})
	if len(empty.Messages) != 0 || empty.More {
		fx.Errorf("before anything happens: %+v", empty)
	}
	for range 3 {
		fx.paidSession("shop")
		fx.paidSession("other")
	}
	all := fx.page(webhook.Filter{Limit: 9, After: empty.Next})
	if len(all.Messages) != 3 || all.More {
		fx.Fatalf("a merchant's own events: %+v", all)
	}
	for i, m := range all.Messages {
		if m.Sequence != int64(i)+1 {
			fx.Errorf("event %d has number %d", i+1, m.Sequence)
		}
		one, err := fx.Log.Event(fx.Context(), "shop", m.ID)
		fx.must(err)
		if diff := cmp.Diff(m, one); diff != "" {
			fx.Errorf("the event by its id (-want +got):\n%s", diff)
		}
	}
	first := fx.page(webhook.Filter{Limit: 1})
	if !first.More {
		fx.Error("there is more after the first")
	}
	for name, after := range map[string]webhook.Place{"place": first.Next, "id": {ID: all.Messages[0].ID}} {
		second := fx.page(webhook.Filter{Limit: 1, After: after})
		if diff := cmp.Diff(all.Messages[1:2], second.Messages); diff != "" {
			fx.Errorf("the next after the first, by its %s (-want +got):\n%s", name, diff)
		}
	}
	rest := fx.page(webhook.Filter{Limit: 9, After: all.Next})
	if len(rest.Messages) != 0 || rest.Next != all.Next {
		fx.Errorf("nothing after the last, and the place stays: %+v", rest)
	}
	_, err := fx.Log.Events(fx.Context(), "shop", webhook.Filter{Limit: 9, After: webhook.Place{ID: "evt_none"}})
	fx.code(err, pay.CodeNotFound, "after an unknown event")
	_, err = fx.Log.Events(fx.Context(), "other", webhook.Filter{Limit: 9, After: webhook.Place{ID: all.Messages[0].ID}})
	fx.code(err, pay.CodeNotFound, "after an event of another merchant")
	_, err = fx.Log.Event(fx.Context(), "other", all.Messages[0].ID)
	fx.code(err, pay.CodeNotFound, "an event of another merchant")
}

func eventsFiltered(fx *fixture) {
	for range 2 {
		fx.told(2) // paid, surplus
	}
	at := start.Add(time.Minute)
	for _, c := range []struct {
		name   string
		filter webhook.Filter
		want   []int64
	}{
		{"type", webhook.Filter{Type: string(pay.EventSurplus)}, []int64{2, 4}},
		{"first-of-type", webhook.Filter{Type: string(pay.EventSurplus), Limit: 1}, []int64{2}},
		{"other-type", webhook.Filter{Type: string(pay.EventRefundFailed)}, nil},
		{"since", webhook.Filter{From: at.Truncate(time.Millisecond)}, []int64{1, 2, 3, 4}},
		{"later", webhook.Filter{From: at.Add(time.Millisecond)}, nil},
		{"before", webhook.Filter{Until: at.Truncate(time.Millisecond)}, nil},
		{"until", webhook.Filter{Until: at.Add(time.Millisecond)}, []int64{1, 2, 3, 4}},
	} {
		if c.filter.Limit == 0 {
			c.filter.Limit = 9
		}
		page := fx.page(c.filter)
		var got []int64
		for _, m := range page.Messages {
			got = append(got, m.Sequence)
		}
		if !slices.Equal(got, c.want) {
			fx.Errorf("%s: events %v, want %v", c.name, got, c.want)
		}
		if c.filter.Limit == 9 && (page.More || page.Next.Sequence != 4) {
			fx.Errorf("%s: what the filter left out needs no second look: %+v", c.name, page)
		}
	}
}

// eventsElsewhere: who comes with a place in a list that is gone, as after an old
// copy was restored, must not read on as if nothing were missing.
func eventsElsewhere(fx *fixture) {
	fx.paidSession("shop")
	fx.messages("shop")
	for name, place := range map[string]webhook.Place{
		"later-than-the-last": {Sequence: 2, ID: "evt_a"},
		"of-another-event":    {Sequence: 1, ID: "evt_a"},
	} {
		_, err := fx.Log.Events(fx.Context(), "shop", webhook.Filter{Limit: 9, After: place})
		fx.code(err, pay.CodeCursorExpired, name)
	}
}

func endpointHistory(fx *fixture) {
	change := func(v webhook.Version, words string, do func([]webhook.Kept) []webhook.Kept) bool {
		fx.Helper()
		ok, err := fx.Endpoints.Change(fx.Context(), "shop", v, func(kept []webhook.Kept) ([]webhook.Kept, string, error) {
			return do(kept), words, nil
		})
		fx.must(err)
		return ok
	}
	file := webhook.Version{Hash: "h1", Author: "file", At: start}
	add := func(kept []webhook.Kept) []webhook.Kept {
		return append(kept, webhook.Kept{ID: "a", URL: shopURL, Sealed: []byte("1")})
	}
	if !change(file, "added a", add) {
		fx.Error("a list that was never seen is a version")
	}
	if change(file, "added a", add) {
		fx.Error("a list that was seen changes nothing")
	}
	change(webhook.Version{Author: "ann", At: start}, "moved a", func(kept []webhook.Kept) []webhook.Kept {
		kept[0].URL = "https://b.example/"
		return kept
	})
	if change(file, "added a", add) {
		fx.Error("nor does it turn a later change back")
	}
	refusal := pay.Errorf(pay.CodeConflict, "", "no")
	_, err := fx.Endpoints.Change(fx.Context(), "shop", webhook.Version{Author: "ann", At: start}, func(kept []webhook.Kept) ([]webhook.Kept, string, error) {
		return kept, "", refusal
	})
	fx.code(err, pay.CodeConflict, "a change that is refused")
	kept, err := fx.Endpoints.Kept(fx.Context(), "shop")
	fx.must(err)
	if len(kept) != 1 || kept[0].URL != "https://b.example/" || string(kept[0].Sealed) != "1" {
		fx.Errorf("in force is %+v", kept)
	}
	versions, err := fx.Endpoints.Versions(fx.Context(), "shop", 9)
	fx.must(err)
	at := start.UTC().Truncate(time.Millisecond)
	want := []webhook.Version{
		{Number: 2, Author: "ann", Change: "moved a", At: at, Endpoints: []webhook.Listed{{ID: "a", URL: "https://b.example/"}}},
		{Number: 1, Hash: "h1", Author: "file", Change: "added a", At: at, Endpoints: []webhook.Listed{{ID: "a", URL: shopURL}}},
	}
	if diff := cmp.Diff(want, versions); diff != "" {
		fx.Errorf("the history (-want +got):\n%s", diff)
	}
	if others, err := fx.Endpoints.Versions(fx.Context(), "other", 9); err != nil || len(others) != 0 {
		fx.Errorf("another merchant has none: %v, %v", others, err)
	}
}

func resealing(fx *fixture) {
	fx.configure(shopURL, "https://b.example/")
	fx.must(fx.Endpoints.Reseal(fx.Context(), func(sealed []byte) ([]byte, error) { return append(sealed, '!'), nil }))
	kept, err := fx.Endpoints.Kept(fx.Context(), "shop")
	fx.must(err)
	for _, k := range kept {
		if string(k.Sealed) != "sealed!" {
			fx.Errorf("%s has %q", k.ID, k.Sealed)
		}
	}
}
