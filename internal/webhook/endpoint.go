package webhook

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"morepay/internal/pay"
)

// Endpoint is a URL at which a merchant hears of events, with the secrets that
// sign them.
type Endpoint struct {
	ID      string // among those of the merchant
	URL     string
	Secrets []string // "whsec_" and base64: one, or two while the second replaces the first; each signs
}

// Limits of one try.
const (
	tryWithin = 15 * time.Second
	maxReply  = 64 << 10 // bytes of the answer that are read
	maxHeader = 16 << 10 // bytes of the answer's header
)

// Secret lengths in bytes (Standard Webhooks specification).
const (
	minSecret = 24
	maxSecret = 64
)

// Check names what can't be right about an endpoint. loopback is test mode:
// plain http and any port are fine then.
func (e Endpoint) Check(loopback bool) error {
	if !endpointID.MatchString(e.ID) {
		return pay.Errorf(pay.CodeInvalid, "id", "must be 1 to 32 letters, digits, - or _, in lower case")
	}
	if err := checkURL(e.URL, loopback); err != nil {
		return err
	}
	if n := len(e.Secrets); n < 1 || n > 2 {
		return pay.Errorf(pay.CodeInvalid, "secrets", "there must be one secret, or two while one replaces the other")
	}
	for i, secret := range e.Secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) < minSecret || len(key) > maxSecret {
			return pay.Errorf(pay.CodeInvalid, fmt.Sprintf("secrets[%d]", i), "must be whsec_ and base64 of %d to %d bytes", minSecret, maxSecret)
		}
	}
	return nil
}

var endpointID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

func checkURL(raw string, loopback bool) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return pay.Errorf(pay.CodeInvalid, "url", "must be an absolute URL without user or fragment")
	}
	if loopback && u.Scheme == "http" {
		return nil
	}
	if u.Scheme != "https" || (!loopback && u.Port() != "" && u.Port() != "443") {
		return pay.Errorf(pay.CodeInvalid, "url", "must be https on port 443")
	}
	return nil
}

// azureHost answers every Azure machine with its secrets, on an address that
// looks public.
var azureHost = netip.MustParsePrefix("168.63.129.16/32")

// guard refuses addresses inside our own network, whatever name they came under:
// it looks at each address that is about to be dialed, so a name that changes its
// answer gains nothing. Loopback is let through in test mode only.
func guard(loopback bool, ports ...uint16) *ssrf.Guardian {
	options := []ssrf.Option{ssrf.WithPorts(ports...), ssrf.WithDeniedV4Prefixes(azureHost)}
	if loopback {
		options = append(options, ssrf.WithAnyPort(),
			ssrf.WithAllowedV4Prefixes(netip.MustParsePrefix("127.0.0.0/8")),
			ssrf.WithAllowedV6Prefixes(netip.MustParsePrefix("::1/128")))
	}
	return ssrf.New(options...)
}

// newClient makes a client that reaches only what g lets through. It follows no
// redirect and uses no proxy: both would go where g doesn't look.
func newClient(g *ssrf.Guardian, resolver *net.Resolver) *http.Client {
	dialer := &net.Dialer{Timeout: tryWithin, Control: g.Safe, Resolver: resolver}
	return &http.Client{
		Timeout:       tryWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, DisableCompression: true,
			TLSHandshakeTimeout: tryWithin, IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: maxInFlight,
			MaxResponseHeaderBytes: maxHeader,
		},
	}
}

// answer is an endpoint's answer to a try.
type answer struct {
	status     int
	retryAfter time.Duration // 0 if it did not say
}

// send makes one try.
func send(ctx context.Context, client *http.Client, e Endpoint, m Message, now time.Time) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, strings.NewReader(string(m.Payload)))
	if err != nil {
		return answer{}, err
	}
	signature, err := sign(e.Secrets, m, now)
	if err != nil {
		return answer{}, err
	}
	request.Header = http.Header{
		"Content-Type": {"application/json"},
		"User-Agent":   {"morepay-webhooks/1"},
		http.CanonicalHeaderKey(standardwebhooks.HeaderWebhookID):        {m.ID},
		http.CanonicalHeaderKey(standardwebhooks.HeaderWebhookTimestamp): {strconv.FormatInt(now.Unix(), 10)},
		http.CanonicalHeaderKey(standardwebhooks.HeaderWebhookSignature): {signature},
	}
	reply, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer reply.Body.Close()
	// What it says doesn't matter; reading a little lets the connection be used again.
	_, _ = io.CopyN(io.Discard, reply.Body, maxReply)
	return answer{reply.StatusCode, retryAfter(reply.Header.Get("Retry-After"), now)}, nil
}

// sign makes one signature for each secret, so that a receiver may change to the
// new one at any moment.
func sign(secrets []string, m Message, now time.Time) (string, error) {
	var signatures []string
	for _, secret := range secrets {
		w, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return "", err
		}
		signature, err := w.Sign(m.ID, now, m.Payload)
		if err != nil {
			return "", err
		}
		signatures = append(signatures, signature)
	}
	return strings.Join(signatures, " "), nil
}
