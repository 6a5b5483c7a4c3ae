package checkout

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/provider"
)

// Metrics counts what an operator must see. Labels are closed vocabularies:
// never an id, a token or a text.
type Metrics struct {
	sessions      prometheus.Counter
	attempts      *prometheus.CounterVec
	notifications *prometheus.CounterVec
}

// NewMetrics makes the metrics and registers them; nil registers them nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		sessions: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "morepay_sessions_total", Help: "Sessions opened.",
		}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "morepay_attempts_total", Help: "Attempts begun.",
		}, []string{"method", "rail"}),
		notifications: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "morepay_notifications_total", Help: "Inbound messages of providers, by what they were worth.",
		}, []string{"provider", "result"}),
	}
	if r != nil {
		r.MustRegister(m.sessions, m.attempts, m.notifications)
	}
	return m
}

func (m *Metrics) notification(providerID string, err error) {
	result := "genuine"
	switch {
	case errors.Is(err, provider.ErrIgnored):
		result = "ignored"
	case errors.Is(err, provider.ErrUncheckable): // which is ErrForged too
		result = "uncheckable"
	case errors.Is(err, provider.ErrForged):
		result = "forged"
	case err != nil:
		result = "unusable"
	}
	m.notifications.WithLabelValues(providerID, result).Inc()
}
