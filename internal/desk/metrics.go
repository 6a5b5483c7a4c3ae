package desk

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// What an operator must see of the desk. It is read from the store when somebody
// asks, so that every server says the same and a restart forgets nothing.
var (
	openDesc = prometheus.NewDesc("morepay_quarantine_open",
		"Entries of the quarantine that nobody has resolved yet. More than 0 needs a person.", nil, nil)
	waitingDesc = prometheus.NewDesc("morepay_refunds_waiting",
		"Refunds that wait for a person. More than 0 needs one.", nil, nil)
	waitingAgeDesc = prometheus.NewDesc("morepay_refunds_waiting_oldest_seconds",
		"Age of the oldest refund that waits for a person; 0 if there is none.", nil, nil)
	dueDesc = prometheus.NewDesc("morepay_due_sessions",
		"Sessions of which something is due now: to ask, to close, to send again or to expire. Few, and those for a moment.", nil, nil)
	overdueDesc = prometheus.NewDesc("morepay_due_overdue_seconds",
		"For how long the oldest of them has been due; 0 if there is none.", nil, nil)
	orphansDesc = prometheus.NewDesc("morepay_orphans",
		"Payments that can still be made and pending refunds whose account no merchant has any more, as counted once an hour.", []string{"kind"}, nil)
	learntDesc = prometheus.NewDesc("morepay_rail_not_granted_learnt_timestamp_seconds",
		"When it was learnt that a provider refuses a rail to an account, of marks that have not ended. Any needs a person.",
		[]string{"merchant", "method", "rail", "provider", "account", "code"}, nil)
)

// collectTimeout bounds what a scrape may wait for the store.
const collectTimeout = 3 * time.Second

// Describe implements [prometheus.Collector].
func (d *Desk) Describe(descs chan<- *prometheus.Desc) {
	descs <- openDesc
	descs <- waitingDesc
	descs <- waitingAgeDesc
	descs <- dueDesc
	descs <- overdueDesc
	descs <- orphansDesc
	descs <- learntDesc
}

// Collect implements [prometheus.Collector]. What the store does not tell is left
// out: the other metrics are needed most when it is down.
func (d *Desk) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	gauge(orphansDesc, float64(d.orphanedAttempts.Load()), "payment")
	gauge(orphansDesc, float64(d.orphanedRefunds.Load()), "refund")
	if n, err := d.Books.Unresolved(ctx); err == nil {
		gauge(openDesc, float64(n))
	}
	aged := func(count, age *prometheus.Desc, n int, oldest time.Time, err error) {
		if err != nil {
			return
		}
		seconds := 0.0
		if n > 0 {
			seconds = d.Now().Sub(oldest).Seconds()
		}
		gauge(count, float64(n))
		gauge(age, seconds)
	}
	n, oldest, err := d.Books.CountWaitingRefunds(ctx)
	aged(waitingDesc, waitingAgeDesc, n, oldest, err)
	n, oldest, err = d.Books.Overdue(ctx, d.Now())
	aged(dueDesc, overdueDesc, n, oldest, err)
	list, _ := d.Marks(ctx)
	for _, m := range list {
		gauge(learntDesc, float64(m.At.Unix()), m.Merchant, string(m.Method), string(m.Rail), m.Provider, m.Account, m.Code)
	}
}
