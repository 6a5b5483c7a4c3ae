package e2e_test

import (
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/webdriver"
)

// The other engines too tell at once that a frame stays empty, whatever they put into it.
func TestEmbedFailsInEngines(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	open := s.Open(t, demotest.Order{})
	other := strings.Replace(s.URL, "localhost", "127.0.0.1", 1)
	for _, engine := range []webdriver.Engine{webdriver.Firefox, webdriver.WebKit} {
		for _, test := range []struct{ code, token, page string }{
			{"session_unknown", strings.Repeat("x", 32), s.URL},
			{"origin_not_registered", open.Token, other},
		} {
			t.Run(engine.Name+"/"+test.code, func(t *testing.T) {
				s.body(s.element(test.token, ""))
				tab := engine.Open(t, webdriver.Options{})
				tab.Allow("frame-ancestors")
				tab.Allow("Content-Security-Policy")
				tab.Go(test.page)
				tab.Wait(`window.heard && heard.length >= 2`)
				var list []heard
				tab.Eval(`heard`, &list)
				if list[0].Type != "loaderror" || list[0].Detail["code"] != test.code {
					t.Errorf("the shop hears %s", pretty(list))
				}
				if got := tab.Text(`document.querySelector("more-payment-methods").shadowRoot.querySelector("a").offsetHeight > 0`); got != "true" {
					t.Error("there is no link")
				}
			})
		}
	}
}
