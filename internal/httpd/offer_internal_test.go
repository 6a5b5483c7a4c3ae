package httpd

import (
	"net/url"
	"testing"

	"morepay/internal/pay"
)

// FuzzReadOffer: whatever a query holds, what is taken from it is an order within the
// bounds of a session, or an invalid_request that names a parameter.
func FuzzReadOffer(f *testing.F) {
	for _, q := range []string{
		"", "amount=5980", "amount=5980&currency=USD&items=[]", `amount=1&items=[{"sku":"a","category":"b","name":"c","quantity":2}]`,
		`amount=1&items=[],"amount":2`, "amount=-1", "amount=9999999999999999999", "amount=1&currency=cny", `amount=1&items=[{"x":1}]`, "amount=1&items=null",
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Skip()
		}
		o, err := readOffer(q)
		if err == nil {
			if o.Amount.Value < 1 || len(o.Amount.Currency) != 3 || len(o.Items) > 100 {
				t.Errorf("%q is read as %+v", query, o)
			}
			return
		}
		if e, ok := err.(*pay.Error); !ok || e.Code != pay.CodeInvalid || e.Field == "" {
			t.Errorf("%q fails with %v", query, err)
		}
	})
}
