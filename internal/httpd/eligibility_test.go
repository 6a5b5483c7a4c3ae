package httpd_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

type eligibleBody struct {
	Version int64
	Methods []struct {
		Method  pay.Method
		Offered bool
		Rails   []pay.Rail
		Reasons []struct{ Code string }
	}
}

func (b eligibleBody) of(t *testing.T, m pay.Method) (offered bool, rails []pay.Rail, reasons []string) {
	t.Helper()
	for _, e := range b.Methods {
		if e.Method != m {
			continue
		}
		for _, r := range e.Reasons {
			reasons = append(reasons, r.Code)
		}
		return e.Offered, e.Rails, reasons
	}
	t.Fatalf("nothing is said of %s", m)
	return false, nil, nil
}

// A shop's page asks without a key what an order could be paid with, and why not.
func TestEligibility(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, test := range []struct {
		name, merchant, query, agent string
		method                       pay.Method
		rails                        []pay.Rail
		reasons                      []string
	}{
		{"desktop", "bench", "amount=5980", demotest.Desktop, "wechat_pay", []pay.Rail{pay.RailQR, pay.RailPageQR}, nil},
		{"phone", "bench", "amount=5980&currency=CNY&items=" + url.QueryEscape(`[{"sku":"mug"}]`), demotest.Android, "wechat_pay", []pay.Rail{pay.RailDeepLink, pay.RailPageQR}, nil},
		{"currency", "bench", "amount=5980&currency=USD", demotest.Desktop, "wechat_pay", []pay.Rail{}, []string{"currency_unsupported"}},
		{"rollout", "rollout40", "amount=5980", demotest.Desktop, "wechat_pay", []pay.Rail{}, []string{"not_in_rollout"}},
		{"goods", "excluded", "amount=5980&items=" + url.QueryEscape(`[{"category":"gold"}]`), demotest.Desktop, "wechat_pay", []pay.Rail{}, []string{"product_excluded"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := s.Get(t, s.Origin+"/v1/merchants/"+test.merchant+"/eligibility?"+test.query, "User-Agent", test.agent, "Origin", "https://any.example")
			if a.Status != http.StatusOK || a.Header.Get("Access-Control-Allow-Origin") != "*" || a.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Fatalf("status %d, headers %v: %s", a.Status, a.Header, a.Body)
			}
			var b eligibleBody
			a.Decode(t, &b)
			offered, rails, reasons := b.of(t, test.method)
			if offered != (test.reasons == nil) || !slices.Equal(rails, test.rails) || !slices.Equal(reasons, test.reasons) {
				t.Errorf("%s is offered %t, by %v, not because of %v; want %v, %v", test.method, offered, rails, reasons, test.rails, test.reasons)
			}
			if b.Version < 1 {
				t.Errorf("version %d", b.Version)
			}
		})
	}
	for name, test := range map[string]struct {
		path   string
		status int
		field  string
	}{
		"no-amount":      {"bench/eligibility", http.StatusBadRequest, "amount"},
		"amount-of-yuan": {"bench/eligibility?amount=59.80", http.StatusBadRequest, "amount"},
		"currency":       {"bench/eligibility?amount=1&currency=yuan", http.StatusBadRequest, "currency"},
		"payer":          {"bench/eligibility?amount=1&payer_id=p1", http.StatusBadRequest, "payer_id"},
		"twice":          {"bench/eligibility?amount=1&amount=2", http.StatusBadRequest, "amount"},
		"items":          {"bench/eligibility?amount=1&items=" + url.QueryEscape(`[{"skew":"mug"}]`), http.StatusBadRequest, "items[0].skew"},
		"items-no-list":  {"bench/eligibility?amount=1&items=mug", http.StatusBadRequest, "items"},
		"merchant":       {"nobody/eligibility?amount=1", http.StatusNotFound, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Get(t, s.Origin+"/v1/merchants/"+test.path)
			if _, field := a.Problem(t); a.Status != test.status || field != test.field || a.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("status %d, field %q: %s", a.Status, field, a.Body)
			}
		})
	}
}

// Questions have a rate of their own, and don't use up that of pages.
func TestEligibilityIsLimited(t *testing.T) {
	t.Parallel()
	s := start(t, behindProxy)
	ask := func() *http.Request {
		return demotest.Request(t, http.MethodGet, s.Origin+"/v1/merchants/bench/eligibility?amount=1", "", from, "203.0.113.7")
	}
	s.allowance(t, 300, time.Minute, ask)
	open := s.Open(t, demotest.Order{})
	if a := s.Get(t, open.URL, from, "203.0.113.7"); a.Status != http.StatusOK {
		t.Errorf("the page has status %d", a.Status)
	}
}
