package httpd

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// allowIP fails with rate_limited when the caller's address has used up its
// allowance of l.
func (s *Server) allowIP(l *limiter, r *http.Request) error {
	ip := s.clientIP(r)
	if s.exempt(ip) {
		return nil
	}
	return l.allow(ipKey(ip))
}

// clientIP returns the payer's own address: the peer's, or, when the peer is
// one of our proxies, the nearest address in X-Forwarded-For that is not.
func (s *Server) clientIP(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !s.trusted(ip) {
		return ip.Unmap()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		if ip = hop; !s.trusted(hop) {
			break
		}
	}
	return ip.Unmap()
}

func (s *Server) trusted(ip netip.Addr) bool {
	for _, p := range s.proxies {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// ipKey returns the address that rates count by: a household's whole IPv6
// network is one.
func ipKey(ip netip.Addr) string {
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// exempt: test mode does not count requests from this machine, where browser
// tests, load tests and the demo all share one address.
func (s *Server) exempt(ip netip.Addr) bool { return !s.realMoney && ip.IsLoopback() }
