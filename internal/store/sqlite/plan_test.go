package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/idempotency"
	"morepay/internal/merchant"
	"morepay/internal/pay"
	"morepay/internal/reconcile"
	"morepay/internal/webhook"
)

// TestEveryStatementUsesAnIndex runs every operation once and asks SQLite how it
// finds the rows: a statement that reads a whole table is fast in tests and slow
// in the second year.
func TestEveryStatementUsesAnIndex(t *testing.T) {
	s := newTestStore(t)
	s.everything()
	plans := s.plans()
	if len(plans) < 35 {
		t.Fatalf("only %d statements were run: everything should run them all", len(plans))
	}
	for query, plan := range plans {
		for _, step := range plan {
			if strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, " INDEX ") && !isSmall(step) {
				t.Errorf("%s\n\tin %s", step, query)
			}
		}
	}
}

// isSmall reports whether a scan is of rows that the statement itself has
// found.
func isSmall(step string) bool {
	for _, name := range []string{"due", "old", "CONSTANT ROW"} {
		if step == "SCAN "+name {
			return true
		}
	}
	return false
}

// everything calls every method of every store.
func (s *testStore) everything() {
	ctx, now := s.Context(), time.Now()
	must := func(errs ...error) {
		s.Helper()
		for _, err := range errs {
			if err != nil {
				s.Fatal(err)
			}
		}
	}
	l, a := unpaid("cs_plan")
	must(s.Ledgers.Create(ctx, l))
	ev := pay.Evidence{ID: "e", Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo, Outcome: pay.OutcomePaid, Amount: a.Amount}
	changes := []func(*pay.Ledger) error{
		func(l *pay.Ledger) error { return l.Apply(ev, now) },
		func(l *pay.Ledger) error {
			return l.AddRefund(pay.Refund{ID: "r", AttemptID: a.ID, Number: "n", Amount: a.Amount}, now)
		},
		func(l *pay.Ledger) error { l.RefundTried("r", "", now); return nil },
	}
	for _, change := range changes {
		_, err := s.Ledgers.Update(ctx, "cs_plan", change)
		must(err)
	}
	_, err1 := s.Ledgers.Ledger(ctx, "cs_plan")
	_, err2 := s.Ledgers.Find(ctx, checkout.Key{TokenHash: "cs_plan"})
	_, err3 := s.Ledgers.Find(ctx, checkout.Key{Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo})
	_, err4 := s.Ledgers.Events(ctx, "cs_plan", 0)
	_, err5 := s.Ledgers.Claim(ctx, now, now, 1)
	_, err6 := s.Ledgers.Quarantine(ctx, checkout.Quarantined{Evidence: ev, At: now})
	_, err7 := s.Ledgers.PaidAttempts(ctx, a.Provider, a.Account, now, now)
	_, err8 := s.Ledgers.FirstUsed(ctx, a.Provider, a.Account)
	must(err1, err2, err3, err4, err5, err6, err7, err8)
	entries, err1 := s.Ledgers.Quarantined(ctx, checkout.QuarantineFilter{Limit: 1})
	must(err1)
	_, err1 = s.Ledgers.Quarantined(ctx, checkout.QuarantineFilter{After: entries[0].ID, OutTradeNo: "n", Limit: 1})
	_, err2 = s.Ledgers.Entry(ctx, entries[0].ID)
	_, err3 = s.Ledgers.UpdateEntry(ctx, entries[0].ID, func(*checkout.Quarantined) error { return nil })
	_, err4 = s.Ledgers.Unresolved(ctx)
	_, err5 = s.Ledgers.WaitingRefunds(ctx, 1)
	_, _, err6 = s.Ledgers.CountWaitingRefunds(ctx)
	_, err7 = s.Ledgers.Needs(ctx)
	must(err1, err2, err3, err4, err5, err6, err7)

	_, err1 = s.Marks.Mark(ctx, checkout.Mark{Merchant: "shop", At: now, Until: now})
	_, err2 = s.Marks.Marks(ctx, now)
	_, err3 = s.Marks.ClearMarks(ctx, "shop", "", "")
	must(err1, err2, err3)

	r := idempotency.Record{Key: idempotency.Key{Scope: "s", Name: "n"}, Holder: "h", LeaseEnds: now.Add(time.Hour), KeptUntil: now.Add(time.Hour)}
	for range 2 {
		_, err := s.Replies.Begin(ctx, r, now)
		must(err)
	}
	must(s.Replies.Abandon(ctx, r), s.Replies.Finish(ctx, r))

	_, err1 = s.Documents.Put(ctx, []merchant.Change{{Merchant: "shop", JSON: []byte("{}")}}, "ann", now)
	_, err2 = s.Documents.Get(ctx, "shop")
	_, err3 = s.Documents.Version(ctx, "shop", 1)
	_, err4 = s.Documents.History(ctx, "shop", 1)
	_, err5 = s.Documents.List(ctx, "", 1)
	_, err6 = s.Documents.Changes(ctx, 0, 1)
	_, err7 = s.Documents.Position(ctx)
	must(err1, err2, err3, err4, err5, err6, err7)

	_, err1 = s.Outbox.Assign(ctx, now, 9, func(string) []string { return []string{"https://shop.example/"} })
	claims, err2 := s.Outbox.Claim(ctx, now, now, 1)
	must(err1, err2)
	d, err1 := s.Outbox.Next(ctx, claims[0].Endpoint)
	must(err1, s.Outbox.Record(ctx, webhook.Result{Endpoint: d.Endpoint, Position: d.Position, State: webhook.Delivered, At: now}))
	_, err1 = s.Outbox.Messages(ctx, "shop", d.Message.ID, 1)
	_, err2 = s.Outbox.Deliveries(ctx, "shop", d.Message.ID)
	_, err3 = s.Outbox.Endpoints(ctx, "shop")
	must(err1, err2, err3, s.Outbox.Redeliver(ctx, "shop", d.Message.ID, now), s.Outbox.Enable(ctx, "shop", "https://shop.example/", now),
		s.Outbox.Release(ctx, d.Endpoint), s.Outbox.Forget(ctx, d.Endpoint, "removed"))

	_, err1 = s.Reconciliations.Claim(ctx, reconcile.Key{Provider: "wechatpay", Account: "a", Day: "2026-03-01"}, now, now)
	_, err2 = s.Reconciliations.Since(ctx, "2026-03-01")
	_, err3 = s.Reconciliations.List(ctx, reconcile.Filter{Limit: 1})
	must(err1, err2, err3, s.Reconciliations.Finish(ctx, reconcile.Record{}))
}

// plans returns SQLite's query plan of each statement that the store has run.
func (s *testStore) plans() map[string][]string {
	queries := map[string]bool{}
	gather := func(c *connection) {
		for query := range c.stmts {
			queries[query] = true
		}
	}
	gather(&s.engine.writer.connection)
	for range cap(s.engine.free) {
		c := <-s.engine.free
		gather(c)
		defer func() { s.engine.free <- c }()
	}
	db, err := sql.Open("sqlite", s.path)
	if err != nil {
		s.Fatal(err)
	}
	defer db.Close()
	plans := map[string][]string{}
	for query := range queries {
		if verb, _, _ := strings.Cut(query, " "); strings.Contains("BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE", verb) {
			continue
		}
		plans[query] = explain(s.T, db, query)
	}
	return plans
}

func explain(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
	if err != nil {
		t.Fatalf("%v in %s", err, query)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return steps
}
