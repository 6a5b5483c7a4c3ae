package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/pay"
)

var deskCases = []testCase{
	{"an-entry-is-kept-once", entryOnce},
	{"another-statement-under-a-known-id", entrySameID},
	{"filters-and-pages", entryFilters},
	{"what-people-change", entryChanges},
	{"an-entry-with-its-ledger", entryWithLedger},
	{"changes-of-one-entry-never-overlap", entryChangesNeverOverlap},
	{"unresolved-entries", unresolvedEntries},
	{"refunds-that-wait-for-a-person", waitingRefunds},
	{"accounts-that-are-needed", neededAccounts},
}

// any entry of this database, newest first.
func (fx *fixture) quarantined(f checkout.QuarantineFilter) []checkout.Quarantined {
	fx.Helper()
	if f.Limit == 0 {
		f.Limit = 100
	}
	list, err := fx.Ledgers.Quarantined(fx.Context(), f)
	fx.must(err)
	return list
}

// enter puts evidence on the desk, n seconds after start.
func (fx *fixture) enter(n int, adjust func(*checkout.Quarantined)) checkout.Quarantined {
	fx.Helper()
	q := checkout.Quarantined{
		Evidence: paid(newAttempt()), Merchant: "shop", Reason: fmt.Sprintf("reason %d", n),
		At: start.Add(time.Duration(n) * time.Second), Status: checkout.QuarantineOpen,
	}
	if adjust != nil {
		adjust(&q)
	}
	fresh, err := fx.Ledgers.Quarantine(fx.Context(), q)
	fx.must(err)
	if !fresh {
		fx.Errorf("what is entered first is fresh")
	}
	return fx.quarantined(checkout.QuarantineFilter{OutTradeNo: q.Evidence.OutTradeNo})[0]
}

func entryOnce(fx *fixture) {
	var want []checkout.Quarantined
	for i := range 3 {
		q := fx.enter(i, nil)
		repeat := q
		repeat.At, repeat.Reason = repeat.At.Add(time.Hour), "again"
		if fresh, err := fx.Ledgers.Quarantine(fx.Context(), repeat); fresh || err != nil {
			fx.Errorf("a repeat is not fresh: %t, %v", fresh, err)
		}
		want = append([]checkout.Quarantined{q}, want...)
	}
	got := fx.quarantined(checkout.QuarantineFilter{})
	if diff := cmp.Diff(want, got); diff != "" {
		fx.Errorf("each is listed once, newest first (-want +got):\n%s", diff)
	}
	names := map[string]bool{}
	for _, q := range got {
		names[q.ID] = true
		one, err := fx.Ledgers.Entry(fx.Context(), q.ID)
		fx.must(err)
		if diff := cmp.Diff(q, one); diff != "" {
			fx.Errorf("one entry is as in the list (-list +one):\n%s", diff)
		}
	}
	if len(names) != len(want) || names[""] {
		fx.Errorf("the entries have the names %v", names)
	}
	_, err := fx.Ledgers.Entry(fx.Context(), "qe_none")
	fx.code(err, pay.CodeNotFound, "an unknown entry")
}

// entrySameID: whoever sends a second statement under a known id does not get rid
// of it, and a repeat of either is none.
func entrySameID(fx *fixture) {
	first := checkout.Quarantined{Evidence: paid(newAttempt()), Reason: "one", At: start, Status: checkout.QuarantineOpen}
	second := first
	second.Evidence.Amount.Value++
	for range 2 {
		for _, q := range []checkout.Quarantined{first, second} {
			_, err := fx.Ledgers.Quarantine(fx.Context(), q)
			fx.must(err)
		}
	}
	if got := fx.quarantined(checkout.QuarantineFilter{}); len(got) != 2 || got[0].ID == got[1].ID {
		fx.Errorf("%d entries are kept, want 2: %+v", len(got), got)
	}
}

