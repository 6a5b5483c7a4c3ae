package provider

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// standbyFor is for how long calls stay with the second site.
const standbyFor = time.Minute

// Standby leads the calls of a company that has one API at two sites to the second one
// while the first fails: with no answer, or with a 5xx. After a minute they come back, and
// at once if the second fails too. A call is sent once: it has a nonce that works once, and
// whoever made it sends the same order again. Only one that has not left, because there was
// no connection, goes to the second site itself.
type Standby struct {
	Next          http.RoundTripper
	First, Second string // hosts
	Now           func() time.Time
	Log           *slog.Logger // of calls that turn to the second site, and that are back; once each

	mu     sync.Mutex
	until  time.Time // calls go to the second site until then
	turned bool      // the first has failed, and has not answered since
}

// RoundTrip implements http.RoundTripper.
func (s *Standby) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != s.First {
		return s.Next.RoundTrip(r)
	}
	if s.away() {
		return s.second(r)
	}
	out, left := watchLeaving(r)
	resp, err := s.Next.RoundTrip(out)
	if !failed(r, resp, err) {
		if err == nil {
			s.back(r.Context())
		}
		return resp, err
	}
	s.turn(r.Context(), cause(resp, err, left()))
	if again := rewound(r); !left() && again != nil {
		return s.second(again)
	}
	return resp, err
}

// Forget has calls come back to the first site at once.
func (s *Standby) Forget() { s.stay(0) }

// second asks the second site, and has calls come back to the first if that fails too.
func (s *Standby) second(r *http.Request) (*http.Response, error) {
	resp, err := s.Next.RoundTrip(to(s.Second, r))
	if failed(r, resp, err) {
		s.stay(0)
	}
	return resp, err
}

func (s *Standby) away() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Now().Before(s.until)
}

func (s *Standby) stay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = s.Now().Add(d)
}

// turn leads calls to the second site. While the first fails at every try, that is one turn.
func (s *Standby) turn(ctx context.Context, cause string) {
	s.stay(standbyFor)
	s.mu.Lock()
	before := s.turned
	s.turned = true
	s.mu.Unlock()
	if !before {
		s.Log.WarnContext(ctx, "calls turn to the provider's second site", "from", s.First, "to", s.Second, "cause", cause)
	}
}

// back notes that the first site has answered. An answer that was under way when others
// turned away says nothing.
func (s *Standby) back(ctx context.Context) {
	s.mu.Lock()
	before := s.turned && !s.Now().Before(s.until)
	if before {
		s.turned = false
	}
	s.mu.Unlock()
	if before {
		s.Log.WarnContext(ctx, "calls are back at the provider's first site", "from", s.Second, "to", s.First)
	}
}

// maxCause bounds what is logged of an error, in bytes.
const maxCause = 200

// cause says what was wrong with a site. Of errors it repeats those only that there were
// before anything was sent: others may hold what was answered.
func cause(resp *http.Response, err error, left bool) string {
	timeout, _ := errors.AsType[net.Error](err)
	switch {
	case err == nil:
		return "answer " + strconv.Itoa(resp.StatusCode)
	case !left:
		text := "no connection: " + err.Error()
		return strings.ToValidUTF8(text[:min(len(text), maxCause)], "")
	case timeout != nil && timeout.Timeout():
		return "no answer in time"
	}
	return "the connection broke"
}

// watchLeaving returns the request to be sent in the place of r, and what reports whether
// it may have left: whether a connection was got for it. That there was none is certain only
// of a transport that says when it looks for one. So it doesn't matter what was in the way,
// the network, a name, TLS, or a proxy that refused to lead there.
func watchLeaving(r *http.Request) (out *http.Request, left func() bool) {
	var looked, got atomic.Bool
	trace := httptrace.ClientTrace{
		GetConn: func(string) { looked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { got.Store(true) },
	}
	out = r.WithContext(httptrace.WithClientTrace(r.Context(), &trace))
	return out, func() bool { return got.Load() || !looked.Load() }
}

// failed reports whether a site did not do what was asked. Who gave up asking says nothing
// about it.
func failed(r *http.Request, resp *http.Response, err error) bool {
	if err != nil {
		return !errors.Is(r.Context().Err(), context.Canceled)
	}
	return resp.StatusCode >= http.StatusInternalServerError
}

// rewound returns a request to be sent again; nil if there is no time left for it, or if
// its body can't be had again.
func rewound(r *http.Request) *http.Request {
	if r.Context().Err() != nil {
		return nil
	}
	again := r.Clone(r.Context())
	if r.Body == nil || r.Body == http.NoBody {
		return again
	}
	if r.GetBody == nil {
		return nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil
	}
	again.Body = body
	return again
}

func to(host string, r *http.Request) *http.Request {
	out := r.Clone(r.Context())
	out.URL.Host, out.Host = host, host
	return out
}

// WatchHosts wraps a transport and tells report of every call: to which host, and whether
// it failed, with no answer or with a 5xx.
func WatchHosts(next http.RoundTripper, report func(host string, failed bool)) http.RoundTripper {
	return hostWatch{next, report}
}

type hostWatch struct {
	next   http.RoundTripper
	report func(host string, failed bool)
}

// RoundTrip implements http.RoundTripper.
func (w hostWatch) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(r)
	w.report(r.URL.Host, failed(r, resp, err))
	return resp, err
}
