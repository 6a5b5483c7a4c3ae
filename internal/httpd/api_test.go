package httpd_test

import (
	"crypto/rand"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
	"morepay/internal/httpd"
	"morepay/internal/pay"
)

// TestUnknownAddresses: programs are told in JSON what is not there and which methods
// are, people with a page.
func TestUnknownAddresses(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, test := range map[string]struct {
		method, url string
		status      int
		code        pay.Code // "" for a page
		allow       string
	}{
		"api":             {http.MethodGet, s.Origin + "/v1/nothing", 404, pay.CodeNotFound, ""},
		"api-slash":       {http.MethodGet, s.Origin + "/v1/sessions/", 404, pay.CodeNotFound, ""},
		"api-method":      {http.MethodDelete, s.Origin + "/v1/sessions/cs_1", 405, pay.CodeMethodNotAllowed, "GET, HEAD"},
		"api-post-only":   {http.MethodGet, s.Origin + "/v1/sessions/cs_1/cancel", 405, pay.CodeMethodNotAllowed, "POST"},
		"api-odd-method":  {"BREW", s.Origin + "/v1/events", 405, pay.CodeMethodNotAllowed, "GET, HEAD"},
		"admins-public":   {http.MethodGet, s.Origin + "/v1/admin/refunds", 404, pay.CodeNotFound, ""},
		"page":            {http.MethodGet, s.Origin + "/nothing", 404, "", ""},
		"page-method":     {http.MethodPut, s.Origin + "/pay/x", 405, pay.CodeMethodNotAllowed, "GET, HEAD, POST"},
		"asset-method":    {http.MethodPost, s.Origin + "/embed.js", 405, pay.CodeMethodNotAllowed, "GET, HEAD"},
		"admin":           {http.MethodGet, s.Admin + "/nothing", 404, pay.CodeNotFound, ""},
		"admin-method":    {http.MethodPost, s.Admin + "/v1/admin/merchants/bench/capabilities", 405, pay.CodeMethodNotAllowed, "GET, HEAD, PUT"},
		"admin-no-method": {http.MethodPost, s.Admin + "/metrics", 405, pay.CodeMethodNotAllowed, "GET, HEAD"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Do(t, demotest.Request(t, test.method, test.url, ""))
			if a.Status != test.status || a.Header.Get("Allow") != test.allow {
				t.Errorf("status %d, allowed %q: %s", a.Status, a.Header.Get("Allow"), a.Body)
			}
			if test.code == "" {
				if !strings.HasPrefix(a.Body, "<!doctype html>") {
					t.Errorf("a person is told %s", a.Body)
				}
			} else if code, _ := a.Problem(t); code != test.code {
				t.Errorf("the code is %s", code)
			}
		})
	}
}

// TestRequestID: an answer, its error and its line in the log bear one name, the
// caller's if it is well formed.
func TestRequestID(t *testing.T) {
	t.Parallel()
	s := start(t)
	made := regexp.MustCompile(`^req_[A-Z2-7]{26}$`)
	for name, test := range map[string]struct{ sent, want string }{
		"theirs":     {"order-1001:a_b.c", "order-1001:a_b.c"},
		"none":       {"", ""},
		"spaces":     {"a b", ""},
		"too-long":   {strings.Repeat("a", 65), ""},
		"not-ascii":  {"订单", ""},
		"with-quote": {`a"b`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Get(t, s.Origin+"/v1/sessions/cs_none", "Request-Id", test.sent, "Authorization", "Bearer "+s.Shop(t, "bench").Key)
			id := a.Header.Get("Request-Id")
			if id != test.want && (test.want != "" || !made.MatchString(id)) {
				t.Errorf("sent %q, got %q", test.sent, id)
			}
			if !strings.Contains(a.Body, `"request_id":"`+id+`"`) {
				t.Errorf("the error is %s", a.Body)
			}
			if !strings.Contains(s.Log.String(), "request_id="+id+"\n") {
				t.Errorf("the log does not name %s", id)
			}
		})
	}
	for _, path := range []string{"/healthz", "/v1/schemas/capabilities.json", "/pay/none", "/nothing"} {
		if a := s.Get(t, s.Origin+path); !made.MatchString(a.Header.Get("Request-Id")) {
			t.Errorf("%s is answered with %v", path, a.Header)
		}
	}
}

