package account

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/provider"
)

// metrics measures the calls of providers. Labels are closed vocabularies: never
// an id or a text. Below only keys have ids, of which the accounts' settings bound the number.
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

var keyEndsDesc = prometheus.NewDesc("morepay_provider_key_ends_timestamp_seconds",
	"When a key or certificate that this server holds for an account ends; +Inf for one that never does.",
	[]string{"merchant", "provider", "account", "use", "id"}, nil)

// keyEnds tells until when the accounts' keys are good. It asks no provider: what is
// not held yet is not told.
type keyEnds struct{ *Registry }

// Describe implements [prometheus.Collector].
func (k keyEnds) Describe(descs chan<- *prometheus.Desc) { descs <- keyEndsDesc }

// Collect implements [prometheus.Collector].
func (k keyEnds) Collect(metrics chan<- prometheus.Metric) {
	for _, a := range k.All() {
		holder, ok := a.Provider.(provider.KeyHolder)
		if !ok {
			continue
		}
		for _, key := range holder.Keys() {
			ends := math.Inf(1)
			if !key.Ends.IsZero() {
				ends = float64(key.Ends.Unix())
			}
			metrics <- prometheus.MustNewConstMetric(keyEndsDesc, prometheus.GaugeValue, ends, a.Merchant, a.ProviderID, a.Name(), string(key.Use), key.ID)
		}
	}
}
