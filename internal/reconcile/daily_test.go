package reconcile_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/providersim"
	"morepay/internal/reconcile"
)

const halfPastTen = 10*time.Hour + 30*time.Minute

func (fx *fixture) daily(at time.Duration, r prometheus.Registerer) *reconcile.Daily {
	return &reconcile.Daily{
		Reconciler: fx.reconciler(), Journal: fx.Stores().Reconciliations, At: at, Now: fx.Now, Log: fx.Harness.Log, Metrics: reconcile.NewMetrics(r),
	}
}

// records returns the stored records of WeChat Pay's bills, oldest day first.
func (fx *fixture) records() []reconcile.Record {
	fx.Helper()
	list, err := fx.Stores().Reconciliations.List(fx.Context(), reconcile.Filter{Provider: "wechatpay", Limit: 100})
	fx.must(err)
	slices.Reverse(list)
	return list
}

// asked counts how often a bill of the bench merchant was asked for.
func (fx *fixture) asked() (n int) {
	for _, e := range fx.Sim.History(fx.account().Name(), "") {
		if e.Name == "GET /v3/bill/tradebill" {
			n++
		}
	}
	return n
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	if at, err := reconcile.ParseTime("10:30"); err != nil || at != halfPastTen {
		t.Errorf("got %v, %v", at, err)
	}
	for _, bad := range []string{"", "10", "25:00", "10:60", "10:30:00", "noon"} {
		if at, err := reconcile.ParseTime(bad); err == nil {
			t.Errorf("%q is %v", bad, at)
		}
	}
}

