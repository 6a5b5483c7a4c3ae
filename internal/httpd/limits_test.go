package httpd_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

// behindProxy believes what this machine says about a caller's address: with it
// a request can come from anywhere, and only those that name no address are
// from this machine, which test mode doesn't count.
func behindProxy(c *demo.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
}

const from = "X-Forwarded-For"

// post returns a form as the session's page posts it, from an address.
func (s *harness) post(t *testing.T, of demotest.Session, path, address string, form url.Values, headers ...string) *http.Request {
	t.Helper()
	return demotest.Request(t, http.MethodPost, of.URL+path, form.Encode(), append([]string{
		from, address, "Accept", "text/html", "User-Agent", demotest.Desktop, "Content-Type", "application/x-www-form-urlencoded",
	}, headers...)...)
}

// allowance sends requests until one is refused, and checks how many were let
// through: n, and what came back of the allowance meanwhile.
func (s *harness) allowance(t *testing.T, n int, per time.Duration, next func() *http.Request) {
	t.Helper()
	start := time.Now()
	for passed := 0; ; passed++ {
		a := s.Do(t, next())
		if a.Status == http.StatusTooManyRequests {
			if passed < n {
				t.Errorf("refused after %d, want %d", passed, n)
			}
			if a.Header.Get("Retry-After") == "" {
				t.Error("the refusal does not say when to come again")
			}
			return
		}
		if most := n + 1 + int(time.Since(start)*time.Duration(n)/per); passed > most {
			t.Fatalf("%d were let through, want at most %d", passed, most)
		}
		if a.Status >= http.StatusInternalServerError {
			t.Fatalf("status %d: %s", a.Status, a.Body)
		}
		if time.Since(start) > 2*per {
			t.Fatalf("nobody was told to ask less often, or this machine is too busy to ask too often: %d in %v", passed, time.Since(start))
		}
	}
}

