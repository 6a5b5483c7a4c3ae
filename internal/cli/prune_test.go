package cli_test

import (
	"strings"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/store"
)

// prune lets go of what is old; a dry run leaves it, and erasing can be repeated.
func TestPrune(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := store.Open(t.Context(), folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	long := time.Now().Add(-100 * 24 * time.Hour)
	l := pay.Open(pay.Session{ID: "cs_old", Merchant: "shop", TokenHash: "h", MerchantPayerID: "p-1", CreatedAt: long, ExpiresAt: long})
	l.Expire(long)
	if err := db.Ledgers.Create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Outbox.Assign(t.Context(), long, 9); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command string
		there   bool // afterwards
	}{
		{"erase --merchant shop --payer p-1 --author ann --note asked", true},
		{"erase --merchant shop --payer p-1 --author ann --note asked", true},
		{"erasures --merchant shop --before 2100-01-01T00:00:00Z", true},
		{"prune --dry-run", true},
		{"prune --retain unpaid=never", true},
		{"prune --retain unpaid=200d", true},
		{"prune", false},
		{"prune", false},
	} {
		if err := run(t, append(strings.Fields(c.command), "--data", folder)...); err != nil {
			t.Fatalf("%s: %v", c.command, err)
		}
		if _, err := db.Ledgers.Ledger(t.Context(), "cs_old"); (err == nil) != c.there {
			t.Errorf("after %s: %v", c.command, err)
		}
	}
}
