package storetest

import (
	"context"
	"errors"

	"morepay/internal/checkout"
	"morepay/internal/idempotency"
	"morepay/internal/merchant"
	"morepay/internal/pay"
)

var faultCases = []testCase{
	{"closed-store-is-unavailable", closedStore},
	{"canceled-caller", canceledCaller},
	{"closing-twice", func(w *world) { w.must(w.Close()); _ = w.Close() }},
}

// operations are one call of each kind, on a session that exists.
func operations(w *world, ctx context.Context, id string) map[string]error {
	_, load := w.Ledgers.Ledger(ctx, id)
	_, find := w.Ledgers.Find(ctx, checkout.Key{TokenHash: "x"})
	_, events := w.Ledgers.Events(ctx, id, 0)
	_, update := w.Ledgers.Update(ctx, id, func(l *pay.Ledger) error { return l.Cancel(start) })
	_, claim := w.Ledgers.Claim(ctx, start, start, 1)
	_, quarantined := w.Ledgers.Quarantined(ctx, 1)
	_, begin := w.Replies.Begin(ctx, idempotency.Record{Key: idempotency.Key{Scope: "s", Name: "n"}}, start)
	_, put := w.Documents.Put(ctx, []merchant.Change{{Merchant: "m"}}, "a", start)
	_, get := w.Documents.Get(ctx, "m")
	_, messages := w.Log.Messages(ctx, "m", "", 1)
	_, assign := w.Queue.Assign(ctx, start, 1, func(string) []string { return nil })
	return map[string]error{
		"create": w.Ledgers.Create(ctx, newLedger()), "ledger": load, "find": find, "events": events, "update": update,
		"claim": claim, "quarantine": w.Ledgers.Quarantine(ctx, checkout.Quarantined{Evidence: paid(newAttempt())}),
		"quarantined": quarantined, "begin": begin, "put": put, "get": get, "messages": messages, "assign": assign,
	}
}

func closedStore(w *world) {
	l := w.create()
	w.must(w.Close())
	for name, err := range operations(w, context.Background(), l.Session.ID) {
		w.code(err, pay.CodeStoreDown, name+" on a closed store")
	}
}

func canceledCaller(w *world) {
	l := w.create()
	for name, err := range operations(w, canceled(), l.Session.ID) {
		if !errors.Is(err, context.Canceled) {
			w.Errorf("%s for a caller who has gone: got %v, want context.Canceled", name, err)
		}
	}
	if got := w.ledger(l.Session.ID); got.Session.Status != pay.SessionOpen {
		w.Errorf("the change of a caller who has gone is not stored: the session is %s", got.Session.Status)
	}
}
