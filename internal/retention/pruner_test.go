package retention_test

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/pay"
	"morepay/internal/retention"
	"morepay/internal/store/sqlite"
	"morepay/internal/store/sqlstore"
	"morepay/internal/webhook"
)

// opened is a store with n sessions that ended unpaid long ago.
func opened(t *testing.T, n int) *sqlstore.DB {
	t.Helper()
	db, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "morepay.db"), webhook.NewMessage, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	long := time.Now().Add(-1000 * day)
	for i := range n {
		id := "cs_" + strings.Repeat("a", i+1)
		l := pay.Open(pay.Session{ID: id, Merchant: "shop", TokenHash: id, CreatedAt: long, ExpiresAt: long})
		l.Expire(long)
		if err := db.Ledgers.Create(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Outbox.Assign(t.Context(), long, 10*n); err != nil {
		t.Fatal(err)
	}
	return db
}

// A run lets go of everything in several steps, says so in one line and counts it.
func TestRun(t *testing.T) {
	const n = 120
	db, log, registry := opened(t, n), &bytes.Buffer{}, prometheus.NewRegistry()
	p := &retention.Pruner{
		Policy: retention.Default(), Store: db.Retention, Log: slog.New(slog.NewTextHandler(log, nil)), Metrics: retention.NewMetrics(registry),
	}
	counts, err := p.Count(t.Context())
	if err != nil || counts[retention.Unpaid] != n || counts[retention.Events] != n {
		t.Errorf("counted %v, %v", counts, err)
	}
	counts, err = p.Run(t.Context())
	if err != nil || counts[retention.Unpaid] != n || counts[retention.Events] != n || counts[retention.Ledgers] != 0 {
		t.Errorf("pruned %v, %v", counts, err)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "unpaid=120") {
		t.Errorf("it logged %s", log)
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 1 || len(families[0].GetMetric()) != len(retention.Kinds) {
		t.Errorf("metrics %v, %v", families, err)
	}
	if counts, err = p.Run(t.Context()); err != nil || counts[retention.Unpaid] != 0 {
		t.Errorf("again: %v, %v", counts, err)
	}
}

// What is kept for ever is left alone.
func TestNever(t *testing.T) {
	policy, err := retention.Parse("unpaid=never,ledgers=never,events=never,raw=never")
	if err != nil {
		t.Fatal(err)
	}
	db := opened(t, 3)
	p := &retention.Pruner{Policy: policy, Store: db.Retention, Log: slog.New(slog.DiscardHandler)}
	counts, err := p.Run(t.Context())
	if err != nil || counts[retention.Unpaid] != 0 {
		t.Errorf("pruned %v, %v", counts, err)
	}
	if _, err := db.Ledgers.Ledger(t.Context(), "cs_a"); err != nil {
		t.Error(err)
	}
}

// One server prunes at a time; what a dead one had claimed is free a minute later.
func TestOneAtATime(t *testing.T) {
	db := opened(t, 3)
	now := time.Now()
	p := &retention.Pruner{
		Policy: retention.Default(), Store: db.Retention, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
	}
	if ours, err := db.Retention.ClaimJob(t.Context(), "another", now, now.Add(time.Minute)); !ours || err != nil {
		t.Fatal(ours, err)
	}
	if _, err := p.Run(t.Context()); pay.CodeOf(err) != pay.CodeConflict {
		t.Errorf("while another server prunes: %v", err)
	}
	now = now.Add(time.Minute)
	if counts, err := p.Run(t.Context()); err != nil || counts[retention.Unpaid] != 3 {
		t.Errorf("pruned %v, %v", counts, err)
	}
}

// fakeStore counts runs, as far as Sweep asks for them.
type fakeStore struct{ claims int }

func (s *fakeStore) ClaimJob(context.Context, string, time.Time, time.Time) (bool, error) {
	s.claims++
	return false, nil
}

func (s *fakeStore) Prune(context.Context, retention.Kind, retention.Step) (retention.Pruned, error) {
	return retention.Pruned{}, nil
}

func (s *fakeStore) Count(context.Context, retention.Kind, time.Time) (int, error) { return 0, nil }

// A server looks soon after its start and then by the hour, and stops when told.
func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		store := &fakeStore{}
		p := &retention.Pruner{Policy: retention.Default(), Store: store, Log: slog.New(slog.DiscardHandler)}
		done := make(chan struct{})
		go func() { p.Sweep(ctx, retention.Every); close(done) }()
		time.Sleep(5*time.Minute + 2*retention.Every)
		stop()
		<-done
		if store.claims != 3 {
			t.Errorf("it looked %d times in two hours, want 3", store.claims)
		}
	})
}
