package checkout

import (
	"cmp"
	"context"
	"log/slog"

	"morepay/internal/pay"
)

// watched is a store that tells of what it has committed, whatever made it: each
// transition once, and once that a refund begins to wait for a person.
type watched struct {
	Store
	log     *slog.Logger
	metrics *Metrics
}

// Create implements [Store].
func (s watched) Create(ctx context.Context, l *pay.Ledger) error {
	return s.created(ctx, l, s.Store.Create(ctx, l))
}

// CreateExclusive implements [Store].
func (s watched) CreateExclusive(ctx context.Context, l *pay.Ledger) error {
	return s.created(ctx, l, s.Store.CreateExclusive(ctx, l))
}

func (s watched) created(ctx context.Context, l *pay.Ledger, err error) error {
	if err == nil {
		s.tell(ctx, l, seen{})
	}
	return err
}

// Update implements [Store].
func (s watched) Update(ctx context.Context, sessionID string, change func(*pay.Ledger) error) (*pay.Ledger, error) {
	var before seen
	l, err := s.Store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		before = see(l)
		return change(l)
	})
	if err == nil {
		s.tell(ctx, l, before)
	}
	return l, err
}

// tell tells of what has changed in a ledger that was committed.
func (s watched) tell(ctx context.Context, l *pay.Ledger, before seen) {
	after := see(l)
	for _, e := range l.Events {
		if from, to := before.status(l, e), after.status(l, e); from != to {
			s.log.InfoContext(ctx, moneyLine, append(about(l, e), "from", from, "to", to)...)
		}
		s.metrics.committed(l, e)
	}
	for id := range after.waiting {
		if before.waiting[id] {
			continue
		}
		r := l.Refund(id)
		s.log.ErrorContext(ctx, "a refund waits for a person: morepay refunds list",
			"refund", id, "session", l.Session.ID, "merchant", l.Session.Merchant, "status", r.Status, "failure", r.Failure, "amount", r.Amount.String())
	}
}

// moneyLine is the message of the one line that the log has of a transition.
const moneyLine = "money"

// about returns what the log says of an event besides the transition.
func about(l *pay.Ledger, e pay.Event) []any {
	list := []any{"event", e.Type, "merchant", l.Session.Merchant, "session", l.Session.ID}
	amount := l.Session.Amount
	if a := l.Attempt(e.AttemptID); a != nil {
		list = append(list, "attempt", a.ID, "out_trade_no", a.OutTradeNo, "method", a.Method, "rail", a.Rail)
	}
	if r := l.Refund(e.RefundID); r != nil {
		list, amount = append(list, "refund", r.ID, "origin", r.Origin), r.Amount
	}
	return append(list, "amount", amount.String())
}

// seen is what a ledger was like before a change.
type seen struct {
	statuses map[string]string // of the session, its attempts and its refunds, by id
	waiting  map[string]bool   // ids of the refunds that need a person
}

func see(l *pay.Ledger) seen {
	s := seen{statuses: make(map[string]string, 1+len(l.Attempts)+len(l.Refunds)), waiting: map[string]bool{}}
	s.statuses[l.Session.ID] = string(l.Session.Status)
	for i := range l.Attempts {
		s.statuses[l.Attempts[i].ID] = string(l.Attempts[i].State)
	}
	for i := range l.Refunds {
		r := &l.Refunds[i]
		s.statuses[r.ID] = string(r.Status)
		if l.NeedsPerson(r) {
			s.waiting[r.ID] = true
		}
	}
	return s
}

// status returns the status of what an event is about; "" if that wasn't there.
func (s seen) status(l *pay.Ledger, e pay.Event) string {
	return s.statuses[cmp.Or(e.RefundID, e.AttemptID, l.Session.ID)]
}

// watchedDesk is [watched] for the entries of the desk.
type watchedDesk struct {
	DeskStore
	ledgers watched
}

// UpdateEntry implements [DeskStore].
func (s watchedDesk) UpdateEntry(ctx context.Context, id string, change func(*Quarantined) error) (Quarantined, error) {
	var before pay.RefundStatus
	q, err := s.DeskStore.UpdateEntry(ctx, id, func(q *Quarantined) error {
		before = q.refundStatus()
		return change(q)
	})
	if after := q.refundStatus(); err == nil && after != before {
		ev := q.Evidence
		s.ledgers.metrics.events.WithLabelValues(string(refundEvents[after]), "", "").Inc()
		s.ledgers.log.InfoContext(ctx, moneyLine, "event", refundEvents[after], "merchant", q.Merchant, "entry", q.ID, "provider", ev.Provider, "account", ev.Account,
			"out_trade_no", ev.OutTradeNo, "refund", q.Refund.ID, "amount", q.Refund.Amount.String(), "from", before, "to", after)
	}
	return q, err
}

// refundEvents are the events of refunds by the status to which they lead.
var refundEvents = map[pay.RefundStatus]pay.EventType{
	pay.RefundPending: pay.EventRefundCreated, pay.RefundSucceeded: pay.EventRefundSucceeded, pay.RefundFailed: pay.EventRefundFailed,
}

// refundStatus is the status of the refund that gives an entry back; "" for none.
func (q *Quarantined) refundStatus() pay.RefundStatus {
	if q.Refund == nil {
		return ""
	}
	return q.Refund.Status
}

// UpdateWithEntry implements [DeskStore].
func (s watchedDesk) UpdateWithEntry(ctx context.Context, sessionID, entryID string, change func(*pay.Ledger, *Quarantined) error) (*pay.Ledger, error) {
	var before seen
	l, err := s.DeskStore.UpdateWithEntry(ctx, sessionID, entryID, func(l *pay.Ledger, q *Quarantined) error {
		before = see(l)
		return change(l, q)
	})
	if err == nil {
		s.ledgers.tell(ctx, l, before)
	}
	return l, err
}

// Update changes a ledger as [Store] does, and tells of it.
func (r *Recorder) Update(ctx context.Context, sessionID string, change func(*pay.Ledger) error) (*pay.Ledger, error) {
	return r.store.Update(ctx, sessionID, change)
}

// UpdateEntry changes an entry as [DeskStore] does, and tells of it.
func (r *Recorder) UpdateEntry(ctx context.Context, id string, change func(*Quarantined) error) (Quarantined, error) {
	return r.desk.UpdateEntry(ctx, id, change)
}
