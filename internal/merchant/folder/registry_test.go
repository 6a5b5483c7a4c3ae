package folder_test

import (
	"strings"
	"testing"

	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
)

func registry(t *testing.T) *folder.Registry {
	t.Helper()
	r, err := folder.NewRegistry([]folder.Merchant{{ID: "shop", Settings: folder.Settings{
		Origins:    []string{"https://shop.example"},
		ReturnURLs: []string{"https://shop.example/orders/", "https://m.shop.example/"},
		APIKeys:    []folder.APIKey{{ID: "a", SHA256: folder.HashKey("sk_live_1")}},
	}}}, true)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReturnURL(t *testing.T) {
	t.Parallel()
	r := registry(t)
	for _, c := range []struct {
		url string
		ok  bool
	}{
		{"https://shop.example/orders/1", true},
		{"https://shop.example/orders/", true},
		{"https://shop.example/orders/1?a=b", true},
		{"https://m.shop.example/", true},
		{"https://m.shop.example", true},
		{"https://shop.example/orders/x/../1", false},
		{"https://shop.example/orders", false},
		{"https://shop.example/orders/../admin", false},
		{"https://shop.example/orders/%2e%2e/admin", false},
		{"https://shop.example/", false},
		{"http://shop.example/orders/1", false},
		{"https://shop.example.evil/orders/1", false},
		{"https://evil@shop.example/orders/1", false},
		{"https://shop.example:444/orders/1", false},
		{`https://shop.example\@evil/orders/1`, false},
		{"https://shop.example/orders/1\r\nSet-Cookie:a", false},
		{"//shop.example/orders/1", false},
		{"javascript:alert(1)", false},
		{"https://shop.example/orders/1#x", true},
		{"https://m.shop.example/#/order/1?x=100%&y=#", true},
		{"https://m.shop.example#/order/1", true},
		{"https://shop.example/orders/1?next=1;2&x=%zz", true},
		{"HTTPS://shop.example/orders/1", true},
		{"https://shop.example/#/../orders/", false},
		{"https://evil.example/#https://shop.example/orders/", false},
		{"https://shop.example/orders/1#a b", false},
		{`https://shop.example/orders/1#\`, false},
		{"", false},
	} {
		err := r.ReturnURL("shop", c.url)
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.url, err)
		}
		if err != nil && (pay.CodeOf(err) != pay.CodeInvalid || !strings.Contains(err.Error(), "return_url")) {
			t.Errorf("%q: the error names no field: %v", c.url, err)
		}
	}
	if r.ReturnURL("stranger", "https://shop.example/orders/1") == nil {
		t.Error("a merchant without settings may send payers somewhere")
	}
}

func TestByKey(t *testing.T) {
	t.Parallel()
	r := registry(t)
	if id, k, ok := r.ByKey("sk_live_1"); !ok || id != "shop" || k.ID != "a" {
		t.Errorf("the key is %q of %q, %v", k.ID, id, ok)
	}
	for _, key := range []string{"", "sk_live_2", folder.HashKey("sk_live_1")} {
		if _, _, ok := r.ByKey(key); ok {
			t.Errorf("%q was let in", key)
		}
	}
}