// The bill is compared at its time, once, and what it knows is in the books.
func TestDaily(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	daily := fx.daily(halfPastTen, nil)
	fx.must(daily.Round(fx.Context()))
	if n := fx.asked(); n != 0 {
		t.Errorf("an account that was never used was asked %d times", n)
	}
	fx.paid()
	id := fx.open()
	a := fx.choose(id)
	fx.unnoticed()
	fx.pay(a)
	fx.goTo(1, halfPastTen-time.Minute)
	fx.must(daily.Round(fx.Context()))
	if n := fx.asked(); n != 0 {
		t.Errorf("asked %d times before its time", n)
	}
	fx.goTo(0, halfPastTen+time.Minute)
	for range 2 {
		fx.must(daily.Round(fx.Context()))
	}
	records := fx.records()
	if len(records) != 1 || records[0].Outcome != reconcile.Differs || records[0].Tries != 1 || records[0].Totals.Payments.Count != 2 ||
		len(records[0].Differences) != 1 || !records[0].Differences[0].Healed || records[0].Merchant != harness.Merchant || records[0].FinishedAt.IsZero() {
		t.Errorf("records %+v", records)
	}
	if n := fx.asked(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	if l := fx.ledger(id); !l.Session.Status.Paid() {
		t.Errorf("the session is %s", l.Session.Status)
	}
}

// An account whose provider writes no bills is named, so that silence can't be
// taken for agreement.
func TestDailyNamesWhatIsNotCompared(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	l, err := fx.Choose(fx.Context(), fx.open(), "unionpay", pay.RailRedirect)
	fx.must(err)
	news, stop := fx.Service().Hub().Wait(l.Session.ID)
	defer stop()
	fx.pay(*l.Current())
	<-news
	fx.goTo(1, 11*time.Hour)
	fx.must(fx.daily(halfPastTen, nil).Round(fx.Context()))
	list, err := fx.Stores().Reconciliations.List(fx.Context(), reconcile.Filter{Outcome: reconcile.NotCompared, Limit: 9})
	fx.must(err)
	if len(list) != 1 || list[0].Provider != "merchantlink" || list[0].Problem == "" {
		t.Errorf("records %+v", list)
	}
}

func TestOneServerOfSeveralReconciles(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.paid()
	fx.goTo(1, 11*time.Hour)
	var all sync.WaitGroup
	for range 4 {
		daily := fx.daily(halfPastTen, nil)
		all.Go(func() {
			if err := daily.Round(fx.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := fx.asked(); n != 1 {
		t.Errorf("four servers asked %d times, want once", n)
	}
}

// A bill that is not there, or can't be fetched, is asked for again after pauses
// that grow.
func TestDailyTriesAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at    time.Duration
		fault *providersim.Rule
		first reconcile.Outcome
	}{
		"no-bill": {time.Hour, nil, reconcile.NoBill}, // nine hours too early
		"failed":  {halfPastTen, &providersim.Rule{Fault: "server-error", Percent: 100}, reconcile.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			fx.paid()
			fx.goTo(1, c.at+time.Minute)
			if c.fault != nil {
				fx.must(fx.Sim.Inject(*c.fault))
			}
			daily := fx.daily(c.at, nil)
			for tries, pause := range []time.Duration{0, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour} {
				fx.Advance(pause - min(pause, time.Minute))
				fx.must(daily.Round(fx.Context()))
				if records := fx.records(); tries > 0 && records[0].Tries != tries {
					t.Errorf("a minute before its time: try %d, want %d", records[0].Tries, tries)
				}
				fx.Advance(min(pause, time.Minute) + time.Second)
				fx.must(daily.Round(fx.Context()))
				if records := fx.records(); len(records) != 1 || records[0].Outcome != c.first || records[0].Tries != tries+1 || records[0].Problem == "" {
					t.Fatalf("after %s: %+v", pause, records)
				}
			}
			fx.Sim.Calm()
			fx.goTo(1, 11*time.Hour)
			fx.must(daily.Round(fx.Context()))
			if records := fx.records(); records[0].Outcome != reconcile.Agrees || records[0].Tries != 6 {
				t.Errorf("in the end: %+v", records[0])
			}
		})
	}
}

// Days that no server saw are made up for, within bounds.
func TestDailyMakesUpForMissedDays(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.paid()
	paid := fx.Now().In(china).Format(time.DateOnly)
	fx.goTo(5, 11*time.Hour)
	fx.must(fx.daily(halfPastTen, nil).Round(fx.Context()))
	if records := fx.records(); len(records) != 5 || records[0].Day != paid || records[0].Outcome != reconcile.Agrees {
		t.Errorf("records %+v", records)
	}
	fx.goTo(60, 11*time.Hour)
	fx.must(fx.daily(halfPastTen, nil).Round(fx.Context()))
	yesterday := fx.Now().In(china).AddDate(0, 0, -1).Format(time.DateOnly)
	if records := fx.records(); len(records) != 35 || records[34].Day != yesterday {
		t.Errorf("%d records, the newest of %s", len(records), records[len(records)-1].Day)
	}
}

func TestDailyMetrics(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.paid()
	fx.goTo(1, 11*time.Hour)
	registry := prometheus.NewRegistry()
	fx.must(fx.daily(halfPastTen, registry).Round(fx.Context()))
	another := prometheus.NewRegistry() // of a server that compared nothing itself
	fx.must(fx.daily(halfPastTen, another).Round(fx.Context()))
	for _, r := range []*prometheus.Registry{registry, another} {
		families, err := r.Gather()
		fx.must(err)
		got := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				name := f.GetName()
				for _, l := range m.GetLabel() {
					name += " " + l.GetValue()
				}
				got[name] = m.GetGauge().GetValue()
			}
		}
		at := time.Unix(int64(got["morepay_reconciled_timestamp_seconds wechatpay"]), 0)
		if got["morepay_reconciliations wechatpay agrees"] != 1 || got["morepay_reconciliations wechatpay failed"] != 0 || fx.Now().Sub(at) > time.Minute {
			t.Errorf("got %v", got)
		}
	}
}

// The program compares by itself.
func TestTheServerReconciles(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	a := fx.choose(id)
	fx.unnoticed()
	fx.pay(a)
	fx.goTo(1, 11*time.Hour)
	fx.ReconcileAt, fx.LookEvery = "10:30", 10*time.Millisecond
	fx.must(fx.Leave())
	fx.must(fx.Return())
	news, stop := fx.Service().Hub().Wait(id)
	defer stop()
	select {
	case <-news:
	case <-time.After(15 * time.Second):
		if !fx.ledger(id).Session.Status.Paid() { // it may have been faster than we
			t.Fatal("the server did not take the payment in")
		}
	}
	if l := fx.ledger(id); !l.Session.Status.Paid() {
		t.Errorf("the session is %s", l.Session.Status)
	}
}

func TestServerRefusesAnOddTime(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.must(fx.Leave())
	c := fx.Config
	c.ReconcileAt = "half past ten"
	if p, err := program.Open(fx.Context(), c); err == nil {
		p.Close()
		t.Error("it starts")
	}
	fx.must(fx.Return())
}
