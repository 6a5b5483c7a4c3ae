package httpd_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// code is in a page that has one.
const code = `data-qr="qr"`

// startHeld starts a server that reaches its providers through a gate, which is shut, and
// whose payers wait for so long.
func startHeld(t *testing.T, patience time.Duration) (*harness, *gate) {
	t.Helper()
	g := &gate{}
	g.shut()
	s := start(t, func(c *demo.Config) { c.Transport, c.Patience = g, patience })
	g.next = provider.TestTransport(s.SimURL)
	return s, g
}

// browse returns the request of a desktop's browser for a page, with more headers
// laid over its own.
func browse(t *testing.T, url string, headers ...string) *http.Request {
	t.Helper()
	return demotest.Request(t, http.MethodGet, url, "", append([]string{
		"Accept", "text/html", "User-Agent", demotest.Desktop, "Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate",
	}, headers...)...)
}

// decoded reads a body in one of the codings that pages have.
func decoded(t *testing.T, coding string, body io.Reader) io.Reader {
	t.Helper()
	switch coding {
	case "br":
		return brotli.NewReader(body)
	case "gzip":
		r, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	return body
}

// readTo reads until what was read holds end.
func readTo(t *testing.T, r io.Reader, end string) string {
	t.Helper()
	var read strings.Builder
	buffer := make([]byte, 4096)
	for !strings.Contains(read.String(), end) {
		n, err := r.Read(buffer)
		read.Write(buffer[:n])
		if err != nil {
			t.Fatalf("%v before %q in %s", err, end, read.String())
		}
	}
	return read.String()
}

// The list is there while the provider is asked, and the code comes in the same
// answer, whatever compresses it.
func TestInstantComesInTwoParts(t *testing.T) {
	t.Parallel()
	for _, coding := range []string{"br", "gzip", "identity"} {
		t.Run(coding, func(t *testing.T) {
			t.Parallel()
			s, gate := startHeld(t, time.Minute)
			open := s.Open(t, demotest.Order{Merchant: "instant"})
			resp, err := s.Client.Do(browse(t, open.URL, "Accept-Encoding", coding))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if got := resp.Header.Get("Content-Encoding"); got != coding && (got != "" || coding != "identity") {
				t.Errorf("the coding is %q", got)
			}
			if resp.ContentLength >= 0 || resp.Header.Get("X-Accel-Buffering") != "no" {
				t.Errorf("length %d, headers %v", resp.ContentLength, resp.Header)
			}
			body := decoded(t, coding, resp.Body)
			first := readTo(t, body, `class="pane"`)
			for _, part := range []string{`data-state="waiting"`, `data-method="wechat_pay"`, `data-method="alipay"`, "<button"} {
				if !strings.Contains(first, part) {
					t.Errorf("the first part has no %s", part)
				}
			}
			if strings.Contains(first, code) {
				t.Error("the first part has a code")
			}
			gate.open()
			rest, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			if page := string(rest); !strings.Contains(page, code) || !strings.HasSuffix(page, "</html>") {
				t.Errorf("the second part is %s", page)
			}
			s.onlyAttempt(t, open, pay.AttemptAwaiting)

			if again := s.Do(t, browse(t, open.URL)); !strings.Contains(again.Body, code) {
				t.Errorf("loaded again, the page is %s", again.Body)
			}
			s.onlyAttempt(t, open, pay.AttemptAwaiting)
		})
	}
}

// onlyAttempt checks that a session has one attempt, by a code, in a state.
func (s *harness) onlyAttempt(t *testing.T, of demotest.Session, state pay.AttemptState) {
	t.Helper()
	now := s.Look(t, of)
	if len(now.Attempts) != 1 || now.Attempts[0].Rail != pay.RailQR || now.Attempts[0].State != state {
		t.Errorf("the attempts are %+v", now.Attempts)
	}
}

// Where one condition fails, the page is the ordinary one and nothing was begun.
func TestInstantBeginsNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	const bot = `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)`
	shop := s.Origin
	for name, c := range map[string]struct {
		merchant, query string
		headers         []string
	}{
		"merchant-does-not-want": {merchant: "bench"},
		"phone":                  {headers: []string{"User-Agent", demotest.Android}},
		"wallet":                 {headers: []string{"User-Agent", demotest.WeChat}},
		"bot":                    {headers: []string{"User-Agent", bot}},
		"tool":                   {headers: []string{"User-Agent", "curl/8.5.0"}},
		"no-fetch-metadata":      {headers: []string{"Sec-Fetch-Dest", ""}},
		"not-to-show":            {headers: []string{"Sec-Fetch-Dest", "empty"}},
		"prefetch":               {headers: []string{"Sec-Purpose", "prefetch"}},
		"prerender":              {headers: []string{"Sec-Purpose", "prefetch;prerender"}},
		"older-prefetch":         {headers: []string{"Purpose", "prefetch"}},
		"preview":                {headers: []string{"X-Purpose", "preview"}},
		"json":                   {headers: []string{"Accept", demotest.TypeJSON}},
		"list-asked-for":         {query: "?choose=1"},
		"returned":               {query: "?returned=1"},
		"frame-not-in-view":      {query: "?parent=" + shop, headers: []string{"Sec-Fetch-Dest", "iframe"}},
		"frame-of-another":       {query: "?seen=1&parent=https://other.example", headers: []string{"Sec-Fetch-Dest", "iframe"}},
		"frame-of-nobody":        {query: "?seen=1", headers: []string{"Sec-Fetch-Dest", "iframe"}},
	} {
		t.Run(name, func(t *testing.T) {
			merchant := c.merchant
			if merchant == "" {
				merchant = "instant"
			}
			open := s.Open(t, demotest.Order{Merchant: merchant})
			if a := s.Do(t, browse(t, open.URL+c.query, c.headers...)); a.Status != http.StatusOK || strings.Contains(a.Body, code) {
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
			s.noAttempt(t, open)
		})
	}
	t.Run("head", func(t *testing.T) {
		open := s.Open(t, demotest.Order{Merchant: "instant"})
		r := browse(t, open.URL)
		r.Method = http.MethodHead
		s.Do(t, r)
		s.noAttempt(t, open)
	})
	t.Run("canceled", func(t *testing.T) {
		open := s.Open(t, demotest.Order{Merchant: "instant"})
		s.Do(t, s.merchantPost(t, open.Key, t.Name(), "/v1/sessions/"+open.ID+"/cancel", "{}"))
		s.Do(t, browse(t, open.URL))
		s.noAttempt(t, open)
	})
}

func (s *harness) noAttempt(t *testing.T, of demotest.Session) {
	t.Helper()
	if now := s.Look(t, of); len(now.Attempts) > 0 {
		t.Errorf("the attempts are %+v", now.Attempts)
	}
}

// A frame that the shop's page says is in view comes with the code; one that is not
// yet says that it would.
func TestInstantInFrame(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "instant"})
	page := open.URL + "?parent=" + s.Origin
	if a := s.Do(t, browse(t, page, "Sec-Fetch-Dest", "iframe")); !strings.Contains(a.Body, `data-unseen="1"`) {
		t.Errorf("the unseen page is %s", a.Body)
	}
	if a := s.Do(t, browse(t, page+"&seen=1", "Sec-Fetch-Dest", "iframe")); !strings.Contains(a.Body, code) || strings.Contains(a.Body, "data-unseen") {
		t.Errorf("the page in view is %s", a.Body)
	}
	s.onlyAttempt(t, open, pay.AttemptAwaiting)
}

