package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/reconcile"
)

var ledgerCases = []testCase{
	{"every-field-survives", everyFieldSurvives},
	{"times-are-utc-milliseconds", timesAreRounded},
	{"update-returns-what-is-stored", updateReturnsWhatIsStored},
	{"unknown-is-not-found", unknownIsNotFound},
	{"id-and-token-are-unique", idAndTokenAreUnique},
	{"payment-number-is-unique", paymentNumberIsUnique},
	{"find-by-token-and-number", findByKeys},
	{"refused-change-stores-nothing", refusedChange},
	{"panic-of-a-change-stays-with-its-caller", panicOfChange},
	{"winner-is-set-once", winnerIsSetOnce},
	{"terms-are-fixed", termsAreFixed},
	{"events-have-no-gaps", eventsHaveNoGaps},
	{"events-after-a-number", eventsAfter},
	{"evidence-is-kept-once", evidenceOnce},
	{"hundred-notifications-one-winner", hundredNotifications},
	{"updates-of-one-session-never-overlap", updatesNeverOverlap},
	{"readers-see-one-moment", readersSeeOneMoment},
	{"big-values", bigValues},
	{"text-that-no-database-takes", badText},
	{"paid-attempts-of-an-account", paidAttempts},
	{"stored-ledger-behaves-like-a-pure-one", likePure},
	{"notifier-hears-of-new-events", notifierHears},
}

func everyFieldSurvives(fx *fixture) {
	l := newLedger()
	fx.must(fx.Ledgers.Create(fx.Context(), l))
	a, r := newAttempt(), pay.Refund{ID: "rf1", Status: pay.RefundFailed}
	fill(&a, "Amount", "State")
	a.Amount, a.State = l.Session.Amount, pay.AttemptSurplus
	fill(&r, "Amount", "Status")
	got := fx.update(l.Session.ID, func(l *pay.Ledger) error {
		l.Attempts = append(l.Attempts, a)
		l.Refunds = append(l.Refunds, r)
		return nil
	})
	want := fx.ledger(l.Session.ID)
	got.Events, got.Evidence = nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		fx.Errorf("a loaded ledger is what was stored (-loaded +stored):\n%s", diff)
	}
	if diff := cmp.Diff([]pay.Attempt{roundAttempt(a)}, want.Attempts); diff != "" {
		fx.Errorf("every field of an attempt is kept (-want +got):\n%s", diff)
	}

	full := newLedger()
	id, hash := full.Session.ID, full.Session.TokenHash
	fill(&full.Session, "Status", "LastEvent", "Items", "Winner")
	full.Session.ID, full.Session.TokenHash = id, hash
	full.Session.Items = []pay.Item{{}, {SKU: "s", Category: "c", Name: "袜子", Quantity: 2}}
	fx.must(fx.Ledgers.Create(fx.Context(), full))
	if diff := cmp.Diff(full.Session, fx.ledger(id).Session); diff != "" {
		fx.Errorf("every field of a session is kept (-want +got):\n%s", diff)
	}
}

// fill gives every field of a struct a value of its own, but for those named: a
// field that is added to a struct and forgotten by the store is noticed.
func fill(target any, except ...string) {
	v := reflect.ValueOf(target).Elem()
	for i := range v.NumField() {
		if field := v.Type().Field(i); !slices.Contains(except, field.Name) {
			fillValue(v.Field(i), field.Name, i+1)
		}
	}
}

func fillValue(v reflect.Value, name string, n int) {
	switch value := v.Addr().Interface().(type) {
	case *time.Time:
		*value = start.Add(time.Duration(n) * time.Hour)
		return
	case *[]byte:
		*value = []byte{0, byte(n), 255}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s-%d ' \" \\ 值", name, n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n) << 33)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{name: "x", "": "y"}))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Interface())
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(v.Field(i), name, n+i)
		}
	}
}

func roundAttempt(a pay.Attempt) pay.Attempt {
	for _, t := range []*time.Time{&a.ExpiresAt, &a.CreatedAt, &a.SentAt, &a.PaidAt, &a.BackAt, &a.CheckAt, &a.SendAt} {
		*t = t.UTC().Truncate(time.Millisecond)
	}
	action := *a.Action
	action.ExpiresAt = action.ExpiresAt.UTC().Truncate(time.Millisecond)
	a.Action = &action
	return a
}

