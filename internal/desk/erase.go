package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"morepay/internal/pay"
)

// Erasure is the record of a payer's data having been erased. It is kept for good,
// and names the payer by a hash only.
type Erasure struct {
	ID        string
	Merchant  string
	PayerHash string // SHA-256 of the merchant's id of the payer
	Author    string
	Note      string
	At        time.Time
	Sessions  int // of the payer
	Waiting   int // of them under way then: they are erased when they are over
}

// Erasures erases payers' data and keeps the record.
type Erasures interface {
	// Erase puts hashes in the place of the requests and statements of all sessions
	// of a merchant's payer. What is under way is marked, and follows with the next
	// pruning after its end. It returns the record with its counts. Repeating it
	// changes nothing but the record.
	Erase(ctx context.Context, e Erasure, payer string) (Erasure, error)

	// ListErasures lists records from before a time, newest first; the zero time and
	// "" mean any.
	ListErasures(ctx context.Context, merchant string, before time.Time, limit int) ([]Erasure, error)
}

// EraseOrder is a person's order to erase a payer's data.
type EraseOrder struct {
	Payer  string `json:"payer"`  // needed: payer.id of the merchant's sessions
	Author string `json:"author"` // needed, as the note is
	Note   string `json:"note"`
}

// Erase erases what we know of a payer besides numbers, amounts and dates. Fails with
// invalid_request.
func (d *Desk) Erase(ctx context.Context, merchant string, o EraseOrder) (Erasure, error) {
	for field, value := range map[string]string{"merchant": merchant, "payer": o.Payer} {
		if value == "" {
			return Erasure{}, pay.Errorf(pay.CodeInvalid, field, "is missing")
		}
	}
	if err := checkWords(o.Author, o.Note); err != nil {
		return Erasure{}, err
	}
	sum := sha256.Sum256([]byte(o.Payer))
	e, err := d.Config.Erasures.Erase(ctx, Erasure{
		ID: "er_" + rand.Text(), Merchant: merchant, PayerHash: hex.EncodeToString(sum[:]), Author: o.Author, Note: o.Note, At: d.Now(),
	}, o.Payer)
	if err != nil {
		return Erasure{}, err
	}
	d.Log.InfoContext(ctx, "a payer's data are erased", "erasure", e.ID, "merchant", merchant, "author", o.Author, "sessions", e.Sessions, "waiting", e.Waiting)
	return e, nil
}

// ListErasures lists the records from before a time, newest first; the zero time and
// "" mean any.
func (d *Desk) ListErasures(ctx context.Context, merchant string, before time.Time, limit int) ([]Erasure, error) {
	return d.Config.Erasures.ListErasures(ctx, merchant, before, limit)
}
