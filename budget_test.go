package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/pay"
)

// maxPage is what the page may weigh, in bytes with brotli: with its headers it
// fits into the first window of a new connection.
const maxPage = 8 << 10

var (
	loaded   = regexp.MustCompile(`<(?:script|link|img|iframe)\b[^>]*>`)
	harmless = regexp.MustCompile(`^<script (?:defer|type="application/json") |^<link rel="icon" href="data:,">$`)
)

// TestPageIsOneSmallRequest: the list, and the page with a code, can be used
// after one answer. What else they name is a script that waits.
func TestPageIsOneSmallRequest(t *testing.T) {
	s := perform(t)
	created := s.open(t, order{Merchant: "bench"})
	list := created.URL
	form := s.form(t, created, "wechat_pay", pay.RailQR)
	if a := s.do(t, request(t, http.MethodPost, created.URL+"/attempts", form.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", desktop)); a.status != http.StatusSeeOther {
		t.Fatalf("attempt: %d %s", a.status, a.body)
	}
	for name, url := range map[string]string{"list": list + "?choose=1", "code": list} {
		t.Run(name, func(t *testing.T) {
			packed := s.get(t, url, "User-Agent", desktop, "Accept-Encoding", "br", "Accept-Language", "zh-CN")
			if packed.header.Get("Content-Encoding") != "br" || len(packed.body) > maxPage {
				t.Errorf("%d bytes as %q, at most %d with brotli are allowed", len(packed.body), packed.header.Get("Content-Encoding"), maxPage)
			}
			t.Logf("%d bytes with brotli", len(packed.body))
			page := s.get(t, url, "User-Agent", desktop).body
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
