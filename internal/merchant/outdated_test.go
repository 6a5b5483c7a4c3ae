package merchant_test

import (
	"strings"
	"testing"
	"time"

	"morepay/internal/capability/document"
	"morepay/internal/merchant"
)

// What was stored when less was asked is named, with its field and what to do; a newer
// version that keeps the rules is not.
func TestOutdated(t *testing.T) {
	t.Parallel()
	_, documents := open(t)
	outdated := func(want ...string) {
		t.Helper()
		got, err := merchant.Outdated(t.Context(), documents)
		if err != nil || len(got) != len(want) {
			t.Fatalf("outdated: %q, %v, want %d", got, err, len(want))
		}
		for i, text := range want {
			if !strings.Contains(got[i], text) {
				t.Errorf("it says %q, want %q", got[i], text)
			}
		}
	}
	outdated()
	old := strings.Replace(capabilities, `"currencies": ["CNY"]`, `"currencies": ["CNY", "USD"]`, 1)
	if _, err := document.Decode([]byte(old)); err == nil {
		t.Fatal("the document is in order")
	}
	if _, err := documents.Put(t.Context(), []merchant.Change{{Merchant: "shop", JSON: []byte(old)}}, "ann", time.Now()); err != nil {
		t.Fatal(err)
	}
	outdated(`shop: version 2, in force: methods[0].currencies[1]: wechat_pay takes CNY only, is "USD" (`)
	if _, err := merchant.Apply(t.Context(), documents, docs(t, capabilities), "ann", time.Now()); err != nil {
		t.Fatal(err)
	}
	outdated()
}
