package httpd_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// unwilling is a way to the providers on which Alipay identifies nobody.
type unwilling struct {
	next   http.RoundTripper
	status int
	body   string
}

func (u *unwilling) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if !bytes.Contains(body, []byte("alipay.system.oauth.token")) {
		return u.next.RoundTrip(r)
	}
	return &http.Response{StatusCode: u.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(u.body)), Request: r}, nil
}

// A provider that does not say who the payer is takes them no further by that rail: they
// are told, and find the list. If it says that the account may not ask, the rail is not
// offered any more; if it says nothing, it may be tried again, and payments by the
// account's other rails go on.
func TestPayerIsNotIdentified(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		code   pay.Code
		rail   pay.Rail // that is offered then
	}{
		"may-not-ask": {
			200, `{"error_response":{"code":"40006","msg":"Insufficient Permissions","sub_code":"isv.insufficient-isv-permissions"},"sign":"x"}`,
			pay.CodeProviderRefused, pay.RailDeepLink,
		},
		"says-nothing": {503, "", pay.CodeProviderDown, pay.RailJSAPI},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := &unwilling{status: c.status, body: c.body}
			s := start(t, func(config *demo.Config) { config.Transport = u })
			u.next = provider.TestTransport(s.SimURL)
			for range 12 { // more often than an account may fail before it counts as down
				open := s.Open(t, demotest.Order{Merchant: "demo"})
				if list := s.Get(t, open.URL, "Accept", "text/html", "User-Agent", demotest.Alipay); !strings.Contains(list.Body, `data-rail="jsapi"`) {
					break
				}
				a := s.Get(t, s.identifiedLink(t, open, "alipay", demotest.Alipay), "Accept", "text/html", "User-Agent", demotest.Alipay)
				for _, part := range []string{`data-error="` + string(c.code) + `"`, `data-rail="` + string(c.rail) + `"`} {
					if a.Status != http.StatusOK || !strings.Contains(a.Body, part) {
						t.Fatalf("status %d, without %s: %s", a.Status, part, a.Body)
					}
				}
				if n := len(s.Look(t, open).Attempts); n != 0 {
					t.Errorf("%d attempts", n)
				}
			}
			open := s.Open(t, demotest.Order{Merchant: "demo"})
			list := s.Get(t, open.URL, "Accept", "text/html", "User-Agent", demotest.Alipay)
			if !strings.Contains(list.Body, `data-rail="`+string(c.rail)+`"`) || strings.Contains(list.Body, "provider_unavailable") {
				t.Errorf("the list is %s", list.Body)
			}
		})
	}
}
