package checkout_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// counted reads a metric by its name and labels as they are written; 0 if it is not there.
func counted(t *testing.T, r *prometheus.Registry, name string, labels map[string]string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
	series:
		for _, m := range f.Metric {
			for _, l := range m.Label {
				if want, ok := labels[l.GetName()]; ok && want != l.GetValue() {
					continue series
				}
			}
			sum += m.Counter.GetValue() + float64(m.Histogram.GetSampleCount())
		}
	}
	return sum
}

// Each transition counts once, when it is stored, with what held the page of the
// attempt that it is about.
func TestFunnelIsCounted(t *testing.T) {
	fx := newFixture(t)
	registry := prometheus.NewRegistry()
	ledgers := fx.Stores().Ledgers
	recorder := checkout.NewRecorder(checkout.Config{Store: ledgers, Desk: ledgers, Now: fx.Now, Metrics: checkout.NewMetrics(registry)})
	id := fx.open()
	update := func(change func(*pay.Ledger) error) {
		t.Helper()
		_, err := recorder.Update(fx.ctx(), id, change)
		fx.must(err)
	}
	begin := func(number string, rail pay.Rail) pay.Attempt {
		a := pay.Attempt{
			ID: "at_" + number, Method: wechat, Rail: rail, Container: "wechat", Provider: "wechatpay", Account: "1900000001", OutTradeNo: number,
			Amount: price, ExpiresAt: fx.Now().Add(time.Minute), Request: []byte("{}"),
		}
		update(func(l *pay.Ledger) error { return l.Begin(a, fx.Now()) })
		return a
	}
	begin("n1", pay.RailDeepLink)
	a := begin("n2", pay.RailQR)
	for range 2 {
		update(func(l *pay.Ledger) error {
			l.Accept(a.ID, pay.Action{Kind: pay.ActionQRCode, ExpiresAt: a.ExpiresAt}, fx.Now())
			return nil
		})
		update(func(l *pay.Ledger) error {
			return l.Apply(pay.Evidence{
				ID: "e", Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo, Outcome: pay.OutcomePaid, Amount: a.Amount, Reference: "r",
				PaidAt: fx.Now().Add(-time.Second), // by the provider's clock, which keeps whole seconds
			}, fx.Now())
		})
	}
	qr := map[string]string{"method": "wechat_pay", "rail": "qr", "container": "wechat"}
	for _, c := range []struct {
		name   string
		labels map[string]string
		want   float64
	}{
		{"morepay_funnel_total", map[string]string{"step": "chosen"}, 2},
		{"morepay_funnel_total", map[string]string{"step": "handed_off", "rail": "qr"}, 1},
		{"morepay_funnel_total", map[string]string{"step": "paid"}, 1},
		{"morepay_funnel_total", qr, 3},
		{"morepay_fallback_total", map[string]string{"from": "deep_link", "to": "qr", "container": "wechat"}, 1},
		{"morepay_fallback_total", nil, 1},
		{"morepay_attempts_total", nil, 2},
		{"morepay_events_total", map[string]string{"event": "session.paid", "method": "wechat_pay", "rail": "qr"}, 1},
		{"morepay_events_total", map[string]string{"event": "session.expired"}, 0},
		{"morepay_time_to_paid_seconds", map[string]string{"method": "wechat_pay", "rail": "qr"}, 1},
	} {
		if got := counted(t, registry, c.name, c.labels); got != c.want {
			t.Errorf("%s%v is %v, want %v", c.name, c.labels, got, c.want)
		}
	}
}

// A wallet brings a payer back once, as far as is counted; who never left does not
// come back.
func TestCameBack(t *testing.T) {
	fx := newFixture(t)
	id := fx.open()
	fx.Service().CameBack(fx.ctx(), fx.ledger(id), "")
	a := fx.choose(id, alipay, pay.RailQR)
	if !fx.ledger(id).Attempts[0].BackAt.IsZero() || a.Container == "" {
		t.Errorf("before: %+v", a)
	}
	fx.Service().CameBack(fx.ctx(), fx.ledger(id), "")
	at := fx.ledger(id).Attempts[0].BackAt
	fx.Advance(time.Minute)
	fx.Service().CameBack(fx.ctx(), fx.ledger(id), "")
	if again := fx.ledger(id).Attempts[0].BackAt; at.IsZero() || !again.Equal(at) {
		t.Errorf("came back at %v, then at %v", at, again)
	}
}
