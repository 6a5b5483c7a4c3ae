package checkout_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	driver "modernc.org/sqlite"

	"morepay/internal/harness"
	"morepay/internal/pay"
)

// unstored demands that a genuine notification is not acknowledged while it
// can't be stored, and that the caller is told to come again.
func (fx *fixture) unstored(told harness.Notification) {
	fx.tb.Helper()
	for range 3 {
		if status, err := told.Post(fx.ctx(), fx.Client); err != nil || status != http.StatusServiceUnavailable {
			fx.tb.Errorf("answered %d, %v, want 503", status, err)
		}
	}
}

// held pays an attempt and holds back the notification, with all later ones.
func (fx *fixture) held(a pay.Attempt) harness.Notification {
	fx.tb.Helper()
	fx.Courier.Hold()
	fx.pay(a)
	return fx.Courier.Wait(fx.ctx())
}

func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	told := fx.held(fx.choose(id, wechat, pay.RailQR))
	away := fx.Data + "-away"
	fx.must(os.Rename(fx.Data, away))
	fx.unstored(told)
	fx.must(os.Rename(away, fx.Data))
	status, err := told.Post(t.Context(), fx.Client)
	if err != nil || status/100 != 2 {
		t.Errorf("when the database is back: %d, %v", status, err)
	}
	if l := fx.ledger(id); l.Session.Status != pay.SessionPaid || fx.messages(id) != 1 {
		t.Errorf("the session is %s with %d messages", l.Session.Status, fx.messages(id))
	}
}

// disk is the room that the writer's database has, in pages of 4 KiB. The limit
// is SQLite's own: a full disk that needs no disk.
//
// It holds for connections to come: only the writer may touch the one it has.
type disk struct{ pages atomic.Int64 }

// opened is told of every connection.
func (d *disk) opened(c driver.ExecQuerierContext, dsn string) error {
	if !strings.Contains(dsn, "TestDiskFull") || strings.Contains(dsn, "_query_only") {
		return nil
	}
	_, err := c.ExecContext(context.Background(), fmt.Sprint("PRAGMA max_page_count = ", d.pages.Load()), nil)
	return err
}

// fill leaves no room: SQLite never takes fewer pages than there are.
func (d *disk) fill() { d.pages.Store(1) }

// clear makes room. SQLite has rolled back what found the disk full, and the
// store has given up that connection.
func (d *disk) clear() { d.pages.Store(1 << 20) }

// It runs alone: hooks are the driver's, for all databases of the process.
func TestDiskFull(t *testing.T) {
	d := &disk{}
	d.clear()
	driver.RegisterConnectionHook(d.opened)
	fx := newFixture(t)
	waiting := map[string]harness.Notification{}
	for range 60 {
		id := fx.open()
		waiting[id] = fx.held(fx.choose(id, wechat, pay.RailQR))
	}
	d.fill()
	fx.reconnect()
	fx.fill()
	// What still fits into a page is stored; the first that does not is refused.
	refused := 0
	for id, told := range waiting {
		status, err := told.Post(t.Context(), fx.Client)
		fx.must(err)
		want := http.StatusNoContent
		if !fx.ledger(id).Session.Status.Paid() {
			refused++
			want = http.StatusServiceUnavailable
		}
		if status != want {
			t.Errorf("answered %d for a session that is %s", status, fx.ledger(id).Session.Status)
		}
	}
	if refused == 0 {
		t.Fatal("the disk was never full")
	}
	d.clear()
	fx.reconnect() // what wrote in the background may hold a connection that is still to have no room
	for id, told := range waiting {
		if status, err := told.Post(t.Context(), fx.Client); err != nil || status/100 != 2 {
			t.Errorf("when there is room again: %d, %v", status, err)
		}
		if l := fx.ledger(id); l.Session.Status != pay.SessionPaid || fx.count(id, pay.EventSessionPaid) != 1 {
			t.Errorf("the session is %s", l.Session.Status)
		}
	}
}

// reconnect has the store take new connections, because for a moment its files
// are not there.
func (fx *fixture) reconnect() {
	fx.tb.Helper()
	away := fx.Data + "-away"
	fx.must(os.Rename(fx.Data, away))
	if _, _, err := fx.Open(fx.ctx(), fen); pay.CodeOf(err) != pay.CodeStoreDown {
		fx.tb.Fatalf("without files: %v", err)
	}
	fx.must(os.Rename(away, fx.Data))
}

// fill uses up what room is left in pages that are there already.
func (fx *fixture) fill() {
	fx.tb.Helper()
	for range 10_000 {
		_, _, err := fx.Open(fx.ctx(), fen)
		if pay.CodeOf(err) == pay.CodeStoreDown {
			return
		}
		fx.must(err)
	}
	fx.tb.Fatal("the disk does not fill up")
}
