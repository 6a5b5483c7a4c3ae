// Package storetest holds what every store must do, as tests that run on any of
// them. A case that fails says which rule has been broken.
//
// What must not live here: knowledge of a particular database.
package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/funnel"
	"morepay/internal/idempotency"
	"morepay/internal/merchant"
	"morepay/internal/pay"
	"morepay/internal/reconcile"
	"morepay/internal/retention"
	"morepay/internal/secret"
	"morepay/internal/trace"
	"morepay/internal/webhook"
)

// Stores are the stores on one database.
type Stores struct {
	Ledgers   Ledgers
	Books     reconcile.Books
	Desk      desk.Books
	Marks     checkout.MarkStore
	Visits    funnel.Store
	Replies   idempotency.Store
	Documents merchant.Store
	Queue     webhook.Queue
	Log       webhook.Log
	Told      trace.Outbox
	Endpoints webhook.EndpointStore

	Reconciliations Reconciliations
	Retention       Retention
	Fingerprints    secret.Store
	KeyUses         merchant.KeyUses

	Close func() error
}

// Ledgers is the store of ledgers with what only people, and tests, look at.
type Ledgers interface {
	checkout.Store
	checkout.DeskStore
	trace.Books
}

// Retention lets go of what is old, and erases.
type Retention interface {
	retention.Store
	desk.Erasures
}

// Open makes an empty database that is closed and removed when the test ends.
type Open func(tb testing.TB, notify checkout.Notifier) Stores

// Exercise runs the whole suite.
func Exercise(t *testing.T, open Open) {
	suites := []struct {
		name  string
		cases []testCase
	}{
		{"ledgers", ledgerCases},
		{"sessions", sessionCases},
		{"exclusive", exclusiveCases},
		{"key-uses", keyUseCases},
		{"invitations", invitationCases},
		{"claims", claimCases},
		{"desk", deskCases},
		{"marks", markCases},
		{"visits", visitCases},
		{"replies", replyCases},
		{"documents", documentCases},
		{"outbox", outboxCases},
		{"events", eventCases},
		{"trace", traceCases},
		{"reconciliations", reconciliationCases},
		{"retention", retentionCases},
		{"fingerprints", fingerprintCases},
		{"faults", faultCases},
	}
	for _, suite := range suites {
		t.Run(suite.name, func(t *testing.T) {
			for _, c := range suite.cases {
				t.Run(c.name, func(t *testing.T) { c.run(&fixture{T: t, open: open, Stores: open(t, nil)}) })
			}
		})
	}
}

type testCase struct {
	name string
	run  func(fx *fixture)
}

// fixture gives a case its test, an empty database and helpers.
type fixture struct {
	*testing.T
	Stores
	open Open
}

// start is the time of everything that happens: with a fraction of a
// millisecond that the store must drop, and in a zone that it must not keep.
var start = time.Date(2026, 3, 1, 12, 0, 0, 123_456_789, time.FixedZone("", 8*60*60))

func newID(prefix string) string { return fmt.Sprintf("%s_%016x", prefix, rand.Uint64()) }

// newLedger is a session that is not stored yet.
func newLedger() *pay.Ledger {
	id := newID("cs")
	return pay.Open(pay.Session{
		ID: id, Merchant: "shop", TokenHash: "hash of " + id, Reference: "A-1",
		Amount: pay.Money{Currency: "CNY", Value: 5980}, Description: "两双袜子",
		CreatedAt: start, ExpiresAt: start.Add(30 * time.Minute),
	})
}

func newAttempt() pay.Attempt {
	return pay.Attempt{
		ID: newID("at"), Method: "wechat_pay", Rail: pay.RailQR, Provider: "wechatpay", Account: "1900000001",
		App: "wx1", OutTradeNo: newID("no"), Amount: pay.Money{Currency: "CNY", Value: 5980},
		Request: []byte(`{"body":1}`), ExpiresAt: start.Add(30 * time.Minute),
	}
}

// paid is evidence that an attempt was paid.
func paid(a pay.Attempt) pay.Evidence {
	return pay.Evidence{
		ID: "notice of " + a.OutTradeNo, Source: pay.SourceNotification, Provider: a.Provider, Account: a.Account, App: a.App,
		OutTradeNo: a.OutTradeNo, Outcome: pay.OutcomePaid, Amount: a.Amount, Reference: "4200" + a.OutTradeNo,
		PaidAt: start.Add(time.Minute), ReceivedAt: start.Add(time.Minute), Raw: []byte(`{"trade_state":"SUCCESS"}`),
	}
}

// create stores a new session.
func (fx *fixture) create() *pay.Ledger {
	fx.Helper()
	l := newLedger()
	fx.must(fx.Ledgers.Create(fx.Context(), l))
	return l
}

// begin adds an attempt to a session.
func (fx *fixture) begin(sessionID string) pay.Attempt {
	fx.Helper()
	a := newAttempt()
	l := fx.update(sessionID, func(l *pay.Ledger) error { return l.Begin(a, start) })
	return l.Attempts[len(l.Attempts)-1]
}

// pay records that an attempt was paid.
func (fx *fixture) pay(sessionID string, a pay.Attempt) *pay.Ledger {
	fx.Helper()
	return fx.update(sessionID, func(l *pay.Ledger) error { return l.Apply(paid(a), start.Add(time.Minute)) })
}

func (fx *fixture) update(sessionID string, change func(*pay.Ledger) error) *pay.Ledger {
	fx.Helper()
	l, err := fx.Ledgers.Update(fx.Context(), sessionID, change)
	fx.must(err)
	return l
}

func (fx *fixture) ledger(sessionID string) *pay.Ledger {
	fx.Helper()
	l, err := fx.Ledgers.Ledger(fx.Context(), sessionID)
	fx.must(err)
	return l
}

func (fx *fixture) events(sessionID string) []pay.Event {
	fx.Helper()
	list, err := fx.Ledgers.Events(fx.Context(), sessionID, 0)
	fx.must(err)
	return list
}

func (fx *fixture) must(err error) {
	fx.Helper()
	if err != nil {
		fx.Fatalf("unexpected error: %v", err)
	}
}

// code demands an error with a code.
func (fx *fixture) code(err error, want pay.Code, rule string) {
	fx.Helper()
	if err == nil || pay.CodeOf(err) != want {
		fx.Errorf("%s: got error %v, want %s", rule, err, want)
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
