package httpd

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"morepay/internal/pay"
)

// The limits. A rate is so many in so long for each key of its limiter.
var (
	pageRate           = limit{60, time.Minute}  // an address
	eventRate          = limit{600, time.Minute} // an address; many payers may share one
	statusRate         = limit{30, time.Minute}  // a session
	attemptRate        = limit{6, time.Minute}   // a session
	attemptAddressRate = limit{30, time.Minute}  // an address
	reportRate         = limit{10, time.Minute}  // an address
	apiRate            = limit{25, time.Second}  // a merchant

	maxPerIP     = 20     // event streams an address
	maxPerPayer  = 3      // event streams a session
	maxEventConn = 10_000 // event streams in all
)

// limits holds what has been used up of every limit.
type limits struct {
	page, event, status, attempt, attemptAddress, report, api *limiter

	streams slots
}

func newLimits() *limits {
	return &limits{
		page: newLimiter(pageRate), event: newLimiter(eventRate), status: newLimiter(statusRate),
		attempt: newLimiter(attemptRate), attemptAddress: newLimiter(attemptAddressRate),
		report: newLimiter(reportRate), api: newLimiter(apiRate),
	}
}

type limit struct {
	n   int
	per time.Duration
}

// limiter holds many keys to one rate. It forgets keys that have been idle for as
// long as it takes their allowance to fill up again.
type limiter struct {
	limit limit
	mu    sync.Mutex
	keys  map[string]*rate.Limiter
	swept time.Time
}

func newLimiter(l limit) *limiter { return &limiter{limit: l, keys: map[string]*rate.Limiter{}} }

// allow fails with rate_limited when key has used up its allowance.
func (k *limiter) allow(key string) error {
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

// slots bounds how many of something are open at once, per key.
type slots struct {
	mu   sync.Mutex
	open map[string]int
}

// enter takes a place under each key, or none at all and fails with
// rate_limited. leave must be called when it succeeds.
func (s *slots) enter(bounds map[string]int) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, limit := range bounds {
		if s.open[key] >= limit {
			return nil, pay.Errorf(pay.CodeRateLimited, "", "too many open event streams")
		}
	}
	if s.open == nil {
		s.open = map[string]int{}
	}
	for key := range bounds {
		s.open[key]++
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for key := range bounds {
			if s.open[key]--; s.open[key] == 0 {
				delete(s.open, key)
			}
		}
	}, nil
}
