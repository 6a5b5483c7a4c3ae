//go:build !js

package capability_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"morepay/internal/capability"
	"morepay/internal/capability/capabilitytest"
	"morepay/internal/pay"
)

// TestAmongGoods: restrictions hold however a merchant's systems spell their goods.
func TestAmongGoods(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"prepaid-card", "prepaid-card ", true},
		{"prepaid-card", "\u3000prepaid-card\u00a0", true},
		{"ABC", "abc", true},
		{"caf\u00e9", "CAFE\u0301", true},
		{"ΟΔΟΣ", "οδος", true},
		{"abc", "abd", false},
		{"a b", "ab", false},
		{"cafe", "caf\u00e9", false},
	} {
		products := &capability.Products{Excluded: &capability.Goods{SKUs: []string{tt.a}}}
		doc := open(func(_ *capability.Document, m *capability.Method) { m.Products = products })
		order := capability.Order{Amount: yuan60, Items: []pay.Item{{SKU: tt.b}}}
		if got := !capability.Decide(doc, order, deviceOf(t, "safari-iphone"), noon).Choices[0].Offered(); got != tt.want {
			t.Errorf("%q and %q are the same: %t", tt.a, tt.b, got)
		}
		shown, items := capability.ForBrowser(doc, order.Items)
		if got := shown.Methods[0].Products.Excluded.SKUs[0] == items[0].SKU; got != tt.want {
			t.Errorf("%q and %q are the same in a browser: %t", tt.a, tt.b, got)
		}
		if products.Excluded.SKUs[0] != tt.a || order.Items[0].SKU != tt.b {
			t.Error("the server's own document and order have changed")
		}
	}
}

// TestForBrowserDecidesAlike: what a page gets leads to the same offers.
func TestForBrowserDecidesAlike(t *testing.T) {
	t.Parallel()
	forAll(t, func(t *rapid.T, _ capabilitytest.Dice, s situation) {
		page := s
		page.doc, page.order.Items = capability.ForBrowser(s.doc, s.order.Items)
		if !page.decide().Equal(s.decide()) {
			t.Error(cmp.Diff(s.decide(), page.decide()))
		}
	})
}
