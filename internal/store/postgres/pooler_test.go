package postgres_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/checkout"
	"morepay/internal/store/pgtest"
	"morepay/internal/store/postgres"
	"morepay/internal/store/sqlstore"
	"morepay/internal/store/storetest"
	"morepay/internal/webhook"
)

// pooled makes a database with its schema behind pgbouncer in transaction mode, and
// returns the URLs through it and past it.
func pooled(tb testing.TB) (through, past string) {
	tb.Helper()
	past = pgtest.DSN(tb)
	through = pgtest.Pooled(tb, past)
	if err := mustOpen(tb, past, nil).Close(); err != nil {
		tb.Fatal(err)
	}
	return through, past
}

// All that a store must do it does behind a pooler, whatever the URL says or doesn't.
func TestStoreBehindPooler(t *testing.T) {
	storetest.Exercise(t, func(tb testing.TB, notify checkout.Notifier) storetest.Stores {
		through, past := pooled(tb)
		return stores(openConfig(tb, postgres.Config{URL: through + "&pool_max_conns=16", Listen: past, Notify: notify}))
	})
}

func openConfig(tb testing.TB, c postgres.Config) *sqlstore.DB {
	tb.Helper()
	c.Message = webhook.NewMessage
	db, err := postgres.Open(tb.Context(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// gauge returns the value of morepay_listening.
func gauge(t *testing.T, r prometheus.Gatherer) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "morepay_listening" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no morepay_listening in %v", families)
	return 0
}

// A server whose LISTEN leads nowhere says so and goes on; with a way past the pooler
// it hears of the others.
func TestListenBehindPooler(t *testing.T) {
	through, past := pooled(t)
	for name, test := range map[string]struct {
		listen string
		hears  float64
	}{
		"through-the-pooler": {"", 0},
		"past-it":            {past, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			metrics := prometheus.NewRegistry()
			heard := make(chan string, 10)
			db := openConfig(t, postgres.Config{
				URL: through, Listen: test.listen, Notify: func(id string) { heard <- id },
				Log: slog.New(slog.NewTextHandler(&log, nil)), Metrics: metrics,
			})
			if got := gauge(t, metrics); got != test.hears {
				t.Errorf("morepay_listening is %v, want %v", got, test.hears)
			}
			if told := strings.Contains(log.String(), "level=ERROR"); told != (test.hears == 0) {
				t.Errorf("the log says:\n%s", log.String())
			}
			id := "cs_" + name
			if err := db.Ledgers.Create(t.Context(), newLedger(id)); err != nil {
				t.Fatal(err)
			}
			hears(t, heard, id) // of itself in any case
			if test.hears == 0 {
				return
			}
			other := openConfig(t, postgres.Config{URL: through})
			if err := other.Ledgers.Create(t.Context(), newLedger(id+"_2")); err != nil {
				t.Fatal(err)
			}
			hears(t, heard, id+"_2")
			pgtest.Interrupt(t, past)
			hears(t, heard, "")
			if got := gauge(t, metrics); got != 1 {
				t.Errorf("morepay_listening is %v after the connection was lost, want 1", got)
			}
		})
	}
}

// Migrations hold a lock that belongs to one connection.
func TestNoMigrationThroughPooler(t *testing.T) {
	past := pgtest.DSN(t)
	through := pgtest.Pooled(t, past)
	_, err := postgres.Open(t.Context(), postgres.Config{URL: through, Message: webhook.NewMessage})
	if err == nil || !strings.Contains(err.Error(), "morepay migrate") {
		t.Errorf("got %v", err)
	}
	if s, err := postgres.Schema(t.Context(), through); err == nil {
		s.Close()
		t.Error("morepay migrate takes the pooler's URL")
	}
	openConfig(t, postgres.Config{URL: through, Listen: past})
	openConfig(t, postgres.Config{URL: through})
}

// A second URL with a slip in it brings tables to no other database.
func TestListenElsewhere(t *testing.T) {
	elsewhere := pgtest.DSN(t)
	_, err := postgres.Open(t.Context(), postgres.Config{URL: pgtest.DSN(t), Listen: elsewhere, Message: webhook.NewMessage})
	if err == nil || !strings.Contains(err.Error(), "--listen-database") {
		t.Errorf("got %v", err)
	}
	s, err := postgres.Schema(t.Context(), elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if status, err := s.Status(t.Context()); err != nil || status.Version != 0 {
		t.Errorf("the other database: %+v, %v", status, err)
	}
}

// A restart of what is behind a pooler is no end of anything.
func TestPoolerLosesItsServer(t *testing.T) {
	through, past := pooled(t)
	db := openConfig(t, postgres.Config{URL: through, Listen: past})
	for i := range 3 {
		if err := db.Ledgers.Create(t.Context(), newLedger(fmt.Sprint("cs_", i))); err != nil {
			t.Fatal(err)
		}
		pgtest.Interrupt(t, past)
		if _, err := db.Ledgers.Ledger(t.Context(), fmt.Sprint("cs_", i)); err != nil {
			t.Logf("one call may be lost: %v", err)
		}
	}
}
