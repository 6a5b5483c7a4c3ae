package httpd

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
)

// requestIDHeader carries the name of a request, in both directions.
const requestIDHeader = "Request-Id"

// maxRequestID is the longest name that is taken from a caller, in bytes.
const maxRequestID = 64

const requestIDLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:"

type requestIDKey struct{}

// named gives a request its name, which its answer, errors and log lines bear: the
// caller's own if it is well formed, else one that is made.
func named(w http.ResponseWriter, r *http.Request) *http.Request {
	id := r.Header.Get(requestIDHeader)
	if id == "" || len(id) > maxRequestID || strings.Trim(id, requestIDLetters) != "" {
		id = "req_" + rand.Text()
	}
	w.Header().Set(requestIDHeader, id)
	return r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
}

// requestID returns the name of the request that is served, "" for none.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// LogRequestID returns a handler of log records that adds the name of the request in
// whose course they are made.
func LogRequestID(next slog.Handler) slog.Handler { return requestIDLogger{next} }

type requestIDLogger struct{ slog.Handler }

func (l requestIDLogger) Handle(ctx context.Context, record slog.Record) error {
	if id := requestID(ctx); id != "" {
		record = record.Clone()
		record.AddAttrs(slog.String("request_id", id))
	}
	return l.Handler.Handle(ctx, record)
}

func (l requestIDLogger) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestIDLogger{l.Handler.WithAttrs(attrs)}
}

func (l requestIDLogger) WithGroup(name string) slog.Handler {
	return requestIDLogger{l.Handler.WithGroup(name)}
}
