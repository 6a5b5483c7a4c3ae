package stress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/providersim"
)

// cashierDelay is the time that the slow cashier takes for an answer: less than
// what counts as no answer, so that no breaker helps.
const cashierDelay = 7 * time.Second

// slowNeighbour has very many sessions wait for a cashier that answers in seven
// seconds, and payers of another merchant pay without a notification: asking their
// provider must not have to wait.
func slowNeighbour(ctx context.Context, e *Env) (seen string, err error) {
	var slow atomic.Bool
	cashier := &lateCashier{late: &slow}
	s, err := harness.Start(harness.Options{
		Config: program.Config{Data: e.temp()}, Seed: e.Seed, RetryScale: 0.001, SimProxy: cashier.proxy,
	})
	if err != nil {
		return "", err
	}
	defer func() {
		cashier.close()
		err = errors.Join(err, s.Close())
	}()
	if err := s.Sim.Inject(providersim.Rule{Fault: "notify-never", Percent: 100}); err != nil {
		return "", err
	}
	payers := e.scale(3, 10)
	alone, err := longestUntilFound(ctx, s, payers)
	if err != nil {
		return "", err
	}
	n := e.scale(50, 1000)
	_, err = flood(ctx, 8, n, func(ctx context.Context, _ int) error {
		l, _, err := s.Open(ctx, fen)
		if err != nil {
			return err
		}
		_, err = s.Choose(ctx, l.Session.ID, "unionpay", pay.RailRedirect)
		return err
	})
	if err != nil {
		return "", err
	}
	slow.Store(true)
	beside, err := longestUntilFound(ctx, s, payers)
	if err != nil {
		return "", err
	}
	delay := beside - alone
	seen = fmt.Sprintf("%d sessions, %d calls held at once; %d payments found after %v at most, alone after %v: %v later",
		n, cashier.most.Load(), payers, beside.Round(time.Millisecond), alone.Round(time.Millisecond), max(0, delay).Round(time.Millisecond))
	return seen, errors.Join(
		want(cashier.most.Load() > 0, "the cashier was never asked"),
		want(delay < time.Second, "the slow cashier delays others by %v", delay),
	)
}

// longestUntilFound has payers of another merchant pay side by side, one after
// another by half a second, and returns the longest time until one was found.
func longestUntilFound(ctx context.Context, s *harness.Harness, payers int) (time.Duration, error) {
	took, errs := make([]time.Duration, payers), make([]error, payers)
	var all sync.WaitGroup
	for i := range payers {
		all.Go(func() { took[i], errs[i] = untilFound(ctx, s) })
		time.Sleep(500 * time.Millisecond)
	}
	all.Wait()
	var longest time.Duration
	for _, d := range took {
		longest = max(longest, d)
	}
	return longest, errors.Join(errs...)
}

// untilFound has a payer pay, and returns how long it takes until the server knows.
func untilFound(ctx context.Context, s *harness.Harness) (time.Duration, error) {
	l, _, err := s.Service().Create(ctx, "demo", s.Order(fen))
	if err != nil {
		return 0, err
	}
	news, stop := s.Service().Hub().Wait(l.Session.ID)
	defer stop()
	l, err = s.Choose(ctx, l.Session.ID, "wechat_pay", pay.RailQR)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := s.Approve(l.Current()); err != nil {
		return 0, err
	}
	for {
		l, err := s.Stores().Ledgers.Ledger(ctx, l.Session.ID)
		if err != nil || l.Session.Status.Paid() {
			return time.Since(began), err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// lateCashier is a proxy between the adapters and the simulator in which a
// merchant's own cashier answers late.
type lateCashier struct {
	late   *atomic.Bool
	held   atomic.Int64
	most   atomic.Int64 // calls held at once
	server *httptest.Server
}

func (c *lateCashier) proxy(simulator string) (string, error) {
	proxy := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", simulator },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.late.Load() && strings.Contains(r.URL.Path, "/merchantlink/") {
			c.hold(r.Context())
		}
		proxy.ServeHTTP(w, r)
	}))
	_, _, err := net.SplitHostPort(c.server.Listener.Addr().String())
	return c.server.Listener.Addr().String(), err
}

func (c *lateCashier) hold(ctx context.Context) {
	held := c.held.Add(1)
	defer c.held.Add(-1)
	for most := c.most.Load(); held > most && !c.most.CompareAndSwap(most, held); most = c.most.Load() {
	}
	select {
	case <-time.After(cashierDelay):
	case <-ctx.Done():
	}
}

func (c *lateCashier) close() {
	c.server.CloseClientConnections()
	c.server.Close()
}
