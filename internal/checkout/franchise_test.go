package checkout_test

import (
	"strings"
	"testing"

	"morepay/internal/checkout"
	"morepay/internal/demo"
	"morepay/internal/pay"
)

// Shops under one service provider are told of their own payments, each at an address of
// its own, and give back their own money.
func TestShopsUnderOneProvider(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	shops := []demo.Shop{fx.Shop("soletrader"), fx.Shop("friend")} // one with an app of its own, one without
	var ids []string
	var attempts []pay.Attempt
	for _, shop := range shops {
		order := fx.Order(fen)
		l, _, err := fx.Service().Create(t.Context(), shop.ID, order)
		fx.must(err)
		ids, attempts = append(ids, l.Session.ID), append(attempts, fx.choose(l.Session.ID, wechat, pay.RailQR))
		if a := attempts[len(attempts)-1]; !strings.Contains(string(a.Request), `"attach":"`+order.Reference+`"`) {
			t.Errorf("the bill of %s will not say the shop's order: %s", shop.ID, a.Request)
		}
	}
	if attempts[0].Account == attempts[1].Account || attempts[0].App == attempts[1].App {
		t.Fatalf("both are paid at %s by %s", attempts[0].Account, attempts[0].App)
	}
	fx.pay(attempts[1])
	fx.awaitStatus(ids[1], pay.SessionPaid)
	if status := fx.ledger(ids[0]).Session.Status; status != pay.SessionOpen {
		t.Errorf("the other shop's order is %s", status)
	}
	_, _, err := fx.Service().Refund(t.Context(), shops[1].ID, ids[1], checkout.NewRefund{Amount: cny(1000)})
	fx.must(err)
	fx.settle(ids[1], "given back", allRefunded)
	fx.pay(attempts[0])
	fx.awaitStatus(ids[0], pay.SessionPaid)
	for _, id := range ids {
		fx.agrees(id)
	}
	if list := fx.quarantined(); len(list) != 0 {
		t.Errorf("quarantined %+v", list)
	}

	// The provider mixes them up: what is said of one at the other's address is for a person.
	l, _, err := fx.Service().Create(t.Context(), shops[0].ID, fx.Order(fen))
	fx.must(err)
	mixed := fx.choose(l.Session.ID, wechat, pay.RailQR)
	fx.inject("notify-wrong-account", 1)
	fx.pay(mixed)
	for fx.next().status/100 != 2 || len(fx.quarantined()) == 0 {
	}
	if list := fx.quarantined(); len(list) != 1 || list[0].Merchant != shops[0].ID || fx.ledger(l.Session.ID).Session.Status.Paid() {
		t.Errorf("quarantined %+v", list)
	}
}
