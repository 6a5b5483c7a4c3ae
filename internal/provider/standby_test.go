package provider_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/providersim"
)

// sites answers by host, and keeps who was asked.
type sites struct {
	answers map[string]any // a status, or an error
	asked   []string
	bodies  []string
}

func (s *sites) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, r.Host)
	s.connect(r)
	body := ""
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(raw)
	}
	s.bodies = append(s.bodies, body)
	if err, ok := s.answers[r.URL.Host].(error); ok {
		return nil, err
	}
	return &http.Response{StatusCode: s.answers[r.URL.Host].(int), Body: http.NoBody, Request: r}, nil
}

// errRefused is that of a site that takes no connection.
var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}

// connect tells a trace of a connection, as net/http does.
func (s *sites) connect(r *http.Request) {
	trace := httptrace.ContextClientTrace(r.Context())
	if trace == nil || trace.GetConn == nil {
		return
	}
	trace.GetConn(r.Host)
	if s.answers[r.URL.Host] != errRefused {
		trace.GotConn(httptrace.GotConnInfo{})
	}
}

func TestWatchHosts(t *testing.T) {
	t.Parallel()
	var told []string
	wire := &sites{answers: map[string]any{"a": 200, "b": 503, "c": errors.New("no answer")}}
	client := http.Client{Transport: provider.WatchHosts(wire, func(host string, failed bool) { told = append(told, fmt.Sprint(host, failed)) })}
	for _, host := range []string{"a", "b", "c"} {
		resp, err := client.Get("http://" + host)
		if err == nil {
			resp.Body.Close()
		}
	}
	if want := []string{"afalse", "btrue", "ctrue"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

func TestStandby(t *testing.T) {
	t.Parallel()
	broken := &net.OpError{Op: "read", Err: errors.New("connection reset, after the name of a payer")}
	const away, back = "calls turn to the provider's second site from=a to=b cause=", "calls are back at the provider's first site from=b to=a"
	for name, c := range map[string]struct {
		first, second any
		want          []string // who is asked by three calls, half a minute apart
		logged        string   // of them, and of a fourth, by when the first site is well
	}{
		"well":         {200, 200, []string{"a", "a", "a"}, ""},
		"refusals":     {403, 200, []string{"a", "a", "a"}, ""},
		"unavailable":  {503, 200, []string{"a", "b", "a"}, away + "\"answer 503\"\n" + back + "\n"},
		"system-error": {500, 200, []string{"a", "b", "a"}, away + "\"answer 500\"\n" + back + "\n"},
		"broken":       {broken, 200, []string{"a", "b", "a"}, away + "\"the connection broke\"\n" + back + "\n"},
		"too-slow":     {os.ErrDeadlineExceeded, 200, []string{"a", "b", "a"}, away + "\"no answer in time\"\n" + back + "\n"},
		"not-there":    {errRefused, 200, []string{"a", "b", "b", "a", "b"}, away + "\"no connection: dial tcp: connection refused\"\n" + back + "\n"},
		"both-fail":    {503, 503, []string{"a", "b", "a"}, away + "\"answer 503\"\n" + back + "\n"},
		"none-there":   {errRefused, errRefused, []string{"a", "b", "a", "b", "a", "b"}, away + "\"no connection: dial tcp: connection refused\"\n" + back + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(0, 0)
			wire := &sites{answers: map[string]any{"a": c.first, "b": c.second}}
			var log bytes.Buffer
			client := http.Client{Transport: &provider.Standby{Next: wire, First: "a", Second: "b", Now: func() time.Time { return now }, Log: plainLog(&log)}}
			call := func() {
				resp, err := client.Post("http://a/v3/pay", "application/json", strings.NewReader("order"))
				if err == nil {
					resp.Body.Close()
				}
				now = now.Add(30 * time.Second)
			}
			for range 3 {
				call()
			}
			if !slices.Equal(wire.asked, c.want) {
				t.Errorf("asked %v, want %v", wire.asked, c.want)
			}
			if slices.ContainsFunc(wire.bodies, func(s string) bool { return s != "order" }) {
				t.Errorf("sent %q", wire.bodies)
			}
			wire.answers["a"], now = 200, now.Add(time.Hour)
			call()
			call()
			if log.String() != c.logged {
				t.Errorf("logged\n%swant\n%s", log.String(), c.logged)
			}
		})
	}
}

// plainLog writes messages and what belongs to them, and nothing else.
func plainLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(lines{w}, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey && a.Value.String() == "WARN" {
			return slog.Attr{}
		}
		return a
	}}))
}

// lines takes the quotes off a line's message.
type lines struct{ io.Writer }

func (l lines) Write(line []byte) (int, error) {
	text := strings.Replace(strings.Replace(string(line), `msg="`, "", 1), `" from=`, " from=", 1)
	_, err := io.WriteString(l.Writer, text)
	return len(line), err
}