func timesAreRounded(fx *fixture) {
	l := fx.create()
	a := fx.begin(l.Session.ID)
	got := fx.ledger(l.Session.ID)
	for name, at := range map[string]time.Time{
		"session.created": got.Session.CreatedAt, "session.expires": got.Session.ExpiresAt,
		"attempt.created": got.Attempts[0].CreatedAt, "event.at": fx.events(l.Session.ID)[0].At,
	} {
		if at.Location() != time.UTC || at.Nanosecond() != 123_000_000 {
			fx.Errorf("times are UTC with millisecond precision: %s is %v", name, at)
		}
	}
	if !got.Attempts[0].PaidAt.IsZero() {
		fx.Errorf("a zero time comes back zero, got %v", got.Attempts[0].PaidAt)
	}
	if !a.CreatedAt.Equal(got.Attempts[0].CreatedAt) {
		fx.Errorf("Update returns rounded times as well: %v, loaded %v", a.CreatedAt, got.Attempts[0].CreatedAt)
	}
}

func updateReturnsWhatIsStored(fx *fixture) {
	l := fx.create()
	a := fx.begin(l.Session.ID)
	got := fx.update(l.Session.ID, func(l *pay.Ledger) error {
		l.Accept(a.ID, pay.Action{Kind: pay.ActionQRCode, Payload: "weixin://x", ExpiresAt: start}, start)
		return l.Apply(paid(a), start)
	})
	if len(got.Events) != 2 || len(got.Evidence) != 1 {
		fx.Errorf("Update returns what the change added: %d events and %d pieces of evidence, want 2 and 1", len(got.Events), len(got.Evidence))
	}
	got.Events, got.Evidence = nil, nil
	if diff := cmp.Diff(fx.ledger(l.Session.ID), got); diff != "" {
		fx.Errorf("Update returns what is stored (-loaded +returned):\n%s", diff)
	}
}

func unknownIsNotFound(fx *fixture) {
	_, err := fx.Ledgers.Ledger(fx.Context(), "cs_none")
	fx.code(err, pay.CodeNotFound, "an unknown session")
	_, err = fx.Ledgers.Update(fx.Context(), "cs_none", func(*pay.Ledger) error {
		fx.Error("the change of an unknown session must not run")
		return nil
	})
	fx.code(err, pay.CodeNotFound, "an update of an unknown session")
	_, err = fx.Ledgers.Find(fx.Context(), checkout.Key{TokenHash: "none"})
	fx.code(err, pay.CodeNotFound, "an unknown token")
	_, err = fx.Ledgers.Find(fx.Context(), checkout.Key{Provider: "wechatpay", Account: "1", OutTradeNo: "none"})
	fx.code(err, pay.CodeNotFound, "an unknown payment number")
	if events := fx.events("cs_none"); len(events) != 0 {
		fx.Errorf("an unknown session has no events, got %v", events)
	}
}

func idAndTokenAreUnique(fx *fixture) {
	l := fx.create()
	sameID, sameToken := newLedger(), newLedger()
	sameID.Session.ID = l.Session.ID
	sameToken.Session.TokenHash = l.Session.TokenHash
	fx.code(fx.Ledgers.Create(fx.Context(), sameID), pay.CodeConflict, "an id is taken once")
	fx.code(fx.Ledgers.Create(fx.Context(), sameToken), pay.CodeConflict, "a token is taken once")
	_, err := fx.Ledgers.Ledger(fx.Context(), sameToken.Session.ID)
	fx.code(err, pay.CodeNotFound, "a refused session is not stored")
	if n := len(fx.events(l.Session.ID)); n != 1 {
		fx.Errorf("the session that was there keeps its one event, has %d", n)
	}
}

func paymentNumberIsUnique(fx *fixture) {
	first, second := fx.create(), fx.create()
	a := fx.begin(first.Session.ID)
	_, err := fx.Ledgers.Update(fx.Context(), second.Session.ID, func(l *pay.Ledger) error {
		b := newAttempt()
		b.OutTradeNo = a.OutTradeNo
		return l.Begin(b, start)
	})
	fx.code(err, pay.CodeConflict, "a payment number is used once in an account")
	if l := fx.ledger(second.Session.ID); len(l.Attempts) != 0 || l.Session.LastEvent != 1 {
		fx.Errorf("a refused update leaves nothing: %+v", l)
	}
	fx.update(second.Session.ID, func(l *pay.Ledger) error {
		b := newAttempt()
		b.OutTradeNo, b.Account = a.OutTradeNo, "another account"
		return l.Begin(b, start)
	})
}

