package checkout_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
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
	t.Parallel()
	fx := newFixture(t)
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
		{"description-blank", "description", func(n *checkout.NewSession) { n.Description = " \u00a0\u3000 " }},
		{"description-turned-round", "description", func(n *checkout.NewSession) { n.Description = "tea \u202e08.95¥" }},
		{"description-of-no-width", "description", func(n *checkout.NewSession) { n.Description = "te\u200ba" }},
		{"description-with-c1", "description", func(n *checkout.NewSession) { n.Description = "a\u0085b" }},
		{"description-with-line-separator", "description", func(n *checkout.NewSession) { n.Description = "a\u2028b" }},
		{"description-with-joined-emoji", "", func(n *checkout.NewSession) { n.Description = "👩\u200d👩 می\u200cخواهم" }},
		{"reference-blank", "merchant_reference", func(n *checkout.NewSession) { n.Reference = " " }},
		{"reference-with-joiner", "merchant_reference", func(n *checkout.NewSession) { n.Reference = "a\u200db" }},
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
		{"renew-url-elsewhere", "renew_url", func(n *checkout.NewSession) { n.RenewURL = "https://evil.example/" }},
		{"renew-url-script", "renew_url", func(n *checkout.NewSession) { n.RenewURL = "javascript:alert(1)" }},
		{"renew-url-too-long", "renew_url", func(n *checkout.NewSession) { n.RenewURL = n.ReturnURL + long(2048) }},
		{"renew-url", "", func(n *checkout.NewSession) { n.RenewURL = n.ReturnURL }},
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
		{"metadata", "", func(n *checkout.NewSession) {
			n.Metadata = map[string]string{"order.id-1_A": "订单 👩\u200d👩", "empty": "", "longest": long(500)}
		}},
		{"metadata-key-with-space", "metadata.a b", func(n *checkout.NewSession) { n.Metadata = map[string]string{"a b": ""} }},
		{"metadata-key-too-long", "metadata." + strings.Repeat("k", 41), func(n *checkout.NewSession) { n.Metadata = map[string]string{strings.Repeat("k", 41): ""} }},
		{"metadata-value-too-long", "metadata.a", func(n *checkout.NewSession) { n.Metadata = map[string]string{"a": long(501)} }},
		{"metadata-value-with-control", "metadata.a", func(n *checkout.NewSession) { n.Metadata = map[string]string{"a": "b\x00"} }},
		{"metadata-most-keys", "", func(n *checkout.NewSession) { n.Metadata = keys(20) }},
		{"metadata-too-many-keys", "metadata", func(n *checkout.NewSession) { n.Metadata = keys(21) }},
		{"item-quantity-negative", "items[0].quantity", func(n *checkout.NewSession) { n.Items = []pay.Item{{Quantity: -1}} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := fx.Order(fen)
			c.change(&n)
			l, token, err := fx.Service().Create(t.Context(), harness.Merchant, n)
			if c.field != "" {
				checkCode(t, err, pay.CodeInvalid, c.field, "a broken request")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := fx.ledger(l.Session.ID).Session; !maps.Equal(got.Metadata, n.Metadata) || got.Status != pay.SessionOpen || got.TokenHash != checkout.HashToken(token) || got.Amount != n.Amount {
				t.Errorf("stored %+v", got)
			}
		})
	}
}

// keys returns metadata of so many keys.
func keys(n int) map[string]string {
	m := map[string]string{}
	for i := range n {
		m[fmt.Sprint("key-", i)] = "value"
	}
	return m
}

// TestAllMistakesAtOnce: what is wrong with a request is told in one answer, each field
// once.
func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	n := fx.Order(fen)
	n.Reference, n.Description, n.ReturnURL, n.RenewURL = "", " ", "", "https://evil.example/"
	n.Amount, n.Items = pay.Money{}, []pay.Item{{Quantity: -1}}
	n.Metadata = map[string]string{"b": "\x00", "a!": ""}
	_, _, err := fx.Service().Create(t.Context(), harness.Merchant, n)
	checkCode(t, err, pay.CodeInvalid, "merchant_reference", "the first")
	all, _ := errors.AsType[checkout.Mistakes](err)
	var got []string
	for _, e := range all {
		got = append(got, e.Field)
	}
	want := []string{
		"merchant_reference", "description", "return_url", "amount.value", "metadata.a!", "metadata.b", "items[0].quantity", "amount.currency", "renew_url",
	}
	if !slices.Equal(got, want) {
		t.Errorf("fields at fault are %q, want %q", got, want)
	}
}