func entryFilters(fx *fixture) {
	for i := range 5 { // two at the same instant
		fx.enter(i/2, func(q *checkout.Quarantined) {
			if i%2 == 0 {
				q.Merchant, q.Evidence.Provider, q.Evidence.Account = "other", "alipay", "2"
			}
		})
	}
	list := fx.quarantined(checkout.QuarantineFilter{})
	fx.change(list[4].ID, func(q *checkout.Quarantined) { q.Status = checkout.QuarantineResolved })
	for name, c := range map[string]struct {
		filter checkout.QuarantineFilter
		want   int
	}{
		"all":            {checkout.QuarantineFilter{}, 5},
		"open":           {checkout.QuarantineFilter{Status: checkout.QuarantineOpen}, 4},
		"of-a-merchant":  {checkout.QuarantineFilter{Merchant: "other"}, 3},
		"of-a-provider":  {checkout.QuarantineFilter{Provider: "wechatpay"}, 2},
		"of-an-account":  {checkout.QuarantineFilter{Provider: "alipay", Account: "2"}, 3},
		"of-nobody":      {checkout.QuarantineFilter{Merchant: "nobody"}, 0},
		"of-one-payment": {checkout.QuarantineFilter{OutTradeNo: list[0].Evidence.OutTradeNo}, 1},
		"of-a-mixture":   {checkout.QuarantineFilter{OutTradeNo: list[0].Evidence.OutTradeNo, Merchant: "nobody"}, 0},
	} {
		if got := fx.quarantined(c.filter); len(got) != c.want {
			fx.Errorf("%s: %d entries, want %d", name, len(got), c.want)
		}
	}
	var paged []checkout.Quarantined
	after := ""
	for range 3 {
		page := fx.quarantined(checkout.QuarantineFilter{After: after, Limit: 2})
		paged = append(paged, page...)
		after = page[len(page)-1].ID
	}
	if diff := cmp.Diff(fx.quarantined(checkout.QuarantineFilter{}), paged); diff != "" {
		fx.Errorf("pages are the list (-list +pages):\n%s", diff)
	}
	_, err := fx.Ledgers.Quarantined(fx.Context(), checkout.QuarantineFilter{After: "qe_none", Limit: 1})
	fx.code(err, pay.CodeNotFound, "after an unknown entry")
}

func (fx *fixture) change(id string, change func(*checkout.Quarantined)) checkout.Quarantined {
	fx.Helper()
	q, err := fx.Ledgers.UpdateEntry(fx.Context(), id, func(q *checkout.Quarantined) error {
		change(q)
		return nil
	})
	fx.must(err)
	return q
}

func entryChanges(fx *fixture) {
	id := fx.enter(0, nil).ID
	at := fx.enter(1, nil).At
	want := fx.change(id, func(q *checkout.Quarantined) {
		q.Status, q.Resolution, q.Author, q.Note, q.ResolvedAt = checkout.QuarantineResolved, checkout.ResolveRefund, "ann", "a till's", at
		q.Refund = &pay.Refund{ID: "rf", Amount: q.Evidence.Amount, Status: pay.RefundPending, CreatedAt: at, CheckAt: at}
	})
	got, err := fx.Ledgers.Entry(fx.Context(), id)
	fx.must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		fx.Errorf("what was changed is stored (-changed +stored):\n%s", diff)
	}
	refusal := errors.New("not today")
	_, err = fx.Ledgers.UpdateEntry(fx.Context(), id, func(q *checkout.Quarantined) error {
		q.Author = "bob"
		return refusal
	})
	again, _ := fx.Ledgers.Entry(fx.Context(), id)
	if err != refusal || again.Author != "ann" {
		fx.Errorf("a refused change stores nothing: %v, author %s", err, again.Author)
	}
	_, err = fx.Ledgers.UpdateEntry(fx.Context(), "qe_none", func(*checkout.Quarantined) error { return nil })
	fx.code(err, pay.CodeNotFound, "a change of an unknown entry")
}

// entryWithLedger: what a person accepts is booked and resolved, or neither.
func entryWithLedger(fx *fixture) {
	l := fx.create()
	a := fx.begin(l.Session.ID)
	id := fx.enter(0, nil).ID
	accept := func(entry string, refusal error) error {
		_, err := fx.Ledgers.UpdateWithEntry(fx.Context(), l.Session.ID, entry, func(l *pay.Ledger, q *checkout.Quarantined) error {
			q.Status = checkout.QuarantineResolved
			fx.must(l.Apply(paid(a), start))
			return refusal
		})
		return err
	}
	refusal := errors.New("not today")
	if err := accept(id, refusal); err != refusal {
		fx.Errorf("a refusal comes back as it is: %v", err)
	}
	fx.code(accept("qe_none", nil), pay.CodeNotFound, "an unknown entry")
	entry, err := fx.Ledgers.Entry(fx.Context(), id)
	fx.must(err)
	if got := fx.ledger(l.Session.ID); got.Session.Winner != "" || entry.Status != checkout.QuarantineOpen {
		fx.Errorf("a refused change leaves both: winner %q, entry %s", got.Session.Winner, entry.Status)
	}
	fx.must(accept(id, nil))
	entry, err = fx.Ledgers.Entry(fx.Context(), id)
	fx.must(err)
	if got := fx.ledger(l.Session.ID); got.Session.Winner != a.ID || entry.Status != checkout.QuarantineResolved {
		fx.Errorf("both are stored: winner %q, entry %s", got.Session.Winner, entry.Status)
	}
}

