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
	{"quarantine-once-newest-first", quarantineOnce},
	{"quarantine-same-id-other-statement", quarantineSameID},
	{"big-values", bigValues},
	{"text-that-no-database-takes", badText},
	{"paid-attempts-of-an-account", paidAttempts},
	{"stored-ledger-behaves-like-a-pure-one", likePure},
	{"notifier-hears-of-new-events", notifierHears},
}

func everyFieldSurvives(w *world) {
	l := newLedger()
	w.must(w.Ledgers.Create(w.Context(), l))
	a, r := newAttempt(), pay.Refund{ID: "rf1"}
	fill(&a, "Amount", "State")
	a.Amount = l.Session.Amount
	fill(&r, "Amount")
	got := w.update(l.Session.ID, func(l *pay.Ledger) error {
		l.Attempts = append(l.Attempts, a)
		l.Refunds = append(l.Refunds, r)
		return nil
	})
	want := w.ledger(l.Session.ID)
	got.Events, got.Evidence = nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("a loaded ledger is what was stored (-loaded +stored):\n%s", diff)
	}
	if diff := cmp.Diff([]pay.Attempt{roundAttempt(a)}, want.Attempts); diff != "" {
		w.Errorf("every field of an attempt is kept (-want +got):\n%s", diff)
	}

	full := newLedger()
	id, hash := full.Session.ID, full.Session.TokenHash
	fill(&full.Session, "Status", "LastEvent", "Items", "Winner")
	full.Session.ID, full.Session.TokenHash = id, hash
	full.Session.Items = []pay.Item{{}, {SKU: "s", Category: "c", Name: "袜子", Quantity: 2}}
	w.must(w.Ledgers.Create(w.Context(), full))
	if diff := cmp.Diff(full.Session, w.ledger(id).Session); diff != "" {
		w.Errorf("every field of a session is kept (-want +got):\n%s", diff)
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
	for _, t := range []*time.Time{&a.ExpiresAt, &a.CreatedAt, &a.SentAt, &a.PaidAt, &a.CheckAt, &a.SendAt} {
		*t = t.UTC().Truncate(time.Millisecond)
	}
	action := *a.Action
	action.ExpiresAt = action.ExpiresAt.UTC().Truncate(time.Millisecond)
	a.Action = &action
	return a
}

func timesAreRounded(w *world) {
	l := w.create()
	a := w.begin(l.Session.ID)
	got := w.ledger(l.Session.ID)
	for name, at := range map[string]time.Time{
		"session.created": got.Session.CreatedAt, "session.expires": got.Session.ExpiresAt,
		"attempt.created": got.Attempts[0].CreatedAt, "event.at": w.events(l.Session.ID)[0].At,
	} {
		if at.Location() != time.UTC || at.Nanosecond() != 123_000_000 {
			w.Errorf("times are UTC with millisecond precision: %s is %v", name, at)
		}
	}
	if !got.Attempts[0].PaidAt.IsZero() {
		w.Errorf("a zero time comes back zero, got %v", got.Attempts[0].PaidAt)
	}
	if !a.CreatedAt.Equal(got.Attempts[0].CreatedAt) {
		w.Errorf("Update returns rounded times as well: %v, loaded %v", a.CreatedAt, got.Attempts[0].CreatedAt)
	}
}

func updateReturnsWhatIsStored(w *world) {
	l := w.create()
	a := w.begin(l.Session.ID)
	got := w.update(l.Session.ID, func(l *pay.Ledger) error {
		l.Accept(a.ID, pay.Action{Kind: pay.ActionQRCode, Payload: "weixin://x", ExpiresAt: start}, start)
		return l.Apply(paid(a), start)
	})
	if len(got.Events) != 2 || len(got.Evidence) != 1 {
		w.Errorf("Update returns what the change added: %d events and %d pieces of evidence, want 2 and 1", len(got.Events), len(got.Evidence))
	}
	got.Events, got.Evidence = nil, nil
	if diff := cmp.Diff(w.ledger(l.Session.ID), got); diff != "" {
		w.Errorf("Update returns what is stored (-loaded +returned):\n%s", diff)
	}
}

