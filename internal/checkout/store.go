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

	// Ledger loads the ledger of a session.
	Ledger(ctx context.Context, sessionID string) (*pay.Ledger, error)

	// Find returns the id of the session that a key names.
	Find(ctx context.Context, key Key) (sessionID string, err error)

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

	// Quarantine keeps evidence that must not change anything, with the reason.
	// A repeat of the same evidence is stored once.
	Quarantine(ctx context.Context, q Quarantined) error
}

// Key names a session by something other than its id. Exactly one of TokenHash
// and OutTradeNo is set.
type Key struct {
	TokenHash  string
	Provider   string // with OutTradeNo
	Account    string // with OutTradeNo
	OutTradeNo string
}

// Quarantined is evidence that contradicts what we know, and what a person made
// of it.
type Quarantined struct {
	ID       string // given by the store
	Evidence pay.Evidence
	Reason   string
	At       time.Time

	Status       QuarantineStatus // given by the store: open at first
	Resolution   Resolution       // "" until somebody decided
	Author       string           // who decided
	Note         string           // and why
	RefundNumber string           // of the refund, if it is given back
	ResolvedAt   time.Time        // zero until it is over
}

// QuarantineStatus is where an entry stands.
type QuarantineStatus string

// The statuses of entries.
const (
	QuarantineOpen      QuarantineStatus = "open"
	QuarantineRefunding QuarantineStatus = "refunding" // decided, and the money is not back yet
	QuarantineResolved  QuarantineStatus = "resolved"
)

// Resolution is what a person decided about an entry.
type Resolution string

// The resolutions.
const (
	ResolveAccept  Resolution = "accept"   // it is the payment of the session that it names
	ResolveRefund  Resolution = "refund"   // the money goes back
	ResolveNotOurs Resolution = "not_ours" // somebody else's, such as another system's with the same account
	ResolveIgnore  Resolution = "ignore"
)

// Notifier is told that a session has new events. It carries no data: waiters
// look again. A store that reaches other servers (PostgreSQL) calls it for
// their changes as well as for its own.
type Notifier func(sessionID string)