// Behind a forward proxy the connection that fails is one through it. What never left
// goes to the second site there too, and what has left does not.
func TestStandbyBehindProxy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proxy    string // what the proxy does with the first site
		redirect bool   // whether the same call goes to the second
		cause    string
	}{
		"leads-there": {"lead", false, ""},
		"refuses":     {"refuse", true, "no connection: Bad Gateway"},
		"hangs-up":    {"hang up", true, "no connection: "},
		"no-tls":      {"babble", true, "no connection: "},
		"cut-off":     {"cut", false, "the connection broke"},
	} {
		t.Run(name, func(t *testing.T) {
			site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }))
			defer site.Close()
			broken := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
			broken.TLS = site.TLS.Clone()
			broken.StartTLS()
			defer broken.Close()
			p := &connectProxy{t: t, sites: map[string]string{"b.example:443": site.Listener.Addr().String()}, faults: map[string]string{"a.example:443": c.proxy}}
			p.sites["a.example:443"] = map[bool]string{true: broken.Listener.Addr().String(), false: site.Listener.Addr().String()}[c.proxy == "cut"]
			proxy := httptest.NewServer(p)
			defer proxy.Close()
			at, err := url.Parse(proxy.URL)
			if err != nil {
				t.Fatal(err)
			}
			transport := provider.Transport()
			transport.Proxy = http.ProxyURL(at)
			transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
			defer transport.CloseIdleConnections()
			var log bytes.Buffer
			client := http.Client{Transport: &provider.Standby{Next: transport, First: "a.example", Second: "b.example", Now: time.Now, Log: plainLog(&log)}}
			resp, err := client.Post("https://a.example/v3/pay", "application/json", strings.NewReader("order"))
			if got := answeredBy(t, resp, err); (got == "b.example") != c.redirect || (got == "") != (c.proxy == "cut") {
				t.Errorf("answered by %q, %v", got, err)
			}
			if !strings.Contains(log.String(), c.cause) || (log.Len() > 0) != (c.cause != "") {
				t.Errorf("logged %q, want %q", log.String(), c.cause)
			}
		})
	}
}

// answeredBy returns the host that has answered, "" if there is no answer.
func answeredBy(t *testing.T, resp *http.Response, err error) string {
	t.Helper()
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	host, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(host)
}

// connectProxy is a forward proxy, with faults by where it is to lead.
type connectProxy struct {
	t             *testing.T
	sites, faults map[string]string
}

func (p *connectProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		p.t.Errorf("asked for %s, which is no tunnel", r.Method)
		return
	}
	fault := p.faults[r.Host]
	if fault == "refuse" {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		p.t.Error(err)
		return
	}
	defer client.Close()
	if fault == "hang up" {
		return
	}
	_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	if fault == "babble" {
		_, _ = io.WriteString(client, "what is this?")
		return
	}
	site, err := net.Dial("tcp", p.sites[r.Host])
	if err != nil {
		p.t.Error(err)
		return
	}
	defer site.Close()
	go func() {
		_, _ = io.Copy(site, client)
		_ = site.Close()
	}()
	_, _ = io.Copy(client, site)
}

// While WeChat Pay's first site is down, calls go to the second, and one order is made.
func TestStandbyOfWeChatPay(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"primary-host-down", "primary-host-unavailable"} {
		t.Run(fault, func(t *testing.T) {
			fx := newFixture(t)
			if err := fx.sim.Inject(providersim.Rule{Fault: fault, Percent: 100}); err != nil {
				t.Fatal(err)
			}
			const first = "api.mch.weixin.qq.com"
			before := fx.asked(first)
			o := fx.order("wechatpay", pay.RailQR)
			p := fx.providers["wechatpay"]
			request := fx.request("wechatpay", o)
			if _, err := p.Start(t.Context(), o.Rail, request); err == nil || errors.Is(err, provider.ErrRefused) {
				t.Fatalf("the first try: %v, want an outcome that is unknown", err)
			}
			action, err := p.Start(t.Context(), o.Rail, request)
			if err != nil {
				t.Fatal(err)
			}
			fx.pay(action, o.OutTradeNo)
			if ev := fx.query("wechatpay", o.OutTradeNo); ev.Outcome != pay.OutcomePaid {
				t.Errorf("it is %s", ev.Outcome)
			}
			if n := len(fx.sim.Orders()); n != 1 {
				t.Errorf("%d orders were made", n)
			}
			if n := fx.asked(first) - before; n != 1 {
				t.Errorf("the first site was asked %d times, want once within the minute", n)
			}
			p.(provider.Forgetter).Forget()
			if _, err := p.Query(t.Context(), provider.QueryOrder{OutTradeNo: o.OutTradeNo, Request: request}); err == nil || fx.asked(first)-before != 2 {
				t.Errorf("after all was forgotten: %v, want the first site to be asked", err)
			}
		})
	}
}