func unknownIsNotFound(w *world) {
	_, err := w.Ledgers.Ledger(w.Context(), "cs_none")
	w.code(err, pay.CodeNotFound, "an unknown session")
	_, err = w.Ledgers.Update(w.Context(), "cs_none", func(*pay.Ledger) error {
		w.Error("the change of an unknown session must not run")
		return nil
	})
	w.code(err, pay.CodeNotFound, "an update of an unknown session")
	_, err = w.Ledgers.Find(w.Context(), checkout.Key{TokenHash: "none"})
	w.code(err, pay.CodeNotFound, "an unknown token")
	_, err = w.Ledgers.Find(w.Context(), checkout.Key{Provider: "wechatpay", Account: "1", OutTradeNo: "none"})
	w.code(err, pay.CodeNotFound, "an unknown payment number")
	if events := w.events("cs_none"); len(events) != 0 {
		w.Errorf("an unknown session has no events, got %v", events)
	}
}

func idAndTokenAreUnique(w *world) {
	l := w.create()
	sameID, sameToken := newLedger(), newLedger()
	sameID.Session.ID = l.Session.ID
	sameToken.Session.TokenHash = l.Session.TokenHash
	w.code(w.Ledgers.Create(w.Context(), sameID), pay.CodeConflict, "an id is taken once")
	w.code(w.Ledgers.Create(w.Context(), sameToken), pay.CodeConflict, "a token is taken once")
	_, err := w.Ledgers.Ledger(w.Context(), sameToken.Session.ID)
	w.code(err, pay.CodeNotFound, "a refused session is not stored")
	if n := len(w.events(l.Session.ID)); n != 1 {
		w.Errorf("the session that was there keeps its one event, has %d", n)
	}
}

func paymentNumberIsUnique(w *world) {
	first, second := w.create(), w.create()
	a := w.begin(first.Session.ID)
	_, err := w.Ledgers.Update(w.Context(), second.Session.ID, func(l *pay.Ledger) error {
		b := newAttempt()
		b.OutTradeNo = a.OutTradeNo
		return l.Begin(b, start)
	})
	w.code(err, pay.CodeConflict, "a payment number is used once in an account")
	if l := w.ledger(second.Session.ID); len(l.Attempts) != 0 || l.Session.LastEvent != 1 {
		w.Errorf("a refused update leaves nothing: %+v", l)
	}
	w.update(second.Session.ID, func(l *pay.Ledger) error {
		b := newAttempt()
		b.OutTradeNo, b.Account = a.OutTradeNo, "another account"
		return l.Begin(b, start)
	})
}

func findByKeys(w *world) {
	l := w.create()
	w.create()
	a := w.begin(l.Session.ID)
	keys := []checkout.Key{
		{TokenHash: l.Session.TokenHash},
		{Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo},
	}
	for _, key := range keys {
		id, err := w.Ledgers.Find(w.Context(), key)
		w.must(err)
		if id != l.Session.ID {
			w.Errorf("%+v names session %s, got %s", key, l.Session.ID, id)
		}
	}
	_, err := w.Ledgers.Find(w.Context(), checkout.Key{Provider: a.Provider, Account: "another", OutTradeNo: a.OutTradeNo})
	w.code(err, pay.CodeNotFound, "a payment number belongs to one account")
}

func refusedChange(w *world) {
	l := w.create()
	a := w.begin(l.Session.ID)
	before := w.ledger(l.Session.ID)
	refusal := errors.New("not today")
	_, err := w.Ledgers.Update(w.Context(), l.Session.ID, func(l *pay.Ledger) error {
		w.must(l.Apply(paid(a), start))
		return refusal
	})
	if err != refusal {
		w.Errorf("an error of change comes back as it is: got %v", err)
	}
	if diff := cmp.Diff(before, w.ledger(l.Session.ID)); diff != "" {
		w.Errorf("a refused change stores nothing (-before +after):\n%s", diff)
	}
	if n := len(w.events(l.Session.ID)); n != int(before.Session.LastEvent) {
		w.Errorf("a refused change stores no event: %d, want %d", n, before.Session.LastEvent)
	}
}

