package e2e_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/pay"
)

// On a desktop a wallet that the merchant's own cashier reaches is paid by the code that
// the cashier gave, and the money goes back by the API.
func scanTheCashiersCode(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for _, method := range []string{"unionpay", "jd_pay"} {
		t.Run(method, func(t *testing.T) {
			open := s.Open(t, demotest.Order{Merchant: "demo"})
			tab := show(t, browser, demotest.Desktop)
			tab.Go(open.URL + "?visible=9")
			tap(tab, `[data-method="`+method+`"] form[data-rail="qr"] button`)
			tab.Wait(has(`svg[data-qr="qr"]`))
			code := scan(t, tab)
			if !strings.HasPrefix(code, s.SimURL+"/merchantlink/demo/qr/") || !offered(t, s, code) {
				t.Fatalf("the code on the screen says %q, which no wallet takes", code)
			}
			s.Phone(t, "approve", code)
			tab.Wait(is("paid"))
			onlyAttempt(t, s, open, pay.AttemptSucceeded)

			a := s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+"/v1/sessions/"+open.ID+"/refunds", `{"amount":{"currency":"CNY","value":1000}}`,
				"Authorization", "Bearer "+open.Key, "Content-Type", demotest.TypeJSON, "Idempotency-Key", rand.Text()))
			if a.Status != http.StatusCreated {
				t.Fatalf("status %d: %s", a.Status, a.Body)
			}
			var refund struct{ Status, Failure string }
			if a.Decode(t, &refund); refund.Status == "failed" {
				t.Errorf("the refund failed: %s", refund.Failure)
			}
			if newest := s.Sim.Orders()[0]; newest.Text != code || newest.Returned != 1000 {
				t.Errorf("at the cashier it is %+v", newest)
			}
		})
	}
}
