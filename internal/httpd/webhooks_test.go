package httpd_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

// canceled makes a session of a merchant that is canceled: one event.
func (s *harness) canceled(t *testing.T) demotest.Session {
	t.Helper()
	open := s.Open(t, demotest.Order{})
	a := s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+"/v1/sessions/"+open.ID+"/cancel", "{}",
		"Authorization", "Bearer "+open.Key, "Content-Type", demotest.TypeJSON, "Idempotency-Key", rand.Text()))
	if a.Status/100 != 2 {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	return open
}

// eventPage is a part of a merchant's events.
type eventPage struct {
	Events []struct {
		ID   string
		Type string
	}
	HasMore bool `json:"has_more"`
	Next    string
}

// Who polls misses nothing: page by page, by a place or by an event's id.
func TestEventPages(t *testing.T) {
	t.Parallel()
	s := start(t)
	key := "Bearer " + s.Shop(t, "bench").Key
	read := func(query string) (page eventPage) {
		t.Helper()
		s.Get(t, s.Origin+"/v1/events?"+query, "Authorization", key).Decode(t, &page)
		return page
	}
	empty := read("")
	if len(empty.Events) != 0 || empty.HasMore || empty.Next == "" {
		t.Errorf("before anything happens: %+v", empty)
	}
	var want []string
	for range 3 {
		want = append(want, "evt_"+s.canceled(t).ID+"_2")
	}
	var got []string
	page := eventPage{HasMore: true, Next: empty.Next}
	for page.HasMore {
		page = read("limit=1&after=" + url.QueryEscape(page.Next))
		for _, e := range page.Events {
			got = append(got, e.ID)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("read %v, want %v", got, want)
	}
	if rest := read("after=" + want[1]); len(rest.Events) != 1 || rest.Events[0].ID != want[2] {
		t.Errorf("after an event's id: %+v", rest)
	}
	if paid := read("type=session.paid"); len(paid.Events) != 0 || paid.Next != page.Next {
		t.Errorf("of another type: %+v", paid)
	}
	now := url.QueryEscape(s.Now().Add(time.Minute).Format(time.RFC3339))
	if old := read("created%5Blt%5D=" + now); len(old.Events) != 3 {
		t.Errorf("before now: %+v", old)
	}
	if later := read("created%5Bgte%5D=" + now); len(later.Events) != 0 {
		t.Errorf("since now: %+v", later)
	}
	a := s.Get(t, s.Origin+"/v1/events/"+want[0], "Authorization", key)
	var event struct{ ID, Type string }
	a.Decode(t, &event)
	if event.ID != want[0] || event.Type != "session.canceled" {
		t.Errorf("one event: %s", a.Body)
	}
}

// What is mistyped is refused: an answer to another question looks like a good one.
func TestListParameters(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	for query, want := range map[string]struct {
		code  pay.Code
		field string
	}{
		"/v1/events?limit=0":                                  {pay.CodeInvalid, "limit"},
		"/v1/events?limit=101":                                {pay.CodeInvalid, "limit"},
		"/v1/events?limit=ten":                                {pay.CodeInvalid, "limit"},
		"/v1/events?limit=1&limit=2":                          {pay.CodeInvalid, "limit"},
		"/v1/events?type=session.payed":                       {pay.CodeInvalid, "type"},
		"/v1/events?starting_after=x":                         {pay.CodeInvalid, "starting_after"},
		"/v1/events?created%5Bgte%5D=today":                   {pay.CodeInvalid, "created[gte]"},
		"/v1/events?after=cur_nonsense":                       {pay.CodeInvalid, "after"},
		"/v1/events?after=evt_none":                           {pay.CodeNotFound, ""},
		"/v1/events?after=cur_OTkgZXZ0X2E":                    {pay.CodeCursorExpired, "after"},
		"/v1/events?%zz":                                      {pay.CodeInvalid, ""},
		"/v1/events/evt_none":                                 {pay.CodeNotFound, ""},
		"/v1/sessions?status=payed":                           {pay.CodeInvalid, "status"},
		"/v1/refunds?status=done":                             {pay.CodeInvalid, "status"},
		"/v1/refunds?after=evt_none":                          {pay.CodeInvalid, "after"},
		"/v1/refunds/rf_none":                                 {pay.CodeNotFound, ""},
		"/v1/sessions?limit=0":                                {pay.CodeInvalid, "limit"},
		"/v1/sessions?after=evt_none":                         {pay.CodeInvalid, "after"},
		"/v1/sessions?after=cur_OTk":                          {pay.CodeInvalid, "after"},
		"/v1/sessions?created%5Blt%5D=today":                  {pay.CodeInvalid, "created[lt]"},
		"/v1/sessions?reference=1001":                         {pay.CodeInvalid, "reference"},
		"/v1/sessions?merchant_reference=%00":                 {pay.CodeInvalid, "merchant_reference"},
		"/v1/sessions?out_trade_no=%ff":                       {pay.CodeInvalid, "out_trade_no"},
		"admin/v1/admin/quarantine?state=open":                {pay.CodeInvalid, "state"},
		"admin/v1/admin/reconciliations?result=a&result=b":    {pay.CodeInvalid, "result"},
		"admin/v1/admin/reconciliations?provider=wechatpay&x": {pay.CodeInvalid, "x"},
	} {
		origin, key := s.Origin, s.Shop(t, "bench").Key
		if rest, ok := strings.CutPrefix(query, "admin"); ok {
			origin, key, query = s.Admin, adminKey, rest
		}
		a := s.Get(t, origin+query, "Authorization", "Bearer "+key)
		if code, field := a.Problem(t); code != want.code || field != want.field {
			t.Errorf("%s: %s of %q, want %s of %q", query, code, field, want.code, want.field)
		}
		if want.code == pay.CodeCursorExpired && a.Status != http.StatusGone {
			t.Errorf("%s: status %d", query, a.Status)
		}
	}
}

// Operators look after where merchants are told through the admin API.
func TestAdminWebhooks(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	const at = "/merchants/bench/webhooks"
	do := func(method, path string, body any, status int) (fields map[string]json.RawMessage) {
		t.Helper()
		a := s.admin(t, method, path, body)
		if a.Status != status {
			t.Fatalf("%s %s: status %d, want %d: %s", method, path, a.Status, status, a.Body)
		}
		a.Decode(t, &fields)
		return fields
	}
	author := map[string]any{"author": "ann"}
	dead := "http://127.0.0.1:1/hook"
	added := do(http.MethodPost, at, map[string]any{"id": "books", "url": dead, "author": "ann"}, http.StatusCreated)
	if !strings.HasPrefix(string(added["secret"]), `"whsec_`) {
		t.Errorf("its secret is told once: %v", added)
	}
	do(http.MethodPost, at, map[string]any{"id": "books", "url": dead, "author": "ann"}, http.StatusConflict)
	do(http.MethodPost, at+"/books/disable", map[string]any{}, http.StatusBadRequest)
	do(http.MethodPost, at+"/books/disable", author, http.StatusOK)
	event := "evt_" + s.canceled(t).ID + "_2"
	do(http.MethodGet, at, nil, http.StatusOK)
	tried := do(http.MethodPost, at+"/books/test", map[string]any{}, http.StatusOK)
	if string(tried["accepted"]) != "false" {
		t.Errorf("nobody is there: %s", tried)
	}
	if tried := do(http.MethodPost, at+"/shop/test", map[string]any{}, http.StatusOK); string(tried["accepted"]) != "true" {
		t.Errorf("the shop is: %s", tried)
	}
	if again := do(http.MethodPost, "/merchants/bench/events/redeliver", map[string]any{"event": event, "endpoint": "books"}, http.StatusOK); string(again["redelivering"]) != "1" {
		t.Errorf("got %s", again)
	}
	do(http.MethodPost, "/merchants/bench/events/redeliver", map[string]any{}, http.StatusBadRequest)
	if skipped := do(http.MethodPost, "/merchants/bench/events/"+event+"/skip", map[string]any{"endpoint": "books", "author": "ann"}, http.StatusOK); string(skipped["skipped"]) != "1" {
		t.Errorf("got %s", skipped)
	}
	if got := s.Metric(t, `morepay_webhooks_given_up{by="person"}`); got != "1" {
		t.Errorf("given up by a person: %q", got)
	}
	do(http.MethodPost, at+"/books/enable", author, http.StatusOK)
	do(http.MethodPost, at+"/books/move", map[string]any{"url": s.Origin + "/demo/hook", "author": "ann"}, http.StatusOK)
	do(http.MethodPost, at+"/books/rotate", map[string]any{"at_once": true, "author": "ann"}, http.StatusOK)
	do(http.MethodPost, at+"/books/remove", author, http.StatusOK)
	do(http.MethodPost, at+"/books/remove", author, http.StatusNotFound)
	do(http.MethodPost, at+"/restore", map[string]any{"version": 2, "author": "bob"}, http.StatusOK)
	var history struct {
		Versions []struct {
			Version        int64
			Author, Change string
			Endpoints      []struct{ ID, URL string }
		}
	}
	s.admin(t, http.MethodGet, at+"/history", nil).Decode(t, &history)
	if v := history.Versions; len(v) != 8 || v[0].Author != "bob" || v[0].Change != "restored version 2" || len(v[0].Endpoints) != 2 || v[7].Author != "file" {
		t.Errorf("the history: %+v", v)
	}
}
