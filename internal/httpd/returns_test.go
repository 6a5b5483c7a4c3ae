package httpd_test

import (
	"crypto/rand"
	"encoding/json"
	"html"
	"net/http"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
)

// The way back to the shop is as the shop wrote it, in JSON and on the page.
func TestReturnURLIsTheMerchants(t *testing.T) {
	t.Parallel()
	s := start(t)
	for before, fragment := range map[string]string{
		"/demo/thanks?next=1;2&x=1":            "",
		"/demo/a%2Fb?to=%2Fc&d=e+f%20g&h=&h=j": "",
		"/demo/?half=100%&quote=\"'<i>":        "",
		"/demo/?shop=1":                        "#/order?x=1",
	} {
		body := s.JSON(t, demotest.Order{}, map[string]any{"return_url": s.Origin + before + fragment})
		a := s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+"/v1/sessions", body,
			"Authorization", "Bearer "+s.Shop(t, "bench").Key, "Content-Type", demotest.TypeJSON, "Idempotency-Key", rand.Text()))
		if a.Status != http.StatusCreated {
			t.Errorf("%s: %d %s", before+fragment, a.Status, a.Body)
			continue
		}
		var open demotest.Session
		a.Decode(t, &open)
		want := s.Origin + before + "&morepay_session=" + open.ID + fragment
		var progress struct {
			To string `json:"continue_url"`
		}
		said := s.Get(t, open.URL, "Accept", demotest.TypeJSON)
		if err := json.Unmarshal([]byte(said.Body), &progress); err != nil || progress.To != want {
			t.Errorf("the page leads on to %s (%v), want %s", progress.To, err, want)
		}
		page := s.Get(t, open.URL, "Accept", "text/html", "User-Agent", demotest.Desktop)
		if !strings.Contains(html.UnescapeString(page.Body), `href="`+want+`"`) {
			t.Errorf("no link of the page leads to %s", want)
		}
	}
}