func findByKeys(fx *fixture) {
	l := fx.create()
	fx.create()
	a := fx.begin(l.Session.ID)
	keys := []checkout.Key{
		{TokenHash: l.Session.TokenHash},
		{Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo},
	}
	for _, key := range keys {
		id, err := fx.Ledgers.Find(fx.Context(), key)
		fx.must(err)
		if id != l.Session.ID {
			fx.Errorf("%+v names session %s, got %s", key, l.Session.ID, id)
		}
	}
	_, err := fx.Ledgers.Find(fx.Context(), checkout.Key{Provider: a.Provider, Account: "another", OutTradeNo: a.OutTradeNo})
	fx.code(err, pay.CodeNotFound, "a payment number belongs to one account")
	fx.update(l.Session.ID, func(l *pay.Ledger) error {
		l.Attempts[0].Reference = "4200000000000000000000000001"
		return nil
	})
	theirs := checkout.Key{Provider: a.Provider, Account: a.Account, Reference: "4200000000000000000000000001"}
	id, err := fx.Ledgers.Find(fx.Context(), theirs)
	fx.must(err)
	if id != l.Session.ID {
		fx.Errorf("the provider's number names session %s, got %s", l.Session.ID, id)
	}
	theirs.Account = "another"
	_, err = fx.Ledgers.Find(fx.Context(), theirs)
	fx.code(err, pay.CodeNotFound, "a provider's number belongs to one account")
}

func refusedChange(fx *fixture) {
	l := fx.create()
	a := fx.begin(l.Session.ID)
	before := fx.ledger(l.Session.ID)
	refusal := errors.New("not today")
	_, err := fx.Ledgers.Update(fx.Context(), l.Session.ID, func(l *pay.Ledger) error {
		fx.must(l.Apply(paid(a), start))
		return refusal
	})
	if err != refusal {
		fx.Errorf("an error of change comes back as it is: got %v", err)
	}
	if diff := cmp.Diff(before, fx.ledger(l.Session.ID)); diff != "" {
		fx.Errorf("a refused change stores nothing (-before +after):\n%s", diff)
	}
	if n := len(fx.events(l.Session.ID)); n != int(before.Session.LastEvent) {
		fx.Errorf("a refused change stores no event: %d, want %d", n, before.Session.LastEvent)
	}
}

func panicOfChange(fx *fixture) {
	l := fx.create()
	func() {
		defer func() {
			if recover() == nil {
				fx.Error("a panic of change comes back to its caller")
			}
		}()
		_, _ = fx.Ledgers.Update(fx.Context(), l.Session.ID, func(l *pay.Ledger) error {
			_ = l.Cancel(start)
			panic("a bug")
		})
	}()
	if got := fx.ledger(l.Session.ID); got.Session.Status != pay.SessionOpen {
		fx.Errorf("a change that panics stores nothing, the session is %s", got.Session.Status)
	}
	fx.begin(l.Session.ID) // the store goes on
}

func winnerIsSetOnce(fx *fixture) {
	l := fx.create()
	a := fx.begin(l.Session.ID)
	fx.pay(l.Session.ID, a)
	_, err := fx.Ledgers.Update(fx.Context(), l.Session.ID, func(l *pay.Ledger) error {
		l.Session.Winner = "at_other"
		return nil
	})
	fx.code(err, pay.CodeConflict, "the store itself refuses a second winner")
	if got := fx.ledger(l.Session.ID).Session.Winner; got != a.ID {
		fx.Errorf("the winner is %s, want %s", got, a.ID)
	}
}

func termsAreFixed(fx *fixture) {
	l := fx.create()
	_, err := fx.Ledgers.Update(fx.Context(), l.Session.ID, func(l *pay.Ledger) error {
		l.Session.Amount.Value = 1
		return nil
	})
	fx.code(err, pay.CodeInternal, "the store itself refuses another price")
}

func eventsHaveNoGaps(fx *fixture) {
	l := fx.create()
	for _, number := range []int64{1, 3} {
		_, err := fx.Ledgers.Update(fx.Context(), l.Session.ID, func(l *pay.Ledger) error {
			l.Session.LastEvent = number
			l.Events = append(l.Events, pay.Event{Number: number, Type: pay.EventAttemptFailed, At: start})
			return nil
		})
		fx.code(err, pay.CodeInternal, fmt.Sprintf("the store itself refuses event %d after event 1", number))
	}
	if n := len(fx.events(l.Session.ID)); n != 1 {
		fx.Errorf("there are %d events, want 1", n)
	}
}

