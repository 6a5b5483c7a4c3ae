package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/pay"
	"morepay/internal/reconcile"
)

// Reconciliations is the store of what came of reconciliation, with what only
// people look at.
type Reconciliations interface {
	reconcile.Journal

	// List returns the records that a filter takes, newest day first.
	List(ctx context.Context, f reconcile.Filter) ([]reconcile.Record, error)
}

var reconciliationCases = []testCase{
	{"one-server-compares", oneServerCompares},
	{"final-is-final", finalIsFinal},
	{"again-after-the-pause", againAfterThePause},
	{"keeps-every-field", keepsReconciliations},
	{"pages-and-filters", pagesOfReconciliations},
	{"first-used", firstUsed},
}

func dayKey(account, day string) reconcile.Key {
	return reconcile.Key{Provider: "wechatpay", Account: account, Day: day}
}

func (fx *fixture) claimDay(key reconcile.Key, now, until time.Time) int {
	fx.Helper()
	tries, err := fx.Reconciliations.Claim(fx.Context(), key, now, until)
	fx.must(err)
	return tries
}

// compared claims a day and finishes it.
func (fx *fixture) compared(key reconcile.Key, outcome reconcile.Outcome, again time.Time) reconcile.Record {
	fx.Helper()
	fee := pay.Money{Currency: "CNY", Value: -36}
	r := reconcile.Record{Tries: fx.claimDay(key, start, start), ClaimedUntil: again, FinishedAt: start.Add(time.Second)}
	r.Result = reconcile.Result{
		Merchant: "shop", Provider: key.Provider, Account: key.Account, Day: key.Day, Outcome: outcome, Problem: "账单", Count: 2,
		Totals:      reconcile.Totals{Payments: reconcile.Sum{Count: 3, Value: pay.Money{Currency: "CNY", Value: 5980}}, Fees: &fee},
		Differences: []reconcile.Difference{{Kind: reconcile.WasUnpaid, OutTradeNo: "no1", Ours: "awaiting", Theirs: "paid", Healed: true}},
	}
	fx.must(fx.Reconciliations.Finish(fx.Context(), r))
	return r
}

