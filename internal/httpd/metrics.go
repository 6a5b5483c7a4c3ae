package httpd

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts requests by route pattern: never by path, which holds tokens.
type metrics struct {
	requests *prometheus.HistogramVec
	streams  prometheus.Gauge
	csp      prometheus.Counter
}

func newMetrics(r *prometheus.Registry) *metrics {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "morepay_http_request_seconds", Help: "Requests.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2, 10},
		}, []string{"route", "method", "status"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "morepay_event_streams", Help: "Open event streams.",
		}),
		csp: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "morepay_csp_reports_total", Help: "Reports of blocked content on the payer's page.",
		}),
	}
	r.MustRegister(m.requests, m.streams, m.csp)
	return m
}
