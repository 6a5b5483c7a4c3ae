package checkout_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
)

// logbook keeps the lines of a log that tell of money.
type logbook struct {
	mu    sync.Mutex
	lines []map[string]string
	grown chan struct{} // closed with the next line; nil while nobody waits
}

func (b *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (b *logbook) WithAttrs([]slog.Attr) slog.Handler       { return b }
func (b *logbook) WithGroup(string) slog.Handler            { return b }

func (b *logbook) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "money" {
		return nil
	}
	line := map[string]string{"level": r.Level.String()}
	r.Attrs(func(a slog.Attr) bool {
		line[a.Key] = a.Value.String()
		return true
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, line)
	if b.grown != nil {
		close(b.grown)
		b.grown = nil
	}
	return nil
}

// with returns the lines of which a key has a value.
func (b *logbook) with(key, value string) (lines []map[string]string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.lines {
		if line[key] == value {
			lines = append(lines, line)
		}
	}
	return lines
}

// await returns the lines of which a key has a value, once there are so many: a line is
// written after the store has what it tells.
func (b *logbook) await(key, value string, lines int) []map[string]string {
	timeout := time.After(10 * time.Second)
	for {
		b.mu.Lock()
		if b.grown == nil {
			b.grown = make(chan struct{})
		}
		grown := b.grown
		b.mu.Unlock()
		if got := b.with(key, value); len(got) >= lines {
			return got
		}
		select {
		case <-grown:
		case <-timeout:
			return b.with(key, value)
		}
	}
}

// transitions shows lines as tests write them.
func transitions(lines []map[string]string) (list []string) {
	for _, line := range lines {
		list = append(list, fmt.Sprintf("%s %s→%s", line["event"], line["from"], line["to"]))
	}
	return list
}

// The log has one line a transition, whoever made it: the payer, a notification,
// the sweeper, the merchant or a person.
func TestMoneyInTheLog(t *testing.T) {
	fx := newFixture(t)
	id := fx.open()
	first := fx.choose(id, wechat, pay.RailQR)
	fx.choose(id, wechat, pay.RailQR) // the same once more: no transition
	second := fx.choose(id, alipay, pay.RailQR)
	for _, a := range []pay.Attempt{second, first} {
		fx.pay(a)
		fx.next()
	}
	fx.settle(id, "given back", func(l *pay.Ledger) bool { return len(l.Refunds) == 1 && allRefunded(l) })
	want := []string{
		"session.created →open",
		"attempt.submitting →submitting", "attempt.awaiting submitting→awaiting",
		"attempt.submitting →submitting", "attempt.awaiting submitting→awaiting",
		"session.paid awaiting→succeeded", "payment.surplus awaiting→surplus",
		"refund.created →pending", "refund.succeeded pending→succeeded",
	}
	lines := fx.logged.await("session", id, len(want))
	if got := transitions(lines); !slices.Equal(got, want) {
		t.Errorf("the log has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, line := range lines {
		if line["level"] != "INFO" || line["merchant"] != harness.Merchant || line["amount"] != price.String() {
			t.Errorf("%v", line)
		}
	}
	paid := lines[5]
	if paid["attempt"] != second.ID || paid["out_trade_no"] != second.OutTradeNo || paid["method"] != string(alipay) || paid["rail"] != "qr" {
		t.Errorf("the payment's line is %v", paid)
	}

	expired := fx.open()
	fx.choose(expired, wechat, pay.RailQR)
	fx.settle(expired, "closed", func(l *pay.Ledger) bool { return l.Settled() })
	want = []string{
		"session.created →open", "attempt.submitting →submitting", "attempt.awaiting submitting→awaiting",
		"session.expired open→expired", "attempt.closed awaiting→closed",
	}
	if got := transitions(fx.logged.await("session", expired, len(want))); !slices.Equal(got, want) {
		t.Errorf("of an order that nobody paid the log has %v, want %v", got, want)
	}
}

// What people decide moves money too.
func TestDeskInTheLog(t *testing.T) {
	fx := newFixture(t)
	accepted := fx.open()
	a := fx.choose(accepted, wechat, pay.RailQR)
	fx.falsify(accepted, func(l *pay.Ledger) { l.Attempts[0].App = "wx of last year" })
	fx.pay(a)
	fx.next()
	if _, err := fx.resolve(fx.quarantined()[0].ID, checkout.ResolveAccept); err != nil {
		t.Fatal(err)
	}
	if got := transitions(fx.logged.with("attempt", a.ID)); !slices.Contains(got, "session.paid awaiting→succeeded") {
		t.Errorf("an accepted payment: the log has %v", got)
	}

	b := fx.choose(fx.open(), wechat, pay.RailQR)
	fx.lose()
	fx.pay(b)
	fx.next()
	entry := fx.quarantined()[0].ID
	if _, err := fx.resolve(entry, checkout.ResolveRefund); err != nil {
		t.Fatal(err)
	}
	fx.followed(entry)
	lines := fx.logged.await("entry", entry, 2)
	if got, want := transitions(lines), []string{"refund.created →pending", "refund.succeeded pending→succeeded"}; !slices.Equal(got, want) {
		t.Fatalf("of money that was nobody's the log has %v, want %v", got, want)
	}
	if lines[0]["out_trade_no"] != b.OutTradeNo || lines[0]["merchant"] != harness.Merchant {
		t.Errorf("%v", lines[0])
	}
}
