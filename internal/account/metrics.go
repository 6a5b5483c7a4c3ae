package account

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics measures the calls of providers. Labels are closed vocabularies: never
// an id or a text.
type metrics struct{ calls *prometheus.HistogramVec }

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "morepay_provider_call_seconds", Help: "Calls of providers.",
		Buckets: []float64{.05, .1, .25, .5, 1, 2, 4, 8},
	}, []string{"provider", "call", "result"})}
	if r != nil {
		r.MustRegister(m.calls)
	}
	return m
}

func (m *metrics) called(providerID, call string, err error, took time.Duration) {
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
