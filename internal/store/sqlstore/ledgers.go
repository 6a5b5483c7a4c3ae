package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// Ledgers keeps sessions with their attempts, refunds, invitations, events and evidence.
type Ledgers struct {
	base
	message MakeMessage
	notify  checkout.Notifier
	written func() // called after messages were written
}

var _ checkout.Store = (*Ledgers)(nil)

// Create implements [checkout.Store].
func (s *Ledgers) Create(ctx context.Context, l *pay.Ledger) error {
	err := s.write(ctx, func(q Querier) error { return s.save(ctx, q, l, &image{}) })
	if err == nil {
		s.announce(l)
	}
	return err
}

const (
	// An exclusive session whose time is over keeps no other from being made, even if
	// nobody has recorded its end yet, nor does one that an older program saw paid.
	freeReference = "UPDATE sessions SET open_reference = NULL WHERE merchant = ? AND open_reference = ? AND (expires_at <= ? OR status IN ('paid', 'paid_late'))"
	findReference = "SELECT id FROM sessions WHERE merchant = ? AND open_reference = ?"
)

// exclusiveTries bounds how often a session is made anew that another kept from being
// made, which was over when we looked for it.
const exclusiveTries = 3

// CreateExclusive implements [checkout.Store]. A unique index lets one of several at
// once through; the others look again, and find it.
func (s *Ledgers) CreateExclusive(ctx context.Context, l *pay.Ledger) (err error) {
	for range exclusiveTries {
		err = s.write(ctx, func(q Querier) error {
			if err := vacant(ctx, q, &l.Session); err != nil {
				return err
			}
			return s.save(ctx, q, l, &image{openReference: l.Session.Reference})
		})
		if pay.CodeOf(err) != pay.CodeConflict {
			break
		}
	}
	if err == nil {
		s.announce(l)
	}
	return err
}

// vacant fails with reference_open if an exclusive session has the reference of one that
// is to be made.
func vacant(ctx context.Context, q Querier, fresh *pay.Session) error {
	if _, err := exec(ctx, q, freeReference, fresh.Merchant, fresh.Reference, toMillis(fresh.CreatedAt)); err != nil {
		return err
	}
	open, err := all(ctx, q, scalar[string], findReference, fresh.Merchant, fresh.Reference)
	if err == nil && len(open) > 0 {
		err = checkout.ReferenceOpen(open[0])
	}
	return err
}

// announce tells who waits for events, and who delivers messages about them.
func (s *Ledgers) announce(l *pay.Ledger) {
	if len(l.Events) == 0 {
		return
	}
	s.notify(l.Session.ID)
	if slices.ContainsFunc(l.Events, func(e pay.Event) bool { return e.Type.Webhook() }) {
		s.written()
	}
}

var selectSession = "SELECT " + sessions.list() + " FROM sessions WHERE id = ?"

