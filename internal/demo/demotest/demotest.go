// Package demotest runs the whole demo for tests, and speaks to it over HTTP as
// browsers, merchants' servers and the simulated phone do.
//
// What must not live here: what is expected of an answer.
package demotest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/secret"
	"morepay/internal/store/fresh"
)

// Demo is the whole demo, running as it does for a person: server, simulated
// providers and storefront, each on a port of its own.
type Demo struct {
	*demo.Demo
	Origin string   // of the pages and the API
	Other  string   // the same server under its other name, foreign to browsers
	Admin  string   // origin of the admin listener
	Log    *Journal // all that the program writes
	Client *http.Client
	Stop   func() error // ends the program and returns what run did

	mu     sync.Mutex
	Tokens []string // of the sessions that were opened
}

// Journal is a log that can be read while it is written.
type Journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements [io.Writer].
func (j *Journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(b)
}

// String returns what has been written so far.
func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// Start starts the demo, with its settings adjusted if need be. It ends with
// the test, which fails if it doesn't end well, and shows the log if it failed.
func Start(t *testing.T, adjust ...func(*demo.Config)) *Demo {
	t.Helper()
	log := &Journal{}
	c := demo.Config{SimListen: "127.0.0.1:0", Config: program.Config{
		Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Data: t.TempDir(), Log: program.NewLog(log, "text", slog.LevelInfo),
	}}
	for _, f := range adjust {
		f(&c)
	}
	if c.Database != "" {
		c.Secret = cmp.Or(c.Secret, base64.StdEncoding.EncodeToString(secret.New()))
	} else if err := fresh.Lay(c.Data); err != nil {
		t.Fatal(err)
	}
	d, err := demo.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return Run(t, d, log)
}

// Run does what [Start] does, for a demo that has been opened. log is its log.
func Run(t *testing.T, d *demo.Demo, log *Journal) *Demo {
	t.Helper()
	s := &Demo{Demo: d, Log: log, Origin: "http://" + d.Listen, Admin: "http://" + d.AdminListen}
	s.Other = strings.Replace(s.Origin, "127.0.0.1", "localhost", 1)
	transport := &http.Transport{}
	s.Client = NewClient(transport)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- errors.Join(s.Run(ctx), s.Close()) }()
	s.Stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Stop(); err != nil {
			t.Errorf("the program did not stop well: %v", err)
		}
		if t.Failed() {
			t.Logf("the program's log:\n%s", s.Log)
		}
	})
	return s
}

// NewClient returns a client that follows no redirects.
func NewClient(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Shop returns one of the sample merchants.
func (s *Demo) Shop(t *testing.T, id string) demo.Shop {
	t.Helper()
	i := slices.IndexFunc(s.Shops, func(shop demo.Shop) bool { return shop.ID == id })
	if i < 0 {
		t.Fatalf("there is no merchant %s", id)
	}
	return s.Shops[i]
}

// Answer is the response to a request.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Problem returns the JSON form of an error.
func (a Answer) Problem(t *testing.T) (code pay.Code, field string) {
	t.Helper()
	var e struct {
		Error struct {
			Code           pay.Code
			Message, Field string
		}
	}
	if err := json.Unmarshal([]byte(a.Body), &e); err != nil || e.Error.Message == "" {
		t.Errorf("status %d, and no error in JSON: %s", a.Status, a.Body)
	}
	return e.Error.Code, e.Error.Field
}

// Decode reads the answer's JSON.
func (a Answer) Decode(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), into); err != nil {
		t.Fatalf("status %d: %v: %s", a.Status, err, a.Body)
	}
}