func oneServerCompares(fx *fixture) {
	key := dayKey("1900000001", "2026-03-01")
	var taken atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			tries, err := fx.Reconciliations.Claim(fx.Context(), key, start, start.Add(time.Minute))
			if err != nil {
				fx.Errorf("claim: %v", err)
			}
			if tries > 0 {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	if n := taken.Load(); n != 1 {
		fx.Errorf("a day was taken by %d servers at once, want 1", n)
	}
	if tries := fx.claimDay(dayKey("1900000002", key.Day), start, start.Add(time.Minute)); tries != 1 {
		fx.Errorf("a claim is of one account: %d", tries)
	}
	if tries := fx.claimDay(key, start.Add(time.Minute-time.Millisecond), start.Add(time.Hour)); tries != 0 {
		fx.Errorf("a claim excludes others until it ends: %d", tries)
	}
	if tries := fx.claimDay(key, start.Add(time.Minute), start.Add(time.Hour)); tries != 2 {
		fx.Errorf("what a server that died had taken is free when its claim ends: %d, want try 2", tries)
	}
}

func finalIsFinal(fx *fixture) {
	for _, outcome := range reconcile.Outcomes {
		key := dayKey("1900000001", "2026-03-01")
		key.Provider = string(outcome)
		fx.compared(key, outcome, time.Time{})
		if again := fx.claimDay(key, start.Add(time.Hour), start.Add(2*time.Hour)) > 0; again == outcome.Final() {
			fx.Errorf("%s can be taken again: %v", outcome, again)
		}
	}
}

func againAfterThePause(fx *fixture) {
	key := dayKey("1900000001", "2026-03-01")
	fx.compared(key, reconcile.NoBill, start.Add(time.Hour))
	if tries := fx.claimDay(key, start.Add(time.Hour-time.Millisecond), start.Add(2*time.Hour)); tries != 0 {
		fx.Errorf("a day that waits is nobody's: %d", tries)
	}
	if tries := fx.claimDay(key, start.Add(time.Hour), start.Add(2*time.Hour)); tries != 2 {
		fx.Errorf("then it can be taken: %d, want try 2", tries)
	}
}

func keepsReconciliations(fx *fixture) {
	want := fx.compared(dayKey("1900000001", "2026-03-01"), reconcile.Failed, start.Add(time.Hour))
	fx.compared(dayKey("1900000001", "2026-02-28"), reconcile.Agrees, time.Time{})
	want.ClaimedUntil, want.FinishedAt = want.ClaimedUntil.UTC().Truncate(time.Millisecond), want.FinishedAt.UTC().Truncate(time.Millisecond)
	list, err := fx.Reconciliations.List(fx.Context(), reconcile.Filter{Limit: 1})
	fx.must(err)
	if diff := cmp.Diff([]reconcile.Record{want}, list); diff != "" {
		fx.Errorf("a record keeps every field (-want +got):\n%s", diff)
	}
	since, err := fx.Reconciliations.Since(fx.Context(), "2026-03-01")
	fx.must(err)
	if len(since) != 1 || since[0].Key() != want.Key() || since[0].Outcome != want.Outcome || !since[0].ClaimedUntil.Equal(want.ClaimedUntil) {
		fx.Errorf("Since lists what came of the days: %+v", since)
	}
}

func pagesOfReconciliations(fx *fixture) {
	for _, day := range []string{"2026-03-01", "2026-03-02"} {
		fx.compared(dayKey("1900000001", day), reconcile.Agrees, time.Time{})
		fx.compared(dayKey("1900000002", day), reconcile.Differs, time.Time{})
	}
	page := func(f reconcile.Filter) (names []string, last reconcile.Key) {
		list, err := fx.Reconciliations.List(fx.Context(), f)
		fx.must(err)
		for _, r := range list {
			last = r.Key()
			names = append(names, fmt.Sprint(r.Day, " ", r.Account))
		}
		return names, last
	}
	first, last := page(reconcile.Filter{Limit: 3})
	if diff := cmp.Diff([]string{"2026-03-02 1900000002", "2026-03-02 1900000001", "2026-03-01 1900000002"}, first); diff != "" {
		fx.Errorf("newest first (-want +got):\n%s", diff)
	}
	if second, _ := page(reconcile.Filter{After: last, Limit: 3}); cmp.Diff([]string{"2026-03-01 1900000001"}, second) != "" {
		fx.Errorf("then the next page: %v", second)
	}
	for name, f := range map[string]reconcile.Filter{
		"account": {Account: "1900000002"}, "result": {Outcome: reconcile.Differs}, "all": {Provider: "wechatpay", Account: "1900000002", Outcome: reconcile.Differs},
	} {
		f.Limit = 9
		if got, _ := page(f); len(got) != 2 {
			fx.Errorf("filter by %s: %v", name, got)
		}
	}
	if got, _ := page(reconcile.Filter{Provider: "alipay", Limit: 9}); got != nil {
		fx.Errorf("filter by provider: %v", got)
	}
}

func firstUsed(fx *fixture) {
	if at, err := fx.Books.FirstUsed(fx.Context(), "wechatpay", "1900000001"); err != nil || !at.IsZero() {
		fx.Errorf("an account that was never used: %v, %v", at, err)
	}
	id := fx.create().Session.ID
	fx.update(id, func(l *pay.Ledger) error { return l.Begin(newAttempt(), start.Add(time.Minute)) })
	fx.begin(id)
	at, err := fx.Books.FirstUsed(fx.Context(), "wechatpay", "1900000001")
	if want := start.Truncate(time.Millisecond); err != nil || !at.Equal(want) {
		fx.Errorf("got %v, %v, want %v", at, err, want)
	}
	if at, err = fx.Books.FirstUsed(fx.Context(), "wechatpay", "other"); err != nil || !at.IsZero() {
		fx.Errorf("another account: %v, %v", at, err)
	}
}
