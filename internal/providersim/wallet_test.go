package providersim_test

import (
	"slices"
	"testing"
	"time"

	"morepay/internal/providersim"
)

func TestLifetimes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  m
		advance time.Duration
		refusal string // "" for still payable
		state   string
	}{
		"code-119-minutes":  {nil, 119 * time.Minute, "", "SUCCESS"},
		"code-120-minutes":  {nil, 120 * time.Minute, "code_dead", "NOTPAY"},
		"expiry-not-yet":    {m{"time_expire": in(10 * time.Minute)}, 9 * time.Minute, "", "SUCCESS"},
		"expiry-over":       {m{"time_expire": in(10 * time.Minute)}, 11 * time.Minute, "order_expired", "NOTPAY"},
		"closed-after-days": {nil, 7 * 24 * time.Hour, "code_dead", "CLOSED"},
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			if a := fx.send(newCall("POST", "/v3/pay/transactions/native", fx.body(c.change))); a.status != 200 {
				t.Fatal(a.body)
			}
			code := fx.sim.Orders()[0].Text
			fx.sim.Advance(c.advance)
			_, err := fx.sim.Approve(providersim.Ming, code)
			if c.refusal == "" && err != nil {
				t.Error(err)
			}
			if c.refusal != "" {
				wantRefusal(t, err, c.refusal)
			}
			if got := *fx.query("schema-1").TradeState; got != c.state {
				t.Errorf("trade_state is %s, want %s", got, c.state)
			}
		})
	}
}

func in(d time.Duration) string { return time.Now().Add(d).Format(time.RFC3339) }

func TestOneOrderOnePayer(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	code := fx.order("one-payer-1")
	if _, err := fx.sim.Scan(providersim.Ming, code, providersim.ByCamera); err != nil {
		t.Fatal(err)
	}
	_, err := fx.sim.Approve(providersim.Hong, code)
	wantRefusal(t, err, "other_payer")
	if got := err.(*providersim.Refusal).Text; got != "商家订单信息有误，请重新下单支付" {
		t.Errorf("the wallet says %q", got)
	}
	_, err = fx.sim.Scan(providersim.Hong, fx.order("one-payer-1"), providersim.ByCamera) // a renewed code is the same order
	wantRefusal(t, err, "other_payer")
	if _, err := fx.sim.Cancel(providersim.Ming, code); err == nil {
		t.Error("the replaced code was taken")
	}
	fx.approve(providersim.Ming, "one-payer-1")
	_, err = fx.sim.Approve(providersim.Ming, "one-payer-1")
	wantRefusal(t, err, "order_paid")
}

func TestOnlyTheCameraReadsCodes(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	code := fx.order("camera-1")
	for how, want := range map[providersim.How]string{
		providersim.ByAlbum: "from_album", providersim.ByLongPress: "long_press", providersim.ByLink: "as_link",
	} {
		_, err := fx.sim.Scan(providersim.Ming, code, how)
		wantRefusal(t, err, want)
	}
	_, err := fx.sim.Scan(providersim.Ming, "weixin://wxpay/bizpayurl?pr=other", providersim.ByCamera)
	wantRefusal(t, err, "unknown_code")
	if got := states(fx.sim.Codes()); !slices.Equal(got, []string{"camera-1 unpaid"}) {
		t.Errorf("codes on show: %v", got)
	}
	fx.approve(providersim.Ming, code)
	if got := states(fx.sim.Codes()); len(got) != 0 {
		t.Errorf("codes on show after payment: %v", got)
	}
}
