package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"morepay/internal/store/pgtest"
	"morepay/internal/store/sqlstore"
	"morepay/internal/webhook"
)

// cancel stores a session that is canceled: one event that its merchant hears of.
func cancel(t *testing.T, db *sqlstore.DB, id string) {
	t.Helper()
	l := newLedger(id)
	if err := l.Cancel(time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := db.Ledgers.Create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
}

func events(t *testing.T, db *sqlstore.DB, after webhook.Place) webhook.Page {
	t.Helper()
	page, err := db.Outbox.Events(t.Context(), "shop", webhook.Filter{After: after, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// A list of events belongs to the data, not to the machine below: copied into a
// fresh cluster, whose transactions have small numbers, it is the same, and who
// has read up to a place reads on from there.
func TestEventsSurviveDumpAndRestore(t *testing.T) {
	dsn := pgtest.DSN(t)
	before := mustOpen(t, dsn, nil)
	for i := range 20 {
		cancel(t, before, fmt.Sprint("cs_", i))
	}
	read := events(t, before, webhook.Place{})
	after := mustOpen(t, pgtest.Restored(t, dsn), nil)
	if n := len(events(t, after, webhook.Place{}).Messages); n != 20 {
		t.Errorf("the copy lists %d events, want 20", n)
	}
	cancel(t, after, "cs_20")
	last := read.Messages[19].ID
	for name, place := range map[string]webhook.Place{"place": read.Next, "id": {ID: last}} {
		page := events(t, after, place)
		if len(page.Messages) != 1 || page.Messages[0].SessionID != "cs_20" || page.Messages[0].Sequence != 21 {
			t.Errorf("after the last one read, by its %s: %+v", name, page)
		}
	}
}

// Whatever else goes on in the cluster hides no event.
func TestForeignTransactionsHideNoEvents(t *testing.T) {
	db := mustOpen(t, pgtest.DSN(t), nil)
	pgtest.Busy(t)
	cancel(t, db, "cs_1")
	if n := len(events(t, db, webhook.Place{}).Messages); n != 1 {
		t.Errorf("%d events are listed, want 1", n)
	}
}
