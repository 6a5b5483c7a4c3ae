package reconcile

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/provider"
)

// Metrics shows what came of the daily comparison, the same on every server.
// Labels are closed vocabularies: never an account.
type Metrics struct {
	days     *prometheus.GaugeVec
	compared *prometheus.GaugeVec
}

// NewMetrics makes the metrics and registers them; nil registers them nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		days: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "morepay_reconciliations", Help: "Accounts' days of the last 30, by what came of comparing bill and books.",
		}, []string{"provider", "result"}),
		compared: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "morepay_reconciled_timestamp_seconds", Help: "When the account that waits longest was last compared with its bill.",
		}, []string{"provider"}),
	}
	if r != nil {
		r.MustRegister(m.days, m.compared)
	}
	return m
}

// show sets the metrics to what is known at the end of a round.
func (m *Metrics) show(r *round) {
	type label struct {
		provider string
		outcome  Outcome
	}
	days := map[label]int{}
	newest := map[Key]time.Time{} // by account
	for key, record := range r.known {
		if record.Outcome == "" {
			continue
		}
		days[label{key.Provider, record.Outcome}]++
		key.Day = ""
		if (record.Outcome == Agrees || record.Outcome == Differs) && record.FinishedAt.After(newest[key]) {
			newest[key] = record.FinishedAt
		}
	}
	oldest := map[string]time.Time{} // by provider
	for acc, from := range r.from {
		providerID := acc.ProviderID
		for _, o := range Outcomes {
			m.days.WithLabelValues(providerID, string(o)).Set(float64(days[label{providerID, o}]))
		}
		if _, ok := acc.Provider.(provider.Biller); !ok {
			continue
		}
		at := newest[Key{Provider: providerID, Account: acc.Name()}]
		if at.IsZero() {
			at = from
		}
		if known, ok := oldest[providerID]; !ok || at.Before(known) {
			oldest[providerID] = at
		}
	}
	for providerID, at := range oldest {
		m.compared.WithLabelValues(providerID).Set(float64(at.Unix()))
	}
}
