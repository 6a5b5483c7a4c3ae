package sqlstore

import (
	"fmt"
	"slices"
	"strings"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// table is a table's name and columns. Beside each table a function names the
// fields that its columns hold, in the same order: one list serves insert,
// select and update.
type table struct {
	name    string
	columns []string
}

func newTable(name, columns string) table {
	return table{name, strings.Fields(columns)}
}

// insert returns the statement that adds a row with all columns.
func (t table) insert(suffix string) string {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(t.columns)), ", ")
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) %s", t.name, t.list(), marks, suffix)
}

func (t table) list() string { return strings.Join(t.columns, ", ") }

// set returns the assignments of an UPDATE of the columns from a given one on.
func (t table) set(from int) string {
	return strings.Join(t.columns[from:], " = ?, ") + " = ?"
}

var sessions = newTable("sessions", `
	id merchant token_hash reference amount_value amount_currency description items
	metadata payer_id region return_url renew_url locale document_version created_at
	status winner last_event expires_at due_at claimed_until erased_at invitations open_reference`)

// Places of columns of a session: those before sessionTerms are fixed when it is
// created, the others change.
var (
	sessionTerms  = slices.Index(sessions.columns, "status")
	sessionWinner = slices.Index(sessions.columns, "winner")
)

// sessionRow is a session with what the store itself needs to know of it.
type sessionRow struct {
	pay.Session
	dueAt        int64 // Unix milliseconds, 0 for never
	claimedUntil int64 // Unix milliseconds, 0 for not claimed
	erasedAt     int64 // Unix milliseconds, 0 if the payer's data are kept
	invitations  int64 // how many there are: mostly none, and then none are looked for

	openReference string // the reference, while no other exclusive session may have it; else ""
}

func sessionFields(s *sessionRow) []any {
	return []any{
		&s.ID, &s.Merchant, &s.TokenHash, &s.Reference, &s.Amount.Value, &s.Amount.Currency, &s.Description,
		jsonColumn{&s.Items},
		jsonColumn{&s.Metadata},
		&s.MerchantPayerID, &s.Region, &s.ReturnURL, &s.RenewURL, &s.Locale, &s.DocumentVersion,
		millis{&s.CreatedAt},
		&s.Status,
		optional{&s.Winner},
		&s.LastEvent,
		millis{&s.ExpiresAt},
		&s.dueAt, &s.claimedUntil, &s.erasedAt, &s.invitations,
		optional{&s.openReference},
	}
}

// rowKey are the columns that name an attempt, refund or invitation: its session, and its
// place among those of that session.
const rowKey = 2

var attempts = newTable("attempts", `
	session_id ordinal
	id method rail provider account app out_trade_no amount_value amount_currency request expires_at
	state action reference abandoned created_at sent_at paid_at checks check_at
	sends send_at returned_total returned_unknown invitation instalments container back_at`)

// attemptRow is an attempt with its key.
type attemptRow struct {
	sessionID string
	ordinal   int64
	*pay.Attempt
}

func attemptFields(a *attemptRow) []any {
	if a.Attempt == nil {
		a.Attempt = new(pay.Attempt)
	}
	return []any{
		&a.sessionID, &a.ordinal,
		&a.ID, &a.Method, &a.Rail, &a.Provider, &a.Account, &a.App, &a.OutTradeNo, &a.Amount.Value, &a.Amount.Currency,
		blob{&a.Request},
		millis{&a.ExpiresAt},
		&a.State,
		action{&a.Action},
		&a.Reference, &a.Abandoned,
		millis{&a.CreatedAt},
		millis{&a.SentAt},
		millis{&a.PaidAt},
		&a.Checks,
		millis{&a.CheckAt},
		&a.Sends,
		millis{&a.SendAt},
		&a.ReturnedTotal, &a.ReturnedUnknown, &a.Invitation, &a.Instalments, &a.Container,
		millis{&a.BackAt},
	}
}

var refunds = newTable("refunds", `
	session_id ordinal
	merchant id attempt_id merchant_reference number amount_value amount_currency origin note author request
	status failure arrival reference created_at sent_at silent_at tries check_at`)

// refundRow is a refund with its key.
type refundRow struct {
	sessionID string
	ordinal   int64
	merchant  string
	*pay.Refund
}

func refundFields(r *refundRow) []any {
	if r.Refund == nil {
		r.Refund = new(pay.Refund)
	}
	return []any{
		&r.sessionID, &r.ordinal,
		&r.merchant, &r.ID, &r.AttemptID, &r.MerchantReference, &r.Number, &r.Amount.Value, &r.Amount.Currency, &r.Origin, &r.Note, &r.Author, &r.Request,
		&r.Status, &r.Failure, &r.Arrival, &r.Reference,
		millis{&r.CreatedAt},
		millis{&r.SentAt},
		millis{&r.SilentAt},
		&r.Tries,
		millis{&r.CheckAt},
	}
}

var invitations = newTable("invitations", `
	session_id ordinal
	id token_hash seed name created_at expires_at revoked_at`)

// invitationRow is an invitation with its key.
type invitationRow struct {
	sessionID string
	ordinal   int64
	*pay.Invitation
}

func invitationFields(i *invitationRow) []any {
	if i.Invitation == nil {
		i.Invitation = new(pay.Invitation)
	}
	return []any{
		&i.sessionID, &i.ordinal,
		&i.ID, &i.TokenHash, &i.Seed, &i.Name,
		millis{&i.CreatedAt},
		millis{&i.ExpiresAt},
		millis{&i.RevokedAt},
	}
}

var events = newTable("events", `
	session_id number type session_status attempt_id refund_id at`)

type eventRow struct {
	sessionID string
	pay.Event
}

func eventFields(e *eventRow) []any {
	return []any{&e.sessionID, &e.Number, &e.Type, &e.Session, &e.AttemptID, &e.RefundID, millis{&e.At}}
}

const evidenceColumns = `
	provider account id source app out_trade_no outcome amount_value amount_currency
	reference paid_at received_at raw returned digest`

func evidenceFields(e *pay.Evidence) []any {
	return []any{
		&e.Provider, &e.Account, &e.ID, &e.Source, &e.App, &e.OutTradeNo, &e.Outcome, &e.Amount.Value, &e.Amount.Currency,
		&e.Reference,
		millis{&e.PaidAt},
		millis{&e.ReceivedAt},
		blob{&e.Raw},
		jsonColumn{&e.Returned},
		digest{e},
	}
}

var evidence = newTable("evidence", evidenceColumns+" session_id")

type evidenceRow struct {
	pay.Evidence
	sessionID string
}

func (e *evidenceRow) fields() []any { return append(evidenceFields(&e.Evidence), &e.sessionID) }

var quarantine = newTable("quarantine", evidenceColumns+`
	entry merchant reason at status resolution author note refund resolved_at`)

// quarantineWork is the place of the first column that people change.
var quarantineWork = slices.Index(quarantine.columns, "status")

func quarantineFields(q *checkout.Quarantined) []any {
	return append(evidenceFields(&q.Evidence),
		&q.ID, &q.Merchant, &q.Reason, millis{&q.At}, &q.Status, &q.Resolution, &q.Author, &q.Note, jsonColumn{&q.Refund}, millis{&q.ResolvedAt})
}
