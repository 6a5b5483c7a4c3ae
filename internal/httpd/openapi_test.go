package httpd_test

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"morepay/internal/capability"
	"morepay/internal/demo/demotest"
	"morepay/internal/httpd"
	"morepay/internal/merchant/folder"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// TestDescribedRoutes: the description names every route of the merchant's API, and
// nothing else.
func TestDescribedRoutes(t *testing.T) {
	t.Parallel()
	doc, _ := description(t)
	var described, served []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	public, _ := httpd.Patterns()
	for _, pattern := range public {
		if strings.Contains(pattern, " /v1/") {
			served = append(served, pattern)
		}
	}
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Errorf("described are\n%v, served\n%v", strings.Join(described, "\n"), strings.Join(served, "\n"))
	}
}

func words[T ~string](list []T) (texts []string) {
	for _, word := range list {
		texts = append(texts, string(word))
	}
	return texts
}

// TestDescribedWords holds the lists of words to the program's.
func TestDescribedWords(t *testing.T) {
	t.Parallel()
	doc, _ := description(t)
	var methods []pay.Method
	for _, m := range method.All() {
		methods = append(methods, m.ID)
	}
	for schema, want := range map[string][]string{
		"SessionStatus": words(pay.SessionStatuses), "AttemptState": words(pay.AttemptStates), "RefundStatus": words(pay.RefundStatuses),
		"RefundFailure": words(pay.RefundFailures), "EventType": words(pay.WebhookEvents), "Method": words(methods), "Rail": words(pay.Rails),
		"ReasonCode": words(capability.ReasonCodes()), "ErrorCode": words(pay.Codes),
		"RefundOrigin":  words([]pay.RefundOrigin{pay.RefundByMerchant, pay.RefundOfSurplus, pay.RefundByProvider, pay.RefundByHand}),
		"RefundArrival": words([]pay.RefundArrival{pay.ArrivalBank, pay.ArrivalBalance}),
	} {
		var got []string
		for _, word := range doc.Components.Schemas[schema].Value.Enum {
			got = append(got, word.(string))
		}
		if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s is %q, want %q", schema, got, want)
		}
	}
	var told []string
	for name := range doc.Webhooks {
		told = append(told, name)
	}
	want := append(words(pay.WebhookEvents), webhook.TestType)
	if slices.Sort(told); !slices.Equal(told, slices.Sorted(slices.Values(want))) {
		t.Errorf("webhooks are %q, want %q", told, want)
	}
}

