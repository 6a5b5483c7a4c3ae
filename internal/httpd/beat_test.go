package httpd

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"morepay/internal/capability"
	"morepay/internal/checkout"
	"morepay/internal/merchant/folder"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/internal/secret"
)

// kept is a store with one session, and no documents.
type kept struct {
	checkout.Store
	checkout.Documents
	ledger atomic.Pointer[pay.Ledger]
}

func (k *kept) Find(context.Context, checkout.Key) (string, error) { return "cs_1", nil }

func (k *kept) Ledger(context.Context, string) (*pay.Ledger, error) { return k.ledger.Load(), nil }

func (k *kept) Document(context.Context, string) (*capability.Document, int64, error) {
	return nil, 0, errNotFound
}

// What another server has stored, and nobody has told of, is seen at the next beat:
// the news are a hint, and the store is the truth.
func TestLostNewsCostOneBeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &kept{}
		store := func(change func(*pay.Ledger)) {
			l := pay.Open(pay.Session{ID: "cs_1", Merchant: "shop", CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)})
			change(l)
			k.ledger.Store(l)
		}
		store(func(*pay.Ledger) {})
		merchants, err1 := folder.NewRegistry(nil, false)
		keys, err2 := newSecrets(make([]byte, secret.Min))
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		log := slog.New(slog.DiscardHandler)
		s := &Server{
			service:   checkout.New(checkout.Config{Store: k, Documents: k, Hub: &checkout.Hub{}, Log: log}),
			merchants: merchants, secrets: keys, now: time.Now, log: log,
		}
		ours, theirs := net.Pipe()
		st := &stream{Server: s, line: theirs, head: streamHead, session: "cs_1", request: page.Request{Token: "t"}, seen: k.ledger.Load().Session.LastEvent}
		s.open.Go(st.run)
		lines := bufio.NewScanner(ours)
		heard := make(chan struct{})
		go func() {
			defer close(heard)
			for lines.Scan() && !strings.Contains(lines.Text(), "canceled") {
			}
		}()
		synctest.Wait()
		time.Sleep(streamBeat / 3) // it waits
		stored := time.Now()
		store(func(l *pay.Ledger) {
			if err := l.Cancel(time.Now()); err != nil {
				t.Error(err)
			}
		})
		<-heard
		if late := time.Since(stored); late > streamBeat {
			t.Errorf("it was told %v later, want one beat at most", late)
		}
		ours.Close()
		s.open.Wait()
	})
}