// Floods: each rate holds one address, session or merchant, and nobody else.
func TestRates(t *testing.T) {
	t.Parallel()
	s := start(t, behindProxy)
	one := s.Open(t, demotest.Order{})
	get := func(url, accept, address string) func() *http.Request {
		return func() *http.Request {
			return demotest.Request(t, http.MethodGet, url, "", "Accept", accept, from, address, "User-Agent", demotest.Desktop)
		}
	}
	attempts := func(of demotest.Session, address string) func() *http.Request {
		form := s.Form(t, of, "wechat_pay", pay.RailQR)
		return func() *http.Request { return s.post(t, of, "/attempts", address, form) }
	}
	manySessions := func(address string) func() *http.Request {
		sessions, n := make([]func() *http.Request, 50), 0
		for i := range sessions {
			sessions[i] = attempts(s.Open(t, demotest.Order{}), address)
		}
		return func() *http.Request { n++; return sessions[n%len(sessions)]() }
	}
	two := s.Open(t, demotest.Order{})
	asked, askedToo := s.Open(t, demotest.Order{Merchant: "friend"}), s.Open(t, demotest.Order{Merchant: "friend"})
	friend, friendToo := s.ask(t, asked, ""), s.ask(t, askedToo, "")
	manyPages := func(address string) func() *http.Request {
		pages, n := make([]func() *http.Request, 20), 0
		for i := range pages {
			pages[i] = get(s.Open(t, demotest.Order{}).URL, "text/html", address)
		}
		return func() *http.Request { n++; return pages[n%len(pages)]() }
	}
	foreignForm := func(of demotest.Session, address string) func() *http.Request {
		return func() *http.Request { return s.post(t, of, "/attempts", address, nil, "Sec-Fetch-Site", "cross-site") }
	}
	for _, test := range []struct {
		name  string
		n     int
		per   time.Duration
		next  func() *http.Request
		other func() *http.Request // of somebody else, whom it must not touch
	}{
		{"page-of-a-token", 60, time.Minute, get(one.URL, "text/html", "203.0.113.1"), get(s.Open(t, demotest.Order{}).URL, "text/html", "203.0.113.1")},
		{"picture-of-a-token", 60, time.Minute, get(s.Open(t, demotest.Order{}).URL+"/page.png", "*/*", "203.0.113.3"), get(two.URL, "text/html", "203.0.113.3")},
		{"pages-of-an-address", 600, time.Minute, manyPages("203.0.113.14"), get(two.URL, "text/html", "203.0.113.15")},
		{"guesses-of-an-address", 60, time.Minute, get(s.Origin+"/pay/guess", "text/html", "203.0.113.5"), get(two.URL, "text/html", "203.0.113.5")},
		{"event-guesses-of-an-address", 60, time.Minute, get(s.Origin+"/pay/guess/events", demotest.TypeJSON, "203.0.113.7"), get(two.URL+"/events", demotest.TypeJSON, "203.0.113.7")},
		{"guesses-by-foreign-forms", 60, time.Minute, func() *http.Request {
			return demotest.Request(t, http.MethodPost, s.Origin+"/pay/guess/attempts", "", from, "203.0.113.16", "Sec-Fetch-Site", "cross-site")
		}, get(two.URL, "text/html", "203.0.113.16")},
		{"pages-by-foreign-forms", 60, time.Minute, foreignForm(s.Open(t, demotest.Order{}), "203.0.113.17"), get(two.URL, "text/html", "203.0.113.17")},
		{"guesses-of-friends-links", 60, time.Minute, get(s.Origin+"/p/guess", "text/html", "203.0.113.18"), get(two.URL, "text/html", "203.0.113.18")},
		{"pages-of-a-friends-link", 60, time.Minute, get(friend.URL, "text/html", "203.0.113.19"), get(asked.URL, "text/html", "203.0.113.19")},
		{"attempts-by-a-friends-link", 6, time.Minute, attempts(friendToo, "203.0.113.20"), attempts(askedToo, "203.0.113.20")},
		{"network-is-one-address", 60, time.Minute, get(s.Origin+"/pay/guess", "text/html", "2001:db8:1::1"), get(two.URL, "text/html", "2001:db8:2::1")},
		{"status-of-a-session", 30, time.Minute, get(s.Open(t, demotest.Order{}).URL+"/events", demotest.TypeJSON, "203.0.113.9"), get(two.URL+"/events", demotest.TypeJSON, "203.0.113.9")},
		{"attempts-of-a-session", 6, time.Minute, attempts(s.Open(t, demotest.Order{}), "203.0.113.10"), attempts(two, "203.0.113.10")},
		{"attempts-of-an-address", 200, time.Minute, manySessions("203.0.113.11"), attempts(s.Open(t, demotest.Order{}), "203.0.113.12")},
		{"reports-of-an-address", 10, time.Minute, func() *http.Request {
			return demotest.Request(t, http.MethodPost, s.Origin+"/csp", "{}", from, "203.0.113.13")
		}, get(two.URL, "text/html", "203.0.113.13")},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.allowance(t, test.n, test.per, test.next)
			if a := s.Do(t, test.other()); a.Status >= http.StatusBadRequest {
				t.Errorf("somebody else: status %d: %s", a.Status, a.Body)
			}
		})
	}
}

