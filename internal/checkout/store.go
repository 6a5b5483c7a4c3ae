package checkout

import (
	"context"
	"time"

	"morepay/internal/pay"
)

// Store keeps ledgers. Package storetest is its conformance suite; sqlite and
// postgres pass it. All methods are safe for concurrent use. A row that isn't
// there is *pay.Error not_found; a database that can't be reached or written is
// store_unavailable, and then nothing has been stored. Times keep millisecond
// precision and come back in UTC.
type Store interface {
	// Create stores a new ledger with its events.
	// Fails with conflict if the id or token is taken.
	Create(ctx context.Context, l *pay.Ledger) error

	// CreateExclusive does what Create does, unless another session that it has made
	// for the merchant with this reference is open: of several at once one succeeds.
	// Fails with reference_open, because of an OpenSession.
	CreateExclusive(ctx context.Context, l *pay.Ledger) error

	// Ledger loads the ledger of a session.
	Ledger(ctx context.Context, sessionID string) (*pay.Ledger, error)

	// Find returns the id of the session that a key names.
	Find(ctx context.Context, key Key) (sessionID string, err error)

	// Sessions lists sessions of a merchant, the newest first.
	Sessions(ctx context.Context, f SessionFilter) (SessionPage, error)

	// Refunds lists refunds of a merchant, the newest first.
	Refunds(ctx context.Context, f RefundFilter) (RefundPage, error)

	// Past returns what is left of the payment with a number whose session has been
	// pruned. Nothing else can take its number.
	Past(ctx context.Context, key Key) (PastPayment, error)

	// Update loads a ledger, lets change alter it, and stores the ledger, its new
	// events (with outbox rows for those that merchants hear of) and evidence in
	// one transaction, durable when Update returns nil. Updates of one session
	// never overlap. An error of change is returned as it is and stores nothing.
	// change may run more than once and must not block.
	Update(ctx context.Context, sessionID string, change func(*pay.Ledger) error) (*pay.Ledger, error)

	// Claim takes up to limit sessions whose ledger is due (pay.Ledger.Due) at
	// now and that nobody else holds a claim on, most overdue first. A claim ends
	// with the next Update of that session, or at until.
	Claim(ctx context.Context, now, until time.Time, limit int) (sessionIDs []string, err error)

	// Hold makes the claims on sessions end at until, whoever holds them: to renew
	// what is still in work, or to put off what can't be done yet.
	Hold(ctx context.Context, sessionIDs []string, until time.Time) error
}

// OpenSession is why no other session of its reference can be made.
type OpenSession struct{ ID string }

func (o OpenSession) Error() string { return "the session " + o.ID + " is open" }

// ReferenceOpen returns the reference_open because of an open session.
func ReferenceOpen(sessionID string) error {
	return &pay.Error{
		Code: pay.CodeReferenceOpen, Field: "merchant_reference",
		Message: "the session " + sessionID + " of this reference is open, or has an order that can still be paid", Err: OpenSession{sessionID},
	}
}

// Key names a session by something other than its id. Exactly one of TokenHash,
// FriendHash, OutTradeNo and Reference is set.
type Key struct {
	TokenHash  string
	FriendHash string // of the token of one of its invitations
	Provider   string // with OutTradeNo or Reference
	Account    string // with OutTradeNo or Reference
	OutTradeNo string
	Reference  string // the provider's number of a payment that we know of
}

// Notifier is told that a session has new events. It carries no data: waiters
// look again. A store that reaches other servers (PostgreSQL) calls it for
// their changes as well as for its own.
type Notifier func(sessionID string)
