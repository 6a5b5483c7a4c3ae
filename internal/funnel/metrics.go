package funnel

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// Step is how far a payer got with a method.
type Step string

// The steps, in order.
const (
	Shown     Step = "shown"      // their page had the method on its list, once a session
	Chosen    Step = "chosen"     // an attempt was begun
	HandedOff Step = "handed_off" // the provider took it: the payer was sent to the wallet, or saw its code
	CameBack  Step = "returned"   // the wallet brought the payer back
	Paid      Step = "paid"       // it paid the session
)

// Steps lists all of them.
var Steps = []Step{Shown, Chosen, HandedOff, CameBack, Paid}

// Place is where in the funnel something is counted.
type Place struct {
	Method    pay.Method
	Rail      pay.Rail
	Container device.Container
}

// Metrics are the counters. Their labels are closed sets: what is in none of them, as
// in rows that another version has written, counts as "other".
type Metrics struct {
	steps, fallbacks, hidden *prometheus.CounterVec
}

// NewMetrics makes the metrics and registers them; nil registers them nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		steps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "morepay_funnel_total", Help: "How far payers got: sessions that showed a method, then attempts.",
		}, []string{"step", "method", "rail", "container"}),
		fallbacks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "morepay_fallback_total", Help: "Payers who took another rail of the method that they had begun with.",
		}, []string{"method", "from", "to", "container"}),
		hidden: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "morepay_method_hidden_total", Help: "Sessions whose list could not offer a method, by the first reason.",
		}, []string{"method", "reason"}),
	}
	if r != nil {
		r.MustRegister(m.steps, m.fallbacks, m.hidden)
	}
	return m
}

// Count counts a step.
func (m *Metrics) Count(s Step, p Place) {
	m.steps.WithLabelValues(string(s), MethodLabel(p.Method), RailLabel(p.Rail), containerLabel(p.Container)).Inc()
}

// Fallback counts that a payer went from one rail of a method to the one of a place.
func (m *Metrics) Fallback(from pay.Rail, to Place) {
	m.fallbacks.WithLabelValues(MethodLabel(to.Method), RailLabel(from), RailLabel(to.Rail), containerLabel(to.Container)).Inc()
}

// visited counts what a page showed at first.
func (m *Metrics) visited(v Visit) {
	for _, row := range v.Shown {
		m.Count(Shown, Place{row.Method, row.Rail, v.Container})
	}
	for _, h := range v.Hidden {
		m.hidden.WithLabelValues(MethodLabel(h.Method), reasonLabel(h.Reason)).Inc()
	}
}

// other is the label of what is in no list of ours.
const other = "other"

// MethodLabel returns a method as a label.
func MethodLabel(m pay.Method) string {
	if method.Find(m) == nil {
		return other
	}
	return string(m)
}

// RailLabel returns a rail as a label.
func RailLabel(r pay.Rail) string { return label(r, pay.Rails) }

func containerLabel(c device.Container) string { return label(c, device.Containers) }

func reasonLabel(code capability.ReasonCode) string { return label(code, reasons) }

var reasons = capability.ReasonCodes()

func label[T ~string](value T, known []T) string {
	if !slices.Contains(known, value) {
		return other
	}
	return string(value)
}
