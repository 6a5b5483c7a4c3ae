package checkout

import (
	"context"
	"log/slog"

	"morepay/internal/pay"
)

// alarming is a store that says so, once, when a refund begins to wait for a
// person, whatever made it.
type alarming struct {
	Store
	log *slog.Logger
}

// Update implements [Store].
func (s alarming) Update(ctx context.Context, sessionID string, change func(*pay.Ledger) error) (*pay.Ledger, error) {
	var before map[string]bool
	l, err := s.Store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		before = waiting(l)
		return change(l)
	})
	if err != nil {
		return l, err
	}
	for id := range waiting(l) {
		if before[id] {
			continue
		}
		r := l.Refund(id)
		s.log.ErrorContext(ctx, "a refund waits for a person: morepay refunds list",
			"refund", id, "session", sessionID, "merchant", l.Session.Merchant, "status", r.Status, "failure", r.Failure, "amount", r.Amount.String())
	}
	return l, nil
}

// waiting returns the ids of the refunds that need a person.
func waiting(l *pay.Ledger) map[string]bool {
	var ids map[string]bool
	for i := range l.Refunds {
		if r := &l.Refunds[i]; l.NeedsPerson(r) {
			if ids == nil {
				ids = map[string]bool{}
			}
			ids[r.ID] = true
		}
	}
	return ids
}
