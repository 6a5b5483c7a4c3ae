package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// What one call of a provider may take.
const (
	CallTimeout    = 8 * time.Second // connection and all
	ConnectTimeout = 3 * time.Second
	MaxReply       = 256 << 10 // bytes of an answer, unpacked
)

// errRedirect: no payment API redirects, so whoever does is not the provider.
var errRedirect = errors.New("the answer is a redirect")

// NewHTTPClient makes the client for [Env]: with time limits, with limited
// answers, and without redirects. next is [Transport] or [TestTransport].
func NewHTTPClient(next http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     replyLimit{next},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
		Timeout:       CallTimeout,
	}
}

// Transport makes the transport of live mode.
func Transport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: ConnectTimeout}).DialContext,
		TLSHandshakeTimeout: ConnectTimeout,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     60 * time.Second,
	}
}

// TestTransport makes the transport of test mode: every request goes to the
// simulator at origin, such as http://127.0.0.1:8081. Path, query, body and Host
// header stay what they were, so that signatures over them stay valid and the
// simulator can tell its providers apart.
func TestTransport(origin string) http.RoundTripper {
	target, err := url.Parse(origin)
	if err == nil && target.Host == "" {
		err = errors.New("it has no host")
	}
	return &detour{target: target, err: err, next: Transport()}
}

type detour struct {
	target *url.URL
	err    error
	next   http.RoundTripper
}

func (d *detour) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.err != nil {
		return nil, fmt.Errorf("origin of the simulator: %w", d.err)
	}
	out := r.Clone(r.Context())
	if out.Host == "" {
		out.Host = r.URL.Host
	}
	out.URL.Scheme, out.URL.Host = d.target.Scheme, d.target.Host
	return d.next.RoundTrip(out)
}

type replyLimitKey struct{}

// AllowReply lets the answers to requests under the returned context be up to n
// bytes long instead of [MaxReply]: a day's bill is longer than an answer.
func AllowReply(ctx context.Context, n int64) context.Context {
	return context.WithValue(ctx, replyLimitKey{}, n)
}

// replyLimit cuts answers off with [*http.MaxBytesError].
type replyLimit struct{ next http.RoundTripper }

func (l replyLimit) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	limit, ok := r.Context().Value(replyLimitKey{}).(int64)
	if !ok {
		limit = MaxReply
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, limit)
	return resp, nil
}
