package httpd_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// gate is a way to the providers that a test shuts and opens.
type gate struct {
	next   http.RoundTripper
	mu     sync.Mutex
	passes chan struct{} // closed while the gate is open
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.passes = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.passes)
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	passes := g.passes
	g.mu.Unlock()
	select {
	case <-passes:
		return g.next.RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// startGated starts a server that reaches its providers through a gate, which is
// shut, and whose payers don't wait.
func startGated(t *testing.T) (*harness, *gate) {
	t.Helper()
	g := &gate{}
	g.shut()
	s := start(t, func(c *demo.Config) { c.Transport, c.Patience = g, time.Millisecond })
	g.next = provider.TestTransport(s.SimURL)
	return s, g
}

// until waits until a session's first attempt is in a state, looking again at each of its
// events.
func (s *harness) until(t *testing.T, of demotest.Session, events demotest.Stream, state pay.AttemptState) {
	t.Helper()
	for {
		if now := s.Look(t, of); len(now.Attempts) > 0 && now.Attempts[0].State == state {
			return
		}
		events.Next(t)
	}
}

// A provider that takes its time keeps no payer waiting for a page, and what it says
// in the end is heard.
func TestSlowProviderKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	s, gate := startGated(t)
	open := s.Open(t, demotest.Order{})
	form := s.Form(t, open, "wechat_pay", pay.RailQR)
	events := s.Events(t, open)

	a := s.Do(t, s.post(t, open, "/attempts", "", form))
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/pay/"+open.Token {
		t.Fatalf("status %d to %q: %s", a.Status, a.Header.Get("Location"), a.Body)
	}
	s.until(t, open, events, pay.AttemptSubmitting)
	if a = s.Do(t, s.post(t, open, "/attempts", "", form, "Accept", demotest.TypeJSON)); a.Status != http.StatusOK || !strings.Contains(a.Body, `"state":"submitting"`) {
		t.Errorf("as JSON: status %d: %s", a.Status, a.Body)
	}
	if page := s.Get(t, open.URL, "Accept", "text/html", "User-Agent", demotest.Desktop); !strings.Contains(page.Body, `data-state="submitting"`) {
		t.Errorf("the page is %s", page.Body)
	}
	gate.open()
	s.until(t, open, events, pay.AttemptAwaiting)
	if now := s.Look(t, open); len(now.Attempts) != 1 {
		t.Errorf("the attempts are %+v", now.Attempts)
	}
}

// So is a payer who says that they have paid.
func TestSlowCheckKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	s, gate := startGated(t)
	gate.open()
	open := s.Open(t, demotest.Order{})
	form := s.Form(t, open, "wechat_pay", pay.RailQR)
	events := s.Events(t, open)
	s.Do(t, s.post(t, open, "/attempts", "", form))
	s.until(t, open, events, pay.AttemptAwaiting)
	number := s.Look(t, open).Attempts[0].OutTradeNo
	gate.shut()
	a := s.Do(t, s.post(t, open, "/return", "", form, "Accept", demotest.TypeJSON))
	if a.Status != http.StatusOK || !strings.Contains(a.Body, `"state":"waiting"`) {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
	s.UntilPaid(t, open, func() { s.Phone(t, "approve", number) })
	gate.open()
}

// What a provider did is no fault of the page's server.
func TestRefusedPaymentIsAPage(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, test := range []struct {
		accept string
		method pay.Method
		rail   pay.Rail
		status int
	}{{"text/html", "alipay", pay.RailQR, http.StatusOK}, {demotest.TypeJSON, "jd_pay", pay.RailRedirect, http.StatusBadGateway}} {
		open := s.Open(t, demotest.Order{})
		form := s.Form(t, open, test.method, test.rail)
		s.refuseNext(t)
		if a := s.Do(t, s.post(t, open, "/attempts", "", form, "Accept", test.accept)); a.Status != test.status || !strings.Contains(a.Body, string(pay.CodeProviderRefused)) {
			t.Errorf("%s: status %d, want %d: %s", test.accept, a.Status, test.status, a.Body)
		}
	}
}