func panicOfChange(w *world) {
	l := w.create()
	func() {
		defer func() {
			if recover() == nil {
				w.Error("a panic of change comes back to its caller")
			}
		}()
		_, _ = w.Ledgers.Update(w.Context(), l.Session.ID, func(l *pay.Ledger) error {
			_ = l.Cancel(start)
			panic("a bug")
		})
	}()
	if got := w.ledger(l.Session.ID); got.Session.Status != pay.SessionOpen {
		w.Errorf("a change that panics stores nothing, the session is %s", got.Session.Status)
	}
	w.begin(l.Session.ID) // the store goes on
}

func winnerIsSetOnce(w *world) {
	l := w.create()
	a := w.begin(l.Session.ID)
	w.pay(l.Session.ID, a)
	_, err := w.Ledgers.Update(w.Context(), l.Session.ID, func(l *pay.Ledger) error {
		l.Session.Winner = "at_other"
		return nil
	})
	w.code(err, pay.CodeConflict, "the store itself refuses a second winner")
	if got := w.ledger(l.Session.ID).Session.Winner; got != a.ID {
		w.Errorf("the winner is %s, want %s", got, a.ID)
	}
}

func termsAreFixed(w *world) {
	l := w.create()
	_, err := w.Ledgers.Update(w.Context(), l.Session.ID, func(l *pay.Ledger) error {
		l.Session.Amount.Value = 1
		return nil
	})
	w.code(err, pay.CodeInternal, "the store itself refuses another price")
}

func eventsHaveNoGaps(w *world) {
	l := w.create()
	for _, number := range []int64{1, 3} {
		_, err := w.Ledgers.Update(w.Context(), l.Session.ID, func(l *pay.Ledger) error {
			l.Session.LastEvent = number
			l.Events = append(l.Events, pay.Event{Number: number, Type: pay.EventAttemptFailed, At: start})
			return nil
		})
		w.code(err, pay.CodeInternal, fmt.Sprintf("the store itself refuses event %d after event 1", number))
	}
	if n := len(w.events(l.Session.ID)); n != 1 {
		w.Errorf("there are %d events, want 1", n)
	}
}

func eventsAfter(w *world) {
	l := w.create()
	a := w.begin(l.Session.ID)
	w.pay(l.Session.ID, a)
	all := w.events(l.Session.ID)
	for i, e := range all {
		if e.Number != int64(i+1) {
			w.Fatalf("events come in order without gaps: %+v", all)
		}
	}
	for after := range len(all) + 1 {
		got, err := w.Ledgers.Events(w.Context(), l.Session.ID, int64(after))
		w.must(err)
		if diff := cmp.Diff(all[after:], append([]pay.Event{}, got...)); diff != "" {
			w.Errorf("events after %d (-want +got):\n%s", after, diff)
		}
	}
	if last := all[len(all)-1]; last.Type != pay.EventSessionPaid || last.AttemptID != a.ID || last.Session != pay.SessionPaid {
		w.Errorf("an event keeps what it says: %+v", last)
	}
}

func evidenceOnce(w *world) {
	l := w.create()
	a := w.begin(l.Session.ID)
	ev := paid(a)
	for range 3 {
		w.update(l.Session.ID, func(l *pay.Ledger) error {
			l.Evidence = append(l.Evidence, ev, ev)
			return nil
		})
	}
	other := w.create()
	ev.Account = "another account"
	w.update(other.Session.ID, func(l *pay.Ledger) error {
		l.Evidence = append(l.Evidence, ev)
		return nil
	})
}

