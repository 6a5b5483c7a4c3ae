package checkout_test

import (
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/providersim"
)

// UnionPay shows the code of an order once. Where that reply was lost the payer gets another
// order at the next click, and nobody can pay the first.
func TestCodeThatIsShownOnce(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	l, _, err := fx.Service().Create(fx.ctx(), "quickpass", fx.Order(fen))
	fx.must(err)
	id := l.Session.ID
	choose := func() (checkout.Attempted, error) {
		return fx.Service().Attempt(fx.ctx(), id, checkout.AttemptRequest{
			Method: unionpay, Rail: pay.RailQR, Device: device.Detect(harness.Agent(pay.RailQR)), ReturnURL: fx.BaseURL + "/return/sealed",
		})
	}
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: "reply-lost", Operation: "prepay", Next: 1}))
	first, err := choose()
	fx.must(err)
	if a := first.Ledger.Attempt(first.AttemptID); a.State != pay.AttemptSubmitting || a.Action != nil {
		t.Fatalf("the first is %+v", a)
	}
	fx.later(2 * time.Second) // it is sent again, and is a duplicate
	if a := fx.ledger(id).Attempt(first.AttemptID); !a.Abandoned || !a.State.Payable() || len(fx.Sim.Orders()) != 1 {
		t.Errorf("the first is %+v", a)
	}
	for range 2 {
		next, err := choose()
		fx.must(err)
		if a := next.Ledger.Attempt(next.AttemptID); a.ID == first.AttemptID || a.State != pay.AttemptAwaiting || a.Action.Kind != pay.ActionQRCode {
			t.Fatalf("the next is %+v", a)
		}
	}
	l = fx.ledger(id)
	if len(l.Attempts) != 2 || len(fx.Sim.Orders()) != 2 {
		t.Errorf("attempts %+v", l.Attempts)
	}
	fx.follow(l.Attempts[1])
	fx.settle(id, "paid", func(l *pay.Ledger) bool { return l.Session.Status.Paid() })
}
