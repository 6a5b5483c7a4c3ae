package httpd

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestClientIP(t *testing.T) {
	t.Parallel()
	s := &Server{limits: newLimits(), log: slog.New(slog.DiscardHandler), proxies: unmapped([]netip.Prefix{
		netip.MustParsePrefix("::ffff:10.0.0.0/104"), netip.MustParsePrefix("127.0.0.1/32"),
	})}
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
		{"port", "10.0.0.1:1", "203.0.113.7:51234", "203.0.113.7"},
		{"brackets", "10.0.0.1:1", "[2001:db8::7]:443", "2001:db8::7"},
		{"brackets-alone", "10.0.0.1:1", "[2001:db8::7]", "2001:db8::7"},
		{"zone", "10.0.0.1:1", "fe80::7%eth0", "fe80::7"},
		{"unknown-nearest", "10.0.0.1:1", "203.0.113.7, unknown", "203.0.113.7"},
		{"mapped", "10.0.0.1:1", "::ffff:203.0.113.7", "203.0.113.7"},
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

func TestForwarded(t *testing.T) {
	t.Parallel()
	s := &Server{limits: newLimits(), log: slog.New(slog.DiscardHandler), proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for header, want := range map[string]string{
		`for=203.0.113.9;proto=https`:              "203.0.113.9",
		`proto=https;For="[2001:db8::7]:4711"`:     "2001:db8::7",
		`for=1.1.1.1, for=203.0.113.9`:             "203.0.113.9",
		`for=_hidden`:                              "10.0.0.1",
		`for=203.0.113.9, for=unknown;by=10.0.0.2`: "203.0.113.9",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:1"
		r.Header.Set("Forwarded", header)
		if got := s.clientIP(r).String(); got != want {
			t.Errorf("%s: got %s, want %s", header, got, want)
		}
	}
}

// A forgotten --trusted-proxies is told once a minute, and so is a proxy that tells
// nothing.
func TestProxyWarnings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		peer, forwarded string
		warns           bool
	}{
		"private-stranger": {"192.168.0.1:1", "203.0.113.9", true},
		"public-stranger":  {"198.51.100.1:1", "203.0.113.9", false},
		"silent-proxy":     {"10.0.0.1:1", "unknown", true},
		"good-proxy":       {"10.0.0.1:1", "203.0.113.9", false},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := &Server{limits: newLimits(), log: slog.New(slog.NewTextHandler(&log, nil)), proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
			for range 3 {
				r := httptest.NewRequest("GET", "/", nil)
				r.RemoteAddr = c.peer
				r.Header.Set("X-Forwarded-For", c.forwarded)
				s.clientIP(r)
			}
			if got := strings.Count(log.String(), "level=WARN"); (got == 1) != c.warns || got > 1 {
				t.Errorf("it warned %d times: %s", got, &log)
			}
		})
	}
}

func FuzzParseHop(f *testing.F) {
	for _, text := range []string{"203.0.113.7:51234", "[2001:db8::7%eth0]:443", `"unknown"`, "", ":", "[", "_x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if ip := parseHop(text); ip.IsValid() && (ip.Is4In6() || ip.Zone() != "") {
			t.Errorf("%q is %v", text, ip)
		}
	})
}

func TestIPKeyCountsNetworks(t *testing.T) {
	t.Parallel()
	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff:2")
	if ipKey(a, 64) != ipKey(b, 64) {
		t.Errorf("one household has two keys: %s, %s", ipKey(a, 64), ipKey(b, 64))
	}
	if ipKey(netip.MustParseAddr("203.0.113.9"), 64) == ipKey(netip.MustParseAddr("203.0.113.10"), 64) {
		t.Error("two IPv4 addresses have one key")
	}
}
