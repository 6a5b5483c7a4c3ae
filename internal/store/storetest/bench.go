package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"morepay/internal/merchant"
	"morepay/internal/pay"
)

// callers is the number of callers that use the store at once in a benchmark.
const callers = 64

// Bench measures durable work with 64 callers at once. p99-ms is the time that
// one call in a hundred exceeds.
func Bench(b *testing.B, open Open) {
	b.Run("notification", func(b *testing.B) {
		w := &bench{B: b, Stores: open(b, nil)}
		sessions := w.prepare()
		w.measure(func(i int) error {
			l := sessions[i]
			_, err := w.Ledgers.Update(b.Context(), l.Session.ID, func(got *pay.Ledger) error {
				return got.Apply(paid(l.Attempts[0]), start)
			})
			return err
		})
	})
	b.Run("create", func(b *testing.B) {
		w := &bench{B: b, Stores: open(b, nil)}
		w.measure(func(int) error { return w.Ledgers.Create(b.Context(), newLedger()) })
	})
	b.Run("ledger", func(b *testing.B) {
		w := &bench{B: b, Stores: open(b, nil)}
		sessions := w.prepare()
		w.measure(func(i int) error {
			_, err := w.Ledgers.Ledger(b.Context(), sessions[i].Session.ID)
			return err
		})
	})
	b.Run("document-of-100000-merchants", func(b *testing.B) {
		w := &bench{B: b, Stores: open(b, nil)}
		w.stock(100_000)
		w.measure(func(i int) error {
			_, err := w.Documents.Get(b.Context(), shop(i*7919%100_000))
			return err
		})
	})
}

func shop(i int) string { return fmt.Sprintf("shop-%06d", i) }

// stock stores a document of 2 KiB for each of n merchants.
func (w *bench) stock(n int) {
	changes := make([]merchant.Change, 0, 1000)
	for i := range n {
		changes = append(changes, merchant.Change{Merchant: shop(i), JSON: fmt.Appendf(nil, `{"name":"%2000d"}`, i)})
		if len(changes) < cap(changes) && i < n-1 {
			continue
		}
		if _, err := w.Documents.Put(w.Context(), changes, "bench", start); err != nil {
			w.Fatal(err)
		}
		changes = changes[:0]
	}
}

type bench struct {
	*testing.B
	Stores
}

// prepare stores a session with an attempt that awaits payment for each call.
func (w *bench) prepare() []*pay.Ledger {
	sessions := make([]*pay.Ledger, w.N)
	w.each(func(i int) error {
		l := newLedger()
		a := newAttempt()
		if err := l.Begin(a, start); err != nil {
			return err
		}
		l.Accept(a.ID, pay.Action{Kind: pay.ActionQRCode, Payload: "weixin://wxpay/bizpayurl?pr=1", ExpiresAt: start}, start)
		sessions[i] = l
		return w.Ledgers.Create(w.Context(), l)
	})
	return sessions
}

// measure times one call for each of N, and reports the rate and p99.
func (w *bench) measure(call func(i int) error) {
	took := make([]time.Duration, w.N)
	w.ResetTimer()
	w.each(func(i int) error {
		begin := time.Now()
		err := call(i)
		took[i] = time.Since(begin)
		return err
	})
	w.StopTimer()
	slices.Sort(took)
	w.ReportMetric(float64(w.N)/w.Elapsed().Seconds(), "calls/s")
	w.ReportMetric(float64(took[w.N*99/100].Microseconds())/1000, "p99-ms")
}

// each calls once for each of N, many at once.
func (w *bench) each(call func(i int) error) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < w.N; i = int(next.Add(1)) - 1 {
				if err := call(i); err != nil {
					w.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}