// Request makes a request; headers are names and values in turn.
func Request(t *testing.T, method, url, body string, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// Do makes a request, which must be answered.
func (s *Demo) Do(t *testing.T, r *http.Request) Answer {
	t.Helper()
	a, err := s.Try(r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Try does what do does where a test can't be ended: in a goroutine.
func (s *Demo) Try(r *http.Request) (Answer, error) {
	resp, err := s.Client.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return Answer{resp.StatusCode, resp.Header, string(body)}, err
}

// Together sends requests at once.
func (s *Demo) Together(t *testing.T, requests []*http.Request) []Answer {
	t.Helper()
	answers := make([]Answer, len(requests))
	var all sync.WaitGroup
	for i, r := range requests {
		all.Go(func() {
			var err error
			if answers[i], err = s.Try(r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return answers
}

// Get asks for a page as a browser does.
func (s *Demo) Get(t *testing.T, url string, headers ...string) Answer {
	t.Helper()
	return s.Do(t, Request(t, http.MethodGet, url, "", headers...))
}

// User agents of browsers.
const (
	Desktop = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
	Android = "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36"
	WeChat  = "Mozilla/5.0 (Linux; Android 14; M2102K1C; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/134.0.6998.136 Mobile Safari/537.36 XWEB/1340059 MMWEBSDK/20250201 MicroMessenger/8.0.58.2841(0x28003A35) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN"
	Alipay  = "Mozilla/5.0 (Linux; Android 14; PHM110 Build/UKQ1.230924.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/105.0.5195.148 MYWeb/0.11.0.241217113053 UWS/3.22.2.9999 UCBS/3.22.2.9999_220000000000 Mobile Safari/537.36 NebulaSDK/1.8.100112 Nebula AlipayDefined(nt:5G,ws:360|0|3.0) AliApp(AP/10.6.80.8000) AlipayClient/10.6.80.8000 Language/zh-Hans isConcaveScreen/false Region/CNAriver/1.0.0 ChannelId(5) DTN/2.0"
)

// TypeJSON is the content type of JSON.
const TypeJSON = "application/json"

// Order is a merchant's request for a session; zero fields are filled in.
type Order struct {
	Merchant    string
	Fen         int64
	Description string
	Locale      string
}

// JSON returns the body of POST /v1/sessions, with more fields laid over it.
func (s *Demo) JSON(t *testing.T, o Order, over map[string]any) string {
	t.Helper()
	o = Order{cmp.Or(o.Merchant, "bench"), cmp.Or(o.Fen, 1234), cmp.Or(o.Description, "Enamel mug"), o.Locale}
	body := map[string]any{
		"merchant_reference": t.Name()[:min(64, len(t.Name()))], "amount": pay.Money{Currency: "CNY", Value: o.Fen},
		"description": o.Description, "return_url": s.Origin + "/demo/thanks?shop=" + o.Merchant, "locale": o.Locale,
	}
	for k, v := range over {
		body[k] = v
	}
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Session is a session as its merchant sees it.
type Session struct {
	ID       string            `json:"id"`
	Token    string            `json:"token"`
	URL      string            `json:"url"`
	Status   pay.SessionStatus `json:"status"`
	Attempts []struct {
		Method      pay.Method       `json:"method"`
		Rail        pay.Rail         `json:"rail"`
		State       pay.AttemptState `json:"state"`
		OutTradeNo  string           `json:"out_trade_no"`
		Instalments int              `json:"instalments"`
	} `json:"attempts"`
	Key string // of its merchant
}

// Open opens a session through the public API, as a merchant's server does.
func (s *Demo) Open(t *testing.T, o Order) Session {
	t.Helper()
	key := s.Shop(t, cmp.Or(o.Merchant, "bench")).Key
	a := s.Do(t, Request(t, http.MethodPost, s.Origin+"/v1/sessions", s.JSON(t, o, nil),
		"Authorization", "Bearer "+key, "Content-Type", TypeJSON, "Idempotency-Key", rand.Text()))
	if a.Status != http.StatusCreated {
		t.Fatalf("no session: %d %s", a.Status, a.Body)
	}
	var created Session
	a.Decode(t, &created)
	created.Key = key
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Tokens = append(s.Tokens, created.Token)
	return created
}

// Look returns the session as its merchant sees it now.
func (s *Demo) Look(t *testing.T, of Session) Session {
	t.Helper()
	a := s.Get(t, s.Origin+"/v1/sessions/"+of.ID, "Authorization", "Bearer "+of.Key)
	if a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	now := of
	a.Decode(t, &now)
	return now
}

var formToken = regexp.MustCompile(`name="form_token"[^>]*value="([0-9a-f]+)"|value="([0-9a-f]+)"[^>]*name="form_token"`)

// Form returns the body that a form of the session's page posts.
func (s *Demo) Form(t *testing.T, of Session, m pay.Method, r pay.Rail) url.Values {
	t.Helper()
	page := s.Get(t, of.URL, "Accept", "text/html", "User-Agent", Desktop)
	found := formToken.FindStringSubmatch(page.Body)
	if found == nil {
		t.Fatalf("status %d, and no form in %s", page.Status, page.Body)
	}
	return url.Values{"method": {string(m)}, "rail": {string(r)}, "form_token": {found[1] + found[2]}}
}

// Payment is one in the simulator's books.
type Payment struct {
	ID, Number, Text, State, Product string
	Fen                              int64
}

// Payments lists codes, launched or orders of the simulator.
func (s *Demo) Payments(t *testing.T, list string) []Payment {
	t.Helper()
	var found []Payment
	s.Get(t, s.SimURL+"/control/"+list).Decode(t, &found)
	return found
}

// Phone has the simulated phone approve or cancel what ref names.
func (s *Demo) Phone(t *testing.T, do, ref string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"ref": ref})
	if err != nil {
		t.Fatal(err)
	}
	a := s.Do(t, Request(t, http.MethodPost, s.SimURL+"/control/"+do, string(body), "Content-Type", TypeJSON))
	if a.Status != http.StatusOK {
		t.Fatalf("the phone can't %s: %d %s", do, a.Status, a.Body)
	}
}

// Metric returns the value of a counter without labels.
func (s *Demo) Metric(t *testing.T, name string) string {
	t.Helper()
	for line := range strings.Lines(s.Get(t, s.Admin+"/metrics").Body) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("there is no metric %s", name)
	return ""
}
