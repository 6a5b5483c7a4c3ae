package checkout_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/providersim"
)

// gate is a proxy between adapters and simulator that can hold calls up.
type gate struct {
	holds  func(r *http.Request) bool
	mu     sync.Mutex
	opened chan struct{}
	held   atomic.Int64
}

func newGate(holds func(r *http.Request) bool) *gate {
	return &gate{holds: holds, opened: make(chan struct{})}
}

// open lets everything through from now on.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.opened:
	default:
		close(g.opened)
	}
}

// proxy starts a proxy that holds what the gate holds, for harness.Options.
func (g *gate) proxy(tb testing.TB) func(string) (string, error) {
	return func(simulator string) (string, error) {
		proxy := &httputil.ReverseProxy{
			Rewrite:      func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", simulator },
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if g.holds(r) {
				g.held.Add(1)
				defer g.held.Add(-1)
				select {
				case <-g.opened:
				case <-r.Context().Done():
					return
				}
			}
			proxy.ServeHTTP(w, r)
		}))
		tb.Cleanup(server.Close)
		tb.Cleanup(g.open)
		_, _, err := net.SplitHostPort(server.Listener.Addr().String())
		return server.Listener.Addr().String(), err
	}
}

// One merchant's cashier that does not answer holds up nobody else: another
// merchant's payment, whose notification was lost, is found all the same.
func TestSlowNeighbour(t *testing.T) {
	t.Parallel()
	slow := newGate(func(r *http.Request) bool {
		return strings.Contains(r.URL.Path, "/merchantlink/") && !strings.HasSuffix(r.URL.Path, "/start")
	})
	var begun atomic.Bool
	holds := slow.holds
	slow.holds = func(r *http.Request) bool { return begun.Load() && holds(r) }
	h, err := harness.Start(harness.Options{
		Config: program.Config{Data: t.TempDir(), SweepEvery: 10 * time.Millisecond},
		Seed:   1, RetryScale: 0.001, RefundAfter: time.Millisecond, SimProxy: slow.proxy(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	fx := &fixture{Harness: h, tb: t}
	t.Cleanup(func() {
		slow.open()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	for range 100 { // more than there are places, and than one claim takes
		fx.choose(fx.open(), "unionpay", pay.RailRedirect)
	}
	paid := fx.open()
	a := fx.choose(paid, wechat, pay.RailQR)
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: "notify-never", Percent: 100}))
	fx.pay(a)
	begun.Store(true)
	fx.Advance(6 * time.Second) // everything is due at once, the slow ones first
	fx.awaitStatus(paid, pay.SessionPaid)
	if slow.held.Load() == 0 {
		t.Error("nothing was held up: the test shows nothing")
	}
}

// A payer who comes back with several payable attempts waits as long as for one: they
// are asked about side by side.
func TestReturnAsksSideBySide(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	both := make(chan struct{})
	g := newGate(func(r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/out-trade-no/") {
			return false
		}
		if asked.Add(1) == 2 {
			close(both)
		}
		return true
	})
	h, err := harness.Start(harness.Options{
		Config: program.Config{Data: t.TempDir(), SweepEvery: program.Never},
		Seed:   1, RetryScale: 0.001, RefundAfter: time.Millisecond, SimProxy: g.proxy(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	fx := &fixture{Harness: h, tb: t}
	t.Cleanup(func() {
		g.open()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	id := fx.open()
	fx.choose(id, wechat, pay.RailQR)
	fx.choose(id, wechat, pay.RailDeepLink)
	go func() {
		select {
		case <-both:
		case <-t.Context().Done():
		}
		g.open()
	}()
	if _, err := fx.Service().Check(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	select {
	case <-both:
	default:
		t.Error("the second was not asked about while the first was")
	}
}