func eventsAfter(fx *fixture) {
	l := fx.create()
	a := fx.begin(l.Session.ID)
	fx.pay(l.Session.ID, a)
	all := fx.events(l.Session.ID)
	for i, e := range all {
		if e.Number != int64(i+1) {
			fx.Fatalf("events come in order without gaps: %+v", all)
		}
	}
	for after := range len(all) + 1 {
		got, err := fx.Ledgers.Events(fx.Context(), l.Session.ID, int64(after))
		fx.must(err)
		if diff := cmp.Diff(all[after:], append([]pay.Event{}, got...)); diff != "" {
			fx.Errorf("events after %d (-want +got):\n%s", after, diff)
		}
	}
	if last := all[len(all)-1]; last.Type != pay.EventSessionPaid || last.AttemptID != a.ID || last.Session != pay.SessionPaid {
		fx.Errorf("an event keeps what it says: %+v", last)
	}
}

func evidenceOnce(fx *fixture) {
	l := fx.create()
	a := fx.begin(l.Session.ID)
	ev := paid(a)
	for range 3 {
		fx.update(l.Session.ID, func(l *pay.Ledger) error {
			l.Evidence = append(l.Evidence, ev, ev)
			return nil
		})
	}
	other := fx.create()
	ev.Account = "another account"
	fx.update(other.Session.ID, func(l *pay.Ledger) error {
		l.Evidence = append(l.Evidence, ev)
		return nil
	})
}

func hundredNotifications(fx *fixture) {
	const payments, repeats = 10, 10
	l := fx.create()
	var attempts []pay.Attempt
	fx.update(l.Session.ID, func(l *pay.Ledger) error {
		for range payments { // more than a session takes: this is about the store, not about the limit
			a := newAttempt()
			a.State, a.CreatedAt = pay.AttemptAwaiting, start
			l.Attempts = append(l.Attempts, a)
		}
		attempts = slices.Clone(l.Attempts)
		return nil
	})
	var all sync.WaitGroup
	for i := range payments * repeats {
		all.Go(func() {
			ev := paid(attempts[i%payments])
			if _, err := fx.Ledgers.Update(fx.Context(), l.Session.ID, func(l *pay.Ledger) error { return l.Apply(ev, start) }); err != nil {
				fx.Errorf("update: %v", err)
			}
		})
	}
	all.Wait()
	got := fx.ledger(l.Session.ID)
	count := map[pay.AttemptState]int{}
	for _, a := range got.Attempts {
		count[a.State]++
	}
	if count[pay.AttemptSucceeded] != 1 || count[pay.AttemptSurplus] != payments-1 {
		fx.Errorf("of %d payments one wins and the others are surplus: %v", payments, count)
	}
	if winner := got.Attempt(got.Session.Winner); winner == nil || winner.State != pay.AttemptSucceeded {
		fx.Errorf("the winner is the attempt that succeeded: %q", got.Session.Winner)
	}
	if len(got.Refunds) != payments-1 {
		fx.Errorf("each surplus has one refund: %d", len(got.Refunds))
	}
	paidEvents := 0
	for i, e := range fx.events(l.Session.ID) {
		if e.Number != int64(i+1) {
			fx.Fatalf("event %d has number %d", i+1, e.Number)
		}
		if e.Type == pay.EventSessionPaid {
			paidEvents++
		}
	}
	if paidEvents != 1 {
		fx.Errorf("there is one paid event, got %d", paidEvents)
	}
}

func updatesNeverOverlap(fx *fixture) {
	l := fx.create()
	a := fx.begin(l.Session.ID)
	const callers, each = 16, 10
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range each {
				_, err := fx.Ledgers.Update(fx.Context(), l.Session.ID, func(l *pay.Ledger) error {
					l.Attempt(a.ID).Checks++
					return nil
				})
				if err != nil {
					fx.Errorf("update: %v", err)
				}
			}
		})
	}
	all.Wait()
	if got := fx.ledger(l.Session.ID).Attempts[0].Checks; got != callers*each {
		fx.Errorf("no update is lost: %d of %d", got, callers*each)
	}
}