// TestTraceparent: the lines of a request bear the trace that its caller is in, if
// that is told in the standard's form.
func TestTraceparent(t *testing.T) {
	t.Parallel()
	s := start(t)
	const step = "-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for name, test := range map[string]struct{ sent, want string }{
		"version-0":     {"00" + step, "00" + step},
		"later-version": {"01" + step + "-more of it", "01" + step},
		"version-only":  {"00", ""},
		"upper-case":    {"00" + strings.ToUpper(step), ""},
		"endless":       {"01" + step + "-" + strings.Repeat("a", 1000), ""},
		"two-lines":     {"00" + step + " level=ERROR", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.Get(t, s.Origin+"/v1/sessions/cs_none", "Traceparent", test.sent, "Authorization", "Bearer "+s.Shop(t, "bench").Key)
			line := "request_id=" + a.Header.Get("Request-Id")
			if test.want != "" {
				line += " traceparent=" + test.want
			}
			if !strings.Contains(s.Log.String(), line+"\n") {
				t.Errorf("the log has no line that ends in %q", line)
			}
		})
	}
}

// TestBearer: the scheme is of any case, and who has no key is told how to send one.
func TestBearer(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	for _, test := range []struct{ url, key string }{
		{s.Origin + "/v1/events", s.Shop(t, "bench").Key},
		{s.Admin + "/v1/admin/refunds", adminKey},
	} {
		for authorization, status := range map[string]int{
			"Bearer " + test.key: 200, "bearer " + test.key: 200, "BEARER  " + test.key: 200,
			"": 401, test.key: 401, "Basic " + test.key: 401, "Bearer": 401, "Bearer ": 401, "Bearer x": 401,
		} {
			a := s.Get(t, test.url, "Authorization", authorization)
			if a.Status != status || (a.Header.Get("WWW-Authenticate") == `Bearer realm="morepay"`) != (status == 401) {
				t.Errorf("%s with %q: status %d, %v", test.url, authorization, a.Status, a.Header)
			}
		}
	}
}

