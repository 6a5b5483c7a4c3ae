package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

// handler answers a request or returns an error, which handle turns into the
// answer, the log line and the metric.
type handler func(w http.ResponseWriter, r *http.Request) error

// fail writes an error in the form that the callers of a group of routes expect.
type fail func(w http.ResponseWriter, r *http.Request, err error)

// handle runs h. name is the route's pattern: what logs and metrics may show of
// a path, because paths hold tokens.
func (s *Server) handle(name string, fail fail, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		r, end := s.traces.Request(r, methodName(r.Method), name)
		defer func() { end(rec.code()) }()
		r = named(rec, r)
		err := s.guard(r.Context(), func() error { return h(rec, r) })
		if err != nil && !rec.wrote {
			setRemedy(rec.Header(), err)
			fail(rec, r, err)
		}
		s.observe(r.Context(), name, r.Method, rec.code(), err, time.Since(start))
	})
}

// guard turns a panic of f into an internal error, so that one bad request ends
// neither the server nor the answer's form.
func (s *Server) guard(ctx context.Context, f func() error) (err error) {
	defer func() {
		p := recover()
		if p == http.ErrAbortHandler {
			panic(p)
		}
		if p != nil {
			s.log.ErrorContext(ctx, "panic", "value", p, "stack", string(debug.Stack()))
			err = pay.Errorf(pay.CodeInternal, "", "panic")
		}
	}()
	return f()
}

// setRemedy says when to ask again, where asking again makes sense, and who else may ask.
func setRemedy(h http.Header, err error) {
	status := StatusOf(err)
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="morepay"`)
	}
	if scope, ok := errors.AsType[missingScope](err); ok {
		h.Set("WWW-Authenticate", `Bearer realm="morepay", error="insufficient_scope", scope="`+string(scope)+`"`) // RFC 6750, section 3.1
	}
	if limited, ok := errors.AsType[*tooMany](err); ok {
		h.Set("Retry-After", strconv.Itoa(seconds(limited.after)))
	} else if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		h.Set("Retry-After", "5")
	}
}

// methods are those that metrics and logs know by name: a method is whatever the
// client sends.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions}

func methodName(method string) string {
	if slices.Contains(methods, method) {
		return method
	}
	return "other"
}

// maxLogged bounds what a line of the log holds of an error, in bytes: errors repeat
// what was sent.
const maxLogged = 500

func logged(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	if len(text) <= maxLogged {
		return text
	}
	return strings.ToValidUTF8(text[:maxLogged], "") + "…"
}

func (s *Server) observe(ctx context.Context, name, method string, status int, err error, took time.Duration) {
	method = methodName(method)
	s.metrics.requests.WithLabelValues(name, method, statusClass(status)).Observe(took.Seconds())
	switch {
	case errors.Is(err, context.Canceled):
	case status >= http.StatusInternalServerError:
		s.log.ErrorContext(ctx, "request", "route", name, "method", method, "status", status, "ms", took.Milliseconds(), "err", logged(err))
	case err != nil:
		s.log.InfoContext(ctx, "request", "route", name, "method", method, "status", status, "ms", took.Milliseconds(), "err", logged(err))
	}
}

func statusClass(status int) string { return string(rune('0'+status/100)) + "xx" }

// recorder remembers the status. Unwrap keeps http.ResponseController working.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if !r.wrote {
		r.status, r.wrote = http.StatusOK, true
	}
	return r.ResponseWriter.Write(b)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) code() int {
	if !r.wrote {
		return http.StatusOK
	}
	return r.status
}

// errorBody is the form of every JSON error.
type errorBody struct {
	Error struct {
		Code      pay.Code  `json:"code"`
		Message   string    `json:"message"`
		Field     string    `json:"field,omitempty"`
		Session   string    `json:"session,omitempty"` // that stands in the way
		Errors    []mistake `json:"errors,omitempty"`  // if the body has several: all of them
		RequestID string    `json:"request_id,omitempty"`
	} `json:"error"`
}

// mistake is one of several in a body.
type mistake struct {
	Field   string `json:"field,omitempty"`
	Line    int    `json:"line,omitempty"` // where it is known
	Message string `json:"message"`
}

// failJSON answers API callers. The private cause stays in the log; what is wrong
// with the caller's own JSON is not private.
func failJSON(w http.ResponseWriter, r *http.Request, err error) {
	var body errorBody
	body.Error.Code, body.Error.RequestID = pay.CodeOf(err), requestID(r.Context())
	body.Error.Message = "something went wrong on our side"
	if e, ok := errors.AsType[*pay.Error](err); ok {
		body.Error.Message, body.Error.Field = e.Message, e.Field
	}
	if open, ok := errors.AsType[checkout.OpenSession](err); ok {
		body.Error.Session = open.ID
	}
	body.Error.Errors = mistakesOf(err)
	_ = writeJSON(w, StatusOf(err), body) // it fails only where the client has left
}

// mistakesOf lists what is wrong with a request if it is more than one thing.
func mistakesOf(err error) (list []mistake) {
	problems, _ := errors.AsType[strictjson.Problems](err)
	for _, p := range problems {
		list = append(list, mistake{p.Path, p.Line, p.Message})
	}
	several, _ := errors.AsType[checkout.Mistakes](err)
	for _, e := range several[:min(len(several), strictjson.MaxProblems)] {
		list = append(list, mistake{Field: e.Field, Message: e.Message})
	}
	return list
}

const jsonType = "application/json; charset=utf-8"

func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", jsonType)
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, err = w.Write(b)
	return err
}

// accepts reports whether the Accept header names mediaType explicitly.
func accepts(r *http.Request, mediaType string) bool {
	return strings.Contains(r.Header.Get("Accept"), mediaType)
}
