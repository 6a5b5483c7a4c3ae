package httpd

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// addressLimiter holds addresses to a rate: each IPv4 address, each IPv6 network of
// /64, which is one household, and ten times as much each of /48.
type addressLimiter struct{ each, wide *limiter }

func newAddressLimiter(l limit) addressLimiter {
	return addressLimiter{newLimiter(l), newLimiter(l.times(networks))}
}

// allowIP fails with rate_limited when the caller's address has used up its
// allowance of l.
func (s *Server) allowIP(l addressLimiter, r *http.Request) error {
	ip := s.clientIP(r)
	if s.exempt(ip) {
		return nil
	}
	if err := l.each.allow(ipKey(ip, 64)); err != nil || !ip.Is6() {
		return err
	}
	return l.wide.allow(ipKey(ip, 48))
}

// clientIP returns the payer's own address: the peer's, or, when the peer is
// one of our proxies, the nearest address in X-Forwarded-For, or else in
// Forwarded, that is not. What a proxy does not know or we can't read is passed
// over; a proxy that tells of no address at all is worth a line in the log.
func (s *Server) clientIP(r *http.Request) netip.Addr {
	ip := parseHop(r.RemoteAddr)
	hops := forwardedFor(r.Header)
	if !s.trusted(ip) {
		if len(hops) > 0 && (ip.IsPrivate() || ip.IsLoopback()) && !s.exempt(ip) {
			s.warnMinutely("a peer that is no trusted proxy names its clients' addresses: is --trusted-proxies right?", "peer", ip)
		}
		return ip
	}
	known := false
	for i := len(hops) - 1; i >= 0; i-- {
		hop := parseHop(hops[i])
		if !hop.IsValid() {
			continue
		}
		known = true
		if ip = hop; !s.trusted(hop) {
			break
		}
	}
	if len(hops) > 0 && !known {
		s.warnMinutely("a proxy names no address that can be read: all its clients count as one", "peer", ip)
	}
	return ip
}

// forwardedFor lists the addresses that proxies name, the nearest last.
func forwardedFor(h http.Header) []string {
	if list := h.Values("X-Forwarded-For"); len(list) > 0 {
		return strings.Split(strings.Join(list, ","), ",")
	}
	var hops []string
	for _, element := range strings.Split(strings.Join(h.Values("Forwarded"), ","), ",") {
		for _, pair := range strings.Split(element, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if strings.EqualFold(name, "for") {
				hops = append(hops, value)
			}
		}
	}
	return hops
}

// parseHop reads an address as proxies write it: with a port, in brackets, in
// quotes, with a zone. It is not valid if it is none, such as "unknown".
func parseHop(text string) netip.Addr {
	text = strings.Trim(strings.TrimSpace(text), `"`)
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	ip, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return ip.WithZone("").Unmap()
}

// trusted reports whether ip is one of our proxies.
func (s *Server) trusted(ip netip.Addr) bool {
	for _, p := range s.proxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// unmapped writes prefixes of IPv4 that are mapped to IPv6 as what they mean.
func unmapped(prefixes []netip.Prefix) []netip.Prefix {
	list := make([]netip.Prefix, len(prefixes))
	for i, p := range prefixes {
		if list[i] = p; p.Addr().Is4In6() && p.Bits() >= 96 {
			list[i] = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
	}
	return list
}

// ipKey returns what rates count an address by: itself, or its IPv6 network of so
// many bits.
func ipKey(ip netip.Addr, bits int) string {
	if ip.Is6() {
		if p, err := ip.Prefix(bits); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// exempt: test mode does not count requests from this machine, where browser
// tests, load tests and the demo all share one address.
func (s *Server) exempt(ip netip.Addr) bool { return !s.realMoney && ip.IsLoopback() }

// warnMinutely logs a warning that many requests may cause, once a minute.
func (s *Server) warnMinutely(message string, about ...any) {
	if s.limits.warning.allow(message) == nil {
		s.log.Warn(message, about...)
	}
}
