package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
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
// answers, without redirects and without hidden repeats. next is [Transport] or
// [TestTransport].
func NewHTTPClient(next http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     bounded{next},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
		Timeout:       CallTimeout,
	}
}

// Transport makes the transport of live mode. It speaks HTTP/1.1, on which
// [NewHTTPClient] knows how to keep a request from being sent twice.
func Transport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: ConnectTimeout}).DialContext,
		TLSHandshakeTimeout: ConnectTimeout,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     30 * time.Second, // before the provider hangs up
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
	return &toSimulator{target: target, err: err, next: Transport()}
}

type toSimulator struct {
	target *url.URL
	err    error
	next   *http.Transport
}

func (t *toSimulator) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.err != nil {
		return nil, fmt.Errorf("origin of the simulator: %w", t.err)
	}
	out := r.Clone(r.Context())
	if out.Host == "" {
		out.Host = r.URL.Host
	}
	out.URL.Scheme, out.URL.Host = t.target.Scheme, t.target.Host
	return t.next.RoundTrip(out)
}

// CloseIdleConnections lets a simulator end without waiting for connections
// that were never used.
func (t *toSimulator) CloseIdleConnections() { t.next.CloseIdleConnections() }

type replyLimitKey struct{}

// AllowReply lets the answers to requests under the returned context be up to n
// bytes long instead of [MaxReply]: a day's bill is longer than an answer.
func AllowReply(ctx context.Context, n int64) context.Context {
	return context.WithValue(ctx, replyLimitKey{}, n)
}

// bounded limits answers, with [*http.MaxBytesError], and sends what it is given
// once. On a connection that breaks, net/http repeats a GET by itself; but
// signed requests carry a nonce that works once, so the repeat would be answered
// "wrong signature" instead of what has become of the first.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(strings.NewReader("")) // net/http repeats no request whose body it can't rewind
	}
	resp, err := b.next.RoundTrip(r)
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
