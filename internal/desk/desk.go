package desk

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// Config is what a Desk is made of. All but Now is needed.
type Config struct {
	Store    checkout.DeskStore
	Ledgers  Ledgers
	Accounts *account.Registry
	Recorder *checkout.Recorder
	Now      func() time.Time // nil for the machine's clock
}

// Ledgers is what the desk needs of the store of ledgers. What isn't there is
// *pay.Error not_found.
type Ledgers interface {
	// Find, Ledger and Update are those of [checkout.Store].
	Find(ctx context.Context, key checkout.Key) (sessionID string, err error)
	Ledger(ctx context.Context, sessionID string) (*pay.Ledger, error)
	Update(ctx context.Context, sessionID string, change func(*pay.Ledger) error) (*pay.Ledger, error)
}

// Desk carries out what people decide. All methods are safe for concurrent use.
type Desk struct{ Config }

// New makes a Desk.
func New(c Config) *Desk {
	now := c.Now
	if now == nil {
		now = time.Now
	}
	c.Now = func() time.Time { return now().UTC().Truncate(time.Millisecond) }
	return &Desk{c}
}

// Person is who decides, and why. Both are needed.
type Person struct {
	Author string `json:"author"`
	Note   string `json:"note"`
}

// The longest that a person may write, in characters.
const (
	maxAuthor = 64
	maxNote   = 1000
)

func (p Person) check() error {
	for _, text := range []struct {
		field, value string
		limit        int
	}{{"author", p.Author, maxAuthor}, {"note", p.Note, maxNote}} {
		switch {
		case strings.TrimSpace(text.value) == "":
			return pay.Errorf(pay.CodeInvalid, text.field, "is missing")
		case !utf8.ValidString(text.value) || strings.ContainsRune(text.value, 0):
			return pay.Errorf(pay.CodeInvalid, text.field, "is not text")
		case utf8.RuneCountInString(text.value) > text.limit:
			return pay.Errorf(pay.CodeInvalid, text.field, "is longer than %d characters", text.limit)
		}
	}
	return nil
}

// Entries lists quarantined evidence, newest first.
func (d *Desk) Entries(ctx context.Context, f checkout.QuarantineFilter) ([]checkout.Quarantined, error) {
	if f.Status != "" && !slices.Contains(checkout.QuarantineStatuses, f.Status) {
		return nil, pay.Errorf(pay.CodeInvalid, "status", "must be one of %v", checkout.QuarantineStatuses)
	}
	return d.Store.Quarantined(ctx, f)
}

// Entry loads one entry.
func (d *Desk) Entry(ctx context.Context, id string) (checkout.Quarantined, error) {
	return d.Store.Entry(ctx, id)
}

// Decision is what a person makes of an entry.
type Decision struct {
	Resolution checkout.Resolution `json:"resolution"`
	Person
}

// Resolve carries out a decision. Fails with invalid_request, not_found, or
// conflict if the entry has been decided about already or does not allow this.
func (d *Desk) Resolve(ctx context.Context, id string, decision Decision) (checkout.Quarantined, error) {
	if err := decision.check(); err != nil {
		return checkout.Quarantined{}, err
	}
	q, err := d.Entry(ctx, id)
	if err != nil {
		return q, err
	}
	switch decision.Resolution {
	case checkout.ResolveAccept:
		err = d.accept(ctx, q, decision)
	case checkout.ResolveNotOurs, checkout.ResolveIgnore:
		_, err = d.Store.UpdateEntry(ctx, id, func(q *checkout.Quarantined) error { return d.resolved(q, decision) })
	default:
		err = pay.Errorf(pay.CodeInvalid, "resolution", "must be one of %v", checkout.Resolutions)
	}
	if err != nil {
		return q, err
	}
	return d.Entry(ctx, id)
}

// decided writes a decision into an open entry.
func decided(q *checkout.Quarantined, decision Decision) error {
	if q.Status != checkout.QuarantineOpen {
		return pay.Errorf(pay.CodeConflict, "", "the entry is %s: %s", q.Status, cmp.Or(string(q.Resolution), "by the program itself"))
	}
	q.Resolution, q.Author, q.Note = decision.Resolution, decision.Author, decision.Note
	return nil
}

func (d *Desk) resolved(q *checkout.Quarantined, decision Decision) error {
	if err := decided(q, decision); err != nil {
		return err
	}
	q.Status, q.ResolvedAt = checkout.QuarantineResolved, d.Now()
	return nil
}

func (d *Desk) accept(ctx context.Context, q checkout.Quarantined, decision Decision) error {
	acc, err := d.account(q)
	if err != nil {
		return err
	}
	return d.Recorder.Accept(ctx, acc, q, func(q *checkout.Quarantined) error { return d.resolved(q, decision) })
}

// account is the account that the evidence names.
func (d *Desk) account(q checkout.Quarantined) (*account.Account, error) {
	acc := d.Accounts.Named(q.Evidence.Provider, q.Evidence.Account)
	if acc == nil {
		return nil, pay.Errorf(pay.CodeConflict, "account", "no merchant has the account %s at %s", q.Evidence.Account, q.Evidence.Provider)
	}
	return acc, nil
}
