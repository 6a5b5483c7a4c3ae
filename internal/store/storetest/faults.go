package storetest

import (
	"context"
	"errors"

	"morepay/internal/checkout"
	"morepay/internal/idempotency"
	"morepay/internal/merchant"
	"morepay/internal/pay"
	"morepay/internal/webhook"
)

var faultCases = []testCase{
	{"closed-store-is-unavailable", closedStore},
	{"canceled-caller", canceledCaller},
	{"closing-twice", func(fx *fixture) { fx.must(fx.Close()); _ = fx.Close() }},
}

// operations returns one call of each kind, on a session that exists.
func operations(fx *fixture, ctx context.Context, id string) map[string]error {
	_, load := fx.Ledgers.Ledger(ctx, id)
	_, find := fx.Ledgers.Find(ctx, checkout.Key{TokenHash: "x"})
	_, events := fx.Ledgers.Events(ctx, id, 0)
	_, update := fx.Ledgers.Update(ctx, id, func(l *pay.Ledger) error { return l.Cancel(start) })
	_, claim := fx.Ledgers.Claim(ctx, start, start, 1)
	_, quarantined := fx.Ledgers.Quarantined(ctx, checkout.QuarantineFilter{Limit: 1})
	_, quarantine := fx.Ledgers.Quarantine(ctx, checkout.Quarantined{Evidence: paid(newAttempt())})
	_, decide := fx.Ledgers.UpdateEntry(ctx, "qe_none", func(*checkout.Quarantined) error { return nil })
	_, begin := fx.Replies.Begin(ctx, idempotency.Record{Key: idempotency.Key{Scope: "s", Name: "n"}}, start)
	_, put := fx.Documents.Put(ctx, []merchant.Change{{Merchant: "m"}}, "a", start)
	_, get := fx.Documents.Get(ctx, "m")
	_, messages := fx.Log.Events(ctx, "m", webhook.Filter{Limit: 1})
	_, assign := fx.Queue.Assign(ctx, start, 1)
	return map[string]error{
		"create": fx.Ledgers.Create(ctx, newLedger()), "create-exclusive": fx.Ledgers.CreateExclusive(ctx, newLedger()), "ledger": load, "find": find, "events": events, "update": update,
		"claim": claim, "quarantine": quarantine, "quarantined": quarantined, "decide": decide,
		"begin": begin, "put": put, "get": get, "messages": messages, "assign": assign,
	}
}

func closedStore(fx *fixture) {
	l := fx.create()
	fx.must(fx.Close())
	for name, err := range operations(fx, context.Background(), l.Session.ID) {
		fx.code(err, pay.CodeStoreDown, name+" on a closed store")
	}
}

func canceledCaller(fx *fixture) {
	l := fx.create()
	for name, err := range operations(fx, canceled(), l.Session.ID) {
		if !errors.Is(err, context.Canceled) {
			fx.Errorf("%s for a caller who has gone: got %v, want context.Canceled", name, err)
		}
	}
	if got := fx.ledger(l.Session.ID); got.Session.Status != pay.SessionOpen {
		fx.Errorf("the change of a caller who has gone is not stored: the session is %s", got.Session.Status)
	}
}
