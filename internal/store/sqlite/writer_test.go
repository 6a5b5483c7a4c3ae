package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"morepay/internal/pay"
	"morepay/internal/store/sqlite"
	"morepay/internal/store/sqlstore"
	"morepay/internal/webhook"
)

func newLedger(id string) *pay.Ledger {
	now := time.Now()
	return pay.Open(pay.Session{
		ID: id, Merchant: "shop", TokenHash: "hash of " + id, Amount: pay.Money{Currency: "CNY", Value: 1},
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	})
}

// busy returns a store whose writer is held up by a change until release.
func busy(t *testing.T, sessions int) (db *sqlstore.DB, release func()) {
	t.Helper()
	db, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "morepay.db"), webhook.NewMessage, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sessions {
		if err := db.Ledgers.Create(t.Context(), newLedger(fmt.Sprint("cs_", i))); err != nil {
			t.Fatal(err)
		}
	}
	held := make(chan struct{})
	go func() {
		_, _ = db.Ledgers.Update(context.Background(), "cs_0", func(*pay.Ledger) error { <-held; return nil })
	}()
	synctest.Wait()
	return db, func() { close(held) }
}

func TestCallerWhoLeavesTheQueueIsNotRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db, release := busy(t, 2)
		defer db.Close()
		ctx, cancel := context.WithCancel(t.Context())
		answer := make(chan error)
		go func() {
			_, err := db.Ledgers.Update(ctx, "cs_1", func(l *pay.Ledger) error { return l.Cancel(time.Now()) })
			answer <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-answer; !errors.Is(err, context.Canceled) { // while the writer is still held up
			t.Errorf("got %v, want context.Canceled", err)
		}
		release()
		synctest.Wait()
		if l, err := db.Ledgers.Ledger(t.Context(), "cs_1"); err != nil || l.Session.Status != pay.SessionOpen {
			t.Errorf("the change was run: %+v, %v", l, err)
		}
	})
}

// TestChangesOfOneBatch lets a hundred changes wait together: some are refused,
// some panic, some callers leave, and none of them harms the others.
func TestChangesOfOneBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const sessions = 100
		db, release := busy(t, sessions)
		defer db.Close()
		refusal := errors.New("refused")
		leaving, leave := context.WithCancel(t.Context())
		kinds := []struct {
			name   string
			ctx    context.Context
			change func(l *pay.Ledger) error
			want   error
			status pay.SessionStatus
		}{
			{"fine", t.Context(), func(l *pay.Ledger) error { return l.Cancel(time.Now()) }, nil, pay.SessionCanceled},
			{"refused", t.Context(), func(l *pay.Ledger) error { _ = l.Cancel(time.Now()); return refusal }, refusal, pay.SessionOpen},
			{"left", leaving, func(l *pay.Ledger) error { return l.Cancel(time.Now()) }, context.Canceled, pay.SessionOpen},
			{"panics", t.Context(), func(l *pay.Ledger) error { _ = l.Cancel(time.Now()); panic(refusal) }, nil, pay.SessionOpen},
		}
		var all sync.WaitGroup
		for i := 1; i < sessions; i++ {
			kind := kinds[i%len(kinds)]
			all.Go(func() {
				defer func() {
					if got := recover() != nil; got != (kind.name == "panics") {
						t.Errorf("%s: panicked: %v", kind.name, got)
					}
				}()
				if _, err := db.Ledgers.Update(kind.ctx, fmt.Sprint("cs_", i), kind.change); !errors.Is(err, kind.want) {
					t.Errorf("%s: got %v, want %v", kind.name, err, kind.want)
				}
			})
		}
		synctest.Wait()
		leave()
		release()
		all.Wait()
		for i := 1; i < sessions; i++ {
			kind := kinds[i%len(kinds)]
			l, err := db.Ledgers.Ledger(t.Context(), fmt.Sprint("cs_", i))
			if err != nil || l.Session.Status != kind.status {
				t.Errorf("session %d, %s: is %+v, %v, want %s", i, kind.name, l, err, kind.status)
			}
		}
	})
}
