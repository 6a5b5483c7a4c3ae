package demo_test

import (
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/needs"
	"morepay/internal/pay"
)

// lan is an address of this machine that is not the one by which it calls itself, as one
// in a network is.
const lan = "127.0.0.2"

// From a network, everything that the demo leads to is at the address that the network
// knows: pages, the provider's, the way back, and who may frame and call whom.
func TestReachedFromANetwork(t *testing.T) {
	t.Parallel()
	needs.Address(t, lan)
	s := demotest.Start(t, func(c *demo.Config) { c.Listen, c.SimListen = lan+":0", lan+":0" })
	elsewhere := regexp.MustCompile(`https?://(127\.0\.0\.1|localhost)`)
	visit := func(address string, headers ...string) demotest.Answer {
		t.Helper()
		a := s.Get(t, address, append(headers, "Accept", "text/html")...)
		if found := elsewhere.FindString(a.Body + a.Header.Get("Location")); found != "" || a.Status >= http.StatusBadRequest {
			t.Errorf("%s: status %d, leads to %q", address, a.Status, found)
		}
		return a
	}
	for _, path := range []string{"/qa/phones", "/qa/device", "/qa/matrix?merchant=bench", "/qa/cell?merchant=bench&device=wechat-iphone&method=wechat_pay", "/qa/faults", "/qa/sessions"} {
		visit(s.SimURL + path)
	}
	phone := visit(s.SimURL + "/phone")
	if policy := phone.Header.Get("Content-Security-Policy"); !strings.HasSuffix(policy, " http://"+lan+":*") {
		t.Errorf("the storefront may not frame the phone: %s", policy)
	}
	shop := visit(s.Origin + "/demo/")
	if policy := shop.Header.Get("Content-Security-Policy"); !strings.Contains(policy, s.SimURL) || !strings.Contains(policy, "script-src 'self' "+s.Origin) ||
		!strings.Contains(policy, "connect-src "+s.Origin) {
		t.Errorf("the storefront may show: %s", policy)
	}
	to := visit(s.Origin + "/demo/pay?merchant=bench").Header.Get("Location")
	visit(s.Origin+to, "User-Agent", demotest.Android)

	open := s.Open(t, demotest.Order{Merchant: "bench"})
	left := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", s.Form(t, open, "wechat_pay", pay.RailDeepLink).Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Android))
	link := left.Header.Get("Location")
	if !strings.HasPrefix(link, s.SimURL) {
		t.Fatalf("the link leads to %q", link)
	}
	launched := visit(link, "Referer", s.Origin+"/", "User-Agent", demotest.Android)
	if !strings.Contains(launched.Body, `href="`+s.Origin+"/return/") {
		t.Errorf("there is no way back from the wallet: %s", launched.Body)
	}
	bridge := s.Do(t, demotest.Request(t, http.MethodOptions, s.SimURL+"/phone/bridge", "", "Origin", s.Origin))
	if got := bridge.Header.Get("Access-Control-Allow-Origin"); got != s.Origin {
		t.Errorf("pages of the demo may not call the bridge: %q", got)
	}
}

// Real phones are served in private networks, at an address that can be listened at.
func TestFindAddress(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"192.168.1.5": true, "10.0.0.7": true, lan: true,
		"203.0.113.7": false, "0.0.0.0": false, "phone.example": false, "": false, "192.168.1.5:8080": false, "fd00::5": false,
	} {
		if ip, err := demo.FindAddress(text); (err == nil) != ok {
			t.Errorf("%q: %v, %v", text, ip, err)
		}
	}
	list, err := demo.Addresses()
	if err != nil {
		t.Fatal(err)
	}
	first, err := demo.FindAddress("auto")
	if (err == nil) != (len(list) > 0) || err == nil && first != list[0].IP {
		t.Errorf("auto is %v, %v of %v", first, err, list)
	}
	for listen, want := range map[string]string{"127.0.0.1:8080": "192.168.1.5:8080", "[::1]:0": "192.168.1.5:0", ":8081": "192.168.1.5:8081"} {
		if got, err := demo.At(netip.MustParseAddr("192.168.1.5"), listen); err != nil || got != want {
			t.Errorf("%s becomes %s, %v", listen, got, err)
		}
	}
	if got, err := demo.At(netip.MustParseAddr("192.168.1.5"), "8080"); err == nil {
		t.Errorf("no port: %s", got)
	}
}
