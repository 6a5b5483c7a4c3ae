package httpd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"morepay/internal/demo/demotest"
	"morepay/internal/openapi"
)

// described is the description of the API as tests see it: what may grow for callers is
// closed, so that nothing is answered that it does not name.
var described = sync.OnceValues(func() (*openapi3.T, error) {
	var document any
	if err := json.Unmarshal(openapi.Document(), &document); err != nil {
		return nil, err
	}
	closeSchemas(document)
	strict, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(strict)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

// closeSchemas lets objects have no more properties, and lists no more words, than are named.
func closeSchemas(part any) {
	switch part := part.(type) {
	case []any:
		for _, element := range part {
			closeSchemas(element)
		}
	case map[string]any:
		for _, element := range part {
			closeSchemas(element)
		}
		if _, said := part["additionalProperties"]; part["type"] == "object" && part["properties"] != nil && !said {
			part["additionalProperties"] = false
		}
		if words, ok := part["x-extensible-enum"]; ok {
			part["enum"] = words
			delete(part, "x-extensible-enum")
		}
	}
}

// description returns the description as tests see it, and what finds a request's place in it.
func description(t *testing.T) (*openapi3.T, routers.Router) {
	t.Helper()
	doc, err := described()
	if err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return doc, router
}

// contract is a client's transport that holds what is asked and answered to the
// description: every answer must be in it, and so must every request that is taken.
type contract struct {
	http.RoundTripper
	t      *testing.T
	host   string // of the public listener
	router routers.Router

	mu   sync.Mutex
	seen map[string]int // operations and statuses, such as "listSessions 200": how often they were answered
}

// enough of one kind of answer are looked at in one test: tests of limits and storms ask
// for the same a thousand times, and as fast as they can.
const enough = 25

// RoundTrip implements [http.RoundTripper].
func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(r)
	if err != nil || r.URL.Host != c.host || !strings.HasPrefix(r.URL.Path, "/v1/") {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return resp, err
	}
	if err := c.hold(r, resp, body); err != nil {
		c.t.Errorf("%s %s is answered with %d %s: %v", r.Method, r.URL, resp.StatusCode, body, err)
	}
	return resp, nil
}

// hold fails if a request or its answer is not as described.
func (c *contract) hold(sent *http.Request, resp *http.Response, body []byte) error {
	asked, err := again(sent)
	if err != nil {
		return err
	}
	place, parameters, err := c.router.FindRoute(asked)
	if err != nil {
		return refusedAs(err, resp.StatusCode)
	}
	if c.note(place.Operation.OperationID, resp.StatusCode) > enough {
		return nil
	}
	in := &openapi3filter.RequestValidationInput{
		Request: asked, PathParams: parameters, Route: place,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
	}
	if resp.StatusCode < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(asked.Context(), in); err != nil {
			return fmt.Errorf("it was taken, and is not described: %w", err)
		}
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(asked.Context(), answer); err != nil {
		return err
	}
	return codeIsDescribed(place.Operation.Responses.Status(resp.StatusCode).Value, body)
}

// again returns a request as it was before it was sent.
func again(sent *http.Request) (*http.Request, error) {
	r := sent.Clone(context.WithoutCancel(sent.Context()))
	if sent.GetBody == nil {
		r.Body = http.NoBody
		return r, nil
	}
	var err error
	r.Body, err = sent.GetBody()
	return r, err
}

// refusedAs fails if what is not described was answered in another way than that there
// is nothing.
func refusedAs(err error, status int) error {
	if status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
		return nil
	}
	return err
}

// codeIsDescribed fails if the code of an error is not among those of its status.
func codeIsDescribed(response *openapi3.Response, body []byte) error {
	codes, ok := response.Extensions["x-codes"].([]any)
	if !ok {
		return nil
	}
	var said struct{ Error struct{ Code string } }
	if err := json.Unmarshal(body, &said); err != nil {
		return err
	}
	for _, code := range codes {
		if code == said.Error.Code {
			return nil
		}
	}
	return fmt.Errorf("the code %s is not described here", said.Error.Code)
}

// note counts an answer.
func (c *contract) note(operation string, status int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer := fmt.Sprintf("%s %d", operation, status)
	c.seen[answer]++
	return c.seen[answer]
}

// underContract has all that a test asks of the API held to its description.
func underContract(t *testing.T, d *demotest.Demo) *harness {
	t.Helper()
	_, router := description(t)
	c := &contract{RoundTripper: d.Client.Transport, t: t, host: strings.TrimPrefix(d.Origin, "http://"), router: router, seen: map[string]int{}}
	d.Client.Transport = c
	return &harness{d, c}
}
