// Package tracing sends spans of requests, and of the calls of providers that are made
// for them, to a collector of OpenTelemetry. It alone knows that library.
//
// What must not live here: what a payer, a merchant or a provider has sent. A span bears
// the names of routes, providers and calls, never a path, an id, a text or an error.
package tracing

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// scope names us to the collector as what has made the spans.
const scope = "morepay"

// closeWithin is for how long the last spans may take to be sent.
const closeWithin = 3 * time.Second

// Traces are the spans of a server. Nil makes none.
type Traces struct{ provider *sdk.TracerProvider }

// Open makes the traces that are sent to a collector by OTLP over HTTP. endpoint is its
// origin, such as http://127.0.0.1:4318; "" makes none. Nothing is sent yet. What else
// there is to say, such as headers and how many requests are traced, is read from the
// environment (OTEL_…). Close must be called.
func Open(ctx context.Context, endpoint string, log *slog.Logger) (*Traces, error) {
	if endpoint == "" {
		return nil, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"))
	if err != nil {
		return nil, err
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "morepay"), attribute.String("service.version", version())), resource.WithFromEnv())
	if err != nil {
		return nil, err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces can't be sent", "err", err) }))
	return &Traces{sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))}, nil
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}

// Close sends what was not sent yet, if the collector takes it soon.
func (t *Traces) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// Request begins the span of a request, in the trace that its caller is in. route is its
// pattern and method one of a closed set. end ends it with the status of the answer.
func (t *Traces) Request(r *http.Request, method, route string) (_ *http.Request, end func(status int)) {
	if t == nil {
		return r, func(int) {}
	}
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	caller := trace.SpanContextFromContext(ctx).WithTraceState(trace.TraceState{}) // whose text is anybody's
	ctx = trace.ContextWithRemoteSpanContext(ctx, caller)
	ctx, span := t.provider.Tracer(scope).Start(ctx, method+" "+route, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route)))
	return r.WithContext(ctx), func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Call begins the span of a call of a provider, if what it is made for has one. end ends
// it with what came of it, which is "ok" or one of a few words more.
func Call(ctx context.Context, provider, call string) (_ context.Context, end func(result string)) {
	ctx, span := trace.SpanFromContext(ctx).TracerProvider().Tracer(scope).Start(ctx, provider+" "+call, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("morepay.provider", provider), attribute.String("morepay.call", call)))
	return ctx, func(result string) {
		span.SetAttributes(attribute.String("morepay.result", result))
		if result != "ok" {
			span.SetStatus(codes.Error, result)
		}
		span.End()
	}
}

// Parent returns the span of ctx as others are told of it in a header traceparent, ""
// if there is none.
func Parent(ctx context.Context) string {
	header := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, header)
	return header.Get("traceparent")
}
