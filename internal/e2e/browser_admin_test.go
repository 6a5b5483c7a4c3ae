package e2e_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/pay"
)

// adminPages signs in on a narrow screen and goes through every page of the operators' by
// keyboard, in both languages. Whatever the pages' policy forbids would be a complaint of
// the browser's.
func adminPages(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{Merchant: "bench"})
	s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", s.Form(t, open, "wechat_pay", pay.RailQR).Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Desktop))
	tab := show(t, browser, demotest.Desktop, emulation.SetDeviceMetricsOverride(360, 740, 1, false))
	tab.Allow("401")
	tab.Go(s.Admin + "/admin/sessions?merchant=bench")
	byKeyboard(t, tab, "/admin/sign-in")
	tab.Run(chromedp.SendKeys(`[name="name"]`, "Ann", chromedp.ByQuery), chromedp.SendKeys(`[name="key"]`, s.AdminSecret, chromedp.ByQuery), chromedp.Submit(`[name="key"]`, chromedp.ByQuery))
	tab.Wait(`location.pathname === "/admin/sessions" && document.querySelector("nav")`)
	for _, lang := range []string{"zh-CN", "en"} {
		tab.Tap(`[name="lang"][value="` + lang + `"]`)
		tab.Wait(`document.documentElement.lang === "` + lang + `"`)
		for _, path := range []string{
			"/admin/", "/admin/sessions?merchant=bench", "/admin/sessions/" + open.ID, "/admin/quarantine", "/admin/refunds",
			"/admin/merchants", "/admin/merchants/bench", "/admin/merchants/bench/versions/1", "/admin/webhooks", "/admin/webhooks/bench",
		} {
			tab.Go(s.Admin + path)
			byKeyboard(t, tab, path)
		}
	}
}
