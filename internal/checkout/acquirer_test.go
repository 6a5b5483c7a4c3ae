package checkout_test

import (
	"testing"

	"morepay/internal/account"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/providersim"
)

// acquirer is a cashier that takes WeChat Pay in its place.
type acquirer struct {
	provider.Provider
	provider.Refunder
}

func (acquirer) Methods() []pay.Method { return []pay.Method{wechat} }

// A merchant goes to an acquirer while a payer has a code of WeChat Pay's own on the
// screen: the next code is the acquirer's, money by either counts, and what was paid
// twice goes back from where it came.
func TestAcquirerTakesOver(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	own := fx.choose(id, wechat, pay.RailQR)

	next := account.NewRegistry(nil)
	for _, name := range []string{"wechatpay", "alipay", "merchantlink"} {
		p := fx.Accounts().Of(harness.Merchant, name).Provider
		if name == "merchantlink" {
			p = acquirer{p, p.(provider.Refunder)}
		}
		fx.must(next.Add(harness.Merchant, name, p))
	}
	fx.Accounts().Replace(next)

	acquired := fx.choose(id, wechat, pay.RailQR)
	if acquired.ID == own.ID || acquired.Provider != "merchantlink" || own.Provider != "wechatpay" {
		t.Fatalf("after %s of %s came %s of %s", own.ID, own.Provider, acquired.ID, acquired.Provider)
	}
	if o := fx.order(acquired.OutTradeNo); o == nil || o.Wallet != providersim.MerchantLink || o.Text != acquired.Action.Payload {
		t.Errorf("at the cashier it is %+v", o)
	}
	if again := fx.choose(id, wechat, pay.RailQR); again.ID != acquired.ID {
		t.Errorf("asked for again it is %+v", again)
	}
	fx.pay(own)
	fx.awaitStatus(id, pay.SessionPaid)
	fx.pay(acquired)
	l := fx.settle(id, "given back", func(l *pay.Ledger) bool { return len(l.Refunds) == 1 && allRefunded(l) })
	if l.Session.Winner != own.ID || l.Refunds[0].AttemptID != acquired.ID || fx.order(acquired.OutTradeNo).Returned != price.Value {
		t.Errorf("winner %s, refunds %+v", l.Session.Winner, l.Refunds)
	}
	fx.agrees(id)
}