// A merchant that asks too often is told so, and when to come again; the other
// merchants are not, and neither are its own writes when it polls too much.
func TestMerchantRate(t *testing.T) {
	t.Parallel()
	s := start(t, behindProxy)
	ask := func(merchant, path string) *http.Request {
		return demotest.Request(t, http.MethodGet, s.Origin+path, "", "Authorization", "Bearer "+s.Shop(t, merchant).Key, from, "203.0.113.20")
	}
	requests := make([]*http.Request, 100)
	for i := range requests {
		requests[i] = ask("bench", "/v1/events")
	}
	start, passed := time.Now(), 0
	for _, a := range s.Together(t, requests) {
		if a.Header.Get("RateLimit-Limit") != "10" || a.Header.Get("RateLimit-Remaining") == "" || a.Header.Get("RateLimit-Reset") == "" {
			t.Fatalf("the answer says %v", a.Header)
		}
		switch a.Status {
		case http.StatusOK:
			passed++
		case http.StatusTooManyRequests:
			if a.Header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
			}
		default:
			t.Fatalf("status %d: %s", a.Status, a.Body)
		}
	}
	most := 11 + int(time.Since(start)*10/time.Second)
	if passed < 10 || passed > most {
		t.Errorf("%d requests passed, want 10 to %d", passed, most)
	}
	if a := s.Do(t, ask("demo", "/v1/events")); a.Status != http.StatusOK {
		t.Errorf("another merchant: status %d", a.Status)
	}
	created := s.merchantPost(t, s.Shop(t, "bench").Key, "while polling", "/v1/sessions", s.JSON(t, demotest.Order{}, nil))
	created.Header.Set(from, "203.0.113.20")
	if a := s.Do(t, created); a.Status != http.StatusCreated || a.Header.Get("RateLimit-Limit") != "50" {
		t.Errorf("a session while polling: status %d, %s a second", a.Status, a.Header.Get("RateLimit-Limit"))
	}
}

// A method is whatever a client sends: it makes no series and no line of its own.
func TestInventedMethods(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i := range 50 {
		s.Do(t, demotest.Request(t, fmt.Sprintf("INVENTED%d", i), s.Origin+"/pay/nothing", ""))
	}
	metrics := s.Get(t, s.Admin+"/metrics").Body
	if strings.Contains(metrics, "INVENTED") || !strings.Contains(metrics, `method="other"`) {
		t.Error("the metrics know methods by the name that clients give them")
	}
}

// A browser that does not say where a form comes from is judged by its Origin: our
// public one is right, whatever Host the proxy writes.
func TestFormsBehindAProxy(t *testing.T) {
	t.Parallel()
	s := start(t, behindProxy)
	open := s.Open(t, demotest.Order{})
	form := s.Form(t, open, "wechat_pay", pay.RailQR)
	for origin, want := range map[string]int{s.Origin: http.StatusSeeOther, "https://evil.example": http.StatusForbidden} {
		r := s.post(t, open, "/attempts", "203.0.113.50", form, "Origin", origin)
		r.Host = "internal"
		if a := s.Do(t, r); a.Status != want {
			t.Errorf("from %s: status %d, want %d", origin, a.Status, want)
		}
	}
}

// A link under which WeChat brings an identified payer back works more than
// once. Each time it is asked who that is, so each time counts.
func TestIdentifiedPayersAreCounted(t *testing.T) {
	t.Parallel()
	s := start(t, behindProxy)
	open := s.Open(t, demotest.Order{})
	const address = "203.0.113.30"
	a := s.Do(t, s.post(t, open, "/attempts", address, s.Form(t, open, "wechat_pay", pay.RailJSAPI), "User-Agent", demotest.WeChat))
	there, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.Status != http.StatusSeeOther {
		t.Fatalf("status %d to %q: %v", a.Status, there, err)
	}
	back := there.Query().Get("redirect_uri") + "?code=made-up&state=" + there.Query().Get("state")
	s.allowance(t, 6, time.Minute, func() *http.Request {
		return demotest.Request(t, http.MethodGet, back, "", "Accept", demotest.TypeJSON, "User-Agent", demotest.WeChat, from, address)
	})
	if now := s.Look(t, open); len(now.Attempts) != 0 {
		t.Errorf("a made-up code made the attempts %+v", now.Attempts)
	}
}

