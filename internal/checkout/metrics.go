package checkout

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/device"
	"morepay/internal/funnel"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Metrics counts what an operator must see. Labels are closed vocabularies:
// never an id, a token or a text.
type Metrics struct {
	sessions      prometheus.Counter
	attempts      *prometheus.CounterVec
	notifications *prometheus.CounterVec
	events        *prometheus.CounterVec
	timeToPaid    *prometheus.HistogramVec

	Funnel *funnel.Metrics
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
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "morepay_events_total", Help: "Transitions that this server has committed, by what happened; method and rail are empty where it is about the session.",
		}, []string{"event", "method", "rail"}),
		timeToPaid: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "morepay_time_to_paid_seconds", Help: "From the choice of a method to its payment, by the provider's word, for sessions that it paid.",
			Buckets: []float64{5, 10, 20, 30, 45, 60, 90, 120, 300, 600, 1800},
		}, []string{"method", "rail"}),
		Funnel: funnel.NewMetrics(r),
	}
	for _, e := range []pay.EventType{pay.EventSessionCreated, pay.EventSessionExpired, pay.EventSessionCanceled} {
		m.events.WithLabelValues(string(e), "", "") // a rate begins with the 0 before the first
	}
	if r != nil {
		r.MustRegister(m.sessions, m.attempts, m.notifications, m.events, m.timeToPaid)
	}
	return m
}

// steps are the events by which payers get further.
var steps = map[pay.EventType]funnel.Step{
	pay.EventAttemptBegun: funnel.Chosen, pay.EventAttemptAwaiting: funnel.HandedOff,
	pay.EventSessionPaid: funnel.Paid, pay.EventSessionPaidLate: funnel.Paid,
}

// committed counts an event of a ledger that was stored.
func (m *Metrics) committed(l *pay.Ledger, e pay.Event) {
	a := l.Attempt(e.AttemptID)
	if a == nil {
		m.events.WithLabelValues(string(e.Type), "", "").Inc()
		if e.Type == pay.EventSessionCreated {
			m.sessions.Inc()
		}
		return
	}
	place := placeOf(a)
	method, rail := funnel.MethodLabel(a.Method), funnel.RailLabel(a.Rail)
	m.events.WithLabelValues(string(e.Type), method, rail).Inc()
	if e.Type == pay.EventAttemptBegun {
		m.attempts.WithLabelValues(method, rail).Inc()
		m.fellBack(l.Attempts, a.Invitation, place)
	}
	step, ok := steps[e.Type]
	if !ok {
		return
	}
	m.Funnel.Count(step, place)
	if step == funnel.Paid {
		// Providers keep whole seconds, so that a payment may seem to be before its order.
		m.timeToPaid.WithLabelValues(method, rail).Observe(max(0, a.PaidAt.Sub(a.CreatedAt).Seconds()))
	}
}

func placeOf(a *pay.Attempt) funnel.Place {
	return funnel.Place{Method: a.Method, Rail: a.Rail, Container: device.Container(a.Container)}
}

// fellBack counts who takes a rail after they had begun with another one of the same
// method.
func (m *Metrics) fellBack(attempts []pay.Attempt, invitation string, to funnel.Place) {
	for i := len(attempts) - 1; i >= 0; i-- {
		if a := &attempts[i]; a.Invitation == invitation && a.Method == to.Method && a.Rail != to.Rail {
			m.Funnel.Fallback(a.Rail, to)
			return
		}
	}
}

func (m *Metrics) notification(providerID string, err error) {
	result := "genuine"
	switch {
	case errors.Is(err, provider.ErrIgnored):
		result = "ignored"
	case errors.Is(err, provider.ErrUncheckable): // which is ErrForged too
		result = "uncheckable"
	case errors.Is(err, provider.ErrUnknownKey): // and so is this
		result = "unknown_key"
	case errors.Is(err, provider.ErrForged):
		result = "forged"
	case err != nil:
		result = "unusable"
	}
	m.notifications.WithLabelValues(providerID, result).Inc()
}
