package storetest

import (
	"bytes"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/pay"
	"morepay/internal/retention"
	"morepay/internal/webhook"
)

var retentionCases = []testCase{
	{"unpaid-leaves-its-number", unpaidPruned},
	{"paid-stays-in-the-books", paidPruned},
	{"what-is-under-way-stays", underWayStays},
	{"events-begin-with-the-oldest-kept", eventsPruned},
	{"requests-and-statements-leave-their-hash", rawPruned},
	{"a-payer-is-erased", payerErased},
	{"erasing-waits-for-the-end", erasingWaits},
	{"a-job-has-one-holder", jobHeld},
	{"any-order-keeps-the-money", keepsMoney},
}

// longAfter is when everything that a case did is old.
var longAfter = start.Add(1000 * 24 * time.Hour).UTC().Truncate(time.Millisecond)

// prune lets go of what is older than longAfter of one kind, in steps of two rows,
// and returns how many that were.
func (fx *fixture) prune(k retention.Kind) (n int) {
	fx.Helper()
	step := retention.Step{Now: longAfter, Before: longAfter, Limit: 2}
	for range 1000 {
		done, err := fx.Retention.Prune(fx.Context(), k, step)
		fx.must(err)
		n, step.After = n+done.Count, done.Next
		if !done.More {
			return n
		}
	}
	fx.Fatalf("pruning %s does not end", k)
	return n
}

// numberAll gives every message its number.
func (fx *fixture) numberAll() {
	fx.Helper()
	for {
		n, err := fx.Queue.Assign(fx.Context(), start, 100)
		fx.must(err)
		if n == 0 {
			return
		}
	}
}

// expired is a session with one attempt that was closed unpaid.
func (fx *fixture) expired() (*pay.Ledger, pay.Attempt) {
	fx.Helper()
	l := fx.create()
	a := fx.begin(l.Session.ID)
	fx.update(l.Session.ID, func(l *pay.Ledger) error {
		l.Expire(l.Session.ExpiresAt)
		ev := paid(a)
		ev.ID, ev.Outcome = "closed "+a.OutTradeNo, pay.OutcomeClosed
		return l.Apply(ev, l.Session.ExpiresAt)
	})
	return l, a
}

func keyOf(a pay.Attempt) checkout.Key {
	return checkout.Key{Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo}
}

func unpaidPruned(fx *fixture) {
	l, a := fx.expired()
	bare := fx.create() // nothing was tried
	fx.update(bare.Session.ID, func(l *pay.Ledger) error { l.Expire(l.Session.ExpiresAt); return nil })
	fx.numberAll()
	if n := fx.prune(retention.Unpaid); n != 0 {
		fx.Errorf("a session whose messages are kept stays: %d went", n)
	}
	fx.prune(retention.Events)
	if n, err := fx.Retention.Count(fx.Context(), retention.Unpaid, longAfter); n != 2 || err != nil {
		fx.Errorf("counted %d, %v", n, err)
	}
	if n := fx.prune(retention.Unpaid); n != 2 {
		fx.Errorf("%d went, want 2", n)
	}
	for _, id := range []string{l.Session.ID, bare.Session.ID} {
		_, err := fx.Ledgers.Ledger(fx.Context(), id)
		fx.code(err, pay.CodeNotFound, "a session that went")
	}
	if list := fx.events(l.Session.ID); len(list) != 0 {
		fx.Errorf("its events went too: %v", list)
	}
	_, err := fx.Ledgers.Find(fx.Context(), keyOf(a))
	fx.code(err, pay.CodeNotFound, "its payment")
	past, err := fx.Ledgers.Past(fx.Context(), keyOf(a))
	fx.must(err)
	want := checkout.PastPayment{
		Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo, SessionID: l.Session.ID, Merchant: "shop", OrderName: "A-1",
		Amount: a.Amount, PrunedAt: longAfter,
	}
	if diff := cmp.Diff(want, past); diff != "" {
		fx.Errorf("what is left of its payment (-want +got):\n%s", diff)
	}
	other := fx.create()
	again := newAttempt()
	again.OutTradeNo = a.OutTradeNo
	_, err = fx.Ledgers.Update(fx.Context(), other.Session.ID, func(l *pay.Ledger) error { return l.Begin(again, start) })
	fx.code(err, pay.CodeConflict, "its number stays taken")
}

