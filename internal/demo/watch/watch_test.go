package watch_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
	"morepay/internal/demo/watch"
	"morepay/internal/device"
	"morepay/internal/pay"
	"morepay/internal/trace"
)

const typeForm = "application/x-www-form-urlencoded"

// heard returns what the demo's trace tells of a session's browsers.
func heard(t *testing.T, s *demotest.Demo, open demotest.Session) (told []string) {
	t.Helper()
	var story trace.Trace
	s.Get(t, s.SimURL+"/qa/trace/"+open.ID+"?format=json").Decode(t, &story)
	for _, e := range story.Entries {
		if e.Kind == trace.Heard {
			told = append(told, e.What+": "+e.More)
		}
	}
	return told
}

// wants fails unless the lines are told in that order, among others.
func wants(t *testing.T, told []string, lines ...string) {
	t.Helper()
	rest := told
	for _, want := range lines {
		i := slices.Index(rest, want)
		if i < 0 {
			t.Errorf("%q is not told, in its place, among\n%s", want, strings.Join(told, "\n"))
			return
		}
		rest = rest[i+1:]
	}
}

func userAgent(t *testing.T, p device.Profile) string {
	t.Helper()
	sample, ok := device.SampleOf(p)
	if !ok {
		t.Fatalf("there is no device %s", p)
	}
	return sample.UserAgent
}

// post posts a form of the session's page.
func post(t *testing.T, s *demotest.Demo, open demotest.Session, below string, form url.Values, headers ...string) demotest.Answer {
	t.Helper()
	return s.Do(t, demotest.Request(t, http.MethodPost, open.URL+below, form.Encode(), append(headers, "Content-Type", typeForm)...))
}

// A payer without scripts is handed off, comes back, turns to a code, and another device
// opens our page's own code: all of it stands in the trace, and no secret.
func TestWatch(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	open := s.Open(t, demotest.Order{Locale: "de"})
	phone := userAgent(t, "chrome-android")
	s.Get(t, open.URL+"?via=no-referrer", "Accept", "text/html", "User-Agent", phone, "Accept-Encoding", "br")
	s.Get(t, open.URL+"?choose=1", "Accept", "text/html", "User-Agent", phone, "Accept-Encoding", "gzip")
	form := s.Form(t, open, "wechat_pay", pay.RailDeepLink)
	post(t, s, open, "/attempts", form, "User-Agent", phone)
	s.Get(t, open.URL+"/return", "User-Agent", phone)
	form.Set("asked", "1")
	post(t, s, open, "/return", form, "User-Agent", phone, "Accept", demotest.TypeJSON)
	form.Set("rail", "page_qr")
	post(t, s, open, "/attempts", form, "User-Agent", phone, "Accept", demotest.TypeJSON)
	form.Set("method", "4711-members-name")
	post(t, s, open, "/attempts", form, "User-Agent", phone)
	s.Get(t, open.URL+"?device=wechat-iphone@8.0.1", "Accept", "text/html", "Sec-Fetch-Dest", "iframe")
	told := heard(t, s, open)
	wants(t, told,
		"page select: chrome-android, de, via no-referrer, answer 200",
		"page select: chrome-android, de, via no-referrer, list, answer 200",
		"order wechat_pay deep_link: chrome-android, via no-referrer, natively, sent to an address of http, answer 303",
		"return: chrome-android, via no-referrer, sent to our page, answer 303",
		"check waiting: chrome-android, via no-referrer, by a tap, by script, answer 200",
		"order wechat_pay page_qr waiting: chrome-android, via no-referrer, after wechat_pay deep_link, by script, answer 200",
		"page select: wechat-iphone@8.0.1, as the address says, another device than before, de, via no-referrer, in a frame, answer 200",
	)
	all := strings.Join(told, "\n")
	for _, secret := range []string{open.Token, form.Get("form_token"), "127.0.0.1", "4711"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is told: %s", secret, all)
		}
	}
}

// What a page asks again and again is counted, and a stream is known while it is open.
func TestWatchCounts(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	open := s.Open(t, demotest.Order{})
	for range 3 {
		s.Get(t, open.URL, "Accept", demotest.TypeJSON, "User-Agent", demotest.Desktop)
	}
	s.Events(t, open).Next(t)
	wants(t, heard(t, s, open), "asks select: chrome-windows, by script, answer 200, 3 times", "stream: unknown-other, open")
}

// taker is an answer whose connection can be taken.
type taker struct{ http.ResponseWriter }

func (taker) Header() http.Header { return nil }

func (taker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, _ := net.Pipe()
	return conn, nil, nil
}

// A stream is over when its connection is closed, be that before its handler has
// returned or after; and what is remembered is bounded.
func TestWatchStreams(t *testing.T) {
	t.Parallel()
	b := watch.New(watch.Config{
		Session: func(_ context.Context, token string, _ bool) string { return "cs_" + token },
		Via:     func(*http.Request) string { return "" },
		Now:     time.Now,
	})
	var conns []net.Conn
	h := b.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		if conns = append(conns, conn); len(conns) == 2 {
			conn.Close()
		}
	}))
	stream := func(token string) {
		h.ServeHTTP(taker{}, demotest.Request(t, http.MethodGet, "http://shop.example/pay/"+token+"/events", ""))
	}
	stream("a")
	stream("a")
	stream("a")
	conns[0].Close()
	var closed []bool
	for _, e := range b.Of("cs_a") {
		closed = append(closed, e.Browser.Lasted > 0)
	}
	if !slices.Equal(closed, []bool{true, true, false}) {
		t.Errorf("streams that are over: %v", closed)
	}
	for range 400 {
		stream("a")
	}
	for i := range 600 {
		stream(strconv.Itoa(i))
	}
	conns[2].Close() // of a session that is forgotten
	if n, old := len(b.Of("cs_599")), len(b.Of("cs_a")); n != 1 || old != 0 {
		t.Errorf("%d facts of the newest session, %d of the oldest", n, old)
	}
}
