package checkout

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/provider"
)

// Metrics counts what an operator must see. Labels are closed vocabularies:
// never an id, a token or a text.
type Metrics struct {
	sessions      prometheus.Counter
	attempts      *prometheus.CounterVec
	notifications *prometheus.CounterVec
	quarantined   prometheus.Counter
	calls         *prometheus.HistogramVec
}

// NewMetrics makes the metrics and registers them; nil registers them nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		sessions: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "morepay_sessions_total", Help: "Sessions opened."}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "morepay_attempts_total", Help: "Attempts begun."}, []string{"method", "rail"}),
		notifications: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "morepay_notifications_total", Help: "Inbound messages of providers, by what they were worth."}, []string{"provider", "result"}),
		quarantined: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "morepay_quarantined_total", Help: "Evidence that contradicts what we know. More than 0 needs a person."}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "morepay_provider_call_seconds", Help: "Calls of providers.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 4, 8}}, []string{"provider", "call", "result"}),
	}
	if r != nil {
		r.MustRegister(m.sessions, m.attempts, m.notifications, m.quarantined, m.calls)
	}
	return m
}

func (m *Metrics) notification(providerID string, err error) {
	result := "genuine"
	switch {
	case errors.Is(err, provider.ErrIgnored):
		result = "ignored"
	case err != nil:
		result = "forged"
	}
	m.notifications.WithLabelValues(providerID, result).Inc()
}

func (m *Metrics) providerCall(providerID, call string, err error, took time.Duration) {
	result := "ok"
	switch {
	case err == nil:
	case definite(err):
		result = "refused"
	default:
		result = "unknown"
	}
	m.calls.WithLabelValues(providerID, call, result).Observe(took.Seconds())
}