func hundredNotifications(w *world) {
	const payments, repeats = 10, 10
	l := w.create()
	var attempts []pay.Attempt
	w.update(l.Session.ID, func(l *pay.Ledger) error {
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
			if _, err := w.Ledgers.Update(w.Context(), l.Session.ID, func(l *pay.Ledger) error { return l.Apply(ev, start) }); err != nil {
				w.Errorf("update: %v", err)
			}
		})
	}
	all.Wait()
	got := w.ledger(l.Session.ID)
	count := map[pay.AttemptState]int{}
	for _, a := range got.Attempts {
		count[a.State]++
	}
	if count[pay.AttemptSucceeded] != 1 || count[pay.AttemptSurplus] != payments-1 {
		w.Errorf("of %d payments one wins and the others are surplus: %v", payments, count)
	}
	if winner := got.Attempt(got.Session.Winner); winner == nil || winner.State != pay.AttemptSucceeded {
		w.Errorf("the winner is the attempt that succeeded: %q", got.Session.Winner)
	}
	if len(got.Refunds) != payments-1 {
		w.Errorf("each surplus has one refund: %d", len(got.Refunds))
	}
	paidEvents := 0
	for i, e := range w.events(l.Session.ID) {
		if e.Number != int64(i+1) {
			w.Fatalf("event %d has number %d", i+1, e.Number)
		}
		if e.Type == pay.EventSessionPaid {
			paidEvents++
		}
	}
	if paidEvents != 1 {
		w.Errorf("there is one paid event, got %d", paidEvents)
	}
}

func updatesNeverOverlap(w *world) {
	l := w.create()
	a := w.begin(l.Session.ID)
	const callers, each = 16, 10
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range each {
				_, err := w.Ledgers.Update(w.Context(), l.Session.ID, func(l *pay.Ledger) error {
					l.Attempt(a.ID).Checks++
					return nil
				})
				if err != nil {
					w.Errorf("update: %v", err)
				}
			}
		})
	}
	all.Wait()
	if got := w.ledger(l.Session.ID).Attempts[0].Checks; got != callers*each {
		w.Errorf("no update is lost: %d of %d", got, callers*each)
	}
}

func readersSeeOneMoment(w *world) {
	l := w.create()
	var writing, reading sync.WaitGroup
	var done atomic.Bool
	for range 4 {
		reading.Go(func() {
			for !done.Load() {
				got, err := w.Ledgers.Ledger(w.Context(), l.Session.ID)
				if err != nil {
					w.Errorf("a reader during writes: %v", err)
					return
				}
				if want := int64(1 + len(got.Attempts)); got.Session.LastEvent != want {
					w.Errorf("a reader sees one moment: %d attempts, event %d, want %d", len(got.Attempts), got.Session.LastEvent, want)
					return
				}
			}
		})
	}
	writing.Go(func() {
		for range pay.MaxAttempts {
			w.begin(l.Session.ID)
		}
	})
	writing.Wait()
	done.Store(true)
	reading.Wait()
}

func quarantineOnce(w *world) {
	var want []checkout.Quarantined
	for i := range 3 {
		q := checkout.Quarantined{Evidence: paid(newAttempt()), Reason: fmt.Sprintf("reason %d", i), At: start.Add(time.Duration(i) * time.Second)}
		for range 2 {
			w.must(w.Ledgers.Quarantine(w.Context(), q))
		}
		for _, t := range []*time.Time{&q.At, &q.Evidence.PaidAt, &q.Evidence.ReceivedAt} {
			*t = t.UTC().Truncate(time.Millisecond)
		}
		q.Status = checkout.QuarantineOpen
		want = append([]checkout.Quarantined{q}, want...)
	}
	got, err := w.Ledgers.Quarantined(w.Context(), 9)
	w.must(err)
	names := map[string]bool{}
	for i := range got {
		names[got[i].ID], got[i].ID = true, ""
	}
	if len(names) != len(want) || names[""] {
		w.Errorf("the entries have the names %v", names)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("quarantine lists each once, newest first (-want +got):\n%s", diff)
	}
	if got, err = w.Ledgers.Quarantined(w.Context(), 2); err != nil || len(got) != 2 {
		w.Errorf("a limit of 2 gives 2, got %d, %v", len(got), err)
	}
}