// Several loads at once make one attempt. Those that come while it is made show how it
// stands.
func TestInstantOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "instant"})
	requests := make([]*http.Request, 8)
	for i := range requests {
		requests[i] = browse(t, open.URL)
	}
	codes := 0
	for _, a := range s.Together(t, requests) {
		if strings.Contains(a.Body, code) {
			codes++
		} else if !strings.Contains(a.Body, `data-state="submitting"`) {
			t.Errorf("status %d: %s", a.Status, a.Body)
		}
	}
	if codes == 0 {
		t.Error("no page came with the code")
	}
	s.onlyAttempt(t, open, pay.AttemptAwaiting)
}

// A provider that takes longer than a payer waits leaves the list, and the attempt goes
// on.
func TestInstantTooLate(t *testing.T) {
	t.Parallel()
	s, gate := startHeld(t, time.Millisecond)
	open := s.Open(t, demotest.Order{Merchant: "instant"})
	events := s.Events(t, open)
	a := s.Do(t, browse(t, open.URL))
	if strings.Contains(a.Body, code) || !strings.Contains(a.Body, `data-state="select" data-title="`) || !strings.Contains(a.Body, `"instant":"wechat_pay"`) {
		t.Errorf("the page is %s", a.Body)
	}
	s.until(t, open, events, pay.AttemptSubmitting)
	if again := s.Do(t, browse(t, open.URL)); !strings.Contains(again.Body, `data-state="submitting"`) {
		t.Errorf("loaded again, the page is %s", again.Body)
	}
	gate.open()
	s.until(t, open, events, pay.AttemptAwaiting)
	s.onlyAttempt(t, open, pay.AttemptAwaiting)
}

// What the provider refuses leaves the list too, and nothing is begun again.
func TestInstantRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.refuseNext(t)
	open := s.Open(t, demotest.Order{Merchant: "instant"})
	if a := s.Do(t, browse(t, open.URL)); a.Status != http.StatusOK || strings.Contains(a.Body, code) || !strings.Contains(a.Body, `data-state="failed" data-title="`) {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
	s.onlyAttempt(t, open, pay.AttemptFailed)
	s.Do(t, browse(t, open.URL))
	s.onlyAttempt(t, open, pay.AttemptFailed)
}

// A payer who leaves ends nothing but the page.
func TestInstantLeft(t *testing.T) {
	t.Parallel()
	s, gate := startHeld(t, time.Minute)
	open := s.Open(t, demotest.Order{Merchant: "instant"})
	events := s.Events(t, open)
	ctx, leave := context.WithCancel(t.Context())
	resp, err := s.Client.Do(browse(t, open.URL).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	s.until(t, open, events, pay.AttemptSubmitting)
	leave()
	gate.open()
	s.until(t, open, events, pay.AttemptAwaiting)
}

// A code that comes with the page is counted as one that was asked for: where no more
// may be asked for, the page is the list.
func TestInstantIsCounted(t *testing.T) {
	t.Parallel()
	s := start(t, behindProxy)
	const address = "203.0.113.77"
	open := s.Open(t, demotest.Order{Merchant: "instant"})
	form := s.Form(t, open, "no_such_method", pay.RailQR)
	for s.Do(t, s.post(t, open, "/attempts", address, form)).Status != http.StatusTooManyRequests {
	}
	if a := s.Do(t, browse(t, open.URL, from, address)); a.Status != http.StatusOK || strings.Contains(a.Body, code) {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
	s.noAttempt(t, open)
}
