package e2e_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

// maxPage limits the page, in bytes with brotli: with its headers it fits into
// the first window of a new connection.
const maxPage = 8 << 10

var (
	loaded   = regexp.MustCompile(`<(?:script|link|img|iframe)\b[^>]*>`)
	harmless = regexp.MustCompile(`^<script (?:defer|type="application/json"|data-list="[^"]*")[ >]|^<link rel="icon" href="data:,">$`)
)

// TestPageIsOneSmallRequest: the list, and the page with a code, can be used
// after one answer. What else they name is a script that waits.
func TestPageIsOneSmallRequest(t *testing.T) {
	s := demotest.Start(t)
	created := s.Open(t, demotest.Order{Merchant: "bench"})
	list := created.URL
	form := s.Form(t, created, "wechat_pay", pay.RailQR)
	if a := s.Do(t, demotest.Request(t, http.MethodPost, created.URL+"/attempts", form.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Desktop)); a.Status != http.StatusSeeOther {
		t.Fatalf("attempt: %d %s", a.Status, a.Body)
	}
	for name, url := range map[string]string{"list": list + "?choose=1", "code": list} {
		t.Run(name, func(t *testing.T) {
			packed := s.Get(t, url, "User-Agent", demotest.Desktop, "Accept-Encoding", "br", "Accept-Language", "zh-CN")
			if packed.Header.Get("Content-Encoding") != "br" || len(packed.Body) > maxPage {
				t.Errorf("%d bytes as %q, at most %d with brotli are allowed", len(packed.Body), packed.Header.Get("Content-Encoding"), maxPage)
			}
			t.Logf("%d bytes with brotli", len(packed.Body))
			page := s.Get(t, url, "User-Agent", demotest.Desktop).Body
			if strings.Contains(page, "data-qr=") != (name == "code") {
				t.Error("this is another screen")
			}
			for _, tag := range loaded.FindAllString(page, -1) {
				if !harmless.MatchString(tag) {
					t.Errorf("the page waits for %s", tag)
				}
			}
		})
	}
}
