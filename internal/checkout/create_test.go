package checkout_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
)

func fieldOf(err error) string {
	if e, ok := errors.AsType[*pay.Error](err); ok {
		return e.Field
	}
	return ""
}

func TestCreateChecksEveryField(t *testing.T) {
	w := newWorld(t)
	long := func(n int) string { return strings.Repeat("龙", n) }
	for _, c := range []struct {
		name, field string
		change      func(*checkout.NewSession)
	}{
		{"good", "", func(*checkout.NewSession) {}},
		{"no-reference", "merchant_reference", func(n *checkout.NewSession) { n.Reference = "" }},
		{"reference-too-long", "merchant_reference", func(n *checkout.NewSession) { n.Reference = long(65) }},
		{"longest-reference", "", func(n *checkout.NewSession) { n.Reference = long(64) }},
		{"no-description", "description", func(n *checkout.NewSession) { n.Description = "" }},
		{"description-too-long", "description", func(n *checkout.NewSession) { n.Description = long(128) }},
		{"longest-description", "", func(n *checkout.NewSession) { n.Description = long(127) }},
		{"description-with-control-character", "description", func(n *checkout.NewSession) { n.Description = "a\nb" }},
		{"description-with-delete", "description", func(n *checkout.NewSession) { n.Description = "a\x7f" }},
		{"description-not-utf8", "description", func(n *checkout.NewSession) { n.Description = "\xff" }},
		{"amount-zero", "amount.value", func(n *checkout.NewSession) { n.Amount.Value = 0 }},
		{"amount-negative", "amount.value", func(n *checkout.NewSession) { n.Amount.Value = -1 }},
		{"amount-largest-number", "amount.value", func(n *checkout.NewSession) { n.Amount.Value = math.MaxInt64 }},
		{"amount-smallest", "", func(n *checkout.NewSession) { n.Amount.Value = 1 }},
		{"no-currency", "amount.currency", func(n *checkout.NewSession) { n.Amount.Currency = "" }},
		{"currency-nobody-takes", "amount.currency", func(n *checkout.NewSession) { n.Amount.Currency = "XTS" }},
		{"currency-in-lower-case", "amount.currency", func(n *checkout.NewSession) { n.Amount.Currency = "cny" }},
		{"no-return-url", "return_url", func(n *checkout.NewSession) { n.ReturnURL = "" }},
		{"return-url-elsewhere", "return_url", func(n *checkout.NewSession) { n.ReturnURL = "https://evil.example/" }},
		{"return-url-out-of-its-folder", "return_url", func(n *checkout.NewSession) { n.ReturnURL = strings.Replace(n.ReturnURL, "/demo/", "/demo/../", 1) }},
		{"return-url-with-user", "return_url", func(n *checkout.NewSession) { n.ReturnURL = strings.Replace(n.ReturnURL, "://", "://a@", 1) }},
		{"return-url-script", "return_url", func(n *checkout.NewSession) { n.ReturnURL = "javascript:alert(1)" }},
		{"return-url-too-long", "return_url", func(n *checkout.NewSession) { n.ReturnURL += long(2048) }},
		{"payer-too-long", "payer.id", func(n *checkout.NewSession) { n.Payer.ID = long(129) }},
		{"region-in-lower-case", "payer.region", func(n *checkout.NewSession) { n.Payer.Region = "cn" }},
		{"region-of-three", "payer.region", func(n *checkout.NewSession) { n.Payer.Region = "CHN" }},
		{"region", "", func(n *checkout.NewSession) { n.Payer.Region = "CN" }},
		{"locale-too-long", "locale", func(n *checkout.NewSession) { n.Locale = long(36) }},
		{"expires-too-soon", "expires_in", func(n *checkout.NewSession) { n.ExpiresIn = 59 }},
		{"expires-soonest", "", func(n *checkout.NewSession) { n.ExpiresIn = 60 }},
		{"expires-latest", "", func(n *checkout.NewSession) { n.ExpiresIn = 86400 }},
		{"expires-too-late", "expires_in", func(n *checkout.NewSession) { n.ExpiresIn = 86401 }},
		{"expires-negative", "expires_in", func(n *checkout.NewSession) { n.ExpiresIn = -60 }},
		{"expires-overflowing", "expires_in", func(n *checkout.NewSession) { n.ExpiresIn = math.MaxInt64 }},
		{"too-many-items", "items", func(n *checkout.NewSession) { n.Items = make([]pay.Item, 101) }},
		{"item-sku-too-long", "items[1].sku", func(n *checkout.NewSession) { n.Items = []pay.Item{{}, {SKU: long(129)}} }},
		{"item-category-too-long", "items[0].category", func(n *checkout.NewSession) { n.Items = []pay.Item{{Category: long(129)}} }},
		{"item-name-with-control-character", "items[0].name", func(n *checkout.NewSession) { n.Items = []pay.Item{{Name: "\x00"}} }},
		{"item-quantity-negative", "items[0].quantity", func(n *checkout.NewSession) { n.Items = []pay.Item{{Quantity: -1}} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := w.Order(fen)
			c.change(&n)
			l, token, err := w.Service().Create(t.Context(), harness.Merchant, n)
			if c.field != "" {
				checkCode(t, err, pay.CodeInvalid, c.field, "a broken request")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := w.ledger(l.Session.ID).Session; got.Status != pay.SessionOpen || got.TokenHash != checkout.HashToken(token) || got.Amount != n.Amount {
				t.Errorf("stored %+v", got)
			}
		})
	}
}

func TestCreateForUnknownMerchant(t *testing.T) {
	w := newWorld(t)
	_, _, err := w.Service().Create(t.Context(), "nobody", w.Order(fen))
	w.code(err, pay.CodeNotFound, "", "an unknown merchant")
}

// A token opens its session for a day after its end, and only its own.
func TestToken(t *testing.T) {
	w := newWorld(t)
	l, token, err := w.Open(t.Context(), fen)
	w.must(err)
	_, other, err := w.Open(t.Context(), fen)
	w.must(err)
	if got, err := w.Service().ByToken(t.Context(), token); err != nil || got.Session.ID != l.Session.ID {
		t.Errorf("by its token: %v, %v", got, err)
	}
	if got, err := w.Service().ByToken(t.Context(), other); err != nil || got.Session.ID == l.Session.ID {
		t.Errorf("by another token: %v, %v", got, err)
	}
	_, err = w.Service().ByToken(t.Context(), token+"x")
	w.code(err, pay.CodeNotFound, "", "a made-up token")
	w.Advance(30*time.Minute + 24*time.Hour - time.Minute)
	if _, err := w.Service().ByToken(t.Context(), token); err != nil {
		t.Errorf("within a day of its end: %v", err)
	}
	w.Advance(2 * time.Minute)
	_, err = w.Service().ByToken(t.Context(), token)
	w.code(err, pay.CodeNotFound, "", "more than a day after its end")
}

func TestSessionOfAnotherMerchant(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	w.pay(w.choose(id, "wechat_pay", pay.RailQR))
	w.awaitStatus(id, pay.SessionPaid)
	_, err := w.Service().Ledger(t.Context(), "demo", id)
	w.code(err, pay.CodeNotFound, "", "reading")
	_, err = w.Service().Cancel(t.Context(), "demo", id)
	w.code(err, pay.CodeNotFound, "", "canceling")
	_, _, err = w.Service().Refund(t.Context(), "demo", id, checkout.NewRefund{})
	w.code(err, pay.CodeNotFound, "", "refunding")
	if l := w.ledger(id); len(l.Refunds) != 0 {
		t.Errorf("refunds %+v", l.Refunds)
	}
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	cancel := func(id string) error {
		_, err := w.Service().Cancel(t.Context(), harness.Merchant, id)
		return err
	}
	id := w.open()
	a := w.choose(id, "wechat_pay", pay.RailQR)
	w.must(cancel(id))
	w.must(cancel(id)) // twice is fine
	if n := w.count(id, pay.EventSessionCanceled); n != 1 {
		t.Errorf("%d events", n)
	}
	_, err := w.Choose(t.Context(), id, "wechat_pay", pay.RailQR)
	w.code(err, pay.CodeSessionNotOpen, "", "an attempt on a canceled session")
	w.later(pay.CloseDelay + time.Second)
	if l := w.ledger(id); l.Attempts[0].State != pay.AttemptClosed {
		t.Errorf("the attempt is %s", l.Attempts[0].State)
	}
	if got := w.order(a.OutTradeNo).State; got != "closed" {
		t.Errorf("at the provider it is %s", got)
	}

	paid := w.open()
	w.pay(w.choose(paid, "wechat_pay", pay.RailQR))
	w.awaitStatus(paid, pay.SessionPaid)
	w.code(cancel(paid), pay.CodeConflict, "", "canceling what is paid")

	expired := w.open()
	w.Advance(31 * time.Minute)
	w.code(cancel(expired), pay.CodeConflict, "", "canceling what has expired")
}
