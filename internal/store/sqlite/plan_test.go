package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"strings"
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
			if strings.Contains(query, "(created_at, id) < (?, ?)") && !strings.Contains(query, "session_id = ?") && strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("a page of a list sorts all of it: %s", query)
			}
			if strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, " INDEX ") && !isSmall(step) {
				t.Errorf("%s\n\tin %s", step, query)
			}
		}
	}
}

// isSmall reports whether a scan is of rows that the statement itself has
// found.
func isSmall(step string) bool {
	for _, name := range []string{"due", "old", "batch", "numbered", "CONSTANT ROW"} {
		if step == "SCAN "+name {
			return true
		}
	}
	return strings.HasPrefix(step, "SCAN (subquery-") // such as the window over batch
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
	exclusive, _ := unpaid("cs_exclusive")
	must(s.Ledgers.CreateExclusive(ctx, exclusive))
	ev := pay.Evidence{ID: "e", Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo, Outcome: pay.OutcomePaid, Amount: a.Amount}
	changes := []func(*pay.Ledger) error{
		func(l *pay.Ledger) error { return l.Apply(ev, now) },
		func(l *pay.Ledger) error {
			return l.AddRefund(pay.Refund{ID: "r", AttemptID: a.ID, Number: "n", Amount: a.Amount}, now)
		},
		func(l *pay.Ledger) error { l.RefundTried("r", "", now); return nil },
		func(l *pay.Ledger) error {
			l.Invitations = append(l.Invitations, pay.Invitation{ID: "i", TokenHash: "h"})
			return nil
		},
		func(l *pay.Ledger) error { l.Invitations[0].RevokedAt = now; return nil },
	}
	for _, change := range changes {
		_, err := s.Ledgers.Update(ctx, "cs_plan", change)
		must(err)
	}
	_, err1 := s.Ledgers.Ledger(ctx, "cs_plan")
	_, err2 := s.Ledgers.Find(ctx, checkout.Key{TokenHash: "cs_plan"})
	_, err0 := s.Ledgers.Find(ctx, checkout.Key{FriendHash: "h"})
	_, err3 := s.Ledgers.Find(ctx, checkout.Key{Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo})
	_, err4 := s.Ledgers.Events(ctx, "cs_plan", 0)
	_, err9 := s.Ledgers.Statements(ctx, "cs_plan")
	_, err10 := s.Outbox.MessagesOf(ctx, "cs_plan")
	_, err5 := s.Ledgers.Claim(ctx, now, now, 1)
	_, err6 := s.Ledgers.Quarantine(ctx, checkout.Quarantined{Evidence: ev, At: now})
	_, err7 := s.Ledgers.PaidAttempts(ctx, a.Provider, a.Account, now, now)
	_, err8 := s.Ledgers.FirstUsed(ctx, a.Provider, a.Account)
	must(err0, err1, err2, err3, err4, err5, err6, err7, err8, err9, err10)
	for _, f := range []checkout.RefundFilter{{}, {Status: pay.RefundFailed}, {ID: "r"}, {SessionID: "cs_plan"}, {Reference: "R-1", Status: pay.RefundFailed}} {
		f.Merchant, f.Limit = "shop", 1
		_, err := s.Ledgers.Refunds(ctx, f)
		must(err)
	}
	for _, f := range []checkout.SessionFilter{{}, {Amount: 1}, {Amount: 1, Reference: "A-1"}, {Reference: "A-1"}, {Reference: "A-1", OutTradeNo: a.OutTradeNo}, {ProviderReference: "4200"}} {
		for _, f.Status = range append([]pay.SessionStatus{""}, pay.SessionStatuses...) {
			f.Merchant, f.Now, f.Limit = "shop", now, 1
			_, err := s.Ledgers.Sessions(ctx, f)
			must(err)
		}
	}
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

	_, err1 = s.Visits.AddVisits(ctx, []funnel.Visit{{SessionID: "cs_plan", At: now}})
	_, _, err2 = s.Ledgers.Overdue(ctx, now)
	err3 = s.Visits.Visited(ctx, now.Add(-time.Hour), now.Add(time.Hour), func(funnel.Session) {})
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

	change := func(change func([]webhook.Kept) []webhook.Kept) {
		_, err := s.Endpoints.Change(ctx, "shop", webhook.Version{Hash: rand.Text(), At: now}, func(kept []webhook.Kept) ([]webhook.Kept, string, error) {
			return change(kept), "", nil
		})
		must(err)
	}
	change(func([]webhook.Kept) []webhook.Kept {
		return []webhook.Kept{{ID: "a", URL: "https://a.example/", Sealed: []byte("1")}}
	})
	change(func(kept []webhook.Kept) []webhook.Kept { kept[0].URL = "https://b.example/"; return kept })
	_, err1 = s.Outbox.Busy(ctx, now)
	_, err2 = s.Outbox.Assign(ctx, now, 9)
	claims, err3 := s.Outbox.Claim(ctx, "h", now, now, 1)
	must(err1, err2, err3)
	c := claims[0]
	_, due, err1 := s.Outbox.Round(ctx, webhook.Round{Claim: c, Now: now, Limit: 9})
	must(err1)
	tried := webhook.Result{Position: due[0].Position, State: webhook.Pending, At: now}
	_, _, err1 = s.Outbox.Round(ctx, webhook.Round{Claim: c, Now: now, Results: []webhook.Result{tried}, Disable: "410", Recovered: now})
	_, _, err2 = s.Outbox.Round(ctx, webhook.Round{Claim: c, Now: now, Probe: true, Limit: 1})
	must(err1, err2, s.Outbox.Release(ctx, c, time.Time{}))
	change(func(kept []webhook.Kept) []webhook.Kept { kept[0].DisabledAt = time.Time{}; return kept })
	c.Holder = "h"
	_, err1 = s.Outbox.Claim(ctx, "h", now, now, 1)
	_, _, err2 = s.Outbox.Round(ctx, webhook.Round{Claim: c, Now: now, Limit: 1, Probe: true, Results: []webhook.Result{{Position: tried.Position, State: webhook.Pending, Tries: 1, At: now}}})
	must(err1, err2)

	page, err1 := s.Outbox.Events(ctx, "shop", webhook.Filter{Limit: 1})
	must(err1)
	id := page.Messages[0].ID
	_, err1 = s.Outbox.Events(ctx, "shop", webhook.Filter{After: webhook.Place{ID: id}, Limit: 1})
	_, err2 = s.Outbox.Events(ctx, "shop", webhook.Filter{After: page.Next, Limit: 1})
	_, err3 = s.Outbox.Event(ctx, "shop", id)
	_, err4 = s.Outbox.Deliveries(ctx, "shop", id)
	_, err5 = s.Outbox.Redeliver(ctx, webhook.Redelivery{Merchant: "shop", Message: id, Endpoint: "a"}, now)
	_, err6 = s.Outbox.Redeliver(ctx, webhook.Redelivery{Merchant: "shop", Since: now.Add(-time.Hour)}, now)
	_, err7 = s.Outbox.Skip(ctx, "shop", id, "a", "ann", now)
	_, err8 = s.Outbox.Backlog(ctx)
	must(err1, err2, err3, err4, err5, err6, err7, err8)
	for _, state := range []webhook.State{webhook.Pending, webhook.Failed} {
		_, err := s.Outbox.Undelivered(ctx, "shop", state, 1)
		must(err)
	}
	_, err1 = s.Endpoints.Endpoints(ctx, "shop")
	_, err2 = s.Endpoints.Versions(ctx, "shop", 1)
	err3 = s.Endpoints.Reseal(ctx, func(b []byte) ([]byte, error) { return append(b, '!'), nil })
	must(err1, err2, err3)

	_, err1 = s.Reconciliations.Claim(ctx, reconcile.Key{Provider: "wechatpay", Account: "a", Day: "2026-03-01"}, now, now)
	_, err2 = s.Reconciliations.Since(ctx, "2026-03-01")
	_, err3 = s.Reconciliations.List(ctx, reconcile.Filter{Limit: 1})
	must(err1, err2, err3, s.Reconciliations.Finish(ctx, reconcile.Record{}))

	order := desk.Erasure{ID: "er_1", Merchant: "shop", At: now}
	_, err1 = s.Retention.Erase(ctx, order, "payer")
	_, err2 = s.Retention.ListErasures(ctx, "shop", now, 1)
	_, err3 = s.Retention.ClaimJob(ctx, "h", now, now)
	_, err4 = s.Ledgers.Past(ctx, checkout.Key{Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo})
	if pay.CodeOf(err4) == pay.CodeNotFound {
		err4 = nil
	}
	must(err1, err2, err3, err4)
	for _, k := range retention.Kinds {
		old := now.Add(1000 * time.Hour)
		_, err1 = s.Retention.Count(ctx, k, old)
		_, err2 = s.Retention.Prune(ctx, k, retention.Step{Now: now, Before: old, Limit: 9})
		must(err1, err2)
	}

	_, err1 = s.KeyUses.KeyUses(ctx, "shop")
	must(err1, s.KeyUses.AddKeyUses(ctx, []merchant.KeyUse{{Merchant: "shop", Key: "a", At: now}}))

	_, err1 = s.Fingerprints.Admit(ctx, []string{"a"}, now)
	_, err2 = s.Fingerprints.Known(ctx)
	must(err1, err2, s.Fingerprints.Replace(ctx, []string{"b"}, now))
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
