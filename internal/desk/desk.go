package desk

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// Config holds the parts of a Desk. All but Now and Log are needed, Erasures by who
// erases.
type Config struct {
	Store    checkout.DeskStore
	Books    Books
	Marks    checkout.MarkStore
	Accounts *account.Registry
	Recorder *checkout.Recorder
	Erasures Erasures
	Now      func() time.Time // nil for the machine's clock
	Log      *slog.Logger     // nil for the default one
}

// Desk carries out what people decide. All methods are safe for concurrent use.
type Desk struct {
	Config
	orphanedAttempts, orphanedRefunds atomic.Int64 // when they were counted last
}

// New makes a Desk.
func New(c Config) *Desk {
	now := c.Now
	if now == nil {
		now = time.Now
	}
	c.Now = func() time.Time { return now().UTC().Truncate(time.Millisecond) }
	c.Log = cmp.Or(c.Log, slog.Default())
	return &Desk{Config: c}
}

// The longest that a person may write, in characters.
const (
	maxAuthor = 64
	maxNote   = 1000
)

// checkWords demands that whoever decides says who they are and why.
func checkWords(author, note string) error {
	for _, text := range []struct {
		field, value string
		limit        int
	}{{"author", author, maxAuthor}, {"note", note, maxNote}} {
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

// Decision is a person's answer to an entry.
type Decision struct {
	Resolution checkout.Resolution `json:"resolution"`
	Author     string              `json:"author"` // needed, as the note is
	Note       string              `json:"note"`
}

// Resolve carries out a decision. Fails with invalid_request, not_found, or
// conflict if the entry has been decided about already or does not allow this.
func (d *Desk) Resolve(ctx context.Context, id string, decision Decision) (checkout.Quarantined, error) {
	if err := checkWords(decision.Author, decision.Note); err != nil {
		return checkout.Quarantined{}, err
	}
	q, err := d.Entry(ctx, id)
	if err != nil {
		return q, err
	}
	switch decision.Resolution {
	case checkout.ResolveAccept:
		err = d.accept(ctx, q, decision)
	case checkout.ResolveRefund:
		err = d.refund(ctx, q, decision)
	case checkout.ResolveNotOurs, checkout.ResolveIgnore:
		_, err = d.Recorder.UpdateEntry(ctx, id, func(q *checkout.Quarantined) error { return d.resolved(q, decision) })
	default:
		err = pay.Errorf(pay.CodeInvalid, "resolution", "must be one of %v", checkout.Resolutions)
	}
	if err != nil {
		return q, err
	}
	d.Log.InfoContext(ctx, "an entry of the quarantine is decided", "entry", id, "resolution", decision.Resolution, "author", decision.Author)
	if q, err = d.Entry(ctx, id); err != nil {
		return q, err
	}
	return q, d.resolveAlike(ctx, q)
}

// resolveAlike resolves the open entries that say the same of the same payment: a
// provider's message and its answer to a question are two.
func (d *Desk) resolveAlike(ctx context.Context, q checkout.Quarantined) error {
	ev := q.Evidence
	alike, err := d.Store.Quarantined(ctx, checkout.QuarantineFilter{
		Status: checkout.QuarantineOpen, Provider: ev.Provider, Account: ev.Account, OutTradeNo: ev.OutTradeNo, Limit: maxAlike,
	})
	if err != nil {
		return err
	}
	for _, other := range alike {
		_, err := d.Recorder.UpdateEntry(ctx, other.ID, func(other *checkout.Quarantined) error {
			if other.Status == checkout.QuarantineOpen && q.Covers(other.Evidence) {
				other.Follow(q, d.Now())
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// maxAlike bounds the entries about one payment that are resolved with one.
const maxAlike = 100

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
