package httpd

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"morepay/internal/tracing"
)

// requestIDHeader carries the name of a request, in both directions.
const requestIDHeader = "Request-Id"

// maxRequestID is the longest name that is taken from a caller, in bytes.
const maxRequestID = 64

const requestIDLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:"

type requestKey struct{}

// requestName is what the log lines of a request bear.
type requestName struct {
	id    string
	trace string // the caller's traceparent, that of our own span, or ""
}

// named gives a request its name, which its answer, errors and log lines bear: the
// caller's own if it is well formed, else one that is made. The log lines bear the
// trace that the caller is in, too.
func named(w http.ResponseWriter, r *http.Request) *http.Request {
	id := r.Header.Get(requestIDHeader)
	if id == "" || len(id) > maxRequestID || strings.Trim(id, requestIDLetters) != "" {
		id = "req_" + rand.Text()
	}
	w.Header().Set(requestIDHeader, id)
	return r.WithContext(context.WithValue(r.Context(), requestKey{}, requestName{id, cmp.Or(traceOf(r.Header), tracing.Parent(r.Context()))}))
}

// traceparent is the form of that header (W3C Trace Context, section 3.2.2): a version,
// the ids of a trace and of a step in it, and flags. Later versions may add to it.
var traceparent = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}($|-)`)

// maxTraceparent bounds what is looked at, in bytes.
const maxTraceparent = 512

// traceOf returns what a well-formed traceparent says that is known, else "".
func traceOf(h http.Header) string {
	values := h.Values("Traceparent")
	if len(values) != 1 || len(values[0]) > maxTraceparent {
		return ""
	}
	return strings.TrimSuffix(traceparent.FindString(values[0]), "-")
}

// requestID returns the name of the request that is served, "" for none.
func requestID(ctx context.Context) string {
	name, _ := ctx.Value(requestKey{}).(requestName)
	return name.id
}

// LogRequestID returns a handler of log records that adds the name of the request in
// whose course they are made, and the trace that it is part of.
func LogRequestID(next slog.Handler) slog.Handler { return requestIDLogger{next} }

type requestIDLogger struct{ slog.Handler }

func (l requestIDLogger) Handle(ctx context.Context, record slog.Record) error {
	if name, ok := ctx.Value(requestKey{}).(requestName); ok {
		record = record.Clone()
		record.AddAttrs(slog.String("request_id", name.id))
		if name.trace != "" {
			record.AddAttrs(slog.String("traceparent", name.trace))
		}
	}
	return l.Handler.Handle(ctx, record)
}

func (l requestIDLogger) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestIDLogger{l.Handler.WithAttrs(attrs)}
}

func (l requestIDLogger) WithGroup(name string) slog.Handler {
	return requestIDLogger{l.Handler.WithGroup(name)}
}
