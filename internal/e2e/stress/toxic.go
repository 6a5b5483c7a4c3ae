package stress

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/providersim"
)

// toxics are the ways in which a network spoils a connection, in toxiproxy's
// words.
var toxics = []struct{ name, settings string }{
	{"reset_peer", `{"timeout": 0}`},
	{"limit_data", `{"bytes": 200}`},
	{"timeout", `{"timeout": 100}`},
	{"latency", `{"latency": 300, "jitter": 100}`},
	{"bandwidth", `{"rate": 2}`},
	{"slicer", `{"average_size": 32, "size_variation": 16, "delay": 500}`},
	{"slow_close", `{"delay": 300}`},
	{"down", ""}, // nobody listens
}

// moments are the places of the toxic: in the way of the request, in the way of
// the reply, or put into both while calls are under way.
var moments = map[string][]string{
	"before": {"upstream"}, "after": {"downstream"}, "during": {"upstream", "downstream"},
}

// operation is one thing that is asked of the provider: what goes before, what
// is done through the toxic, what follows on a good network, and the end.
type operation struct {
	name    string
	prepare func(context.Context, *harness.Harness) (waiting, error)
	do      func(context.Context, *harness.Harness, waiting) error
	then    func(context.Context, *harness.Harness, waiting) error
	done    func(*pay.Ledger) bool
}

var operations = []operation{
	{"prepay", opened, prepay, buy, func(l *pay.Ledger) bool { return l.Session.Status == pay.SessionPaid }},
	{"query", untold, check, still, func(l *pay.Ledger) bool { return l.Session.Status == pay.SessionPaid }},
	{"close", canceled, still, still, func(l *pay.Ledger) bool {
		return l.Session.Status == pay.SessionCanceled && l.Attempts[0].State == pay.AttemptClosed
	}},
	{"refund", bought, giveBack, still, func(l *pay.Ledger) bool {
		return len(l.Refunds) == 1 && l.Refunds[0].Status == pay.RefundSucceeded
	}},
}

func still(context.Context, *harness.Harness, waiting) error { return nil }

// harmless drops the errors that a caller is meant to meet on a broken network.
func harmless(err error) error {
	switch pay.CodeOf(err) {
	case pay.CodeProviderDown, pay.CodeMethodUnavailable:
		return nil
	}
	return err
}

func prepay(ctx context.Context, s *harness.Harness, w waiting) error {
	_, err := s.Choose(ctx, w.session, "wechat_pay", pay.RailQR)
	return harmless(err)
}

// buy chooses again until there is a code, and pays it.
func buy(ctx context.Context, s *harness.Harness, w waiting) error {
	l, err := s.Choose(ctx, w.session, "wechat_pay", pay.RailQR)
	if err != nil {
		return err
	}
	return s.Approve(l.Current())
}

// untold returns a payment that no notification tells of.
func untold(ctx context.Context, s *harness.Harness) (waiting, error) {
	w, err := chosen(ctx, s)
	if err != nil {
		return w, err
	}
	return w, errors.Join(lose(s, 1), s.Approve(&pay.Attempt{OutTradeNo: w.number}))
}

func check(ctx context.Context, s *harness.Harness, w waiting) error {
	_, err := s.Service().Check(ctx, w.session)
	return err
}

// canceled returns a session that its merchant took back, old enough for its
// order to be closed as soon as the sweeper sees it.
func canceled(ctx context.Context, s *harness.Harness) (waiting, error) {
	w, err := chosen(ctx, s)
	if err != nil {
		return w, err
	}
	_, err = s.Service().Cancel(ctx, harness.Merchant, w.session)
	return w, err
}

func giveBack(ctx context.Context, s *harness.Harness, w waiting) error {
	_, _, err := s.Service().Refund(ctx, harness.Merchant, w.session, checkout.NewRefund{Reason: "late"})
	return err
}

// network is the proxy between the adapters and the simulator.
type network struct{ proxy *toxiproxy.Proxy }

