package funnel_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/funnel"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// known are the values that labels may have.
func known() map[string][]string {
	sets := map[string][]string{"step": texts(funnel.Steps), "method": texts(method.IDs()), "rail": texts(pay.Rails), "container": texts(device.Containers), "reason": texts(capability.ReasonCodes())}
	for _, name := range []string{"method", "rail", "container", "reason"} {
		sets[name] = append(sets[name], "other")
	}
	sets["from"], sets["to"] = sets["rail"], sets["rail"]
	return sets
}

func texts[T ~string](list []T) (out []string) {
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}

// series reads what is registered, by name and labels.
func series(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
				if !slices.Contains(known()[l.GetName()], l.GetValue()) {
					t.Errorf("%s has %s=%q, which is in no list", f.GetName(), l.GetName(), l.GetValue())
				}
			}
			all[name] = m.Counter.GetValue()
		}
	}
	return all
}

// Whatever is counted, labels are of closed sets.
func TestLabelsAreClosed(t *testing.T) {
	t.Parallel()
	r := prometheus.NewRegistry()
	m := funnel.NewMetrics(r)
	strange := funnel.Place{Method: "made up", Rail: "made up", Container: "made up"}
	for range 3 {
		for _, s := range funnel.Steps {
			m.Count(s, strange)
			for _, c := range device.Containers {
				m.Count(s, funnel.Place{Method: "wechat_pay", Rail: pay.RailQR, Container: c})
			}
		}
		m.Fallback("made up", strange)
		m.Fallback(pay.RailDeepLink, funnel.Place{Method: "alipay", Rail: pay.RailQR, Container: device.Browser})
	}
	if n, want := len(series(t, r)), len(funnel.Steps)*(1+len(device.Containers))+2; n != want {
		t.Errorf("%d series, want %d", n, want)
	}
}

// visits is a store in memory of which a test says what sessions there are.
type visits struct {
	sessions map[string]bool // whether there is a visit
	fails    bool
}

func (v *visits) AddVisits(_ context.Context, list []funnel.Visit) (stored []string, err error) {
	if v.fails {
		return nil, errors.New("no store")
	}
	for _, visit := range list {
		if had, ok := v.sessions[visit.SessionID]; ok && !had {
			v.sessions[visit.SessionID] = true
			stored = append(stored, visit.SessionID)
		}
	}
	return stored, nil
}

func (v *visits) Visited(context.Context, time.Time, time.Time, func(funnel.Session)) error {
	return nil
}

// What a session's page showed counts once, whoever draws it how often.
func TestVisitsCountOnce(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	store := &visits{sessions: map[string]bool{"a": false, "b": false, "elsewhere": true}}
	metrics := funnel.NewMetrics(registry)
	visit := func(id string) funnel.Visit {
		return funnel.Saw(id, device.Device{Form: device.Mobile, Container: device.WeChat}, capability.Decision{Choices: []capability.Choice{
			{Method: "wechat_pay", Ladder: []pay.Rail{pay.RailJSAPI, pay.RailQR}},
			{Method: "alipay", Reasons: []capability.Reason{{Code: capability.ReasonBlockedInContainer}, {Code: capability.ReasonProviderUnavailable}}},
		}}, time.Now())
	}
	for range 2 { // two servers
		r := funnel.NewRecorder(store, metrics, slog.New(slog.DiscardHandler))
		for _, id := range []string{"a", "a", "b", "elsewhere", "gone"} {
			r.Add(visit(id))
			r.Flush(t.Context())
			r.Add(visit(id))
		}
		r.Flush(t.Context())
	}
	want := map[string]float64{"morepay_funnel_total wechat wechat_pay jsapi shown": 2, "morepay_method_hidden_total alipay blocked_in_container": 2}
	if got := series(t, registry); !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	store.fails = true
	r := funnel.NewRecorder(store, metrics, slog.New(slog.DiscardHandler))
	r.Add(visit("a"))
	r.Flush(t.Context()) // nobody fails with it
	if shown, hidden := visit("a").Lists(); shown != "wechat_pay:jsapi" || hidden != "alipay:blocked_in_container" {
		t.Errorf("stored as %q and %q", shown, hidden)
	}
}
