package checkout

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"morepay/internal/account"
	"morepay/internal/capability"
	"morepay/internal/pay"
)

// Documents answers what merchants offer. An unknown merchant or version is
// *pay.Error not_found.
type Documents interface {
	// Document is the capability document in force now, with its version.
	Document(ctx context.Context, merchant string) (*capability.Document, int64, error)
	// DocumentAt is an earlier version.
	DocumentAt(ctx context.Context, merchant string, version int64) (*capability.Document, error)
}

// Merchants answers what else checkout must know of the merchants.
type Merchants interface {
	// ReturnURL checks that the merchant may send payers there.
	ReturnURL(merchant, url string) error
}

// Config holds the parts of a Service. Store, Desk, Marks, Documents, Merchants,
// Accounts and BaseURL are needed.
type Config struct {
	Store     Store
	Desk      DeskStore
	Marks     MarkStore
	Documents Documents
	Merchants Merchants
	Accounts  *account.Registry
	Hub       *Hub   // woken by the store's Notifier; nil where nobody waits
	BaseURL   string // origin under which payers and providers reach us, without a slash at the end
	Now       func() time.Time
	Log       *slog.Logger
	Metrics   *Metrics
	Reached   func(Point) // called at every point, for crash tests; nil for nothing
}

// Service opens sessions and brings them to their end. All methods are safe for
// concurrent use.
type Service struct {
	store     Store
	documents Documents
	merchants Merchants
	accounts  *account.Registry
	recorder  *Recorder
	marks     marks
	hub       *Hub
	baseURL   string
	now       func() time.Time
	log       *slog.Logger
	metrics   *Metrics
	reached   func(Point)
	asked     throttle
	puzzles   puzzles
}

// New makes a Service.
func New(c Config) *Service {
	r := NewRecorder(c)
	return &Service{
		store: r.store, documents: c.Documents, merchants: c.Merchants, accounts: c.Accounts, recorder: r,
		marks: marks{store: c.Marks, log: r.log},
		hub:   cmp.Or(c.Hub, &Hub{}), baseURL: c.BaseURL,
		now: r.now, log: r.log, metrics: r.metrics, reached: r.reached,
	}
}

// Hub returns the hub that wakes those who wait for news.
func (s *Service) Hub() *Hub { return s.hub }

// Recorder returns what takes in the providers' words.
func (s *Service) Recorder() *Recorder { return s.recorder }

// Ledger loads a session for its merchant. Another merchant's session is
// not_found, like one that does not exist.
func (s *Service) Ledger(ctx context.Context, merchant, sessionID string) (*pay.Ledger, error) {
	l, err := s.store.Ledger(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	if l.Session.Merchant != merchant {
		return nil, errNoSession
	}
	return l, nil
}

// readable is for how long after its expiry a session's page can still be read.
const readable = 24 * time.Hour

var errNoSession = pay.Errorf(pay.CodeNotFound, "", "there is no such session")

// ByToken loads the session that a payer's token names. A token that is unknown,
// or whose session ended more than a day ago, is not_found.
func (s *Service) ByToken(ctx context.Context, token string) (*pay.Ledger, error) {
	return s.byKey(ctx, Key{TokenHash: HashToken(token)})
}

// ByFriendToken loads the session that a friend may pay, also if they may not any
// more. It fails as ByToken does.
func (s *Service) ByFriendToken(ctx context.Context, token string) (*pay.Ledger, error) {
	return s.byKey(ctx, Key{FriendHash: HashToken(token)})
}

func (s *Service) byKey(ctx context.Context, key Key) (*pay.Ledger, error) {
	id, err := s.store.Find(ctx, key)
	if err != nil {
		return nil, err
	}
	l, err := s.store.Ledger(ctx, id)
	if err != nil {
		return nil, err
	}
	if s.now().After(l.Session.ExpiresAt.Add(readable)) {
		return nil, errNoSession
	}
	return l, nil
}