// takesAny are the public documents, whose addresses may have anything after them: shops
// and caches keep copies apart by it.
var takesAny = []string{
	"GET /v1/merchants/{id}/capabilities", "GET /v1/schemas/capabilities.json",
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// TestUnknownParameters: every route of the API says which parameter it does not know.
func TestUnknownParameters(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	public, admin := httpd.Patterns()
	check := func(origin, key string, patterns []string) {
		n := 0
		for _, pattern := range patterns {
			method, path, _ := strings.Cut(pattern, " ")
			if !strings.HasPrefix(path, "/v1/") || slices.Contains(takesAny, pattern) {
				continue
			}
			n++
			a := s.Do(t, demotest.Request(t, method, origin+placeholder.ReplaceAllString(path, "bench")+"?limt=1", "{}",
				"Authorization", "Bearer "+key, "Content-Type", demotest.TypeJSON, "Idempotency-Key", "k"))
			if code, field := a.Problem(t); a.Status != 400 || code != pay.CodeInvalid || field != "limt" {
				t.Errorf("%s: status %d: %s", pattern, a.Status, a.Body)
			}
		}
		if n < 9 {
			t.Errorf("only %d routes were tried", n)
		}
	}
	check(s.Origin, s.Shop(t, "bench").Key, public)
	check(s.Admin, adminKey, admin)
}

// TestExpire: a session that its merchant expires leads its payer to order anew, and
// nothing more can be done to it.
func TestExpire(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	end := func(how string) demotest.Answer {
		return s.Do(t, s.merchantPost(t, open.Key, rand.Text(), "/v1/sessions/"+open.ID+"/"+how, "{}"))
	}
	for range 2 {
		if a := end("expire"); a.Status != http.StatusOK || !strings.Contains(a.Body, `"status":"expired"`) {
			t.Fatalf("status %d: %s", a.Status, a.Body)
		}
	}
	if code, _ := end("cancel").Problem(t); code != pay.CodeConflict {
		t.Errorf("canceling it: %s", code)
	}
	if page := s.Get(t, open.URL, "Accept", "text/html", "User-Agent", demotest.Desktop); !strings.Contains(page.Body, `data-state="expired"`) {
		t.Errorf("the page is %s", page.Body)
	}
	var events struct{ Events []struct{ Type string } }
	s.Get(t, s.Origin+"/v1/events", "Authorization", "Bearer "+open.Key).Decode(t, &events)
	if len(events.Events) != 1 || events.Events[0].Type != "session.expired" {
		t.Errorf("the events are %+v", events)
	}
}

// TestExtend: a session that its merchant extends goes on under its payer's eyes, and
// whoever hears of events hears of it.
func TestExtend(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	path := "/v1/sessions/" + open.ID + "/extend"
	type ends struct {
		At time.Time `json:"expires_at"`
	}
	var before, after, shown ends
	s.Get(t, open.URL+"/events", "Accept", demotest.TypeJSON).Decode(t, &before)
	for range 2 { // the second is answered as the first was
		a := s.Do(t, s.merchantPost(t, open.Key, "k", path, `{"expires_in":7200}`))
		if a.Decode(t, &after); a.Status != http.StatusOK || !after.At.After(before.At.Add(time.Hour)) {
			t.Fatalf("status %d: %s", a.Status, a.Body)
		}
	}
	if s.Get(t, open.URL+"/events", "Accept", demotest.TypeJSON).Decode(t, &shown); !shown.At.Equal(after.At) {
		t.Errorf("the page counts down to %v, want %v", shown.At, after.At)
	}
	var events struct{ Events []struct{ Type string } }
	s.Get(t, s.Origin+"/v1/events", "Authorization", "Bearer "+open.Key).Decode(t, &events)
	if len(events.Events) != 1 || events.Events[0].Type != "session.extended" {
		t.Errorf("the events are %+v", events)
	}
	if code, field := s.Do(t, s.merchantPost(t, open.Key, "none", path, "{}")).Problem(t); code != pay.CodeInvalid || field != "expires_in" {
		t.Errorf("by nothing: %s (%s)", code, field)
	}
	s.Do(t, s.merchantPost(t, open.Key, "end", "/v1/sessions/"+open.ID+"/expire", "{}"))
	if code, _ := s.Do(t, s.merchantPost(t, open.Key, "late", path, `{"expires_in":7200}`)).Problem(t); code != pay.CodeSessionNotOpen {
		t.Errorf("after it has expired: %s", code)
	}
}

// TestExclusive: who asks for it has one open session a reference, and is told which.
func TestExclusive(t *testing.T) {
	t.Parallel()
	s := start(t)
	key := s.Shop(t, "bench").Key
	order := s.JSON(t, demotest.Order{}, map[string]any{"exclusive": true, "merchant_reference": "1001"})
	create := func(idempotencyKey string) demotest.Answer {
		return s.Do(t, s.merchantPost(t, key, idempotencyKey, "/v1/sessions", order))
	}
	var first, again demotest.Session
	create("a").Decode(t, &first)
	if create("a").Decode(t, &again); again.ID != first.ID || again.Token != first.Token {
		t.Errorf("repeated it is %s, want %s", again.ID, first.ID)
	}
	var refusal struct {
		Error struct {
			Code           pay.Code
			Field, Session string
		}
	}
	a := create("b")
	if a.Decode(t, &refusal); a.Status != http.StatusConflict || refusal.Error.Code != pay.CodeReferenceOpen ||
		refusal.Error.Field != "merchant_reference" || refusal.Error.Session != first.ID {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
	s.Do(t, s.merchantPost(t, key, "end", "/v1/sessions/"+first.ID+"/cancel", "{}"))
	if a := create("b"); a.Status != http.StatusCreated {
		t.Errorf("once it is canceled: status %d: %s", a.Status, a.Body)
	}
}

// TestMetadata: what a merchant keeps with a session comes back, in answers and events.
func TestMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	key := s.Shop(t, "bench").Key
	kept := map[string]string{"erp.order": "SO-1", "shop": "北京"}
	var open struct {
		ID       string
		Metadata map[string]string
	}
	s.Do(t, s.merchantPost(t, key, "k", "/v1/sessions", s.JSON(t, demotest.Order{}, map[string]any{"metadata": kept}))).Decode(t, &open)
	if !maps.Equal(open.Metadata, kept) {
		t.Errorf("the new session has %v", open.Metadata)
	}
	s.Do(t, s.merchantPost(t, key, "k", "/v1/sessions/"+open.ID+"/cancel", "{}"))
	var events struct {
		Events []struct {
			Data struct {
				Session struct{ Metadata map[string]string }
			}
		}
	}
	s.Get(t, s.Origin+"/v1/events", "Authorization", "Bearer "+key).Decode(t, &events)
	if len(events.Events) != 1 || !maps.Equal(events.Events[0].Data.Session.Metadata, kept) {
		t.Errorf("the events are %+v", events)
	}
}

// TestAllMistakes: every field at fault is in the one answer.
func TestAllMistakes(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.Do(t, s.merchantPost(t, s.Shop(t, "bench").Key, "k", "/v1/sessions", `{"amount":{"currency":"CNY","value":0},"description":"Mug"}`))
	var got struct {
		Error struct {
			Errors []struct{ Field, Message string }
		}
	}
	a.Decode(t, &got)
	var fields []string
	for _, e := range got.Error.Errors {
		fields = append(fields, e.Field)
	}
	if want := []string{"merchant_reference", "return_url", "amount.value"}; a.Status != http.StatusBadRequest || !slices.Equal(fields, want) {
		t.Errorf("status %d, fields %q, want %q: %s", a.Status, fields, want, a.Body)
	}
}
