package storetest

import (
	"fmt"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/webhook"
)

// LegacyMigration is the last migration before events had numbers and endpoints
// had ids.
const LegacyMigration = 2

// Legacy returns statements that make a refund and messages as they were kept then. payload is
// an empty value of bytes in the database's words. Rows they refer to are left
// out: foreign keys must not be checked.
func Legacy(payload string) []string {
	var statements []string
	// By transaction, then position: c, a, b; d is not assigned yet.
	for i, m := range []struct {
		tx, assigned int
		id, merchant string
	}{{9, 1, "a", "shop"}, {9, 1, "b", "shop"}, {8, 1, "c", "shop"}, {7, 1, "o", "other"}, {10, 0, "d", "shop"}} {
		statements = append(statements, fmt.Sprintf(
			"INSERT INTO messages (tx, id, merchant, session_id, number, type, at, payload, assigned) VALUES (%d, '%s', '%s', 's%d', 1, 'session.paid', 1000, %s, %d)",
			m.tx, m.id, m.merchant, i, payload, m.assigned))
	}
	return append(statements,
		`INSERT INTO sessions (id, merchant, token_hash, reference, amount_value, amount_currency, description, items, payer_id, region,
			return_url, locale, document_version, created_at, expires_at, status, last_event, due_at, claimed_until)
			VALUES ('cs_old', 'shop', 'hash', 'A-1', 5980, 'CNY', '', '[]', '', '', '', '', 1, 1000, 2000, 'paid', 0, 0, 0)`,
		`INSERT INTO refunds (session_id, ordinal, id, attempt_id, number, amount_value, amount_currency, origin, note, status, reference,
			created_at, tries, check_at) VALUES ('cs_old', 0, 'rf_old', 'at_old', 'n', 1, 'CNY', 'merchant', '', 'succeeded', '', 1500, 1, 0)`,
		"INSERT INTO endpoints (merchant, url, next_at) VALUES ('shop', 'https://old.example/', 0)",
		"INSERT INTO endpoints (merchant, url, next_at) VALUES ('shop', 'https://shop.example/', 1000)",
		"INSERT INTO deliveries (endpoint, position, state) VALUES (2, 1, 'delivered')",
		"INSERT INTO deliveries (endpoint, position, state, tries) VALUES (2, 2, 'pending', 3)",
		"INSERT INTO deliveries (endpoint, position, state) VALUES (2, 3, 'failed')",
	)
}

// CheckLegacy checks what became of the Legacy rows.
func CheckLegacy(t *testing.T, s Stores) {
	fx := &fixture{T: t, Stores: s}
	var ids string
	for i, m := range fx.messages("shop") {
		if m.Sequence != int64(i)+1 {
			t.Errorf("event %s is number %d, want %d", m.ID, m.Sequence, i+1)
		}
		ids += m.ID
	}
	if ids != "cabd" {
		t.Errorf("the events are in the order %s, want cabd", ids)
	}
	old, err := s.Ledgers.Refunds(t.Context(), checkout.RefundFilter{Merchant: "shop", Limit: 1})
	fx.must(err)
	if len(old.Refunds) != 1 || old.Refunds[0].SessionID != "cs_old" {
		t.Errorf("the refunds of before are %+v", old)
	}
	_, err = s.Endpoints.Change(t.Context(), "shop", webhook.Version{At: start}, func(kept []webhook.Kept) ([]webhook.Kept, string, error) {
		if len(kept) != 2 || kept[1].URL != "https://shop.example/" {
			t.Fatalf("the endpoints of before are %+v", kept)
		}
		kept[0].RemovedAt, kept[1].Sealed = start, []byte("sealed")
		return kept, "", nil
	})
	fx.must(err)
	later := time.Now().Add(time.Minute)
	due := fx.round(fx.claimOne(later), later)
	if len(due) != 2 || due[0].Message.ID != "b" || due[0].Tries != 3 || due[1].Message.ID != "d" {
		t.Errorf("what was pending still is, and what was not assigned yet: %+v", due)
	}
}
