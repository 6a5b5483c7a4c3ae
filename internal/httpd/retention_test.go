package httpd_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo"
	"morepay/internal/pay"
	"morepay/internal/retention"
	"morepay/internal/store/pgtest"
)

// prune lets go of what is old so long from now.
func (s *harness) prune(t *testing.T, in time.Duration) map[retention.Kind]int {
	t.Helper()
	p := retention.Pruner{
		Policy: retention.Default(), Store: s.Stores.Retention, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return s.Now().Add(in) },
	}
	counts, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// Who polls is told that events are gone that they have not read, whatever place
// they kept, and never reads on past a gap.
func TestEventsThatWerePruned(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{"sqlite": "", "postgres": pgtest.DSN(t)} {
		t.Run(name, func(t *testing.T) {
			s := start(t, withAdminKey, func(c *demo.Config) { c.Database = source })
			key := "Bearer " + s.Shop(t, "bench").Key
			read := func(query string) (page eventPage) {
				t.Helper()
				s.Get(t, s.Origin+"/v1/events?"+query, "Authorization", key).Decode(t, &page)
				return page
			}
			empty := read("").Next
			sessions := []string{s.canceled(t).ID, s.canceled(t).ID, s.canceled(t).ID}
			first, all := read("limit=1"), read("")
			if len(all.Events) != 3 {
				t.Fatalf("events %+v", all)
			}
			for _, e := range all.Events { // what waits to be told would stay
				s.admin(t, http.MethodPost, "/merchants/bench/events/"+e.ID+"/skip", map[string]string{"author": "ann"})
			}
			if counts := s.prune(t, 29*24*time.Hour); counts[retention.Events] != 0 {
				t.Errorf("after 29 days %v", counts)
			}
			if counts := s.prune(t, 31*24*time.Hour); counts[retention.Events] != 3 || counts[retention.Unpaid] != 3 {
				t.Errorf("after 31 days %v", counts)
			}
			for what, after := range map[string]string{"the beginning": empty, "the first": first.Next, "an event's id": all.Events[0].ID} {
				a := s.Get(t, s.Origin+"/v1/events?after="+url.QueryEscape(after), "Authorization", key)
				if a.Status != http.StatusGone || !strings.Contains(a.Body, string(pay.CodeCursorExpired)) {
					t.Errorf("after %s: %d %s", what, a.Status, a.Body)
				}
			}
			if page := read("after=" + url.QueryEscape(all.Next)); len(page.Events) != 0 || page.HasMore || page.Next != all.Next {
				t.Errorf("after the last: %+v", page)
			}
			fresh := s.canceled(t).ID
			for _, query := range []string{"", "after=" + url.QueryEscape(all.Next)} {
				if page := read(query); len(page.Events) != 1 || page.Events[0].ID != "evt_"+fresh+"_2" {
					t.Errorf("the next event, by %q: %+v", query, page)
				}
			}
			if a := s.Get(t, s.Origin+"/v1/sessions/"+sessions[0], "Authorization", key); a.Status != http.StatusNotFound {
				t.Errorf("a pruned session: %d %s", a.Status, a.Body)
			}
		})
	}
}

// An erasure leaves a record with who did it, and names the payer by a hash.
func TestErasures(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	order := func(author string) map[string]string {
		return map[string]string{"payer": "p-1", "author": author, "note": "asked"}
	}
	if a := s.admin(t, http.MethodPost, "/merchants/bench/erasures", order("")); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, `"author"`) {
		t.Errorf("without an author: %d %s", a.Status, a.Body)
	}
	for _, author := range []string{"ann", "bob"} {
		if a := s.admin(t, http.MethodPost, "/merchants/bench/erasures", order(author)); a.Status != http.StatusCreated || strings.Contains(a.Body, "p-1") {
			t.Errorf("by %s: %d %s", author, a.Status, a.Body)
		}
	}
	var list struct {
		Erasures []struct {
			Merchant, Author, Note string
			PayerHash              string `json:"payer_sha256"`
			At                     time.Time
		}
		HasMore bool `json:"has_more"`
	}
	s.admin(t, http.MethodGet, "/erasures?merchant=bench&limit=1", nil).Decode(t, &list)
	if len(list.Erasures) != 1 || !list.HasMore {
		t.Fatalf("the newest of them: %+v", list)
	}
	e := list.Erasures[0]
	if e.Merchant != "bench" || e.Note != "asked" || len(e.PayerHash) != 64 || e.At.IsZero() {
		t.Errorf("the record is %+v", e)
	}
	if a := s.admin(t, http.MethodGet, "/erasures?before=yesterday", nil); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, `"before"`) {
		t.Errorf("a mistyped time: %d %s", a.Status, a.Body)
	}
	if a := s.admin(t, http.MethodGet, "/erasures?merchant=demo", nil); strings.Contains(a.Body, "ann") {
		t.Errorf("another merchant's: %s", a.Body)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Admin+"/v1/admin/merchants/bench/erasures", strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if a := s.Do(t, r); a.Status != http.StatusUnauthorized {
		t.Errorf("without the key: %d", a.Status)
	}
}
