package checkout_test

import (
	"bytes"
	"net/netip"
	"testing"

	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/harness"
	"morepay/internal/pay"
)

// Instalments are part of what a payer asks for: they go to the provider and stay with
// the attempt, the same number resumes it with the same bytes, and another is another
// attempt.
func TestInstalments(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	l, _, err := fx.Service().Create(t.Context(), "everything", fx.Order(fen))
	fx.must(err)
	choose := func(m pay.Method, n int) (pay.Attempt, error) {
		done, err := fx.Service().Attempt(t.Context(), l.Session.ID, checkout.AttemptRequest{
			Method: m, Rail: pay.RailQR, Instalments: n, Device: device.Detect(harness.Agent(pay.RailQR)),
			PayerIP: netip.MustParseAddr("203.0.113.9"), ReturnURL: fx.BaseURL + "/return/sealed",
		})
		if err != nil {
			return pay.Attempt{}, err
		}
		return *done.Ledger.Attempt(done.AttemptID), nil
	}
	for _, wrong := range []struct {
		method pay.Method
		n      int
	}{{"alipay", 5}, {"alipay", -3}, {"wechat_pay", 3}, {"unionpay", 3}} {
		_, err := choose(wrong.method, wrong.n)
		checkCode(t, err, pay.CodeMethodUnavailable, "instalments", string(wrong.method))
	}
	three, err := choose("alipay", 3)
	fx.must(err)
	again, err := choose("alipay", 3)
	fx.must(err)
	if three.Instalments != 3 || again.ID != three.ID || !bytes.Equal(again.Request, three.Request) || again.Sends != 1 {
		t.Errorf("in 3: %+v, again %+v", three, again)
	}
	atOnce, err := choose("alipay", 0)
	fx.must(err)
	if atOnce.ID == three.ID || atOnce.Instalments != 0 || bytes.Contains(atOnce.Request, []byte("extend_params")) {
		t.Errorf("at once: %+v", atOnce)
	}
	baitiao, err := choose("jd_pay", 6)
	fx.must(err)
	if baitiao.Instalments != 6 || !bytes.Contains(baitiao.Request, []byte(`"instalments":6`)) {
		t.Errorf("JD in 6: %s", baitiao.Request)
	}
	fx.pay(baitiao)
	paid := fx.awaitStatus(l.Session.ID, pay.SessionPaid)
	if winner := paid.Attempt(paid.Session.Winner); winner.ID != baitiao.ID || winner.Instalments != 6 {
		t.Errorf("paid by %+v", winner)
	}
}