// Streams cost memory for as long as they are open, so few may be. The newest of a
// session takes the place of its oldest, which may be one that nobody reads.
func TestStreamBounds(t *testing.T) {
	s := start(t, behindProxy)
	stream := func(of demotest.Session, address string) *http.Response {
		resp, err := s.Client.Do(demotest.Request(t, http.MethodGet, of.URL+"/events", "", "Accept", "text/event-stream", from, address))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	open := s.Open(t, demotest.Order{})
	first := stream(open, "203.0.113.41")
	for range 3 {
		if got := stream(open, "203.0.113.41").StatusCode; got != http.StatusOK {
			t.Fatalf("status %d", got)
		}
	}
	giveUp := time.AfterFunc(15*time.Second, func() { first.Body.Close() })
	defer giveUp.Stop()
	if _, err := io.ReadAll(first.Body); err != nil { // it has ended
		t.Errorf("the first stream: %v", err)
	}
}

// Bodies and headers over their bounds are refused before anything is done with
// them; the longest that is allowed is read.
func TestLengths(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	open := s.Open(t, demotest.Order{})
	before := s.rows(t)
	for _, test := range []struct {
		name, url string
		most      int
		headers   []string
	}{
		{"notification", s.Origin + "/notify/wechatpay/1600000000", 64 << 10, nil},
		{"session", s.Origin + "/v1/sessions", 32 << 10, []string{"Authorization", "Bearer " + open.Key, "Content-Type", demotest.TypeJSON, "Idempotency-Key", "long"}},
		{"refund", s.Origin + "/v1/sessions/" + open.ID + "/refunds", 32 << 10, []string{"Authorization", "Bearer " + open.Key, "Content-Type", demotest.TypeJSON, "Idempotency-Key", "long"}},
		{"decide", s.Origin + "/v1/merchants/bench/decide", 32 << 10, []string{"Authorization", "Bearer " + open.Key, "Content-Type", demotest.TypeJSON}},
		{"attempt", open.URL + "/attempts", 8 << 10, []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"check", open.URL + "/return", 8 << 10, []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"report", s.Origin + "/csp", 8 << 10, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			for n, tooLong := range map[int]bool{test.most: false, test.most + 1: true} {
				a := s.Do(t, demotest.Request(t, http.MethodPost, test.url, strings.Repeat("a", n), test.headers...))
				if got := a.Status == http.StatusRequestEntityTooLarge; got != tooLong {
					t.Errorf("%d bytes: status %d: %s", n, a.Status, a.Body)
				}
			}
		})
	}
	t.Run("document", func(t *testing.T) {
		a := s.Do(t, demotest.Request(t, http.MethodPut, s.Admin+"/v1/admin/merchants/bench/capabilities", strings.Repeat("a", 64<<10+1),
			"Authorization", "Bearer "+adminKey, "If-Match", `"v1"`))
		if a.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d: %s", a.Status, a.Body)
		}
	})
	t.Run("header", func(t *testing.T) {
		conn, err := net.Dial("tcp", s.Listen)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", strings.Repeat("a", 32<<10))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("status %d, %v", resp.StatusCode, err)
		}
	})
	s.unchanged(t, before)
}

// Reports of blocked content may be anybody's: they are short in the log, and
// what they quote is no secret there.
func TestReportsAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	before := s.rows(t)
	report := `{"csp-report":{"document-uri":"` + open.URL + `","blocked-uri":"` + strings.Repeat("x", 7000) + `\nmsg=forged"}}`
	if a := s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+"/csp", report)); a.Status != http.StatusNoContent || a.Body != "" {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
	log := s.Log.String()
	if n := strings.Count(log, "x"); !strings.Contains(log, "content was blocked") || n > 1500 || strings.Contains(log, open.Token) {
		t.Errorf("the log took %d bytes of the report:\n%s", n, log)
	}
	if got := s.Metric(t, "morepay_csp_reports_total"); got != "1" {
		t.Errorf("%s reports are counted", got)
	}
	s.unchanged(t, before)
}
