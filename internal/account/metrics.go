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

// called counts a call, and returns what came of it in a word.
func (m *metrics) called(providerID, call string, err error, took time.Duration) (result string) {
	result = "ok"
	switch {
	case err == nil:
	case definite(err):
		result = "refused"
	default:
		result = "unknown"
	}
	m.calls.WithLabelValues(providerID, call, result).Observe(took.Seconds())
	return result
}

var downDesc = prometheus.NewDesc("morepay_accounts_down",
	"Accounts of which this server asks nothing for a while, because their provider did not answer.", []string{"provider"}, nil)

// down tells how many accounts' breakers are open.
type down struct{ *Registry }

// Describe implements [prometheus.Collector].
func (d down) Describe(descs chan<- *prometheus.Desc) { descs <- downDesc }

// Collect implements [prometheus.Collector].
func (d down) Collect(metrics chan<- prometheus.Metric) {
	counts := map[string]int{}
	for _, a := range d.All() {
		n := 0
		if a.Down() {
			n = 1
		}
		counts[a.ProviderID] += n
	}
	for providerID, n := range counts {
		metrics <- prometheus.MustNewConstMetric(downDesc, prometheus.GaugeValue, float64(n), providerID)
	}
}
