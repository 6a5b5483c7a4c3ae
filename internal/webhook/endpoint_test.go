package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"code.dny.dev/ssrf"
	"golang.org/x/net/dns/dnsmessage"

	"morepay/internal/pay"
)

// forbidden are ways to name an address inside our network. Each is dialed for
// real: nothing may answer, and nothing may even be asked.
var forbidden = []struct{ name, host string }{
	{"loopback", "127.0.0.1"},
	{"loopback-other", "127.8.8.8"},
	{"loopback-name", "localhost"},
	{"loopback-v6", "[::1]"},
	{"unspecified", "0.0.0.0"},
	{"unspecified-v6", "[::]"},
	{"this-network", "0.1.2.3"},
	{"private-10", "10.0.0.1"},
	{"private-172", "172.16.0.1"},
	{"private-192", "192.168.1.1"},
	{"link-local-metadata", "169.254.169.254"},
	{"link-local-v6", "[fe80::1]"},
	{"unique-local-v6", "[fd00:ec2::254]"},
	{"site-local-v6", "[fec0::1]"},
	{"carrier-nat", "100.64.0.1"},
	{"alibaba-metadata", "100.100.100.200"},
	{"azure-host", "168.63.129.16"},
	{"oracle-metadata", "192.0.0.192"},
	{"benchmarking", "198.18.0.1"},
	{"multicast", "224.0.0.1"},
	{"reserved", "240.0.0.1"},
	{"broadcast", "255.255.255.255"},
	{"documentation", "192.0.2.1"},
	{"6to4-relay", "192.88.99.1"},
	{"mapped-loopback", "[::ffff:127.0.0.1]"},
	{"mapped-loopback-hex", "[::ffff:7f00:1]"},
	{"mapped-metadata", "[::ffff:169.254.169.254]"},
	{"compatible-loopback", "[::127.0.0.1]"},
	{"nat64-loopback", "[64:ff9b::7f00:1]"},
	{"nat64-metadata", "[64:ff9b::a9fe:a9fe]"},
	{"nat64-local", "[64:ff9b:1::1]"},
	{"6to4-loopback", "[2002:7f00:1::]"},
	{"6to4-metadata", "[2002:a9fe:a9fe::1]"},
	{"teredo", "[2001::1]"},
	{"documentation-v6", "[2001:db8::1]"},
	{"multicast-v6", "[ff02::1]"},
	{"decimal", "2130706433"},
	{"hexadecimal", "0x7f000001"},
	{"octal", "0177.0.0.1"},
	{"short", "127.1"},
	{"rebinding", "rebinding.example"},
	{"name-of-private", "private.example"},
}

// TestForbiddenAddresses sends to every forbidden address, on a port that the
// guard lets through and where this machine's loopback listens.
func TestForbiddenAddresses(t *testing.T) {
	t.Parallel()
	var accepted atomic.Int64
	port := listen(t, "127.0.0.1:0", &accepted)
	if hasIPv6() {
		listen(t, "[::1]:"+strconv.Itoa(int(port)), &accepted)
	}
	client := newClient(guard(false, port), resolver(t))
	defer client.CloseIdleConnections()
	for _, test := range forbidden {
		t.Run(test.name, func(t *testing.T) {
			for range 3 { // a rebinding name answers differently every time
				e := Endpoint{URL: "https://" + net.JoinHostPort(strings.Trim(test.host, "[]"), strconv.Itoa(int(port))), Secrets: []string{"whsec_AAAA"}}
				_, err := send(t.Context(), client, e, Message{}, time.Now())
				if err == nil {
					t.Fatal("it answered")
				}
				_, isIP := netip.ParseAddr(strings.Trim(test.host, "[]"))
				if isIP == nil && !errors.Is(err, ssrf.ErrProhibitedIP) {
					t.Errorf("refused for another reason than its address: %v", err)
				}
			}
		})
	}
	if n := accepted.Load(); n != 0 {
		t.Errorf("%d connections were made, want none", n)
	}
}

// TestLoopbackInTestMode shows that the listener above would have answered.
func TestLoopbackInTestMode(t *testing.T) {
	t.Parallel()
	var accepted atomic.Int64
	port := listen(t, "127.0.0.1:0", &accepted)
	for _, test := range []struct {
		loopback bool
		want     int64
	}{{true, 1}, {false, 0}} {
		accepted.Store(0)
		client := newClient(guard(test.loopback, port), net.DefaultResolver)
		_, _ = send(t.Context(), client, Endpoint{URL: "http://127.0.0.1:" + strconv.Itoa(int(port)), Secrets: []string{"whsec_AAAA"}}, Message{}, time.Now())
		if got := accepted.Load(); got != test.want {
			t.Errorf("loopback %v: %d connections, want %d", test.loopback, got, test.want)
		}
	}
}

func TestOnlyPort443(t *testing.T) {
	t.Parallel()
	g := guard(false, 443)
	if err := g.Safe("tcp4", "93.184.215.14:443", nil); err != nil {
		t.Errorf("a public address: %v", err)
	}
	if err := g.Safe("tcp6", "[2606:2800:21f::1]:443", nil); err != nil {
		t.Errorf("a public IPv6 address: %v", err)
	}
	if err := g.Safe("tcp4", "93.184.215.14:22", nil); !errors.Is(err, ssrf.ErrProhibitedPort) {
		t.Errorf("port 22: %v", err)
	}
}

