package storetest

import (
	"errors"
	"sync"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

var exclusiveCases = []testCase{
	{"one-of-many", oneOfMany},
	{"keeps-out", keepsOut},
	{"frees-its-reference", freesReference},
	{"holds-while-payable", holdsWhilePayable},
	{"lasts-as-long-as-it-is-extended", holdsWhileExtended},
}

// exclusive is a new session that is to be the only open one of its reference.
func exclusive(reference string) *pay.Ledger {
	l := newLedger()
	l.Session.Reference = reference
	return l
}

// keptOutBy fails unless err says that a session is open.
func (fx *fixture) keptOutBy(err error, sessionID string) {
	fx.Helper()
	open, ok := errors.AsType[checkout.OpenSession](err)
	if pay.CodeOf(err) != pay.CodeReferenceOpen || !ok || open.ID != sessionID {
		fx.Errorf("%v, want that %s is open", err, sessionID)
	}
}

// oneOfMany: of those that ask at once one succeeds, and the others are told which.
func oneOfMany(fx *fixture) {
	const n = 50
	var all sync.WaitGroup
	errs, ids := make([]error, n), make([]string, n)
	for i := range n {
		all.Go(func() {
			l := exclusive("A-1")
			ids[i], errs[i] = l.Session.ID, fx.Ledgers.CreateExclusive(fx.Context(), l)
		})
	}
	all.Wait()
	made := ""
	for i, err := range errs {
		if err == nil {
			if made != "" {
				fx.Errorf("%s and %s are open", made, ids[i])
			}
			made = ids[i]
		}
	}
	for _, err := range errs {
		if err != nil {
			fx.keptOutBy(err, made)
		}
	}
	if found := fx.ids(checkout.SessionFilter{Merchant: "shop", Limit: n}); len(found) != 1 {
		fx.Errorf("there are %v", found)
	}
}

// keepsOut: others of the same reference are kept out, and nothing else is.
func keepsOut(fx *fixture) {
	first := exclusive("A-1")
	fx.must(fx.Ledgers.CreateExclusive(fx.Context(), first))
	fx.keptOutBy(fx.Ledgers.CreateExclusive(fx.Context(), exclusive("A-1")), first.Session.ID)
	other, foreign := exclusive("A-2"), exclusive("A-1")
	foreign.Session.Merchant = "other"
	fx.must(fx.Ledgers.CreateExclusive(fx.Context(), other))
	fx.must(fx.Ledgers.CreateExclusive(fx.Context(), foreign))
	fx.must(fx.Ledgers.Create(fx.Context(), exclusive("A-1")))
	fx.begin(first.Session.ID)
	fx.keptOutBy(fx.Ledgers.CreateExclusive(fx.Context(), exclusive("A-1")), first.Session.ID)
}

// freesReference: whatever ends a session frees its reference, and what happens to it
// later takes nothing back.
func freesReference(fx *fixture) {
	over := func(l *pay.Ledger) time.Time { return l.Session.ExpiresAt }
	for name, end := range map[string]func(l *pay.Ledger, a pay.Attempt){
		"paid": func(l *pay.Ledger, a pay.Attempt) { fx.pay(l.Session.ID, a) },
		"canceled": func(l *pay.Ledger, _ pay.Attempt) {
			fx.update(l.Session.ID, func(l *pay.Ledger) error { return l.Cancel(start) })
		},
		"expired": func(l *pay.Ledger, _ pay.Attempt) {
			fx.update(l.Session.ID, func(l *pay.Ledger) error { l.Expire(over(l)); return nil })
		},
		"its-time-is-over": func(*pay.Ledger, pay.Attempt) {},
	} {
		first, second := exclusive(name), exclusive(name)
		fx.must(fx.Ledgers.CreateExclusive(fx.Context(), first))
		a := fx.begin(first.Session.ID)
		end(first, a)
		second.Session.CreatedAt = over(first)
		second.Session.ExpiresAt = over(first).Add(time.Hour)
		fx.must(fx.Ledgers.CreateExclusive(fx.Context(), second))
		fx.update(first.Session.ID, func(l *pay.Ledger) error { l.Checked(a.ID, start.Add(time.Minute)); return nil })
		fx.pay(first.Session.ID, a)
		third := exclusive(name)
		third.Session.CreatedAt = over(first)
		fx.keptOutBy(fx.Ledgers.CreateExclusive(fx.Context(), third), second.Session.ID)
	}
}

// holdsWhilePayable: of a canceled session a code may still be paid, until it is closed.
func holdsWhilePayable(fx *fixture) {
	first := exclusive("A-1")
	fx.must(fx.Ledgers.CreateExclusive(fx.Context(), first))
	a := fx.begin(first.Session.ID)
	fx.update(first.Session.ID, func(l *pay.Ledger) error { return l.Cancel(start) })
	fx.keptOutBy(fx.Ledgers.CreateExclusive(fx.Context(), exclusive("A-1")), first.Session.ID)
	fx.update(first.Session.ID, func(l *pay.Ledger) error { l.Refuse(a.ID, start); return nil })
	fx.must(fx.Ledgers.CreateExclusive(fx.Context(), exclusive("A-1")))
}

// holdsWhileExtended: a session that was extended keeps its reference until it is over.
func holdsWhileExtended(fx *fixture) {
	first, second := exclusive("A-1"), exclusive("A-1")
	fx.must(fx.Ledgers.CreateExclusive(fx.Context(), first))
	was := first.Session.ExpiresAt
	fx.update(first.Session.ID, func(l *pay.Ledger) error { return l.Extend(was.Add(time.Hour), start) })
	if now := fx.ledger(first.Session.ID).Session.ExpiresAt; !now.Equal(was.Add(time.Hour)) {
		fx.Errorf("it lasts until %v", now)
	}
	second.Session.CreatedAt = was
	fx.keptOutBy(fx.Ledgers.CreateExclusive(fx.Context(), second), first.Session.ID)
	second.Session.CreatedAt = was.Add(time.Hour)
	fx.must(fx.Ledgers.CreateExclusive(fx.Context(), second))
}
