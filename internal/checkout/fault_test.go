package checkout_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	driver "modernc.org/sqlite"

	"morepay/internal/harness"
	"morepay/internal/pay"
)

// unstored demands that a genuine notification is not acknowledged while it
// can't be stored, and that the caller is told to come again.
func (w *world) unstored(told harness.Notification) {
	w.tb.Helper()
	for range 3 {
		if status, err := told.Post(w.ctx(), w.Client); err != nil || status != http.StatusServiceUnavailable {
			w.tb.Errorf("answered %d, %v, want 503", status, err)
		}
	}
}

// held pays an attempt and holds back the notification, with all later ones.
func (w *world) held(a pay.Attempt) harness.Notification {
	w.tb.Helper()
	w.Courier.Hold()
	w.pay(a)
	return w.Courier.Wait(w.ctx())
}

func TestDatabaseGone(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	told := w.held(w.choose(id, wechat, pay.RailQR))
	away := w.Data + "-away"
	w.must(os.Rename(w.Data, away))
	w.unstored(told)
	w.must(os.Rename(away, w.Data))
	status, err := told.Post(t.Context(), w.Client)
	if err != nil || status/100 != 2 {
		t.Errorf("when the database is back: %d, %v", status, err)
	}
	if l := w.ledger(id); l.Session.Status != pay.SessionPaid || w.messages(id) != 1 {
		t.Errorf("the session is %s with %d messages", l.Session.Status, w.messages(id))
	}
}

// disk is how much room the writer's database has, in pages of 4 KiB. The limit
// is SQLite's own: a full disk that needs no disk.
type disk struct {
	mu     sync.Mutex
	pages  int
	newest driver.ExecQuerierContext // the writer's connection
}

// opened is told of every connection.
func (d *disk) opened(c driver.ExecQuerierContext, dsn string) error {
	if !strings.Contains(dsn, "TestDiskFull") || strings.Contains(dsn, "_query_only") {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.newest = c
	return d.apply()
}

func (d *disk) apply() error {
	_, err := d.newest.ExecContext(context.Background(), fmt.Sprint("PRAGMA max_page_count = ", d.pages), nil)
	return err
}

// fill leaves no room: SQLite never takes fewer pages than there are.
func (d *disk) fill() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pages = 1
	return d.apply()
}

// clear makes room for connections to come. SQLite has rolled back what found
// the disk full, and the store has given up that connection.
func (d *disk) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pages = 1 << 20
}

func TestDiskFull(t *testing.T) {
	d := &disk{pages: 1 << 20}
	driver.RegisterConnectionHook(d.opened)
	w := newWorld(t)
	waiting := map[string]harness.Notification{}
	for range 60 {
		id := w.open()
		waiting[id] = w.held(w.choose(id, wechat, pay.RailQR))
	}
	w.must(d.fill())
	w.fill()
	// What still fits into a page is stored; the first that does not is refused.
	refused := 0
	for id, told := range waiting {
		status, err := told.Post(t.Context(), w.Client)
		w.must(err)
		want := http.StatusNoContent
		if !w.ledger(id).Session.Status.Paid() {
			refused++
			want = http.StatusServiceUnavailable
		}
		if status != want {
			t.Errorf("answered %d for a session that is %s", status, w.ledger(id).Session.Status)
		}
	}
	if refused == 0 {
		t.Fatal("the disk was never full")
	}
	d.clear()
	for id, told := range waiting {
		if status, err := told.Post(t.Context(), w.Client); err != nil || status/100 != 2 {
			t.Errorf("when there is room again: %d, %v", status, err)
		}
		if l := w.ledger(id); l.Session.Status != pay.SessionPaid || w.count(id, pay.EventSessionPaid) != 1 {
			t.Errorf("the session is %s", l.Session.Status)
		}
	}
}

// fill uses up what room is left in pages that are there already.
func (w *world) fill() {
	w.tb.Helper()
	for range 10_000 {
		_, _, err := w.Open(w.ctx(), fen)
		if pay.CodeOf(err) == pay.CodeStoreDown {
			return
		}
		w.must(err)
	}
	w.tb.Fatal("the disk does not fill up")
}
