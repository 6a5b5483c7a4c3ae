package providersim_test

import (
	"net/http"
	"testing"
)

func FuzzGateway(f *testing.F) {
	f.Add("app_id=2021000000000001&method=alipay.trade.query&charset=utf-8&sign_type=RSA2&sign=AA&timestamp=2026-01-01+00:00:00&version=1.0")
	f.Add("%zz")
	f.Add("method=alipay.trade.wap.pay&a=1&a=2")
	sim := quietSim(f)
	f.Fuzz(func(t *testing.T, form string) {
		r := localRequest(http.MethodPost, "/gateway.do", form)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		serve(sim, r)
		if len(sim.Orders()) != 0 {
			t.Errorf("%q made an order", form)
		}
	})
}