// quarantineSameID: whoever sends a second statement under a known id does not get
// rid of it, and a repeat of either is none.
func quarantineSameID(w *world) {
	first := checkout.Quarantined{Evidence: paid(newAttempt()), Reason: "one", At: start}
	second := first
	second.Evidence.Amount.Value++
	for range 2 {
		for _, q := range []checkout.Quarantined{first, second} {
			w.must(w.Ledgers.Quarantine(w.Context(), q))
		}
	}
	got, err := w.Ledgers.Quarantined(w.Context(), 9)
	w.must(err)
	if len(got) != 2 || got[0].ID == got[1].ID {
		w.Errorf("%d entries are kept, want 2: %+v", len(got), got)
	}
}

func bigValues(w *world) {
	l := newLedger()
	big := bytes.Repeat([]byte("袜"), 100_000)
	l.Session.Description = string(big)
	w.must(w.Ledgers.Create(w.Context(), l))
	a := newAttempt()
	a.Request = bytes.Repeat([]byte{0, 1, 254, 255}, 250_000)
	w.update(l.Session.ID, func(l *pay.Ledger) error { return l.Begin(a, start) })
	got := w.ledger(l.Session.ID)
	if got.Session.Description != string(big) || !bytes.Equal(got.Attempts[0].Request, a.Request) {
		w.Error("big values come back whole")
	}
}

func badText(w *world) {
	for _, text := range []string{"a\x00b", "a\xffb"} {
		l := newLedger()
		l.Session.Description = text
		w.code(w.Ledgers.Create(w.Context(), l), pay.CodeInvalid, fmt.Sprintf("text %q", text))
		_, err := w.Ledgers.Find(w.Context(), checkout.Key{TokenHash: text})
		w.code(err, pay.CodeInvalid, fmt.Sprintf("a search for %q", text))
	}
}

func notifierHears(w *world) {
	heard := make(chan string, 10)
	stores := w.open(w.T, func(id string) { heard <- id })
	l := newLedger()
	w.must(stores.Ledgers.Create(w.Context(), l))
	_, err := stores.Ledgers.Update(w.Context(), l.Session.ID, func(l *pay.Ledger) error { return l.Begin(newAttempt(), start) })
	w.must(err)
	for range 2 {
		if id := <-heard; id != l.Session.ID {
			w.Errorf("heard of %q, want %s", id, l.Session.ID)
		}
	}
	_, err = stores.Ledgers.Update(w.Context(), l.Session.ID, func(l *pay.Ledger) error { return nil })
	w.must(err)
	select {
	case id := <-heard:
		w.Errorf("an update without events wakes nobody, heard of %q", id)
	default:
	}
}

func paidAttempts(w *world) {
	l := w.create()
	a, unpaid := w.begin(l.Session.ID), newAttempt()
	w.pay(l.Session.ID, a)
	other := w.create()
	w.update(other.Session.ID, func(l *pay.Ledger) error { return l.Begin(unpaid, start) })
	at := paid(a).PaidAt
	day := func(account string, from, until time.Time) []reconcile.PaidAttempt {
		list, err := w.Books.PaidAttempts(w.Context(), a.Provider, account, from, until)
		w.must(err)
		return list
	}
	want := []reconcile.PaidAttempt{{SessionID: l.Session.ID, OutTradeNo: a.OutTradeNo, Amount: a.Amount, PaidAt: at.UTC().Truncate(time.Millisecond)}}
	if diff := cmp.Diff(want, day(a.Account, at, at.Add(time.Hour))); diff != "" {
		w.Errorf("the paid attempts of an account, from inclusive (-want +got):\n%s", diff)
	}
	if list := day(a.Account, at.Add(-time.Hour), at); len(list) != 0 {
		w.Errorf("until is exclusive: %v", list)
	}
	if list := day("another account", at, at.Add(time.Hour)); len(list) != 0 {
		w.Errorf("another account's paid attempts: %v", list)
	}
	if list := day(a.Account, time.Time{}, at.Add(time.Hour)); len(list) != 1 {
		w.Errorf("an attempt that was not paid is listed: %v", list)
	}
}
