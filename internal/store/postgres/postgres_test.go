package postgres_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/store/pgtest"
	"morepay/internal/store/postgres"
	"morepay/internal/store/sqlstore"
	"morepay/internal/store/storetest"
	"morepay/internal/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(withCluster{m}) }

// withCluster stops PostgreSQL before goroutines are counted.
type withCluster struct{ *testing.M }

func (c withCluster) Run() int { return pgtest.Run(c.M) }

func open(tb testing.TB, notify checkout.Notifier) storetest.Stores {
	return stores(mustOpen(tb, pgtest.DSN(tb)+"&pool_max_conns=16", notify))
}

func mustOpen(tb testing.TB, dsn string, notify checkout.Notifier) *sqlstore.DB {
	tb.Helper()
	db, err := postgres.Open(tb.Context(), postgres.Config{URL: dsn, Message: webhook.NewMessage, Notify: notify})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

func stores(db *sqlstore.DB) storetest.Stores {
	return storetest.Stores{
		Ledgers: db.Ledgers, Books: db.Ledgers, Desk: db.Ledgers, Marks: db.Marks, Visits: db.Visits, Replies: db.Replies, Documents: db.Documents,
		Queue: db.Outbox, Log: db.Outbox, Told: db.Outbox, Endpoints: db.Endpoints, Reconciliations: db.Reconciliations, Retention: db.Retention,
		Fingerprints: db.Fingerprints, KeyUses: db.KeyUses, Close: db.Close,
	}
}

func TestStore(t *testing.T) { storetest.Exercise(t, open) }

func newLedger(id string) *pay.Ledger {
	now := time.Now()
	return pay.Open(pay.Session{
		ID: id, Merchant: "shop", TokenHash: "hash of " + id, Amount: pay.Money{Currency: "CNY", Value: 1},
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	})
}

// hears waits for a session's turn; "" is for everybody.
func hears(t *testing.T, heard <-chan string, want string) {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		select {
		case got := <-heard:
			if got == want {
				return
			}
		case <-timeout:
			t.Fatalf("nobody told us of %q", want)
		}
	}
}

func TestOneServerHearsOfTheOthers(t *testing.T) {
	dsn := pgtest.DSN(t)
	heard := make(chan string, 10)
	mustOpen(t, dsn, func(id string) { heard <- id })
	other := mustOpen(t, dsn, nil)
	for i := range 3 {
		id := fmt.Sprint("cs_", i)
		if err := other.Ledgers.Create(t.Context(), newLedger(id)); err != nil {
			t.Fatal(err)
		}
		hears(t, heard, id)
	}
}

func TestClosingAnnouncesWhatIsLeft(t *testing.T) {
	dsn := pgtest.DSN(t)
	heard := make(chan string, 100)
	mustOpen(t, dsn, func(id string) { heard <- id })
	command := mustOpen(t, dsn, nil) // does one thing and ends, as the command line does
	for i := range 20 {
		if err := command.Ledgers.Create(t.Context(), newLedger(fmt.Sprint("cs_", i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := command.Close(); err != nil {
		t.Fatal(err)
	}
	hears(t, heard, "cs_19")
}

func TestOwnChangesAreHeardOnce(t *testing.T) {
	dsn := pgtest.DSN(t)
	heard := make(chan string, 10)
	db := mustOpen(t, dsn, func(id string) { heard <- id })
	if err := db.Ledgers.Create(t.Context(), newLedger("cs_1")); err != nil {
		t.Fatal(err)
	}
	other := mustOpen(t, dsn, nil)
	if err := other.Ledgers.Create(t.Context(), newLedger("cs_2")); err != nil {
		t.Fatal(err)
	}
	if first, second := <-heard, <-heard; first != "cs_1" || second != "cs_2" {
		t.Errorf("heard of %s, then %s: want each once", first, second)
	}
}

func TestAfterALostConnectionEverybodyLooksAgain(t *testing.T) {
	dsn := pgtest.DSN(t)
	heard := make(chan string, 10)
	mustOpen(t, dsn, func(id string) { heard <- id })
	other := mustOpen(t, dsn, nil)
	pgtest.Interrupt(t, dsn)
	hears(t, heard, "")
	create := func() error { return other.Ledgers.Create(t.Context(), newLedger("cs_1")) }
	if err := create(); err != nil { // its connections were cut too: that may cost one call each
		err = create()
		if err != nil {
			t.Fatal(err)
		}
	}
	hears(t, heard, "cs_1")
}

func TestDatabaseGoneAndBack(t *testing.T) {
	dsn := pgtest.DSN(t)
	db := mustOpen(t, dsn, func(string) {})
	if err := db.Ledgers.Create(t.Context(), newLedger("cs_1")); err != nil {
		t.Fatal(err)
	}
	back := pgtest.Away(t, dsn)
	for range 3 {
		if err := db.Ledgers.Create(t.Context(), newLedger("cs_2")); pay.CodeOf(err) != pay.CodeStoreDown {
			t.Errorf("without a database: %v, want store_unavailable", err)
		}
	}
	back()
	if err := db.Ledgers.Create(t.Context(), newLedger("cs_2")); err != nil {
		t.Errorf("the store recovers by itself: %v", err)
	}
}

func TestServersThatStartTogether(t *testing.T) {
	dsn := pgtest.DSN(t)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			db, err := postgres.Open(t.Context(), postgres.Config{URL: dsn, Message: webhook.NewMessage})
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			db.Close()
		})
	}
	all.Wait()
}

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(tb testing.TB, notify checkout.Notifier) storetest.Stores {
		dsn := pgtest.DSN(tb)
		pgtest.Durable(tb)
		return stores(mustOpen(tb, dsn+"&pool_max_conns=32", notify))
	})
}