func paidPruned(fx *fixture) {
	l := fx.create()
	a := fx.begin(l.Session.ID)
	fx.pay(l.Session.ID, a)
	back := pay.Money{Currency: "CNY", Value: 100}
	fx.update(l.Session.ID, func(l *pay.Ledger) error {
		return l.RecordRefund(pay.Refund{ID: "rf_1", AttemptID: a.ID, Amount: back, Author: "ann", Note: "n"}, "", start)
	})
	books := func() any {
		list, err := fx.Books.PaidAttempts(fx.Context(), a.Provider, a.Account, start, longAfter)
		fx.must(err)
		return list
	}
	before := books()
	fx.numberAll()
	fx.prune(retention.Events)
	if n := fx.prune(retention.Unpaid); n != 0 {
		fx.Errorf("a paid session is no unpaid one: %d went", n)
	}
	if n := fx.prune(retention.Ledgers); n != 1 {
		fx.Errorf("%d went, want 1", n)
	}
	if diff := cmp.Diff(before, books()); diff != "" {
		fx.Errorf("what was paid stays in the books (-before +after):\n%s", diff)
	}
	past, err := fx.Ledgers.Past(fx.Context(), keyOf(a))
	fx.must(err)
	ev := paid(a)
	if past.Returned != back.Value || past.Reference != ev.Reference || !past.Knew(ev) {
		fx.Errorf("what is left of it: %+v", past)
	}
	ev.Reference = "another"
	if past.Knew(ev) {
		fx.Error("another payment under its number is news")
	}
}

func underWayStays(fx *fixture) {
	for name, hold := range map[string]func(l *pay.Ledger, a pay.Attempt) error{
		"open": func(*pay.Ledger, pay.Attempt) error { return nil },
		"payable": func(l *pay.Ledger, _ pay.Attempt) error {
			l.Expire(l.Session.ExpiresAt)
			return nil
		},
		"refund": func(l *pay.Ledger, a pay.Attempt) error {
			if err := l.Apply(paid(a), start); err != nil {
				return err
			}
			return l.AddRefund(pay.Refund{ID: newID("rf"), AttemptID: a.ID, Number: newID("n"), Amount: a.Amount}, start)
		},
		"refund-for-a-person": func(l *pay.Ledger, a pay.Attempt) error {
			b := newAttempt()
			if err := l.Begin(b, start); err != nil {
				return err
			}
			for _, a := range []pay.Attempt{a, b} {
				if err := l.Apply(paid(a), start); err != nil {
					return err
				}
			}
			l.FailRefund(l.Refunds[0].ID, pay.FailureTooLate, start)
			return nil
		},
		"unknown-return": func(l *pay.Ledger, a pay.Attempt) error {
			ev := paid(a)
			ev.Returned = &pay.Returned{Unknown: true}
			return l.Apply(ev, start)
		},
	} {
		l := fx.create()
		a := fx.begin(l.Session.ID)
		fx.update(l.Session.ID, func(l *pay.Ledger) error { return hold(l, a) })
		fx.stays(name, l.Session.ID)
	}

	l, a := fx.expired()
	q := fx.enter(1, func(q *checkout.Quarantined) { q.Evidence = paid(a) })
	fx.stays("in quarantine", l.Session.ID)
	_, err := fx.Ledgers.UpdateEntry(fx.Context(), q.ID, func(q *checkout.Quarantined) error {
		q.Status, q.Resolution, q.ResolvedAt = checkout.QuarantineResolved, checkout.ResolveIgnore, start
		return nil
	})
	fx.must(err)
	if n := fx.prune(retention.Unpaid); n != 1 {
		fx.Errorf("resolved, it goes: %d", n)
	}
}

