package checkout_test

import (
	"testing"
	"time"

	"morepay/internal/capability"
	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
)

func (fx *fixture) notGranted() []capability.MethodRail {
	return fx.Service().NotGranted(fx.ctx(), harness.Merchant)
}

// A rail that the provider does not grant gives way to the next one that is shown
// in place, for every session, until a day is over or somebody says so.
func TestRailIsNotGranted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		end  func(fx *fixture)
	}{
		{"a-day-later", func(fx *fixture) { fx.Advance(24*time.Hour + time.Second) }},
		{"a-person-says-so", func(fx *fixture) {
			n, err := fx.Stores().Marks.ClearMarks(fx.ctx(), harness.Merchant, wechat, pay.RailQR)
			if err != nil || n != 1 {
				fx.tb.Errorf("%d marks were cleared, %v", n, err)
			}
			fx.Advance(2 * time.Second)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			fx.inject("prepay-refused", 1)
			l, err := fx.Choose(fx.ctx(), id, wechat, pay.RailQR)
			fx.must(err)
			if len(l.Attempts) != 1 || l.Attempts[0].State != pay.AttemptFailed {
				t.Errorf("attempts %+v", l.Attempts)
			}
			if list := fx.notGranted(); len(list) != 1 || list[0] != (capability.MethodRail{Method: wechat, Rail: pay.RailQR}) {
				t.Fatalf("not granted are %v", list)
			}
			_, err = fx.Choose(fx.ctx(), fx.open(), wechat, pay.RailQR)
			fx.code(err, pay.CodeMethodUnavailable, "rail", "another session, the same rail")
			c.end(fx)
			if list := fx.notGranted(); len(list) != 0 {
				t.Errorf("not granted are still %v", list)
			}
			fx.choose(fx.open(), wechat, pay.RailQR)
		})
	}
}

// Whoever is sent away needs a tap of their own: the next rail is not begun.
func TestNextRailLeavesThePage(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	fx.inject("prepay-refused", 1)
	_, err := fx.Choose(fx.ctx(), id, alipay, pay.RailQR)
	fx.code(err, pay.CodeProviderRefused, "", "refused")
	if l := fx.ledger(id); len(l.Attempts) != 1 {
		t.Errorf("attempts %+v", l.Attempts)
	}
	if a := fx.choose(id, alipay, pay.RailRedirect); a.State != pay.AttemptAwaiting {
		t.Errorf("the payer's tap: %+v", a)
	}
}

// A refusal that names no reason of the account is about this order only.
func TestRefusalWithoutAReasonMarksNothing(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	fx.inject("order-refused", 1) // the merchant's own cashier says only no
	_, err := fx.Choose(fx.ctx(), id, "unionpay", pay.RailRedirect)
	fx.code(err, pay.CodeProviderRefused, "", "refused")
	if list := fx.notGranted(); len(list) != 0 {
		t.Errorf("not granted are %v", list)
	}
	fx.choose(id, "unionpay", pay.RailRedirect)
}

// A mark is of the document that offered the rail: a new one is believed.
func TestMarkEndsWithTheDocument(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	acc := fx.Accounts().Of(harness.Merchant, "wechatpay")
	mark := checkout.Mark{
		Merchant: harness.Merchant, Provider: "wechatpay", Account: acc.Name(), Method: wechat, Rail: pay.RailQR,
		Code: "NO_AUTH", At: fx.Now(), Until: fx.Now().Add(time.Hour), DocumentVersion: 1,
	}
	for _, c := range []struct {
		name   string
		change func(*checkout.Mark)
		marks  int
	}{
		{"in-force", func(*checkout.Mark) {}, 1},
		{"earlier-document", func(m *checkout.Mark) { m.DocumentVersion = 0 }, 0},
		{"another-account", func(m *checkout.Mark) { m.Account = "2"; m.Rail = pay.RailDeepLink }, 0},
		{"another-merchant", func(m *checkout.Mark) { m.Merchant = "demo" }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mark
			c.change(&m)
			if _, err := fx.Stores().Marks.ClearMarks(fx.ctx(), harness.Merchant, "", ""); err != nil {
				t.Fatal(err)
			}
			if _, err := fx.Stores().Marks.Mark(fx.ctx(), m); err != nil {
				t.Fatal(err)
			}
			fx.Advance(2 * time.Second)
			if list := fx.notGranted(); len(list) != c.marks {
				t.Errorf("not granted are %v", list)
			}
		})
	}
}
