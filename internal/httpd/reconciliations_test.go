package httpd_test

import (
	"net/http"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/reconcile"
)

type reconciliationPage struct {
	Reconciliations []struct {
		reconcile.Result
		Tries      int        `json:"tries"`
		ComparedAt time.Time  `json:"compared_at"`
		NextTryAt  *time.Time `json:"next_try_at"`
	} `json:"reconciliations"`
	Next string `json:"next"`
}

// What came of the daily comparison can be read page by page.
func TestReconciliationsList(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	now := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	store := s.Stores.Reconciliations
	for _, day := range []string{"2026-11-22", "2026-11-23"} {
		key := reconcile.Key{Provider: "wechatpay", Account: "1600000000", Day: day}
		tries, err := store.Claim(t.Context(), key, now, now)
		if err != nil {
			t.Fatal(err)
		}
		r := reconcile.Record{Tries: tries, FinishedAt: now}
		r.Result = reconcile.Result{
			Merchant: "bench", Provider: key.Provider, Account: key.Account, Day: day, Outcome: reconcile.Differs, Count: 1,
			Totals:      reconcile.Totals{Payments: reconcile.Sum{Count: 1, Value: pay.Money{Currency: "CNY", Value: 5980}}},
			Differences: []reconcile.Difference{{Kind: reconcile.WasUnpaid, OutTradeNo: "mp1", Ours: "awaiting", Theirs: "paid", Healed: true}},
		}
		if day == "2026-11-23" {
			r.Outcome, r.Count, r.Differences, r.Problem, r.ClaimedUntil = reconcile.NoBill, 0, nil, "not there", now.Add(time.Hour)
		}
		if err := store.Finish(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	read := func(query string) (page reconciliationPage) {
		t.Helper()
		s.Get(t, s.Admin+"/v1/admin/reconciliations"+query, "Authorization", "Bearer "+adminKey).Decode(t, &page)
		return page
	}
	first := read("?limit=1")
	if r := first.Reconciliations; len(r) != 1 || r[0].Day != "2026-11-23" || r[0].Outcome != reconcile.NoBill || r[0].NextTryAt == nil || !r[0].ComparedAt.Equal(now) {
		t.Errorf("got %+v", first)
	}
	second := read("?limit=1&after=" + first.Next)
	if r := second.Reconciliations; len(r) != 1 || r[0].Day != "2026-11-22" || r[0].NextTryAt != nil || len(r[0].Differences) != 1 || !r[0].Differences[0].Healed || r[0].Totals.Payments.Value.Value != 5980 {
		t.Errorf("got %+v", second)
	}
	if all := read("?result=differs&provider=wechatpay&account=1600000000"); len(all.Reconciliations) != 1 || all.Next != "" {
		t.Errorf("got %+v", all)
	}
	for _, bad := range []string{"?result=fine", "?limit=0", "?limit=101", "?limit=x", "?after=x"} {
		if a := s.Get(t, s.Admin+"/v1/admin/reconciliations"+bad, "Authorization", "Bearer "+adminKey); a.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d", bad, a.Status)
		}
	}
}