func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// listen takes connections, counts them and closes them.
func listen(t *testing.T, address string, accepted *atomic.Int64) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			conn.Close()
		}
	}()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

// resolver asks a DNS server of ours for the names in forbidden.
func resolver(t *testing.T) *net.Resolver {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go answerNames(server)
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// answerNames says 10.0.0.1 for private.example and, in turn, a documentation
// address and 127.0.0.1 for rebinding.example; other names don't exist.
func answerNames(server net.PacketConn) {
	asked := 0
	buffer := make([]byte, 512)
	for {
		n, from, err := server.ReadFrom(buffer)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		q := m.Questions[0]
		m.Response, m.Additionals = true, nil
		address, known := [4]byte{10, 0, 0, 1}, q.Name.String() == "private.example."
		if q.Name.String() == "rebinding.example." {
			address, known = [4]byte{127, 0, 0, 1}, true
			if asked++; asked%2 == 1 {
				address = [4]byte{192, 0, 2, 1}
			}
		}
		switch {
		case !known:
			m.RCode = dnsmessage.RCodeNameError
		case q.Type == dnsmessage.TypeA:
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET},
				Body:   &dnsmessage.AResource{A: address},
			}}
		}
		if reply, err := m.Pack(); err == nil {
			_, _ = server.WriteTo(reply, from)
		}
	}
}

func TestEndpointCheck(t *testing.T) {
	t.Parallel()
	good := []string{"whsec_" + strings.Repeat("QUFB", 8)}
	tests := []struct {
		name      string
		url       string
		secrets   []string
		loopback  bool
		wantField string
	}{
		{"good", "https://shop.example/hooks?x=1", good, false, ""},
		{"port-443", "https://shop.example:443/", good, false, ""},
		{"two-secrets", "https://shop.example/", append(good, good...), false, ""},
		{"http", "http://shop.example/", good, false, "url"},
		{"other-port", "https://shop.example:8443/", good, false, "url"},
		{"user", "https://a:b@shop.example/", good, false, "url"},
		{"no-host", "https:///path", good, false, "url"},
		{"fragment", "https://shop.example/#x", good, false, "url"},
		{"relative", "/hooks", good, false, "url"},
		{"other-scheme", "ftp://shop.example/", good, true, "url"},
		{"not-a-url", "https://shop example/", good, false, "url"},
		{"http-in-test-mode", "http://127.0.0.1:9000/", good, true, ""},
		{"no-secret", "https://shop.example/", nil, false, "secrets"},
		{"three-secrets", "https://shop.example/", append(good, append(good, good...)...), false, "secrets"},
		{"short-secret", "https://shop.example/", []string{"whsec_QUFB"}, false, "secrets[0]"},
		{"not-base64", "https://shop.example/", append(good, "whsec_!"), false, "secrets[1]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := Endpoint{ID: "shop", URL: test.url, Secrets: test.secrets}.Check(test.loopback)
			if test.wantField == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if e, ok := errors.AsType[*pay.Error](err); !ok || e.Field != test.wantField {
				t.Errorf("got %v, want an error of %s", err, test.wantField)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, seed := range []string{"", "0", "120", "-5", "99999999999999999999", "Sun, 01 Mar 2026 13:00:00 GMT", "Sun, 01 Mar 1926 13:00:00 GMT", "soon"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if got := retryAfter(value, now); got < 0 || got > maxRetryAfter {
			t.Errorf("Retry-After %q: %v", value, got)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "-5": 0, "99999999": maxRetryAfter, "soon": 0,
		now.Add(time.Hour).Format(http.TimeFormat): time.Hour, now.Add(-time.Hour).Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("Retry-After %q: %v, want %v", value, got, want)
		}
	}
}

func TestReasonCanBeStored(t *testing.T) {
	t.Parallel()
	got := reason(answer{}, errors.New("a\x00b"+strings.Repeat("袜", 100)))
	if strings.ContainsRune(got, 0) || len(got) > maxReason || !strings.HasPrefix(got, "ab袜") || strings.ContainsRune(got, '\uFFFD') {
		t.Errorf("got %q", got)
	}
}

func FuzzEndpointURL(f *testing.F) {
	for _, seed := range []string{"https://shop.example/hooks", "http://127.0.0.1/", "https://a:b@c/", "https://x:443#", "//x", "https://[::1]:443/", "https://shop.example:0443/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if checkURL(raw, false) != nil {
			return
		}
		request, err := http.NewRequest(http.MethodPost, raw, nil)
		if err != nil {
			t.Fatalf("%q passes and can't be requested: %v", raw, err)
		}
		if u := request.URL; u.Scheme != "https" || u.User != nil || u.Hostname() == "" || (u.Port() != "" && u.Port() != "443") {
			t.Errorf("%q passes as %+v", raw, u)
		}
	})
}
