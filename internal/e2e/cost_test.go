package e2e_test

import (
	"net/http"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
	"morepay/internal/providersim"
	"morepay/internal/store/pgtest"
)

// maxWrites bounds the transactions of a payment that write or notify: what each
// payment waits for, and what a primary can do so many of a second (docs/scale.md).
const maxWrites = 18

// TestPaymentCost counts what a payment asks of PostgreSQL, from the shop's call to
// the message that it is paid, one after the other on one server.
func TestPaymentCost(t *testing.T) {
	database := pgtest.DSN(t)
	s := demotest.Start(t, func(c *demo.Config) { c.Database = database })
	payOne := func() {
		created := s.Open(t, demotest.Order{})
		form := s.Form(t, created, "wechat_pay", pay.RailQR)
		if a := s.Do(t, demotest.Request(t, http.MethodPost, created.URL+"/attempts", form.Encode(),
			"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Desktop)); a.Status != http.StatusSeeOther {
			t.Fatalf("attempt: %d %s", a.Status, a.Body)
		}
		code := s.Payments(t, "codes")[0].Text
		if _, err := s.Sim.Scan(providersim.Ming, code, providersim.ByCamera); err != nil {
			t.Fatal(err)
		}
		s.UntilPaid(t, created, func() { s.Phone(t, "approve", code) })
		for pending := 1; pending > 0; { // until the shop has been told
			b, err := s.Stores.Outbox.Backlog(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			pending = b.Pending
		}
	}
	payOne() // what is done once only
	const n = 20
	for _, fresh := range []bool{false, true} {
		if fresh {
			pgtest.Checkpoint(t)
		}
		before := pgtest.Worked(t)
		for range n {
			payOne()
		}
		after := pgtest.Worked(t)
		writes := float64(after.Writes-before.Writes) / n
		t.Logf("after a checkpoint: %t; a payment took %.1f transactions and %d bytes of WAL", fresh, writes, (after.WAL-before.WAL)/n)
		if writes > maxWrites {
			t.Errorf("a payment took %.1f transactions, want %d at most", writes, maxWrites)
		}
	}
}