// open puts the proxy in the way.
func (n *network) open(simAddress string) (string, error) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxics write to a logger that can't be given to them
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	n.proxy = toxiproxy.NewProxy(server, "provider", "127.0.0.1:0", simAddress)
	err := n.proxy.Start()
	return n.proxy.Listen, err
}

// poison puts a toxic in place.
func (n *network) poison(name, settings string, streams []string) error {
	if name == "down" {
		n.proxy.Stop()
		return nil
	}
	for _, stream := range streams {
		toxic := fmt.Sprintf(`{"name": %q, "type": %q, "stream": %q, "toxicity": 1, "attributes": %s}`, name+stream, name, stream, settings)
		if _, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			return err
		}
	}
	return nil
}

// heal makes the network good again.
func (n *network) heal(ctx context.Context, name string) error {
	if name == "down" {
		return n.proxy.Start()
	}
	n.proxy.Toxics.ResetToxics(ctx)
	return nil
}

// brokenNetwork does everything that is asked of a provider through every toxic
// at every moment. Whatever the caller was told, it must end right.
func brokenNetwork(ctx context.Context, e *Env) (string, error) {
	n := &network{}
	s, err := harness.Start(harness.Options{
		Config: program.Config{Data: e.temp()},
		Seed:   e.Seed, RetryScale: 0.01, RefundAfter: time.Millisecond, SimProxy: n.open,
	})
	if err != nil {
		return "", err
	}
	defer s.Close()
	defer n.proxy.Stop()
	runs := 0
	for _, toxic := range toxics[:e.scale(1, len(toxics))] {
		for moment, streams := range moments {
			for _, op := range operations {
				name := strings.Join([]string{toxic.name, moment, op.name}, ", ")
				poison := func() error { return n.poison(toxic.name, toxic.settings, streams) }
				heal := func() error { return n.heal(ctx, toxic.name) }
				if err := op.through(ctx, s, e.scale(1, 5), moment == "during", poison, heal); err != nil {
					return "", fmt.Errorf("%s: %w", name, err)
				}
				runs++
			}
		}
	}
	return fmt.Sprintf("%d combinations × %d, all ended right", runs, e.scale(1, 5)), nil
}

// through does one operation for a few sessions on a network that breaks, mends
// the network, and waits for the end. The server is a new one each time, so that
// what it learned of the provider's health is forgotten.
func (o operation) through(ctx context.Context, s *harness.Harness, n int, late bool, poison, heal func() error) error {
	if err := s.Restart(); err != nil {
		return err
	}
	list := make([]waiting, n)
	for i := range list {
		var err error
		if list[i], err = o.prepare(ctx, s); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	}
	s.Advance(pay.CloseDelay) // the sweeper joins in
	if !late {
		if err := poison(); err != nil {
			return err
		}
	}
	poisoned := make(chan error, 1)
	go func() {
		if late {
			poisoned <- poison()
			return
		}
		poisoned <- nil
	}()
	_, err := flood(ctx, n, n, func(ctx context.Context, i int) error { return o.do(ctx, s, list[i]) })
	if err := errors.Join(err, <-poisoned, heal(), s.Restart()); err != nil {
		return err
	}
	for _, w := range list {
		if err := o.end(ctx, s, w); err != nil {
			return err
		}
	}
	return nil
}

// end lets what follows happen and moves the clock until the session is done.
func (o operation) end(ctx context.Context, s *harness.Harness, w waiting) error {
	if err := o.then(ctx, s, w); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var last *pay.Ledger
	err := until(limited, "ended", func() bool {
		s.Advance(time.Second)
		l, err := s.Stores().Ledgers.Ledger(ctx, w.session)
		last = l
		return err == nil && o.done(l)
	})
	if err != nil && last != nil {
		return fmt.Errorf("%w: the session is %s, attempts %d, refunds %d, due %v", err, last.Session.Status, len(last.Attempts), len(last.Refunds), last.Due().Sub(s.Now()))
	}
	return err
}

// lose has the simulator lose its next notifications.
func lose(s *harness.Harness, n int) error {
	return s.Sim.Inject(providersim.Rule{Fault: "notify-never", Next: n})
}
