package webhook

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	pendingDesc = prometheus.NewDesc("morepay_webhooks_pending",
		"Messages that wait to be delivered to an endpoint.", nil, nil)
	oldestDesc = prometheus.NewDesc("morepay_webhooks_oldest_seconds",
		"Age of the oldest event whose message waits; 0 if none does.", nil, nil)
	givenUpDesc = prometheus.NewDesc("morepay_webhooks_given_up",
		"Messages to endpoints that were given up, by the schedule or by a person, and not sent again since.", []string{"by"}, nil)
)

// collectTimeout bounds what a scrape may wait for the store.
const collectTimeout = 3 * time.Second

// Metrics counts what a dispatcher does, and what is left to do. The latter is
// read from the store when somebody asks, so that every server says the same and
// a restart forgets nothing.
type Metrics struct {
	queue Queue
	now   func() time.Time
	tries *prometheus.CounterVec
}

// NewMetrics makes metrics and registers them.
func NewMetrics(r prometheus.Registerer, q Queue, now func() time.Time) *Metrics {
	m := &Metrics{queue: q, now: now, tries: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "morepay_webhook_tries_total", Help: "Tries to deliver a message, by result.",
	}, []string{"result"})}
	r.MustRegister(m.tries, m)
	return m
}

// count counts a try.
func (m *Metrics) count(result string) {
	if m != nil {
		m.tries.WithLabelValues(result).Inc()
	}
}

// Describe implements [prometheus.Collector].
func (m *Metrics) Describe(descs chan<- *prometheus.Desc) {
	descs <- pendingDesc
	descs <- oldestDesc
	descs <- givenUpDesc
}

// Collect implements [prometheus.Collector]. What the store does not tell is left
// out: the other metrics are needed most when it is down.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	b, err := m.queue.Backlog(ctx)
	if err != nil {
		return
	}
	age := 0.0
	if !b.Oldest.IsZero() {
		age = m.now().Sub(b.Oldest).Seconds()
	}
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	gauge(pendingDesc, float64(b.Pending))
	gauge(oldestDesc, age)
	gauge(givenUpDesc, float64(b.Failed), "schedule")
	gauge(givenUpDesc, float64(b.Skipped), "person")
}
