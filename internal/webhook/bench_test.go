package webhook_test

import (
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/store/sqlite"
	"morepay/internal/webhook"
)

// BenchmarkDeliver delivers to 32 endpoints that answer at once: what our side
// can do.
func BenchmarkDeliver(b *testing.B) {
	const endpoints = 32
	db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "morepay.db"), webhook.NewMessage, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	now := time.Now()
	var all sync.WaitGroup
	for worker := range endpoints {
		all.Go(func() {
			for i := worker; i < b.N; i += endpoints {
				id := fmt.Sprint("cs_", i)
				l := pay.Open(pay.Session{ID: id, Merchant: fmt.Sprint("shop ", worker), TokenHash: id, CreatedAt: now, ExpiresAt: now.Add(time.Hour)})
				if err := l.Cancel(now); err != nil {
					b.Error(err)
				}
				if err := db.Ledgers.Create(b.Context(), l); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	r := newReceiver(b, nil)
	where := directory(b, db, time.Now, io.Discard)
	for worker := range endpoints {
		e := r.endpoint()
		e.ID = "shop"
		if err := where.Learn(b.Context(), fmt.Sprint("shop ", worker), []webhook.Endpoint{e}); err != nil {
			b.Fatal(err)
		}
	}
	d := webhook.New(webhook.Config{Queue: db.Outbox, Secrets: where.Secrets, Loopback: true, Log: slog.New(slog.DiscardHandler)})
	b.ResetTimer()
	if err := d.Once(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if n := len(r.deliveries()); n != b.N {
		b.Errorf("%d of %d messages were delivered", n, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
