package httpd_test

import (
	"net/http"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
	"morepay/internal/pay"
)

// TestThemeOfTheShopsPage: words in the address change the look and go along with
// every form; what is no word of ours changes nothing.
func TestThemeOfTheShopsPage(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	open := s.Open(t, demotest.Order{Merchant: "bench"})
	page := s.Get(t, open.URL+"?theme=dark.plain.violet").Body
	for _, want := range []string{`data-mode="dark"`, `data-preset="plain"`, `data-accent="violet"`, `value="theme=dark.plain.violet"`} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if page := s.Get(t, open.URL+"?theme=url(x).expression").Body; strings.Contains(page, `data-mode="`) || strings.Contains(page, `data-preset="`) {
		t.Error("other words had an effect")
	}
}

// A tester's page is drawn for the device that its address names, which its forms hand on
// and the decision about an attempt follows; what is no device is named.
func TestForcedDevice(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	open := s.Open(t, demotest.Order{Merchant: "bench"})
	address := open.URL + "?device=wechat-iphone"
	page := s.Do(t, browse(t, address)).Body
	for _, want := range []string{`data-rail="jsapi"`, `value="device=wechat-iphone"`} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(page, `data-rail="qr"`) {
		t.Error("WeChat's page has a code for another device")
	}
	form := s.Form(t, open, "wechat_pay", pay.RailJSAPI)
	form.Set("words", "device=wechat-iphone")
	form.Set("hints", `{"alipay_bridge":true}`)
	a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", form.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Desktop, "Sec-Fetch-Site", "same-origin"))
	if a.Status != http.StatusSeeOther || !strings.Contains(a.Header.Get("Location"), "/connect/oauth2/authorize") {
		t.Errorf("an attempt on it: status %d to %s", a.Status, a.Header.Get("Location"))
	}
	for _, path := range []string{"/pay/" + open.Token, "/offer"} {
		a := s.Get(t, s.Origin+path+"?merchant=bench&amount=5980&currency=CNY&device=walkie-talkie", "Accept", "application/json")
		if code, field := a.Problem(t); code != pay.CodeInvalid || field != "device" || !strings.Contains(a.Body, "wechat-iphone") {
			t.Errorf("%s: %s", path, a.Body)
		}
	}
}

// TestColourOfTheMerchant: a colour of the document's own gets through the policy.
func TestColourOfTheMerchant(t *testing.T) {
	t.Parallel()
	needs.Chromium(t)
	s := demotest.Start(t)
	open := s.Open(t, demotest.Order{Merchant: "soletrader"})
	tab := browsertest.Start(t).Open(t)
	tab.Go(open.URL)
	if got := tab.Text(`getComputedStyle(document.documentElement).getPropertyValue("--h").trim()`); got != "156" {
		t.Errorf("the hue is %q, want that of #0a7d4f, 156", got)
	}
}
