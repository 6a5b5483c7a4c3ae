package httpd

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"morepay/internal/pay"
)

// The rates, per key.
var (
	pageRate     = limit{60, time.Minute}  // an address
	statusRate   = limit{30, time.Minute}  // a session
	eventRate    = limit{600, time.Minute} // an address; many payers may share one
	reportRate   = limit{10, time.Minute}  // an address
	attemptRate  = limit{6, time.Minute}   // a session
	attemptIP    = limit{30, time.Minute}  // an address
	apiRate      = limit{25, time.Second}  // a merchant
	maxPerIP     = 20                      // event streams an address
	maxPerPayer  = 3                       // event streams a session
	maxEventConn = 10_000                  // event streams in all
)

type limit struct {
	n   int
	per time.Duration
}

// keyed is one rate for many keys. It forgets keys that have been idle for as
// long as it takes their allowance to fill up again.
type keyed struct {
	limit limit
	mu    sync.Mutex
	keys  map[string]*rate.Limiter
	swept time.Time
}

func newKeyed(l limit) *keyed { return &keyed{limit: l, keys: map[string]*rate.Limiter{}} }

// allow fails with rate_limited when key has used up its allowance.
func (k *keyed) allow(key string) error {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if now.Sub(k.swept) > k.limit.per {
		for key, l := range k.keys {
			if l.TokensAt(now) >= float64(k.limit.n) {
				delete(k.keys, key)
			}
		}
		k.swept = now
	}
	l := k.keys[key]
	if l == nil {
		l = rate.NewLimiter(rate.Limit(float64(k.limit.n)/k.limit.per.Seconds()), k.limit.n)
		k.keys[key] = l
	}
	if !l.AllowN(now, 1) {
		return pay.Errorf(pay.CodeRateLimited, "", "too many requests: at most %d in %s", k.limit.n, k.limit.per)
	}
	return nil
}

// gauge bounds how many of something are open at once, per key.
type gauge struct {
	mu   sync.Mutex
	open map[string]int
}

// enter takes a place under each key, or none at all and fails with
// rate_limited. leave must be called when it succeeds.
func (g *gauge) enter(bounds map[string]int) (leave func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, limit := range bounds {
		if g.open[key] >= limit {
			return nil, pay.Errorf(pay.CodeRateLimited, "", "too many open event streams")
		}
	}
	if g.open == nil {
		g.open = map[string]int{}
	}
	for key := range bounds {
		g.open[key]++
	}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for key := range bounds {
			if g.open[key]--; g.open[key] == 0 {
				delete(g.open, key)
			}
		}
	}, nil
}

// allowIP fails with rate_limited when the caller's address has used up its
// allowance of k.
func (s *Server) allowIP(k *keyed, r *http.Request) error {
	ip := s.clientIP(r)
	if s.exempt(ip) {
		return nil
	}
	return k.allow(ipKey(ip))
}

// clientIP is the payer's own address: the peer's, or, when the peer is one of
// our proxies, the nearest address in X-Forwarded-For that is not.
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

// ipKey is the address that rates count by: a household's whole IPv6 network is
// one.
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
