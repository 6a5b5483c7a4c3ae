package httpd

import (
	"fmt"
	"math"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"morepay/internal/pay"
)

// The limits. A rate is so many in so long for each key of its limiter. A payer is
// counted by their token: carriers put thousands of them behind one address, so an
// address may do much more, and only guessing is held tightly.
var (
	pageRate    = limit{60, time.Minute} // a token
	statusRate  = limit{30, time.Minute} // a token
	attemptRate = limit{6, time.Minute}  // a token

	addressRate        = limit{600, time.Minute} // pages of an address
	eventRate          = limit{600, time.Minute} // an address
	attemptAddressRate = limit{200, time.Minute} // an address
	guessRate          = limit{60, time.Minute}  // unknown tokens of an address
	reportRate         = limit{10, time.Minute}  // an address
	offerRate          = limit{300, time.Minute} // questions of an address about orders that there may be

	maxPerIP     = 200    // event streams an address
	maxPerPayer  = 3      // event streams a session
	maxEventConn = 10_000 // event streams in all
)

// maxKeys bounds the keys that a limiter remembers. Whoever makes up more of them
// only makes it forget the ones used longest ago.
const maxKeys = 50_000

// networks is the allowance of an IPv6 network of /48 in allowances of one of
// /64: providers hand out thousands of the latter from one of the former.
const networks = 10

// limits holds what has been used up of every limit.
type limits struct {
	page, status, attempt                         *limiter
	address, event, attemptAddress, guess, report addressLimiter
	offer                                         addressLimiter

	api     *limiter // by budget and merchant, at the merchant's own rates
	warning *limiter // lines in the log that requests cause
	streams slots
}

func newLimits() *limits {
	return &limits{
		page: newLimiter(pageRate), status: newLimiter(statusRate), attempt: newLimiter(attemptRate),
		address: newAddressLimiter(addressRate), event: newAddressLimiter(eventRate), attemptAddress: newAddressLimiter(attemptAddressRate),
		guess: newAddressLimiter(guessRate), report: newAddressLimiter(reportRate), offer: newAddressLimiter(offerRate),
		api: newLimiter(limit{}), warning: newLimiter(limit{1, time.Minute}),
	}
}

// forget gives everybody their whole allowance again. Event streams keep their places.
func (l *limits) forget() {
	for _, k := range []*limiter{l.page, l.status, l.attempt, l.api, l.warning} {
		k.keys.Purge()
	}
	for _, a := range []addressLimiter{l.address, l.event, l.attemptAddress, l.guess, l.report, l.offer} {
		a.each.keys.Purge()
		a.wide.keys.Purge()
	}
}

// ForgetRates gives everybody their whole allowance of requests again. For tests, whose
// next case is to begin as the first did.
func (s *Server) ForgetRates() { s.limits.forget() }

type limit struct {
	n   int
	per time.Duration
}

func (l limit) times(n int) limit { return limit{l.n * n, l.per} }

// limiter holds many keys to one rate. It forgets keys that have been idle for as
// long as it takes their allowance to fill up again.
type limiter struct {
	limit limit
	mu    sync.Mutex
	keys  *lru.Cache[string, *rate.Limiter]
	swept time.Time
}

func newLimiter(l limit) *limiter {
	keys, err := lru.New[string, *rate.Limiter](maxKeys)
	if err != nil {
		panic(err) // of a size that isn't positive
	}
	return &limiter{limit: l, keys: keys}
}

// allow fails with rate_limited when key has used up its allowance.
func (k *limiter) allow(key string) error {
	_, err := k.take(key, k.limit)
	return err
}

// allowance is the rest that a key has of its limit.
type allowance struct {
	limit     limit
	remaining int
	reset     time.Duration // until all of it is there again
}

// take uses one of key's allowance under a limit of its own. Fails with rate_limited
// when there is none; the cause says when there will be.
func (k *limiter) take(key string, own limit) (allowance, error) {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sweep(now)
	every := rate.Limit(float64(own.n) / own.per.Seconds())
	l, ok := k.keys.Get(key)
	if !ok || l.Burst() != own.n || l.Limit() != every {
		l = rate.NewLimiter(every, own.n)
		k.keys.Add(key, l)
	}
	r := l.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	left := max(l.TokensAt(now), 0)
	a := allowance{own, int(left), time.Duration((float64(own.n) - left) / float64(every) * float64(time.Second))}
	if wait > 0 {
		return a, pay.Wrap(pay.CodeRateLimited, &tooMany{wait}, fmt.Sprintf("too many requests: at most %d in %s", own.n, own.per))
	}
	return a, nil
}

// sweep forgets keys whose allowance is full again, now and then.
func (k *limiter) sweep(now time.Time) {
	if now.Sub(k.swept) <= max(k.limit.per, time.Second) {
		return
	}
	k.swept = now
	for _, key := range k.keys.Keys() {
		if l, ok := k.keys.Peek(key); ok && l.TokensAt(now) >= float64(l.Burst()) {
			k.keys.Remove(key)
		}
	}
}

// tooMany is the reason of a refusal after which the client may ask again
// later.
type tooMany struct{ after time.Duration }

func (t *tooMany) Error() string { return fmt.Sprintf("in %s there is room again", t.after) }

// seconds rounds up, so that nobody comes too early.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// slots bounds how many event streams are open at once, per key.
type slots struct {
	mu   sync.Mutex
	open map[string][]*seat // oldest first
}

// seat is the place of one stream.
type seat struct {
	slots  *slots
	keys   []string
	gone   bool
	hangUp func() // ends the stream; nil before it has begun
}

// bound limits the places under a key. Where the newest takes the place of the
// oldest nobody is refused: a phone that changed its network leaves streams behind
// that nobody reads.
type bound struct {
	most    int
	replace bool
}

// enter takes a place under each key, or none at all and fails with
// rate_limited. leave must be called when it succeeds.
func (s *slots) enter(bounds map[string]bound) (*seat, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var replaced []*seat
	for key, b := range bounds {
		if len(s.open[key]) < b.most {
			continue
		}
		if !b.replace {
			return nil, pay.Wrap(pay.CodeRateLimited, &tooMany{streamBeat}, "too many open event streams")
		}
		replaced = append(replaced, s.open[key][0])
	}
	for _, old := range replaced {
		s.remove(old)
	}
	if s.open == nil {
		s.open = map[string][]*seat{}
	}
	taken := &seat{slots: s}
	for key := range bounds {
		taken.keys = append(taken.keys, key)
		s.open[key] = append(s.open[key], taken)
	}
	return taken, nil
}

// remove frees a seat and ends its stream.
func (s *slots) remove(old *seat) {
	if old.gone {
		return
	}
	old.gone = true
	for _, key := range old.keys {
		seats := s.open[key]
		for i, other := range seats {
			if other == old {
				seats = append(seats[:i:i], seats[i+1:]...)
				break
			}
		}
		if s.open[key] = seats; len(seats) == 0 {
			delete(s.open, key)
		}
	}
	if old.hangUp != nil {
		old.hangUp()
	}
}

// begin says how the stream of the seat is ended for another's sake. If that has
// happened already, it is ended now.
func (t *seat) begin(hangUp func()) {
	t.slots.mu.Lock()
	defer t.slots.mu.Unlock()
	if t.gone {
		hangUp()
		return
	}
	t.hangUp = hangUp
}

// leave frees the seat.
func (t *seat) leave() {
	t.slots.mu.Lock()
	defer t.slots.mu.Unlock()
	t.hangUp = nil
	t.slots.remove(t)
}
