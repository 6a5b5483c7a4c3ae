package httpd_test

import (
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
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