func TestCreateForUnknownMerchant(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	_, _, err := fx.Service().Create(t.Context(), "nobody", fx.Order(fen))
	fx.code(err, pay.CodeNotFound, "", "an unknown merchant")
}

// A token opens its session for a day after its end, and only its own.
func TestToken(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	l, token, err := fx.Open(t.Context(), fen)
	fx.must(err)
	_, other, err := fx.Open(t.Context(), fen)
	fx.must(err)
	if got, err := fx.Service().ByToken(t.Context(), token); err != nil || got.Session.ID != l.Session.ID {
		t.Errorf("by its token: %v, %v", got, err)
	}
	if got, err := fx.Service().ByToken(t.Context(), other); err != nil || got.Session.ID == l.Session.ID {
		t.Errorf("by another token: %v, %v", got, err)
	}
	_, err = fx.Service().ByToken(t.Context(), token+"x")
	fx.code(err, pay.CodeNotFound, "", "a made-up token")
	fx.Advance(30*time.Minute + 24*time.Hour - time.Minute)
	if _, err := fx.Service().ByToken(t.Context(), token); err != nil {
		t.Errorf("within a day of its end: %v", err)
	}
	fx.Advance(2 * time.Minute)
	_, err = fx.Service().ByToken(t.Context(), token)
	fx.code(err, pay.CodeNotFound, "", "more than a day after its end")
}

func TestSessionOfAnotherMerchant(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	fx.pay(fx.choose(id, "wechat_pay", pay.RailQR))
	fx.awaitStatus(id, pay.SessionPaid)
	_, err := fx.Service().Ledger(t.Context(), "demo", id)
	fx.code(err, pay.CodeNotFound, "", "reading")
	_, err = fx.Service().Cancel(t.Context(), "demo", id)
	fx.code(err, pay.CodeNotFound, "", "canceling")
	_, _, err = fx.Service().Refund(t.Context(), "demo", id, checkout.NewRefund{})
	fx.code(err, pay.CodeNotFound, "", "refunding")
	if l := fx.ledger(id); len(l.Refunds) != 0 {
		t.Errorf("refunds %+v", l.Refunds)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	cancel := func(id string) error {
		_, err := fx.Service().Cancel(t.Context(), harness.Merchant, id)
		return err
	}
	id := fx.open()
	a := fx.choose(id, "wechat_pay", pay.RailQR)
	fx.must(cancel(id))
	fx.must(cancel(id)) // twice is fine
	if n := fx.count(id, pay.EventSessionCanceled); n != 1 {
		t.Errorf("%d events", n)
	}
	_, err := fx.Choose(t.Context(), id, "wechat_pay", pay.RailQR)
	fx.code(err, pay.CodeSessionNotOpen, "", "an attempt on a canceled session")
	fx.later(pay.CloseDelay + time.Second)
	if l := fx.ledger(id); l.Attempts[0].State != pay.AttemptClosed {
		t.Errorf("the attempt is %s", l.Attempts[0].State)
	}
	if got := fx.order(a.OutTradeNo).State; got != "closed" {
		t.Errorf("at the provider it is %s", got)
	}

	paid := fx.open()
	fx.pay(fx.choose(paid, "wechat_pay", pay.RailQR))
	fx.awaitStatus(paid, pay.SessionPaid)
	fx.code(cancel(paid), pay.CodeConflict, "", "canceling what is paid")

	expired := fx.open()
	fx.Advance(31 * time.Minute)
	fx.code(cancel(expired), pay.CodeConflict, "", "canceling what has expired")
}
