package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
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
)

// stage is the whole demo, running as it does for a person: server, simulated
// providers and storefront, each on a port of its own.
type stage struct {
	*demo.Demo
	origin string   // of the pages and the API
	other  string   // the same server under its other name, foreign to browsers
	admin  string   // origin of the admin listener
	log    *journal // all that the program writes
	client *http.Client
	stop   func() error // ends the program and returns what run did

	mu      sync.Mutex
	secrets []string // that were given out and must not show in the log
}

// journal is a log that can be read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// perform starts the demo, with its settings adjusted if need be. It ends with
// the test, which fails if it doesn't end well, and shows the log if it failed.
func perform(t *testing.T, adjust ...func(*demo.Config)) *stage {
	t.Helper()
	s := &stage{log: &journal{}}
	c := demo.Config{SimListen: "127.0.0.1:0", Config: program.Config{
		Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Data: t.TempDir(), Log: program.NewLog(s.log, "text"),
	}}
	for _, f := range adjust {
		f(&c)
	}
	var err error
	if s.Demo, err = demo.Open(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.origin, s.admin = s.BaseURL, "http://"+s.AdminListen
	s.other = strings.Replace(s.origin, "127.0.0.1", "localhost", 1)
	transport := &http.Transport{}
	s.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	done := make(chan error, 1)
	go func() { done <- errors.Join(s.Run(ctx), s.Close()) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.stop(); err != nil {
			t.Errorf("the program did not stop well: %v", err)
		}
		if t.Failed() {
			t.Logf("the program's log:\n%s", s.log)
		}
	})
	return s
}

// shop is one of the sample merchants.
func (s *stage) shop(t *testing.T, id string) demo.Shop {
	t.Helper()
	i := slices.IndexFunc(s.Shops, func(shop demo.Shop) bool { return shop.ID == id })
	if i < 0 {
		t.Fatalf("there is no merchant %s", id)
	}
	return s.Shops[i]
}

// answer is what came back for a request.
type answer struct {
	status int
	header http.Header
	body   string
}

// problem is the JSON form of an error.
func (a answer) problem(t *testing.T) (code pay.Code, field string) {
	t.Helper()
	var e struct {
		Error struct {
			Code           pay.Code
			Message, Field string
		}
	}
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || e.Error.Message == "" {
		t.Errorf("status %d, and no error in JSON: %s", a.status, a.body)
	}
	return e.Error.Code, e.Error.Field
}

func (a answer) decode(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		t.Fatalf("status %d: %v: %s", a.status, err, a.body)
	}
}

// request makes a request; headers are names and values in turn.
func request(t *testing.T, method, url, body string, headers ...string) *http.Request {
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

func (s *stage) do(t *testing.T, r *http.Request) answer {
	t.Helper()
	a, err := s.try(r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// try is do where a test can't be ended: in a goroutine.
func (s *stage) try(r *http.Request) (answer, error) {
	resp, err := s.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body)}, err
}

// together sends requests at once.
func (s *stage) together(t *testing.T, requests []*http.Request) []answer {
	t.Helper()
	answers := make([]answer, len(requests))
	var all sync.WaitGroup
	for i, r := range requests {
		all.Go(func() {
			var err error
			if answers[i], err = s.try(r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return answers
}

// get asks for a page as a browser does.
func (s *stage) get(t *testing.T, url string, headers ...string) answer {
	t.Helper()
	return s.do(t, request(t, http.MethodGet, url, "", headers...))
}

const jsonBody = "application/json"

// order is what a merchant's server asks for; zero fields are filled in.
type order struct {
	Merchant    string
	Fen         int64
	Description string
	Locale      string
}

// json is the body of POST /v1/sessions, with more fields laid over it.
func (s *stage) json(t *testing.T, o order, over map[string]any) string {
	t.Helper()
	o = order{cmp.Or(o.Merchant, "bench"), cmp.Or(o.Fen, 1234), cmp.Or(o.Description, "Enamel mug"), o.Locale}
	body := map[string]any{
		"merchant_reference": t.Name()[:min(64, len(t.Name()))], "amount": pay.Money{Currency: "CNY", Value: o.Fen},
		"description": o.Description, "return_url": s.origin + "/demo/thanks?shop=" + o.Merchant, "locale": o.Locale,
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

// session is a session as its merchant sees it.
type session struct {
	ID       string            `json:"id"`
	Token    string            `json:"token"`
	URL      string            `json:"url"`
	Status   pay.SessionStatus `json:"status"`
	Attempts []struct {
		Method     pay.Method       `json:"method"`
		Rail       pay.Rail         `json:"rail"`
		State      pay.AttemptState `json:"state"`
		OutTradeNo string           `json:"out_trade_no"`
	} `json:"attempts"`
	key string // of its merchant
}

// open opens a session through the public API, as a merchant's server does.
func (s *stage) open(t *testing.T, o order) session {
	t.Helper()
	key := s.shop(t, cmp.Or(o.Merchant, "bench")).Key
	a := s.do(t, request(t, http.MethodPost, s.origin+"/v1/sessions", s.json(t, o, nil),
		"Authorization", "Bearer "+key, "Content-Type", jsonBody, "Idempotency-Key", rand.Text()))
	if a.status != http.StatusCreated {
		t.Fatalf("no session: %d %s", a.status, a.body)
	}
	var created session
	a.decode(t, &created)
	created.key = key
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = append(s.secrets, created.Token)
	return created
}

// look is the session as its merchant sees it now.
func (s *stage) look(t *testing.T, of session) session {
	t.Helper()
	a := s.get(t, s.origin+"/v1/sessions/"+of.ID, "Authorization", "Bearer "+of.key)
	if a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	now := of
	a.decode(t, &now)
	return now
}

var formToken = regexp.MustCompile(`name="form_token"[^>]*value="([0-9a-f]+)"|value="([0-9a-f]+)"[^>]*name="form_token"`)

// form is the body that a form of the session's page posts.
func (s *stage) form(t *testing.T, of session, m pay.Method, r pay.Rail) url.Values {
	t.Helper()
	page := s.get(t, of.URL, "Accept", "text/html", "User-Agent", desktop)
	found := formToken.FindStringSubmatch(page.body)
	if found == nil {
		t.Fatalf("status %d, and no form in %s", page.status, page.body)
	}
	return url.Values{"method": {string(m)}, "rail": {string(r)}, "form_token": {found[1] + found[2]}}
}

// payment is one in the simulator's books.
type payment struct {
	ID, Number, Text, State, Product string
	Fen                              int64
}

// payments lists codes, launched or orders of the simulator.
func (s *stage) payments(t *testing.T, list string) []payment {
	t.Helper()
	var found []payment
	s.get(t, s.SimURL+"/control/"+list).decode(t, &found)
	return found
}

// phone has the simulated phone approve or cancel what ref names.
func (s *stage) phone(t *testing.T, do, ref string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"ref": ref})
	if err != nil {
		t.Fatal(err)
	}
	a := s.do(t, request(t, http.MethodPost, s.SimURL+"/control/"+do, string(body), "Content-Type", jsonBody))
	if a.status != http.StatusOK {
		t.Fatalf("the phone can't %s: %d %s", do, a.status, a.body)
	}
}

// metric is the value of a counter without labels.
func (s *stage) metric(t *testing.T, name string) string {
	t.Helper()
	for line := range strings.Lines(s.get(t, s.admin+"/metrics").body) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("there is no metric %s", name)
	return ""
}
