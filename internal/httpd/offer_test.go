package httpd_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

// The list of an order that nobody has made: that merchant's pages may frame it, and
// nothing can be sent from it.
func TestOffer(t *testing.T) {
	t.Parallel()
	s := start(t)
	items := url.QueryEscape(`[{"category":"gold"}]`)
	many := url.QueryEscape("[" + strings.Repeat(`{"sku":"a mug","name":"Enamel mug"},`, 40) + "{}]")
	for _, test := range []struct{ name, query, has, lacks string }{
		{"list", "merchant=bench&amount=5980&lang=en", "59.80", `data-reason`},
		{"words", "merchant=bench&amount=5980&remove=alipay&order=jd_pay", `data-method="jd_pay"`, `data-method="alipay"`},
		{"goods", "merchant=excluded&amount=5980&items=" + items, `data-method="alipay"`, `data-method="wechat_pay"`},
		{"rollout", "merchant=rollout40&amount=5980", `data-method="alipay"`, `data-method="wechat_pay"`},
		{"handed-on", "choose=1&words=" + url.QueryEscape("amount=5980&merchant=excluded&items="+items), `data-method="alipay"`, `data-method="wechat_pay"`},
		{"much-is-handed-on", "choose=1&words=" + url.QueryEscape("amount=5980&merchant=bench&remove=alipay&items="+many), `data-method="jd_pay"`, `data-method="alipay"`},
		{"panel", "merchant=bench&amount=5980&open=alipay&parent=" + url.QueryEscape(s.Origin), `data-parent="` + s.Origin + `"`, `data-method="wechat_pay"`},
		{"foreign-page", "merchant=bench&amount=5980&parent=https://other.example", `data-parent=""`, `other.example`},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := s.Get(t, s.Origin+"/offer?"+test.query, "Accept", "text/html", "User-Agent", demotest.Desktop)
			if a.Status != http.StatusOK || !strings.Contains(a.Body, test.has) || strings.Contains(a.Body, test.lacks) {
				t.Fatalf("status %d, %q there: %t, %q there: %t", a.Status, test.has, strings.Contains(a.Body, test.has), test.lacks, strings.Contains(a.Body, test.lacks))
			}
			for _, part := range []string{"form-action 'none';", "frame-ancestors " + strings.Join(s.Shop(t, "bench").Settings.Origins, " ") + ";"} {
				if p := a.Header.Get("Content-Security-Policy"); !strings.Contains(p, part) {
					t.Errorf("the policy lacks %q: %s", part, p)
				}
			}
			for _, part := range []string{`id="view"`, `role="timer"`, `boot.js`, `listen.js`} {
				if strings.Contains(a.Body, part) {
					t.Errorf("the page has %s", part)
				}
			}
		})
	}
	for name, test := range map[string]struct {
		query  string
		status int
	}{
		"no-amount": {"merchant=bench", http.StatusBadRequest},
		"items":     {"merchant=bench&amount=1&items=mug", http.StatusBadRequest},
		"nobody":    {"merchant=nobody&amount=1", http.StatusNotFound},
		"nothing":   {"", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			if a := s.Get(t, s.Origin+"/offer?"+test.query, "Accept", "text/html"); a.Status != test.status || !strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
				t.Errorf("status %d, policy %s", a.Status, a.Header.Get("Content-Security-Policy"))
			}
		})
	}
}

// A form hands on what the shop's own app says of itself, so that what its page offered
// is what may be taken.
func TestHostIsHandedOn(t *testing.T) {
	t.Parallel()
	s := start(t)
	const webView = "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/134.0.6998.136 Mobile Safari/537.36"
	for words, want := range map[string]int{"": http.StatusUnprocessableEntity, "host=forwards.8.0.63": http.StatusSeeOther, "host=other": http.StatusUnprocessableEntity} {
		open := s.Open(t, demotest.Order{})
		form := s.Form(t, open, "jd_pay", pay.RailRedirect)
		form.Set("words", words)
		a := s.Do(t, s.post(t, open, "/attempts", "203.0.113.5", form, "User-Agent", webView))
		if a.Status != want {
			t.Errorf("with %q: status %d, want %d", words, a.Status, want)
		}
	}
}