// stays fails if pruning takes a session away.
func (fx *fixture) stays(why, id string) {
	fx.Helper()
	before := fx.ledger(id)
	fx.numberAll()
	for _, k := range []retention.Kind{retention.Events, retention.Unpaid, retention.Ledgers} {
		fx.prune(k)
	}
	after, err := fx.Ledgers.Ledger(fx.Context(), id)
	if err != nil {
		fx.Fatalf("%s: %v", why, err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		fx.Errorf("%s (-before +after):\n%s", why, diff)
	}
}

func eventsPruned(fx *fixture) {
	fresh := fx.page(webhook.Filter{Limit: 9}).Next
	fx.configure(shopURL)
	for range 5 {
		fx.paidSession("shop")
		fx.paidSession("other")
	}
	fx.numberAll()
	all := fx.page(webhook.Filter{Limit: 9})
	if n := fx.prune(retention.Events); n != 5 {
		fx.Errorf("what is not delivered stays: %d went, want the 5 of the merchant without endpoints", n)
	}
	n, err := fx.Log.Skip(fx.Context(), "shop", all.Messages[0].ID, "", "ann", start)
	fx.must(err)
	m, err := fx.Log.Skip(fx.Context(), "shop", all.Messages[1].ID, "", "ann", start)
	fx.must(err)
	if n+m != 2 || fx.prune(retention.Events) != 2 {
		fx.Error("what is given up goes, up to the first that waits")
	}
	rest := fx.page(webhook.Filter{Limit: 9})
	if diff := cmp.Diff(all.Messages[2:], rest.Messages); diff != "" || rest.Next != all.Next {
		fx.Errorf("the list begins with the oldest kept (-want +got):\n%s", diff)
	}
	place := func(i int) webhook.Place { return webhook.Place{Sequence: int64(i) + 1, ID: all.Messages[i].ID} }
	if page := fx.page(webhook.Filter{Limit: 9, After: place(1)}); len(page.Messages) != 3 {
		fx.Errorf("right before the oldest kept nothing is missing: %+v", page)
	}
	for name, after := range map[string]webhook.Place{
		"place": place(0), "id": {ID: all.Messages[0].ID}, "beginning": fresh,
	} {
		_, err := fx.Log.Events(fx.Context(), "shop", webhook.Filter{Limit: 9, After: after})
		fx.code(err, pay.CodeCursorExpired, name+" before what is kept")
	}
	_, err = fx.Log.Event(fx.Context(), "shop", all.Messages[0].ID)
	fx.code(err, pay.CodeNotFound, "an event that went")

	last := fx.page(webhook.Filter{Limit: 9, After: all.Next}).Next
	for _, m := range all.Messages[2:] {
		_, err := fx.Log.Skip(fx.Context(), "shop", m.ID, "", "ann", start)
		fx.must(err)
	}
	fx.prune(retention.Events)
	if page := fx.page(webhook.Filter{Limit: 9, After: last}); page.Next != last || page.More {
		fx.Errorf("the place after the last stays: %+v", page)
	}
	fx.paidSession("shop")
	if page := fx.page(webhook.Filter{Limit: 9, After: last}); len(page.Messages) != 1 || page.Messages[0].Sequence != 6 {
		fx.Errorf("numbers go on: %+v", page)
	}
}

// hash reports whether bytes are a hash.
func isHash(b []byte) bool { return bytes.HasPrefix(b, []byte("sha256:")) && len(b) == 71 }

func rawPruned(fx *fixture) {
	l := fx.create()
	a, open := fx.begin(l.Session.ID), fx.begin(l.Session.ID)
	fx.pay(l.Session.ID, a)
	q := fx.enter(1, nil)
	resolved := fx.enter(2, func(q *checkout.Quarantined) { q.Status, q.ResolvedAt = checkout.QuarantineResolved, start })
	for range 2 { // the second finds nothing
		fx.prune(retention.Raw)
		got := fx.ledger(l.Session.ID)
		if request := got.Attempt(a.ID).Request; !isHash(request) {
			fx.Errorf("the request of an attempt that is over is %q", request)
		}
		if request := got.Attempt(open.ID).Request; !bytes.Equal(request, open.Request) {
			fx.Errorf("the request of one that may leave again is %q", request)
		}
		entry, err := fx.Ledgers.Entry(fx.Context(), q.ID)
		fx.must(err)
		if !bytes.Equal(entry.Evidence.Raw, q.Evidence.Raw) {
			fx.Errorf("the statement of an open entry is %q", entry.Evidence.Raw)
		}
		entry, err = fx.Ledgers.Entry(fx.Context(), resolved.ID)
		fx.must(err)
		if !isHash(entry.Evidence.Raw) {
			fx.Errorf("the statement of a resolved entry is %q", entry.Evidence.Raw)
		}
	}
	if n := fx.prune(retention.Raw); n != 0 {
		fx.Errorf("%d were hashed again", n)
	}
	fresh, err := fx.Ledgers.Quarantine(fx.Context(), q)
	if fresh || err != nil {
		fx.Errorf("the statement is still recognised: %v, %v", fresh, err)
	}
}

// boughtBy is a paid session of a payer.
func (fx *fixture) boughtBy(payer string) (*pay.Ledger, pay.Attempt) {
	fx.Helper()
	l := newLedger()
	l.Session.MerchantPayerID = payer
	fx.must(fx.Ledgers.Create(fx.Context(), l))
	a := fx.begin(l.Session.ID)
	return fx.pay(l.Session.ID, a), a
}

func (fx *fixture) erase(payer string) desk.Erasure {
	fx.Helper()
	e, err := fx.Retention.Erase(fx.Context(), desk.Erasure{ID: newID("er"), Merchant: "shop", PayerHash: "h", Author: "ann", Note: "asked", At: longAfter}, payer)
	fx.must(err)
	return e
}

func payerErased(fx *fixture) {
	l, a := fx.boughtBy("p1")
	other, _ := fx.boughtBy("p2")
	before := fx.ledger(l.Session.ID)
	first := fx.erase("p1")
	second := fx.erase("p1")
	if first.Sessions != 1 || first.Waiting != 0 || second.Sessions != 1 {
		fx.Errorf("erased %+v, then %+v", first, second)
	}
	got := fx.ledger(l.Session.ID)
	if !isHash(got.Attempts[0].Request) {
		fx.Errorf("the request is %q", got.Attempts[0].Request)
	}
	got.Attempts[0].Request, got.Attempts[0].Action = before.Attempts[0].Request, before.Attempts[0].Action
	if diff := cmp.Diff(before, got); diff != "" {
		fx.Errorf("nothing else changes (-before +after):\n%s", diff)
	}
	if request := fx.ledger(other.Session.ID).Attempts[0].Request; isHash(request) {
		fx.Error("another payer's request is erased")
	}
	again := fx.pay(l.Session.ID, a)
	if len(again.Events) != 0 || len(again.Evidence) != 0 {
		fx.Errorf("a repeated statement is news: %+v", again)
	}
	fx.update(l.Session.ID, func(l *pay.Ledger) error {
		return l.AddRefund(pay.Refund{ID: "rf_1", AttemptID: a.ID, Number: "n", Amount: a.Amount}, start)
	})
	list, err := fx.Retention.ListErasures(fx.Context(), "shop", longAfter.Add(time.Second), 9)
	fx.must(err)
	want := []desk.Erasure{first, second}
	byID := func(a, b desk.Erasure) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) }
	slices.SortFunc(want, byID)
	slices.SortFunc(list, byID)
	if diff := cmp.Diff(want, list); diff != "" {
		fx.Errorf("the trail (-want +got):\n%s", diff)
	}
	if n := fx.erase("").Sessions; n != 0 {
		fx.Errorf("no payer in particular has %d sessions", n)
	}
}

