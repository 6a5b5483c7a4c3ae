package providersim

import "testing"

// FuzzPrepayBody: no body makes the decoder panic, and one that is taken is
// taken again in its canonical form, which stays the same.
func FuzzPrepayBody(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", `{"amount":{"total":1e400}}`, `{"detail":{"goods_detail":[[{}]]}}`, `{"limit_pay":[null]}`, `{"a":{"a":{"a":[]}}}`,
		`{"appid":"wx1","mchid":"1900000001","description":"<茶>","out_trade_no":"number-1","notify_url":"https://pay.example/n","amount":{"total":1}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, product := range everyProduct {
			v, canonical, err := prepaySchema.decode(body, product)
			if err != nil {
				asProblem(err)
				continue
			}
			if v.integer("amount.total") < 1 || v.text("out_trade_no") == "" {
				t.Fatalf("%q was taken with %v", body, v)
			}
			if _, again, err := prepaySchema.decode([]byte(canonical), product); err != nil || again != canonical {
				t.Fatalf("%q became %q: %v", canonical, again, err)
			}
		}
	})
}
