package checkout_test

import (
	"fmt"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
)

func (fx *fixture) extend(id string, seconds int64) (*pay.Ledger, error) {
	return fx.Service().Extend(fx.ctx(), harness.Merchant, id, checkout.Extension{ExpiresIn: seconds})
}

// A session that was extended is paid after its first end: by a new code, as the old
// one's order is over at the provider by then.
func TestExtendedSessionGetsANewCode(t *testing.T) {
	t.Parallel()
	for _, w := range []way{{wechat, pay.RailQR}, {alipay, pay.RailQR}, {"unionpay", pay.RailRedirect}} {
		t.Run(fmt.Sprintf("%s-%s", w.method, w.rail), func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			old := fx.choose(id, w.method, w.rail)
			end := fx.ledger(id).Session.ExpiresAt
			fx.later(time.Minute)
			l, err := fx.extend(id, 24*3600)
			fx.must(err)
			if !l.Session.ExpiresAt.After(end.Add(23*time.Hour)) || fx.count(id, pay.EventSessionExtended) != 1 {
				t.Fatalf("it lasts until %v", l.Session.ExpiresAt)
			}
			if same := fx.choose(id, w.method, w.rail); same.ID != old.ID {
				t.Errorf("while the code is good the payer gets another: %s", same.ID)
			}
			fx.later(end.Sub(l.Session.CreatedAt))
			if status := fx.ledger(id).StatusAt(end.Add(time.Minute)); status != pay.SessionOpen {
				t.Fatalf("after its first end it is %s", status)
			}
			fresh := fx.choose(id, w.method, w.rail)
			if fresh.ID == old.ID || fresh.OutTradeNo == old.OutTradeNo || !fresh.ExpiresAt.After(end) {
				t.Fatalf("the new code is of attempt %s until %v, the old of %s until %v", fresh.ID, fresh.ExpiresAt, old.ID, old.ExpiresAt)
			}
			fx.pay(fresh)
			fx.awaitStatus(id, pay.SessionPaid)
		})
	}
}

// An extension is bounded, and only what is open is extended.
func TestExtendIsBounded(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	for _, seconds := range []int64{0, -1, 59, 24*3600 + 1, 1 << 62} {
		_, err := fx.extend(id, seconds)
		fx.code(err, pay.CodeInvalid, "expires_in", fmt.Sprintf("%d seconds", seconds))
	}
	before := fx.ledger(id).Session.ExpiresAt
	l, err := fx.extend(id, 60)
	fx.must(err)
	if !l.Session.ExpiresAt.Equal(before) || fx.count(id, pay.EventSessionExtended) != 0 {
		t.Errorf("it ends at %v instead of %v", l.Session.ExpiresAt, before)
	}
	_, err = fx.Service().Extend(t.Context(), "demo", id, checkout.Extension{ExpiresIn: 3600})
	fx.code(err, pay.CodeNotFound, "", "another merchant's")
	for range 7 {
		_, err := fx.extend(id, 24*3600)
		fx.must(err)
		fx.later(23 * time.Hour)
	}
	_, err = fx.extend(id, 24*3600)
	fx.code(err, pay.CodeInvalid, "expires_in", "more than seven days")
	fx.later(2 * time.Hour)
	_, err = fx.extend(id, 60)
	fx.code(err, pay.CodeSessionNotOpen, "", "expired")
}
