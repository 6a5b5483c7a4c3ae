package demo_test

import (
	"net/http"
	"testing"

	"morepay/internal/demo/demotest"
)

// TestForeignHosts: a page of the web whose name leads to this machine reaches
// nothing that needs no key; the providers' own names reach their APIs.
func TestForeignHosts(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	admin := "http://" + s.AdminListen
	for _, c := range []struct {
		url, host string
		refused   bool
	}{
		{s.SimURL + "/control/codes", "evil.example", true},
		{s.SimURL + "/phone", "evil.example", true},
		{s.SimURL + "/control/codes", "localhost:8081", false},
		{s.SimURL + "/v3/pay/transactions/id/1", "api.mch.weixin.qq.com", false},
		{admin + "/metrics", "evil.example", true},
		{admin + "/metrics", "", false},
		{s.Origin + "/demo/", "evil.example", true},
		{s.Origin + "/demo/", "", false},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = c.host
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if got := answer.StatusCode == http.StatusMisdirectedRequest; got != c.refused {
			t.Errorf("%s as %q: %d", c.url, c.host, answer.StatusCode)
		}
	}
}