func entryChangesNeverOverlap(fx *fixture) {
	id := fx.enter(0, nil).ID
	taken := errors.New("taken")
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 16 {
		all.Go(func() {
			_, err := fx.Ledgers.UpdateEntry(fx.Context(), id, func(q *checkout.Quarantined) error {
				if q.Status != checkout.QuarantineOpen {
					return taken
				}
				q.Status = checkout.QuarantineRefunding
				return nil
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if err != taken {
				fx.Errorf("update: %v", err)
			}
		})
	}
	all.Wait()
	if won != 1 {
		fx.Errorf("%d of 16 decided", won)
	}
}

func unresolvedEntries(fx *fixture) {
	unresolved := func(want int) {
		fx.Helper()
		n, err := fx.Desk.Unresolved(fx.Context())
		fx.must(err)
		if n != want {
			fx.Errorf("%d entries are unresolved, want %d", n, want)
		}
	}
	unresolved(0)
	id, other := fx.enter(0, nil).ID, fx.enter(1, nil).ID
	fx.change(id, func(q *checkout.Quarantined) { q.Status = checkout.QuarantineRefunding })
	unresolved(2)
	fx.change(other, func(q *checkout.Quarantined) { q.Status = checkout.QuarantineResolved })
	unresolved(1)
}

// surplus returns a session with two payments, whose second is to go back.
func (fx *fixture) surplus() (sessionID string, refund pay.Refund) {
	fx.Helper()
	l := fx.create()
	a, b := fx.begin(l.Session.ID), fx.begin(l.Session.ID)
	fx.pay(l.Session.ID, a)
	l = fx.pay(l.Session.ID, b)
	return l.Session.ID, l.Refunds[0]
}

func waitingRefunds(fx *fixture) {
	fails := func(id string, r pay.Refund) {
		fx.update(id, func(l *pay.Ledger) error { l.FailRefund(r.ID, pay.FailureRefused, start); return nil })
	}
	fx.surplus() // pending: nobody waits
	failed, refund := fx.surplus()
	fails(failed, refund)
	madeGood, other := fx.surplus()
	fails(madeGood, other)
	fx.update(madeGood, func(l *pay.Ledger) error {
		_, err := l.RetryRefund(other.ID, "ann", start)
		return err
	})
	stuck, third := fx.surplus()
	fx.update(stuck, func(l *pay.Ledger) error {
		l.RefundTried(third.ID, pay.FailurePayerAccount, start)
		l.Refund(third.ID).CreatedAt = start.Add(-time.Hour)
		return nil
	})
	want := []desk.WaitingRefund{
		{SessionID: stuck, RefundID: third.ID, Since: start.Add(-time.Hour).UTC().Truncate(time.Millisecond)},
		{SessionID: failed, RefundID: refund.ID, Since: refund.CreatedAt},
	}
	got, err := fx.Desk.WaitingRefunds(fx.Context(), 9)
	fx.must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		fx.Errorf("the refunds that wait, oldest first (-want +got):\n%s", diff)
	}
	if one, err := fx.Desk.WaitingRefunds(fx.Context(), 1); err != nil || len(one) != 1 {
		fx.Errorf("a limit of 1 gives %d, %v", len(one), err)
	}
	n, oldest, err := fx.Desk.CountWaitingRefunds(fx.Context())
	fx.must(err)
	if n != 2 || !oldest.Equal(want[0].Since) {
		fx.Errorf("%d wait, since %v", n, oldest)
	}
	for _, w := range got {
		if l := fx.ledger(w.SessionID); !l.NeedsPerson(l.Refund(w.RefundID)) {
			fx.Errorf("the ledger does not say that %s waits", w.RefundID)
		}
	}
}

func neededAccounts(fx *fixture) {
	if needs, err := fx.Desk.Needs(fx.Context()); err != nil || len(needs) != 0 {
		fx.Errorf("nothing needs %v, %v", needs, err)
	}
	fx.begin(fx.create().Session.ID)
	paid := fx.create()
	fx.pay(paid.Session.ID, fx.begin(paid.Session.ID)) // nothing is left to do
	fx.surplus()
	fx.change(fx.enter(0, nil).ID, func(q *checkout.Quarantined) { q.Status = checkout.QuarantineRefunding })
	fx.enter(1, nil) // nobody has decided about it
	total := desk.Need{}
	needs, err := fx.Desk.Needs(fx.Context())
	fx.must(err)
	for _, n := range needs {
		total.Attempts, total.Refunds = total.Attempts+n.Attempts, total.Refunds+n.Refunds
		if n.Provider != "wechatpay" || n.Account != newAttempt().Account || n.Merchant != "shop" {
			fx.Errorf("a need of %+v", n)
		}
	}
	if total.Attempts != 1 || total.Refunds != 2 {
		fx.Errorf("needed for %d payments and %d refunds, want 1 and 2", total.Attempts, total.Refunds)
	}
}