// TestContract: an answer with a field, a word or a code that is not described is noticed.
func TestContract(t *testing.T) {
	t.Parallel()
	_, router := description(t)
	c := &contract{router: router, seen: map[string]int{}}
	const refund = `{"id":"rf_1","session":"cs_1","attempt":"at_1","amount":{"currency":"CNY","value":1},"origin":"merchant","status":"pending","created_at":"2026-11-29T08:00:12Z"}`
	for name, test := range map[string]struct {
		status int
		body   string
		good   bool
	}{
		"as-described":    {200, refund, true},
		"field-unknown":   {200, strings.Replace(refund, `{"id"`, `{"more":1,"id"`, 1), false},
		"field-deep":      {200, strings.Replace(refund, `{"currency"`, `{"more":1,"currency"`, 1), false},
		"field-missing":   {200, strings.Replace(refund, `"id":"rf_1",`, "", 1), false},
		"word-unknown":    {200, strings.Replace(refund, "merchant", "nobody", 1), false},
		"time-malformed":  {200, strings.Replace(refund, "2026-11-29T", "29 November ", 1), false},
		"status-unknown":  {202, refund, false},
		"error":           {404, `{"error":{"code":"not_found","message":"there is no such refund"}}`, true},
		"code-of-another": {404, `{"error":{"code":"conflict","message":"there is no such refund"}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			answer := &http.Response{StatusCode: test.status, Header: http.Header{"Content-Type": {"application/json"}, "Request-Id": {"req_1"}}}
			err := c.hold(demotest.Request(t, http.MethodGet, "http://pay.example/v1/refunds/rf_1", ""), answer, []byte(test.body))
			if (err == nil) != test.good {
				t.Errorf("judged: %v", err)
			}
		})
	}
}

// unasked are the statuses that no request of one caller can bring about at will, each of which has
// one form for all operations.
var unasked = []string{"408", "429", "500", "503"}

// TestEveryDescribedAnswer gets every answer of every operation, each held to its
// description by the client.
func TestEveryDescribedAnswer(t *testing.T) {
	t.Parallel()
	s := start(t)
	doc, _ := description(t)
	open, paid := s.Open(t, demotest.Order{}), s.pays(t)
	key := open.Key
	get := func(path string, headers ...string) demotest.Answer {
		return s.Get(t, s.Origin+path, append([]string{"Authorization", "Bearer " + key}, headers...)...)
	}
	post := func(path, name, body string) demotest.Answer {
		return s.Do(t, s.merchantPost(t, key, name, path, body))
	}

	var refund struct{ ID string }
	post("/v1/sessions/"+paid.ID+"/refunds", "r", `{"amount":{"currency":"CNY","value":234}}`).Decode(t, &refund)
	post("/v1/sessions/"+paid.ID+"/refunds", "much", `{"amount":{"currency":"CNY","value":1234}}`)
	eventually(t, "given back", func() bool { return strings.Contains(get("/v1/events?type=refund.succeeded").Body, refund.ID) })
	event := "evt_" + s.canceled(t).ID + "_2"
	answered := map[string]string{ // paths of what there is
		"/v1/sessions/{id}/cancel": "/v1/sessions/" + open.ID + "/cancel", "/v1/sessions/{id}/expire": "/v1/sessions/" + s.Open(t, demotest.Order{}).ID + "/expire",
		"/v1/sessions/{id}/extend":  "/v1/sessions/" + s.Open(t, demotest.Order{}).ID + "/extend",
		"/v1/sessions/{id}/refunds": "/v1/sessions/" + paid.ID + "/refunds", "/v1/sessions/{id}": "/v1/sessions/" + paid.ID, "/v1/refunds/{id}": "/v1/refunds/" + refund.ID,
		"/v1/events/{id}": "/v1/events/" + event, "/v1/events/{id}/redeliver": "/v1/events/" + event + "/redeliver",
	}
	bodies := map[string]string{"/v1/sessions": s.JSON(t, demotest.Order{}, nil), "/v1/merchants/{id}/decide": `{"amount":{"currency":"CNY","value":1}}`, "/v1/sessions/{id}/extend": `{"expires_in":60}`}
	scoped := func(o *openapi3.Operation, send func(key string) demotest.Answer) {
		if o.Security == nil || len(*o.Security) == 0 {
			return
		}
		for _, scope := range folder.Scopes {
			a := send(s.Shop(t, "bench").Scoped(scope))
			if described := (*o.Security)[0]["key"][0]; (a.Status != http.StatusForbidden) != (described == string(scope)) {
				t.Errorf("%s is described for the scope %s; for %s it is answered with %d", o.OperationID, described, scope, a.Status)
			}
		}
	}
	for path, item := range doc.Paths.Map() {
		real := strings.ReplaceAll(cmp.Or(answered[path], path), "{id}", "bench")
		none := strings.ReplaceAll(path, "{id}", "none")
		if item.Get != nil {
			for _, address := range []string{real, none, real + "?limt=1"} {
				get(address)
				s.Get(t, s.Origin+address)
			}
			scoped(item.Get, func(key string) demotest.Answer { return s.Get(t, s.Origin+real, "Authorization", "Bearer "+key) })
		}
		if item.Post == nil {
			continue
		}
		body := cmp.Or(bodies[path], "{}")
		for name, sent := range map[string]string{"good": body, "good ": body, "long": strings.Repeat(" ", 33<<10)} {
			post(real, strings.TrimSpace(name), sent)
			post(none, name, body)
			s.Do(t, s.merchantPost(t, "sk_test_nobody", name, real, body))
		}
		scoped(item.Post, func(key string) demotest.Answer { return s.Do(t, s.merchantPost(t, key, "scope", real, body)) })
		post(real, "good", body+" ")
		post(real+"?limt=1", "odd", body)
	}
	get("/v1/events?after=cur_OTkgZXZ0X2E")
	get("/v1/events?after=evt_none")
	get("/v1/merchants/bench/eligibility?amount=5980&currency=CNY&items=" + `%5B%7B%22sku%22%3A%22mug%22%7D%5D`)
	get("/v1/merchants/none/eligibility?amount=5980")
	get("/v1/merchants/bench/capabilities", "If-None-Match", get("/v1/merchants/bench/capabilities").Header.Get("ETag"))

	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				if answer := operation.OperationID + " " + status; !slices.Contains(unasked, status) && s.contract.seen[answer] == 0 {
					t.Errorf("nothing was answered with %s", answer)
				}
			}
		}
	}
}

// TestDescribedEvents: what webhooks tell is described under the name of its type.
func TestDescribedEvents(t *testing.T) {
	t.Parallel()
	s := start(t)
	doc, _ := description(t)
	paid := s.pays(t)
	s.canceled(t)
	s.Do(t, s.merchantPost(t, paid.Key, "k", "/v1/sessions/"+paid.ID+"/refunds", "{}"))
	var list struct {
		Events []struct {
			Type string
			Data json.RawMessage
		}
	}
	var raw struct{ Events []any }
	eventually(t, "told", func() bool {
		a := s.Get(t, s.Origin+"/v1/events", "Authorization", "Bearer "+paid.Key)
		a.Decode(t, &list)
		a.Decode(t, &raw)
		return len(list.Events) == 3
	})
	for i, e := range list.Events {
		for name, hook := range doc.Webhooks {
			schema := hook.Post.RequestBody.Value.Content["application/json"].Schema.Value
			err := schema.VisitJSON(raw.Events[i], openapi3.EnableJSONSchema2020(), openapi3.VisitAsRequest())
			if (err == nil) != (name == e.Type) {
				t.Errorf("%s as %s: %v", e.Type, name, err)
			}
		}
	}
}

// TestDescribedRequests: what the description calls good is taken, and what it calls bad
// is refused. Bodies are good ones with one thing changed.
func TestDescribedRequests(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, router := description(t)
	paid := s.pays(t)
	for path, good := range map[string]string{
		"/v1/sessions": s.JSON(t, demotest.Order{}, map[string]any{
			"items": []any{map[string]any{"sku": "a", "category": "b", "name": "c", "quantity": 1}}, "payer": map[string]any{"id": "p", "region": "CN"},
			"metadata": map[string]any{"k": "v"}, "renew_url": s.Origin + "/demo/", "expires_in": 60, "exclusive": false,
		}),
		"/v1/sessions/" + paid.ID + "/refunds":                       `{"amount":{"currency":"CNY","value":1},"reason":"r","merchant_reference":"m","attempt":"` + s.attempt(t, paid) + `"}`,
		"/v1/sessions/" + paid.ID + "/cancel":                        `{}`,
		"/v1/sessions/" + s.Open(t, demotest.Order{}).ID + "/extend": `{"expires_in":3600}`,
		"/v1/merchants/bench/decide":                                 `{"amount":{"currency":"CNY","value":1},"items":[{"sku":"a"}],"payer_id":"p","region":"CN","user_agent":"u"}`,
	} {
		var body any
		if err := json.Unmarshal([]byte(good), &body); err != nil {
			t.Fatal(err)
		}
		place, parameters, err := router.FindRoute(s.merchantPost(t, paid.Key, "k", path, good))
		if err != nil {
			t.Fatal(err)
		}
		schema := place.Operation.RequestBody.Value.Content["application/json"].Schema.Value
		list := append(variants(schema, body), body)
		taken := 0
		for _, variant := range list {
			text, err := json.Marshal(variant)
			if err != nil {
				t.Fatal(err)
			}
			r := s.merchantPost(t, paid.Key, rand.Text(), path, string(text))
			judged := openapi3filter.ValidateRequest(t.Context(), &openapi3filter.RequestValidationInput{
				Request: r, PathParams: parameters, Route: place, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
			})
			r.Body = io.NopCloser(strings.NewReader(string(text)))
			a := s.Do(t, r)
			if refused := a.Status >= http.StatusBadRequest; judged != nil && !refused || judged == nil && a.Status == http.StatusBadRequest {
				t.Errorf("%s %.300s is described as %v, and answered with %d %s", path, text, judged, a.Status, a.Body)
			}
			if judged == nil {
				taken++
			}
		}
		if taken == 0 || taken == len(list) {
			t.Errorf("%s: %d of %d are good", path, taken, len(list))
		}
	}
}

// variants lists what a value may be changed to, one thing at a time, as far as its schema says
// whether that is good.
func variants(schema *openapi3.Schema, good any) (list []any) {
	for _, other := range []any{"text", 1.5, true, map[string]any{"more": 1}, []any{1}} {
		if fmt.Sprintf("%T", other) != fmt.Sprintf("%T", good) {
			list = append(list, other)
		}
	}
	switch good := good.(type) {
	case string:
		return append(list, texts(schema)...)
	case float64:
		return append(list, numbers(schema)...)
	case []any:
		for _, element := range variants(schema.Items.Value, good[0]) {
			list = append(list, []any{element})
		}
		if schema.MaxItems != nil {
			list = append(list, slices.Repeat([]any{good[0]}, int(*schema.MaxItems)), slices.Repeat([]any{good[0]}, int(*schema.MaxItems)+1))
		}
	case map[string]any:
		list = append(list, with(good, "", nil))
		if schema.AdditionalProperties.Schema == nil {
			list = append(list, with(good, "more", 1))
		} else {
			list = append(list, with(good, "bad key", "v"))
		}
		for name, value := range good {
			list = append(list, with(good, name, nil))
			property := schema.AdditionalProperties.Schema
			if named, ok := schema.Properties[name]; ok {
				property = named
			}
			for _, variant := range variants(property.Value, value) {
				list = append(list, with(good, name, variant))
			}
		}
	}
	return list
}

// with returns a copy of an object with one property more, of another value, or, for nil, without it.
func with(object map[string]any, name string, value any) map[string]any {
	changed := map[string]any{}
	for k, v := range object {
		changed[k] = v
	}
	if changed[name] = value; value == nil {
		delete(changed, name)
	}
	return changed
}

// texts are as long as a schema lets them be, and one character longer.
func texts(schema *openapi3.Schema) (list []any) {
	if schema.MinLength > 0 {
		list = append(list, "")
	}
	if schema.MaxLength != nil && schema.Format != "uri" {
		list = append(list, strings.Repeat("文", int(*schema.MaxLength)), strings.Repeat("文", int(*schema.MaxLength)+1))
	}
	return list
}

// numbers are at the bounds of a schema, and beyond.
func numbers(schema *openapi3.Schema) (list []any) {
	if schema.Min != nil {
		list = append(list, *schema.Min, *schema.Min-1)
	}
	if schema.Max != nil {
		list = append(list, *schema.Max, *schema.Max+1)
	}
	return list
}

// TestOpenAPI: anybody may read the description, from any origin, and keep it.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.Get(t, s.Origin+"/openapi.json")
	var said struct{ OpenAPI string }
	a.Decode(t, &said)
	if said.OpenAPI != "3.1.0" || a.Header.Get("Access-Control-Allow-Origin") != "*" || a.Header.Get("ETag") == "" {
		t.Errorf("OpenAPI %q, %v", said.OpenAPI, a.Header)
	}
	if again := s.Get(t, s.Origin+"/openapi.json", "If-None-Match", a.Header.Get("ETag")); again.Status != http.StatusNotModified {
		t.Errorf("status %d for who has it", again.Status)
	}
}

// TestDocs: people read the same on the admin listener, without a key, and nowhere else.
func TestDocs(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.Get(t, s.Admin+"/docs")
	if a.Status != http.StatusOK || !strings.Contains(a.Body, "Create a session") || !strings.HasPrefix(a.Header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'self';") {
		t.Errorf("status %d, %v", a.Status, a.Header)
	}
	if sheet := s.Get(t, s.Admin+"/admin/stylesheet.css"); sheet.Status != http.StatusOK {
		t.Errorf("its style sheet: status %d", sheet.Status)
	}
	if public := s.Get(t, s.Origin+"/docs"); public.Status != http.StatusNotFound {
		t.Errorf("on the public listener: status %d", public.Status)
	}
}

// attempt returns the id of a session's only attempt.
func (s *harness) attempt(t *testing.T, of demotest.Session) string {
	t.Helper()
	var session struct{ Attempts []struct{ ID string } }
	s.Get(t, s.Origin+"/v1/sessions/"+of.ID, "Authorization", "Bearer "+of.Key).Decode(t, &session)
	return session.Attempts[0].ID
}
