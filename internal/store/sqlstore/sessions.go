package sqlstore

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// maxLoaded is how many ledgers are loaded at once: a page of a list, and one more that
// tells whether there are others.
const maxLoaded = checkout.MaxListed + 1

// ofMany is the place of maxLoaded values: the text of a statement stays the same
// however many there are.
var ofMany = " IN (" + strings.TrimSuffix(strings.Repeat("?, ", maxLoaded), ", ") + ")"

var (
	selectSessionsOf = "SELECT " + sessions.list() + " FROM sessions WHERE id" + ofMany
	selectAttemptsOf = "SELECT " + attempts.list() + " FROM attempts WHERE session_id" + ofMany + " ORDER BY session_id, ordinal"
	selectRefundsOf  = "SELECT " + refunds.list() + " FROM refunds WHERE session_id" + ofMany + " ORDER BY session_id, ordinal"
)

// loadMany loads up to maxLoaded ledgers, without invitations, events and evidence, in
// no order.
func loadMany(ctx context.Context, q Querier, ids []string) ([]*pay.Ledger, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, maxLoaded)
	for i := range args {
		args[i] = ids[min(i, len(ids)-1)]
	}
	rows, err := all(ctx, q, sessionFields, selectSessionsOf, args...)
	if err != nil {
		return nil, err
	}
	attempts, err := all(ctx, q, attemptFields, selectAttemptsOf, args...)
	if err != nil {
		return nil, err
	}
	refunds, err := all(ctx, q, refundFields, selectRefundsOf, args...)
	if err != nil {
		return nil, err
	}
	byID, list := map[string]*pay.Ledger{}, []*pay.Ledger{}
	for _, row := range rows {
		l := &pay.Ledger{Session: row.Session}
		byID[l.Session.ID], list = l, append(list, l)
	}
	for _, a := range attempts {
		l := byID[a.sessionID]
		l.Attempts = append(l.Attempts, *a.Attempt)
	}
	for _, r := range refunds {
		l := byID[r.sessionID]
		l.Refunds = append(l.Refunds, *r.Refund)
	}
	return list, nil
}

// Sessions implements [checkout.Store].
func (s *Ledgers) Sessions(ctx context.Context, f checkout.SessionFilter) (page checkout.SessionPage, err error) {
	find := sessionsInOrder
	if f.OutTradeNo != "" || f.ProviderReference != "" {
		find = sessionsOfPayment
	}
	err = s.snapshot(ctx, func(q Querier) error {
		ids, err := find(ctx, q, f)
		if err != nil {
			return err
		}
		found, err := loadMany(ctx, q, ids)
		if err != nil {
			return err
		}
		page = pageOf(f, found)
		return nil
	})
	return page, err
}

// pageOf sorts what was found and leaves out what is on another page, or was never
// asked for.
func pageOf(f checkout.SessionFilter, found []*pay.Ledger) checkout.SessionPage {
	found = slices.DeleteFunc(found, func(l *pay.Ledger) bool {
		return !f.Takes(l) || f.After.ID != "" && placeOf(l).Compare(f.After) <= 0
	})
	slices.SortFunc(found, func(a, b *pay.Ledger) int { return placeOf(a).Compare(placeOf(b)) })
	return checkout.SessionPage{Sessions: found[:min(len(found), f.Limit)], More: len(found) > f.Limit}
}

func placeOf(l *pay.Ledger) checkout.Place {
	return checkout.Place{At: l.Session.CreatedAt, ID: l.Session.ID}
}

// sessionsOfPayment finds the few sessions of which an attempt has a number.
func sessionsOfPayment(ctx context.Context, q Querier, f checkout.SessionFilter) ([]string, error) {
	query, number := "SELECT DISTINCT session_id FROM attempts WHERE out_trade_no = ? LIMIT ?", f.OutTradeNo
	if number == "" {
		query, number = "SELECT DISTINCT session_id FROM attempts WHERE reference = ? AND reference <> '' LIMIT ?", f.ProviderReference
	}
	return all(ctx, q, scalar[string], query, number, maxLoaded)
}

// sessionRange is a condition on the stored status of which each has an index that
// sorts.
type sessionRange struct {
	condition string
	args      []any
}

// ranges returns what a status is stored as: an open session is over at its expiry even
// if nobody has recorded that yet.
func ranges(status pay.SessionStatus, now time.Time) []sessionRange {
	switch at := toMillis(now); status {
	case "":
		return []sessionRange{{}}
	case pay.SessionOpen:
		return []sessionRange{{" AND status = ? AND expires_at > ?", []any{string(status), at}}}
	case pay.SessionExpired:
		return []sessionRange{
			{" AND status = ?", []any{string(status)}},
			{" AND status = ? AND expires_at <= ?", []any{string(pay.SessionOpen), at}},
		}
	}
	return []sessionRange{{" AND status = ?", []any{string(status)}}}
}

// sessionsInOrder finds the first sessions of a page, and one of the next.
func sessionsInOrder(ctx context.Context, q Querier, f checkout.SessionFilter) ([]string, error) {
	const query = "SELECT created_at, id FROM sessions WHERE merchant = ?"
	fields := func(p *checkout.Place) []any { return []any{millis{&p.At}, &p.ID} }
	var found []checkout.Place
	for _, r := range ranges(f.Status, f.Now) {
		where, args := r.condition, append([]any{f.Merchant}, r.args...)
		if f.Reference != "" {
			// The other index is for statuses: a reference finds few.
			where, args = strings.Replace(where, "status =", "status || '' =", 1)+" AND reference = ?", append(args, f.Reference)
		}
		if f.Amount != 0 {
			where, args = where+" AND amount_value = ?", append(args, f.Amount)
		}
		some, err := all(ctx, q, fields, query+where+newestFirst, append(args, pageArgs(f.From, f.Until, f.After, f.Limit)...)...)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	slices.SortFunc(found, checkout.Place.Compare)
	var ids []string
	for _, p := range found[:min(len(found), f.Limit+1)] {
		ids = append(ids, p.ID)
	}
	return ids, nil
}

// newestFirst ends a query for a page of a list, pageArgs are its values: one row more
// than the page has.
const newestFirst = " AND created_at >= ? AND created_at < ? AND (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?"

func pageArgs(from, until time.Time, after checkout.Place, limit int) []any {
	before, place := int64(math.MaxInt64), int64(math.MaxInt64)
	if !until.IsZero() {
		before = ceilMillis(until)
	}
	if after.ID != "" {
		place = toMillis(after.At)
	}
	return []any{ceilMillis(from), before, place, after.ID, limit + 1}
}

// ceilMillis returns the first stored time that is not before t.
func ceilMillis(t time.Time) int64 { return toMillis(t.Add(time.Millisecond - time.Nanosecond)) }
