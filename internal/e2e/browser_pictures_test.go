package e2e_test

import (
	"encoding/json"
	"slices"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
)

// A page asks for the pictures that its merchant gave, once each, and for no others: for
// none, for a logo, for an icon a method.
func pictures(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for merchant, want := range map[string][]string{
		"bench": {},
		"demo":  {"/merchants/demo/icons/sign"},
		"icons": {
			"/merchants/icons/icons/alipay", "/merchants/icons/icons/jd_pay",
			"/merchants/icons/icons/unionpay", "/merchants/icons/icons/wechat_pay",
		},
	} {
		t.Run(merchant, func(t *testing.T) {
			tab := show(t, browser, demotest.Desktop)
			tab.Go(s.Open(t, demotest.Order{Merchant: merchant}).URL)
			tab.Wait(ready)
			tab.Eval(`Promise.all([...document.images].map((i) => i.decode()))`, nil) // fails for what is no picture
			var fetched []string
			list := tab.Text(`JSON.stringify(performance.getEntriesByType("resource").filter((r) => r.initiatorType === "img").map((r) => new URL(r.name).pathname).sort())`)
			if err := json.Unmarshal([]byte(list), &fetched); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(fetched, want) {
				t.Errorf("it asks for %v, want %v", fetched, want)
			}
		})
	}
}
