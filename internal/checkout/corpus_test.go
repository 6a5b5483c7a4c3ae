package checkout_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// A corpus holds messages as a company sends them: names, spelling and order of fields
// are theirs, all values are made up.

// message is one of a corpus, with pairs of texts by which it differs from text.
type message struct {
	text    string
	differs []string // old, new, old, new …
	event   string   // WeChat Pay's event_type
	spoil   func(http.Header)
}

// The values that stand in texts for those of an attempt and of its refund.
const (
	corpusNumber = "mpC0RPUS000000000000000000000001"
	corpusRefund = "mpC0RPUSREFUND000000000000000001"
)

// corpusRow is a message and what must come of it.
type corpusRow struct {
	name string
	message
	before []message // that were taken before it
	refund int64     // that we have under way, in fen

	answer      pay.Code // of the service; "" for a message that was taken
	result      string   // in the metrics; "" stands for genuine
	unpaid      bool
	closed      bool
	refunds     []string
	quarantined int
	alarm       bool // besides those that quarantine and unusable messages raise
}

// reader is a service with one account and one attempt that awaits its payment.
type reader struct {
	*fixture
	*checkout.Service
	id      string // of the session
	attempt pay.Attempt
	refund  string // number of the one that is under way
	seal    func(r *reader, id string, m message, text string) (http.Header, []byte)
	told    int
	log     strings.Builder
	metrics *prometheus.Registry
}

// newReader opens a session, chooses a code, and moves the attempt to an account whose
// messages a test can seal.
func (fx *fixture) newReader(m pay.Method, open func(pay.Attempt) provider.Provider) *reader {
	fx.tb.Helper()
	return fx.newReaderOn(way{m, pay.RailQR}, open)
}

func (fx *fixture) newReaderOn(w way, open func(pay.Attempt) provider.Provider) *reader {
	fx.tb.Helper()
	r := &reader{fixture: fx, id: fx.open(), metrics: prometheus.NewRegistry()}
	r.attempt = fx.choose(r.id, w.method, w.rail)
	accounts := account.NewRegistry(nil)
	fx.must(accounts.Add(harness.Merchant, r.attempt.Provider, open(r.attempt)))
	ledgers := fx.Stores().Ledgers
	r.Service = checkout.New(checkout.Config{
		Store: ledgers, Desk: ledgers, Accounts: accounts, Now: fx.Now, BaseURL: fx.BaseURL, Metrics: checkout.NewMetrics(r.metrics),
		Log: slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	return r
}

// hear has the service take a message, and returns how it was counted.
func (r *reader) hear(m message) (result string, err error) {
	r.tb.Helper()
	text := m.text
	for pair := range slices.Chunk(m.differs, 2) {
		if !strings.Contains(text, pair[0]) {
			r.tb.Fatalf("%q does not stand in the message", pair[0])
		}
		text = strings.Replace(text, pair[0], pair[1], 1)
	}
	text = strings.NewReplacer(corpusNumber, r.attempt.OutTradeNo, corpusRefund, r.refund).Replace(text)
	r.told++
	header, body := r.seal(r, fmt.Sprintf("%s-%d", r.attempt.OutTradeNo, r.told), m, text)
	before := r.results()
	err = r.Notify(r.ctx(), r.attempt.Provider, r.attempt.Account, header, body)
	for name, n := range r.results() {
		if n > before[name] {
			result = name
		}
	}
	return result, err
}

// results returns how often messages were counted as what.
func (r *reader) results() map[string]float64 {
	families, err := r.metrics.Gather()
	r.must(err)
	counts := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "morepay_notifications_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "result" {
					counts[l.GetValue()] = m.GetCounter().GetValue()
				}
			}
		}
	}
	return counts
}

// try sends what a row says and demands its consequences.
func (r *reader) try(c corpusRow) {
	r.tb.Helper()
	for _, m := range c.before {
		if _, err := r.hear(m); err != nil {
			r.tb.Fatalf("before: %v", err)
		}
	}
	if c.refund > 0 {
		_, _, err := r.Refund(r.ctx(), harness.Merchant, r.id, checkout.NewRefund{Amount: cny(c.refund)})
		r.must(err)
		r.refund = r.ledger(r.id).Refunds[0].Number
	}
	r.log.Reset()
	result, err := r.hear(c.message)
	if err == nil && c.answer != "" || err != nil && pay.CodeOf(err) != c.answer {
		r.tb.Errorf("answered %v, want %q", err, c.answer)
	}
	if c.result == "" {
		c.result = "genuine"
	}
	if result != c.result {
		r.tb.Errorf("counted as %q, want %q", result, c.result)
	}
	r.wants(c)
}

func (r *reader) wants(c corpusRow) {
	r.tb.Helper()
	l := r.ledger(r.id)
	if a := l.Attempts[0]; l.Session.Status.Paid() == c.unpaid || (a.State == pay.AttemptClosed) != c.closed {
		r.tb.Errorf("the session is %s, the attempt %s", l.Session.Status, a.State)
	}
	if n := r.count(r.id, pay.EventSessionPaid); n > 1 {
		r.tb.Errorf("the merchant is told of the payment %d times", n)
	}
	if got := r.fixture.refunds(r.id); !slices.Equal(got, c.refunds) {
		r.tb.Errorf("refunds are %q, want %q", got, c.refunds)
	}
	list, err := r.Stores().Ledgers.Quarantined(r.ctx(), checkout.QuarantineFilter{OutTradeNo: r.attempt.OutTradeNo, Limit: 9})
	r.must(err)
	if len(list) != c.quarantined {
		r.tb.Errorf("quarantined %+v, want %d", list, c.quarantined)
	}
	if told, want := r.log.Len() > 0, c.alarm || c.quarantined > 0 || c.result == "unusable"; told != want {
		r.tb.Errorf("an ERROR was logged is %v, want %v:\n%s", told, want, r.log.String())
	}
}

// tryCorpus sends the messages of rows, each about a payment of its own.
func tryCorpus(t *testing.T, rows []corpusRow, newReader func(*fixture) *reader) {
	t.Helper()
	fx := newFixture(t)
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			fx.tb = t
			newReader(fx).try(c)
		})
	}
	fx.tb = t
}