func readersSeeOneMoment(fx *fixture) {
	l := fx.create()
	var writing, reading sync.WaitGroup
	var done atomic.Bool
	for range 4 {
		reading.Go(func() {
			for !done.Load() {
				got, err := fx.Ledgers.Ledger(fx.Context(), l.Session.ID)
				if err != nil {
					fx.Errorf("a reader during writes: %v", err)
					return
				}
				if want := int64(1 + len(got.Attempts)); got.Session.LastEvent != want {
					fx.Errorf("a reader sees one moment: %d attempts, event %d, want %d", len(got.Attempts), got.Session.LastEvent, want)
					return
				}
			}
		})
	}
	writing.Go(func() {
		for range pay.MaxAttempts {
			fx.begin(l.Session.ID)
		}
	})
	writing.Wait()
	done.Store(true)
	reading.Wait()
}

func bigValues(fx *fixture) {
	l := newLedger()
	big := bytes.Repeat([]byte("袜"), 100_000)
	l.Session.Description = string(big)
	fx.must(fx.Ledgers.Create(fx.Context(), l))
	a := newAttempt()
	a.Request = bytes.Repeat([]byte{0, 1, 254, 255}, 250_000)
	fx.update(l.Session.ID, func(l *pay.Ledger) error { return l.Begin(a, start) })
	got := fx.ledger(l.Session.ID)
	if got.Session.Description != string(big) || !bytes.Equal(got.Attempts[0].Request, a.Request) {
		fx.Error("big values come back whole")
	}
}

func badText(fx *fixture) {
	for _, text := range []string{"a\x00b", "a\xffb"} {
		l := newLedger()
		l.Session.Description = text
		fx.code(fx.Ledgers.Create(fx.Context(), l), pay.CodeInvalid, fmt.Sprintf("text %q", text))
		_, err := fx.Ledgers.Find(fx.Context(), checkout.Key{TokenHash: text})
		fx.code(err, pay.CodeInvalid, fmt.Sprintf("a search for %q", text))
	}
}

func notifierHears(fx *fixture) {
	heard := make(chan string, 10)
	stores := fx.open(fx.T, func(id string) { heard <- id })
	l := newLedger()
	fx.must(stores.Ledgers.Create(fx.Context(), l))
	_, err := stores.Ledgers.Update(fx.Context(), l.Session.ID, func(l *pay.Ledger) error { return l.Begin(newAttempt(), start) })
	fx.must(err)
	for range 2 {
		if id := <-heard; id != l.Session.ID {
			fx.Errorf("heard of %q, want %s", id, l.Session.ID)
		}
	}
	_, err = stores.Ledgers.Update(fx.Context(), l.Session.ID, func(l *pay.Ledger) error { return nil })
	fx.must(err)
	select {
	case id := <-heard:
		fx.Errorf("an update without events wakes nobody, heard of %q", id)
	default:
	}
}

func paidAttempts(fx *fixture) {
	l := fx.create()
	a, unpaid := fx.begin(l.Session.ID), newAttempt()
	fx.pay(l.Session.ID, a)
	other := fx.create()
	fx.update(other.Session.ID, func(l *pay.Ledger) error { return l.Begin(unpaid, start) })
	at := paid(a).PaidAt
	day := func(account string, from, until time.Time) []reconcile.PaidAttempt {
		list, err := fx.Books.PaidAttempts(fx.Context(), a.Provider, account, from, until)
		fx.must(err)
		return list
	}
	want := []reconcile.PaidAttempt{{SessionID: l.Session.ID, OutTradeNo: a.OutTradeNo, Amount: a.Amount, PaidAt: at.UTC().Truncate(time.Millisecond)}}
	if diff := cmp.Diff(want, day(a.Account, at, at.Add(time.Hour))); diff != "" {
		fx.Errorf("the paid attempts of an account, from inclusive (-want +got):\n%s", diff)
	}
	if list := day(a.Account, at.Add(-time.Hour), at); len(list) != 0 {
		fx.Errorf("until is exclusive: %v", list)
	}
	if list := day("another account", at, at.Add(time.Hour)); len(list) != 0 {
		fx.Errorf("another account's paid attempts: %v", list)
	}
	if list := day(a.Account, time.Time{}, at.Add(time.Hour)); len(list) != 1 {
		fx.Errorf("an attempt that was not paid is listed: %v", list)
	}
}
