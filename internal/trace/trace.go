// Package trace tells the story of one session from what the server keeps of it: its
// changes, what providers said and what we made of that, and what merchants were told,
// in the order of time. Support reads it in production and testers attach it to a
// ticket, so nothing of the payer stands in it.
//
// What must not live here: anything that changes a session.
package trace

import (
	"context"
	"slices"
	"strconv"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// Books is where sessions are kept.
type Books interface {
	Ledger(ctx context.Context, sessionID string) (*pay.Ledger, error)
	Events(ctx context.Context, sessionID string, after int64) ([]pay.Event, error)
	Statements(ctx context.Context, sessionID string) ([]pay.Evidence, error) // what providers said and the session took
	Quarantined(ctx context.Context, f checkout.QuarantineFilter) ([]checkout.Quarantined, error)
}

// Outbox is where what merchants are told is kept.
type Outbox interface {
	MessagesOf(ctx context.Context, sessionID string) ([]webhook.Message, error)
	Deliveries(ctx context.Context, merchant, id string) ([]webhook.DeliveryState, error)
}

// Trace is the story of a session.
type Trace struct {
	Session  Session   `json:"session"`
	Attempts []Attempt `json:"attempts"`
	Refunds  []Refund  `json:"refunds"`
	Entries  []Entry   `json:"entries"` // oldest first
	Scenario string    `json:"-"`       // address of the same as a scenario to be played again, or ""
}

// Session is what a trace says of the session itself.
type Session struct {
	ID              string            `json:"id"`
	Merchant        string            `json:"merchant"`
	Reference       string            `json:"merchant_reference"`
	Amount          pay.Money         `json:"amount"`
	Status          pay.SessionStatus `json:"status"`
	CreatedAt       time.Time         `json:"created_at"`
	ExpiresAt       time.Time         `json:"expires_at"`
	DocumentVersion int64             `json:"document_version"`
}

// Attempt is what a trace says of an attempt.
type Attempt struct {
	ID         string           `json:"id"`
	Method     pay.Method       `json:"method"`
	Rail       pay.Rail         `json:"rail"`
	Provider   string           `json:"provider"`
	Account    string           `json:"account"`
	OutTradeNo string           `json:"out_trade_no"`
	Reference  string           `json:"provider_reference,omitempty"`
	State      pay.AttemptState `json:"state"`
	Friend     bool             `json:"friend,omitempty"`    // somebody else than the payer, by a link
	Abandoned  bool             `json:"abandoned,omitempty"` // its payer has turned away from it
	Sends      int              `json:"sends"`               // requests for it that may have left
	Checks     int              `json:"checks"`              // times that the provider was asked how it stands
	PaidAt     time.Time        `json:"paid_at,omitzero"`
}

// Refund is what a trace says of a refund.
type Refund struct {
	ID        string            `json:"id"`
	AttemptID string            `json:"attempt"`
	Number    string            `json:"number,omitempty"` // at the provider
	Amount    pay.Money         `json:"amount"`
	Origin    pay.RefundOrigin  `json:"origin"`
	Status    pay.RefundStatus  `json:"status"`
	Failure   pay.RefundFailure `json:"failure,omitempty"`
	Tries     int               `json:"tries"`
}

// Kind says what an entry is.
type Kind string

// The kinds of entries.
const (
	Change     Kind = "change"     // of the session, an attempt or a refund
	Statement  Kind = "statement"  // of a provider, verified, that the session took
	Quarantine Kind = "quarantine" // of a provider, verified, that contradicts our books
	Webhook    Kind = "webhook"    // the newest try to tell the merchant
	Exchange   Kind = "exchange"   // a call that a simulated provider took, or a notification that it sent
	Heard      Kind = "browser"    // what a browser was heard to do, in test mode
	Hand       Kind = "hand"       // what somebody did at the simulated providers
)

// Entry is one thing that happened.
type Entry struct {
	At    time.Time `json:"at"`
	Kind  Kind      `json:"kind"`
	What  string    `json:"what"`            // such as session.paid, or paid 5980 CNY
	About string    `json:"about,omitempty"` // id of the attempt or refund, or a payment's number
	More  string    `json:"more,omitempty"`

	Faults  []string `json:"faults,omitempty"`  // that struck an Exchange
	Browser *Browser `json:"browser,omitempty"` // in full, if Kind is Heard
	Act     *Act     `json:"act,omitempty"`     // in full, if Kind is Hand
}

// quarantined bounds the entries of one payment on the desk that are listed.
const quarantined = 100

// Of tells the story of a session. Fails with not_found if there is none.
func Of(ctx context.Context, books Books, outbox Outbox, sessionID string) (*Trace, error) {
	l, err := books.Ledger(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	t := &Trace{
		Session: Session{
			l.Session.ID, l.Session.Merchant, l.Session.Reference, l.Session.Amount, l.Session.Status,
			l.Session.CreatedAt, l.Session.ExpiresAt, l.Session.DocumentVersion,
		},
		Attempts: []Attempt{}, Refunds: []Refund{},
	}
	t.list(l)
	for _, add := range []func(context.Context, Books, Outbox) error{t.changes, t.statements, t.quarantine, t.webhooks} {
		if err := add(ctx, books, outbox); err != nil {
			return nil, err
		}
	}
	t.sort()
	return t, nil
}

func (t *Trace) list(l *pay.Ledger) {
	for i := range l.Attempts {
		a := &l.Attempts[i]
		t.Attempts = append(t.Attempts, Attempt{
			a.ID, a.Method, a.Rail, a.Provider, a.Account, a.OutTradeNo, a.Reference, a.State, a.Invitation != "", a.Abandoned, a.Sends, a.Checks, a.PaidAt,
		})
	}
	for i := range l.Refunds {
		r := &l.Refunds[i]
		t.Refunds = append(t.Refunds, Refund{r.ID, r.AttemptID, r.Number, r.Amount, r.Origin, r.Status, r.Failure, r.Tries})
	}
}

// Add puts more entries into the story, such as what a simulated provider knows.
func (t *Trace) Add(entries ...Entry) {
	t.Entries = append(t.Entries, entries...)
	t.sort()
}

// sort keeps things of the same moment in the order in which they were added.
func (t *Trace) sort() {
	slices.SortStableFunc(t.Entries, func(a, b Entry) int { return a.At.Compare(b.At) })
}

func (t *Trace) changes(ctx context.Context, books Books, _ Outbox) error {
	events, err := books.Events(ctx, t.Session.ID, 0)
	for _, e := range events {
		about := e.AttemptID
		if e.RefundID != "" {
			about = e.RefundID
		}
		t.Entries = append(t.Entries, Entry{At: e.At, Kind: Change, What: string(e.Type), About: about, More: "the session is " + string(e.Session)})
	}
	return err
}

func (t *Trace) statements(ctx context.Context, books Books, _ Outbox) error {
	statements, err := books.Statements(ctx, t.Session.ID)
	for i := range statements {
		t.Entries = append(t.Entries, said(&statements[i], Statement))
	}
	return err
}

func (t *Trace) quarantine(ctx context.Context, books Books, _ Outbox) error {
	for _, a := range t.Attempts {
		list, err := books.Quarantined(ctx, checkout.QuarantineFilter{Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo, Limit: quarantined})
		if err != nil {
			return err
		}
		for i := range list {
			e := said(&list[i].Evidence, Quarantine)
			e.More = list[i].Reason + "; " + e.More + "; " + string(list[i].Status)
			t.Entries = append(t.Entries, e)
		}
	}
	return nil
}

// said is the entry of what a provider stated.
func said(e *pay.Evidence, kind Kind) Entry {
	what := string(e.Outcome)
	if e.Amount != (pay.Money{}) {
		what += " " + e.Amount.String()
	}
	more := "by " + string(e.Source)
	if e.Reference != "" {
		more += ", provider's number " + e.Reference
	}
	return Entry{At: e.ReceivedAt, Kind: kind, What: what, About: e.OutTradeNo, More: more}
}

func (t *Trace) webhooks(ctx context.Context, _ Books, outbox Outbox) error {
	messages, err := outbox.MessagesOf(ctx, t.Session.ID)
	if err != nil {
		return err
	}
	for _, m := range messages {
		deliveries, err := outbox.Deliveries(ctx, m.Merchant, m.ID)
		if err != nil {
			return err
		}
		for _, d := range deliveries {
			t.Entries = append(t.Entries, delivered(m, d))
		}
	}
	return nil
}

// delivered is the entry of telling one endpoint. Its address is the merchant's, and may
// hold a secret: its name does.
func delivered(m webhook.Message, d webhook.DeliveryState) Entry {
	e := Entry{
		At: d.TriedAt, Kind: Webhook, What: string(m.Type) + " to " + d.Endpoint, About: m.ID,
		More: string(d.State) + ", tries " + strconv.Itoa(d.Tries),
	}
	if d.TriedAt.IsZero() {
		e.At = m.At
	}
	if d.Status != 0 {
		e.More += ", answer " + strconv.Itoa(d.Status)
	}
	if d.Error != "" {
		e.More += ": " + d.Error
	}
	return e
}
