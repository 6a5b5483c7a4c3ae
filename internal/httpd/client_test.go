package httpd

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClientIP(t *testing.T) {
	t.Parallel()
	s := &Server{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")}}
	for _, c := range []struct{ name, peer, forwarded, want string }{
		{"no-proxy", "203.0.113.9:1", "", "203.0.113.9"},
		{"stranger-claims", "203.0.113.9:1", "1.1.1.1", "203.0.113.9"},
		{"one-proxy", "10.0.0.1:1", "203.0.113.9", "203.0.113.9"},
		{"two-proxies", "10.0.0.1:1", "203.0.113.9, 10.0.0.2", "203.0.113.9"},
		{"payer-claims-through-proxy", "10.0.0.1:1", "1.1.1.1, 203.0.113.9", "203.0.113.9"},
		{"garbage", "10.0.0.1:1", "unknown", "10.0.0.1"},
		{"garbage-behind-address", "10.0.0.1:1", "x, 203.0.113.9", "203.0.113.9"},
		{"v6", "10.0.0.1:1", "2001:db8::1", "2001:db8::1"},
		{"v4-in-v6", "[::ffff:10.0.0.1]:1", "203.0.113.9", "203.0.113.9"},
		{"proxies-only", "10.0.0.1:1", "10.0.0.3", "10.0.0.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			if got := s.clientIP(r).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestIPKeyCountsNetworks(t *testing.T) {
	t.Parallel()
	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff:2")
	if ipKey(a) != ipKey(b) {
		t.Errorf("one household has two keys: %s, %s", ipKey(a), ipKey(b))
	}
	if ipKey(netip.MustParseAddr("203.0.113.9")) == ipKey(netip.MustParseAddr("203.0.113.10")) {
		t.Error("two IPv4 addresses have one key")
	}
}