// Ledger implements [checkout.Store].
func (s *Ledgers) Ledger(ctx context.Context, sessionID string) (l *pay.Ledger, err error) {
	err = s.snapshot(ctx, func(q Querier) error {
		l, _, err = loadLedger(ctx, q, selectSession, sessionID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Update implements [checkout.Store].
func (s *Ledgers) Update(ctx context.Context, sessionID string, change func(*pay.Ledger) error) (*pay.Ledger, error) {
	return s.update(ctx, sessionID, func(_ Querier, l *pay.Ledger) (refused, failed error) { return change(l), nil })
}

// update does what Update does, with a change that may write besides. Its
// second result is an error of the store.
func (s *Ledgers) update(ctx context.Context, sessionID string, change func(Querier, *pay.Ledger) (refused, failed error)) (*pay.Ledger, error) {
	var l *pay.Ledger
	var refused error // by change: not an error of the store
	err := s.write(ctx, func(q Querier) error {
		var session *sessionRow
		var err error
		if l, session, err = loadLedger(ctx, q, selectSession+s.dialect.LockRow, sessionID); err != nil {
			return err
		}
		before, err := imageOf(l, session)
		if err != nil {
			return err
		}
		if refused, err = change(q, l); err != nil {
			return err
		}
		if refused != nil {
			return refused
		}
		return s.save(ctx, q, l, before)
	})
	if refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	s.announce(l)
	return l, nil
}

var (
	selectAttempts    = "SELECT " + attempts.list() + " FROM attempts WHERE session_id = ? ORDER BY ordinal"
	selectRefunds     = "SELECT " + refunds.list() + " FROM refunds WHERE session_id = ? ORDER BY ordinal"
	selectInvitations = "SELECT " + invitations.list() + " FROM invitations WHERE session_id = ? ORDER BY ordinal"
)

// loadLedger loads what query finds of a session, and all below it but events and
// evidence.
func loadLedger(ctx context.Context, q Querier, query, sessionID string) (*pay.Ledger, *sessionRow, error) {
	session, err := one(ctx, q, sessionFields, query, sessionID)
	if err != nil {
		return nil, nil, missing(err, "session")
	}
	attempts, err := all(ctx, q, attemptFields, selectAttempts, sessionID)
	if err != nil {
		return nil, nil, err
	}
	refunds, err := all(ctx, q, refundFields, selectRefunds, sessionID)
	if err != nil {
		return nil, nil, err
	}
	l := &pay.Ledger{Session: session.Session}
	for _, a := range attempts {
		l.Attempts = append(l.Attempts, *a.Attempt)
	}
	for _, r := range refunds {
		l.Refunds = append(l.Refunds, *r.Refund)
	}
	if session.invitations == 0 {
		return l, &session, nil
	}
	invitations, err := all(ctx, q, invitationFields, selectInvitations, sessionID)
	for _, i := range invitations {
		l.Invitations = append(l.Invitations, *i.Invitation)
	}
	return l, &session, err
}

// image is a ledger as rows of plain values. Two images tell what has changed.
type image struct {
	session           []any // nil before the session was created
	attempts, refunds [][]any
	invitations       [][]any
	lastEvent         int64
	erasedAt          int64
	openReference     string
}

// imageOf makes the image of a ledger. It rounds the ledger's times to what is
// stored of them.
func imageOf(l *pay.Ledger, session *sessionRow) (*image, error) {
	m := &image{lastEvent: l.Session.LastEvent, erasedAt: session.erasedAt, openReference: session.openReference}
	var err error
	if m.session, err = values(sessionFields(session)); err != nil {
		return nil, err
	}
	for i := range l.Attempts {
		row, err := values(attemptFields(&attemptRow{l.Session.ID, int64(i), &l.Attempts[i]}))
		if err != nil {
			return nil, err
		}
		m.attempts = append(m.attempts, row)
	}
	for i := range l.Invitations {
		row, err := values(invitationFields(&invitationRow{l.Session.ID, int64(i), &l.Invitations[i]}))
		if err != nil {
			return nil, err
		}
		m.invitations = append(m.invitations, row)
	}
	for i := range l.Refunds {
		row, err := values(refundFields(&refundRow{l.Session.ID, int64(i), l.Session.Merchant, &l.Refunds[i]}))
		if err != nil {
			return nil, err
		}
		m.refunds = append(m.refunds, row)
	}
	l.Session = session.Session
	return m, nil
}

// ignoreRepeats keeps evidence that comes again from being stored twice.
const ignoreRepeats = "ON CONFLICT (provider, account, id, digest) DO NOTHING"

var (
	insertAttempt  = attempts.insert("")
	updateAttempt  = "UPDATE attempts SET " + attempts.set(rowKey) + " WHERE session_id = ? AND ordinal = ?"
	insertRefund   = refunds.insert("")
	updateRefund   = "UPDATE refunds SET " + refunds.set(rowKey) + " WHERE session_id = ? AND ordinal = ?"
	insertEvidence = evidence.insert(ignoreRepeats)

	insertInvitation = invitations.insert("")
	updateInvitation = "UPDATE invitations SET " + invitations.set(rowKey) + " WHERE session_id = ? AND ordinal = ?"
)

// holdsReference reports whether an exclusive session keeps others of its reference from
// being made: while it is open, and while an order of a canceled one can still be paid.
// Two that take money would be two sessions, of which nothing goes back by itself.
func holdsReference(l *pay.Ledger) bool {
	payable := slices.ContainsFunc(l.Attempts, func(a pay.Attempt) bool { return a.State.Payable() })
	return l.Session.Status == pay.SessionOpen || l.Session.Status == pay.SessionCanceled && payable
}

// save writes what differs from before, and ends the claim on the session.
func (s *Ledgers) save(ctx context.Context, q Querier, l *pay.Ledger, before *image) error {
	if erased := before.erasedAt > 0; erased {
		forgetNames(l.Invitations)
	}
	row := &sessionRow{Session: l.Session, dueAt: toMillis(l.Due()), erasedAt: before.erasedAt, invitations: int64(len(l.Invitations))}
	if holdsReference(l) {
		row.openReference = before.openReference
	}
	after, err := imageOf(l, row)
	if err != nil {
		return err
	}
	if err := s.writeSession(ctx, q, before.session, after.session); err != nil {
		return err
	}
	for _, a := range l.Attempts[len(before.attempts):] {
		if err := s.unused(ctx, q, a); err != nil {
			return err
		}
	}
	if err := writeRows(ctx, q, before.attempts, after.attempts, insertAttempt, updateAttempt); err != nil {
		return err
	}
	if err := writeRows(ctx, q, before.refunds, after.refunds, insertRefund, updateRefund); err != nil {
		return err
	}
	if err := writeRows(ctx, q, before.invitations, after.invitations, insertInvitation, updateInvitation); err != nil {
		return err
	}
	for i := range l.Evidence {
		row := evidenceRow{l.Evidence[i], l.Session.ID}
		if before.erasedAt > 0 {
			row.Raw = hashed(row.Raw)
		}
		if err := insert(ctx, q, insertEvidence, row.fields()); err != nil {
			return err
		}
	}
	for i := range l.Events {
		if err := s.addEvent(ctx, q, l, &l.Events[i], before.lastEvent+int64(i)+1); err != nil {
			return err
		}
	}
	if last := before.lastEvent + int64(len(l.Events)); l.Session.LastEvent != last {
		return pay.Errorf(pay.CodeInternal, "", "the session counts %d events, there are %d", l.Session.LastEvent, last)
	}
	return nil
}

// forgetNames drops what the payer called themselves.
func forgetNames(list []pay.Invitation) {
	for i := range list {
		list[i].Name = ""
	}
}

var (
	insertSession = sessions.insert("")

	// The condition is the second line of defence against two winners: the first is
	// that updates of one session never overlap.
	updateSession = "UPDATE sessions SET " + sessions.set(sessionTerms) + " WHERE id = ? AND (winner IS NULL OR winner = ?)"
)

func (s *Ledgers) writeSession(ctx context.Context, q Querier, before, after []any) error {
	if before == nil {
		_, err := exec(ctx, q, insertSession, after...)
		return err
	}
	if reflect.DeepEqual(after, before) {
		return nil
	}
	if !reflect.DeepEqual(after[:sessionTerms], before[:sessionTerms]) {
		return pay.Errorf(pay.CodeInternal, "", "the terms of a session can't change")
	}
	id, winner := after[0], after[sessionWinner]
	changed, err := exec(ctx, q, updateSession, slices.Concat(after[sessionTerms:], []any{id, winner})...)
	if err == nil && changed == 0 {
		return pay.Errorf(pay.CodeConflict, "", "another attempt has won this session")
	}
	return err
}

// writeRows writes the rows below a session that are new or differ.
func writeRows(ctx context.Context, q Querier, before, after [][]any, add, save string) error {
	for i, row := range after {
		query, args := add, row
		if i < len(before) {
			if reflect.DeepEqual(row, before[i]) {
				continue
			}
			query, args = save, slices.Concat(row[rowKey:], row[:rowKey])
		}
		if _, err := exec(ctx, q, query, args...); err != nil {
			return err
		}
	}
	return nil
}

var (
	insertEvent   = events.insert("")
	insertMessage = messages.insert("")
)

// addEvent writes an event, and the message to the merchant if there is one.
func (s *Ledgers) addEvent(ctx context.Context, q Querier, l *pay.Ledger, e *pay.Event, number int64) error {
	if e.Number != number {
		return pay.Errorf(pay.CodeInternal, "", "event %d where %d is next", e.Number, number)
	}
	row := eventRow{l.Session.ID, *e}
	if err := insert(ctx, q, insertEvent, eventFields(&row)); err != nil {
		return err
	}
	*e = row.Event
	if !e.Type.Webhook() {
		return nil
	}
	message, err := s.message(l, *e)
	if err != nil {
		return fmt.Errorf("make message of event %d: %w", e.Number, err)
	}
	return insert(ctx, q, insertMessage, messageFields(&message))
}

// insert adds a row.
func insert(ctx context.Context, q Querier, query string, fields []any) error {
	args, err := values(fields)
	if err != nil {
		return err
	}
	_, err = exec(ctx, q, query, args...)
	return err
}

const (
	findByToken  = "SELECT id FROM sessions WHERE token_hash = ?"
	findByNumber = "SELECT session_id FROM attempts WHERE provider = ? AND account = ? AND out_trade_no = ?"
	findByTheirs = "SELECT session_id FROM attempts WHERE provider = ? AND account = ? AND reference = ? AND reference <> ''"
	findByFriend = "SELECT session_id FROM invitations WHERE token_hash = ?"
)

// Find implements [checkout.Store].
func (s *Ledgers) Find(ctx context.Context, key checkout.Key) (string, error) {
	query, args := findByToken, []any{key.TokenHash}
	switch {
	case key.FriendHash != "":
		query, args = findByFriend, []any{key.FriendHash}
	case key.Reference != "":
		query, args = findByTheirs, []any{key.Provider, key.Account, key.Reference}
	case key.TokenHash == "":
		query, args = findByNumber, []any{key.Provider, key.Account, key.OutTradeNo}
	}
	return get(ctx, s.base, "session", scalar[string], query, args...)
}

var selectEvents = "SELECT " + events.list() + " FROM events WHERE session_id = ? AND number > ? ORDER BY number"

// Events lists a session's events with a number above after, in order: for people
// who look into a session, and for tests. Nothing is decided by it.
func (s *Ledgers) Events(ctx context.Context, sessionID string, after int64) ([]pay.Event, error) {
	rows, err := list(ctx, s.base, eventFields, selectEvents, sessionID, after)
	events := make([]pay.Event, len(rows))
	for i, row := range rows {
		events[i] = row.Event
	}
	return events, err
}

var selectStatements = "SELECT " + evidence.list() + " FROM evidence WHERE session_id = ? ORDER BY received_at, id"

// Statements implements [trace.Books].
func (s *Ledgers) Statements(ctx context.Context, sessionID string) ([]pay.Evidence, error) {
	rows, err := list(ctx, s.base, (*evidenceRow).fields, selectStatements, sessionID)
	statements := make([]pay.Evidence, len(rows))
	for i := range rows {
		statements[i] = rows[i].Evidence
	}
	return statements, err
}

// isDue is the condition on a session that is due and that nobody holds.
const isDue = "due_at > 0 AND due_at <= ? AND claimed_until <= ?"

// claim returns the statement that claims what is due and nobody holds.
func (s *Ledgers) claim() string {
	return `WITH due AS MATERIALIZED (
		SELECT id FROM sessions WHERE ` + isDue + `
		ORDER BY due_at LIMIT ?` + s.dialect.SkipLocked + `)
		UPDATE sessions SET claimed_until = ? WHERE id IN (SELECT id FROM due) RETURNING id, due_at`
}

const findDue = "SELECT id FROM sessions WHERE " + isDue + " LIMIT 1"

// Claim implements [checkout.Store]. It looks before it begins a transaction:
// mostly nothing is due, and every server asks all the time.
func (s *Ledgers) Claim(ctx context.Context, now, until time.Time, limit int) ([]string, error) {
	type due struct {
		id string
		at int64
	}
	fields := func(d *due) []any { return []any{&d.id, &d.at} }
	found, err := list(ctx, s.base, scalar[string], findDue, toMillis(now), toMillis(now))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var claimed []due
	err = s.write(ctx, func(q Querier) (err error) {
		claimed, err = all(ctx, q, fields, s.claim(), toMillis(now), toMillis(now), limit, toMillis(until))
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(claimed, func(a, b due) int { return cmp.Compare(a.at, b.at) })
	ids := make([]string, len(claimed))
	for i, d := range claimed {
		ids[i] = d.id
	}
	return ids, nil
}

const holdSession = "UPDATE sessions SET claimed_until = ? WHERE id = ?"

// Hold implements [checkout.Store]. The order of the rows is the same for everybody,
// so that two servers can't wait for each other.
func (s *Ledgers) Hold(ctx context.Context, sessionIDs []string, until time.Time) error {
	sorted := slices.Sorted(slices.Values(sessionIDs))
	return s.write(ctx, func(q Querier) error {
		for _, id := range sorted {
			if _, err := exec(ctx, q, holdSession, toMillis(until), id); err != nil {
				return err
			}
		}
		return nil
	})
}