func erasingWaits(fx *fixture) {
	l := newLedger()
	l.Session.MerchantPayerID = "p1"
	fx.must(fx.Ledgers.Create(fx.Context(), l))
	a := fx.begin(l.Session.ID)
	if e := fx.erase("p1"); e.Sessions != 1 || e.Waiting != 1 {
		fx.Errorf("erased %+v", e)
	}
	request := func() []byte { return fx.ledger(l.Session.ID).Attempt(a.ID).Request }
	if fx.prune(retention.Erasing) != 0 || isHash(request()) {
		fx.Errorf("what may leave again is erased: %q", request())
	}
	fx.pay(l.Session.ID, a)
	if fx.prune(retention.Erasing) != 1 || !isHash(request()) {
		fx.Errorf("then it goes: %q", request())
	}
	if n := fx.prune(retention.Raw); n != 0 {
		fx.Errorf("%d rows of the session were left whole", n)
	}
	if n := fx.prune(retention.Erasing); n != 0 {
		fx.Errorf("%d wait still", n)
	}
}

func jobHeld(fx *fixture) {
	claim := func(holder string, now, until time.Time) bool {
		ours, err := fx.Retention.ClaimJob(fx.Context(), holder, now, until)
		fx.must(err)
		return ours
	}
	end := start.Add(time.Minute)
	for i, c := range []struct {
		holder     string
		now, until time.Time
		want       bool
	}{
		{"a", start, end, true},
		{"b", start, end, false},
		{"a", start, end, true}, // renewed
		{"b", end, end.Add(time.Minute), true},
		{"a", end, end, false},
		{"b", end, end, true}, // given back
		{"a", end, end.Add(time.Minute), true},
	} {
		if got := claim(c.holder, c.now, c.until); got != c.want {
			fx.Errorf("step %d: %s gets it: %v", i, c.holder, got)
		}
	}
}
