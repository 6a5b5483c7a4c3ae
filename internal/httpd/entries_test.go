package httpd_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/device"
	"morepay/internal/pay"
)

// Where the app around the page blocks the only wallet, the page leads out of it by
// its own code and link; the wallet itself stays refused there.
func TestBlockedWalletHasAWayOut(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, c := range map[string]struct {
		method pay.Method
		device device.Profile
		rail   pay.Rail // that the wallet would take elsewhere
	}{
		"alipay-in-wechat":   {"alipay", "wechat-iphone", pay.RailDeepLink},
		"unionpay-in-wechat": {"unionpay", "wechat-android", pay.RailRedirect},
		"wechat-in-alipay":   {"wechat_pay", "alipay-android", pay.RailDeepLink},
		"alipay-in-jd":       {"alipay", "jd-iphone", pay.RailDeepLink},
		"wechat-in-unionpay": {"wechat_pay", "unionpay-iphone", pay.RailDeepLink},
		"alipay-in-unionpay": {"alipay", "unionpay-android", pay.RailDeepLink},
	} {
		t.Run(name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{})
			sample, _ := device.SampleOf(c.device)
			agent := sample.UserAgent
			page := s.Get(t, open.URL+"?allow="+string(c.method), "Accept", "text/html", "User-Agent", agent)
			for _, part := range []string{`data-rail="page_qr"`, `value="` + open.URL + `"`, "data-copy"} {
				if !strings.Contains(page.Body, part) {
					t.Errorf("the page does not have %s: %s", part, page.Body)
				}
			}
			post := func(r pay.Rail) demotest.Answer {
				form := s.Form(t, open, c.method, r)
				form.Set("words", "allow="+string(c.method))
				return s.Do(t, s.post(t, open, "/attempts", "", form, "User-Agent", agent))
			}
			if a := post(c.rail); a.Status != http.StatusUnprocessableEntity {
				t.Errorf("the wallet: status %d", a.Status)
			}
			a := post(pay.RailPageQR)
			out := s.Get(t, s.Origin+a.Header.Get("Location"), "Accept", "text/html", "User-Agent", agent)
			if a.Status != http.StatusSeeOther || !strings.Contains(out.Body, `data-qr="page_qr"`) || !strings.Contains(out.Body, `value="`+open.URL+`"`) {
				t.Errorf("status %d to %q: %s", a.Status, a.Header.Get("Location"), out.Body)
			}
		})
	}
}

// TestStrays: browsers that load a posted page again ask for its form's address or
// post to the page's. That leads to the page and begins nothing.
func TestStrays(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	form := s.Form(t, open, "wechat_pay", pay.RailQR).Encode()
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		to                 string
	}{
		"post-to-page":         {http.MethodPost, "/pay/" + open.Token, form, http.StatusSeeOther, "/pay/" + open.Token},
		"post-to-list":         {http.MethodPost, "/pay/" + open.Token + "?choose=1&lang=en", form, http.StatusSeeOther, "/pay/" + open.Token + "?choose=1&lang=en"},
		"get-attempts":         {http.MethodGet, "/pay/" + open.Token + "/attempts", "", http.StatusSeeOther, "/pay/" + open.Token},
		"get-attempts-of-page": {http.MethodGet, "/pay/" + open.Token + "/attempts?page=1", "", http.StatusSeeOther, "/pay/" + open.Token},
		"head-attempts":        {http.MethodHead, "/pay/" + open.Token + "/attempts", "", http.StatusSeeOther, "/pay/" + open.Token},
		"post-to-unknown":      {http.MethodPost, "/pay/unknown", form, http.StatusNotFound, ""},
		"get-of-unknown":       {http.MethodGet, "/pay/unknown/attempts", "", http.StatusNotFound, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Do(t, demotest.Request(t, test.method, s.Origin+test.path, test.body,
				"Accept", "text/html", "User-Agent", demotest.Desktop, "Content-Type", "application/x-www-form-urlencoded"))
			if a.Status != test.status || a.Header.Get("Location") != test.to {
				t.Errorf("status %d to %q, want %d to %q", a.Status, a.Header.Get("Location"), test.status, test.to)
			}
		})
	}
	if now := s.Look(t, open); len(now.Attempts) != 0 {
		t.Errorf("%d attempts were begun", len(now.Attempts))
	}
}

// TestPageInAnswer: a form that asks for the page in answer gets it where a redirect
// would lead to it, and where it is to be loaded again. Wallets are handed over to as
// ever, and so is who asks for JSON.
func TestPageInAnswer(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, test := range map[string]struct {
		method        pay.Method
		rail          pay.Rail
		agent, accept string
		status        int
		part          string // of the page
	}{
		"code":         {"wechat_pay", pay.RailQR, demotest.Desktop, "text/html", http.StatusOK, `data-qr="qr"`},
		"other-device": {"wechat_pay", pay.RailPageQR, demotest.Android, "text/html", http.StatusOK, `data-qr="page_qr"`},
		"wallet":       {"wechat_pay", pay.RailDeepLink, demotest.Android, "text/html", http.StatusSeeOther, ""},
		"redirect":     {"jd_pay", pay.RailRedirect, demotest.Desktop, "text/html", http.StatusSeeOther, ""},
		"json":         {"wechat_pay", pay.RailQR, demotest.Desktop, "application/json", http.StatusOK, `"state":"waiting"`},
		"refused":      {"wechat_pay", pay.RailJSAPI, demotest.Desktop, "text/html", http.StatusUnprocessableEntity, `data-error="method_unavailable"`},
	} {
		t.Run(name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{})
			form := s.Form(t, open, test.method, test.rail)
			form.Set("parent", s.Other)
			a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts?page=1", form.Encode(),
				"Accept", test.accept, "User-Agent", test.agent, "Content-Type", "application/x-www-form-urlencoded"))
			if a.Status != test.status || !strings.Contains(a.Body, test.part) {
				t.Fatalf("status %d, want %d and %s: %s", a.Status, test.status, test.part, a.Body)
			}
			if test.accept != "text/html" || test.status == http.StatusSeeOther {
				return
			}
			around := "parent=" + url.QueryEscape(s.Other)
			address := "/pay/" + open.Token + "?locale=zh-CN&amp;" + around
			if test.rail == pay.RailPageQR {
				address = "/pay/" + open.Token + "?locale=zh-CN&amp;method=wechat_pay&amp;" + around + "&amp;rail=page_qr"
			}
			for _, part := range []string{` data-address="` + address + `"`, ` data-list="/pay/` + open.Token + "?choose=1&amp;locale=zh-CN&amp;" + around + `"`} {
				if !strings.Contains(a.Body, part) {
					t.Errorf("the page does not have %s: %s", part, a.Body)
				}
			}
		})
	}
	open := s.Open(t, demotest.Order{})
	if page := s.Get(t, open.URL, "Accept", "text/html"); strings.Contains(page.Body, "data-address=") {
		t.Error("a page that answers no form sets its address")
	}
}
