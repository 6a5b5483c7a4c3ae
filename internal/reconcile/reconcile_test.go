package reconcile_test

import (
	"context"
	"testing"
	"time"

	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/providersim"
	"morepay/internal/reconcile"
)

// differences reconciles today's payments when their bill is there. The bench
// merchant's alone: other merchants have no payments.
func (fx *fixture) differences(since time.Time) []reconcile.Difference {
	fx.Helper()
	if fx.Now().Sub(since) < 24*time.Hour {
		fx.Advance(36 * time.Hour)
	}
	return fx.run(since)
}

// run compares the bills of a day, which must all be comparable.
func (fx *fixture) run(day time.Time) (ours []reconcile.Difference) {
	fx.Helper()
	for _, r := range fx.reconciler().Run(fx.Context(), day, day) {
		fx.must(r.Err)
		if r.Account.Merchant == harness.Merchant {
			ours = append(ours, r.Differences...)
		}
	}
	return ours
}

func TestBooksAgree(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	since := fx.Now()
	id := fx.paid()
	fx.refund(id, 1000)
	fx.open() // never paid: in no bill
	if list := fx.differences(since); len(list) != 0 {
		t.Errorf("differences %+v", list)
	}
}

// differing are the ways in which books and bill can disagree.
var differing = []struct {
	kind   reconcile.Kind
	create func(fx *fixture)
}{
	{reconcile.WasUnpaid, func(fx *fixture) {
		a := fx.choose(fx.open())
		fx.unnoticed()
		fx.pay(a)
	}},
	{reconcile.NotOurs, func(fx *fixture) {
		fx.paid()
		fx.Data = fx.TempDir()
		fx.must(fx.Restart())
	}},
	{reconcile.OtherAmount, func(fx *fixture) {
		id := fx.paid()
		fx.change(id, func(l *pay.Ledger) { l.Attempts[0].Amount.Value++ })
	}},
	{reconcile.NotBilled, func(fx *fixture) {
		id := fx.paid()
		fx.change(id, func(l *pay.Ledger) { l.Attempts[0].OutTradeNo = "mp0000000000000000000000000000" })
	}},
	{reconcile.OtherRefund, func(fx *fixture) {
		id := fx.paid()
		fx.refund(id, 1000)
		fx.change(id, func(l *pay.Ledger) { l.Refunds[0].Amount.Value-- })
	}},
}

// change falsifies our books behind the service's back.
func (fx *fixture) change(id string, f func(*pay.Ledger)) {
	fx.Helper()
	_, err := fx.Stores().Ledgers.Update(fx.Context(), id, func(l *pay.Ledger) error {
		f(l)
		return nil
	})
	fx.must(err)
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	for _, c := range differing {
		t.Run(string(c.kind), func(t *testing.T) {
			fx := newFixture(t)
			since := fx.Now()
			c.create(fx)
			list := fx.differences(since)
			found := false
			for _, d := range list {
				found = found || d.Kind == c.kind && d.Provider == "wechatpay" && d.OutTradeNo != ""
			}
			if !found {
				t.Errorf("differences %+v", list)
			}
		})
	}
}

// What only the bill knows is applied like any other evidence, and then the
// books agree.
func TestReconcilingHeals(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	since := fx.Now()
	id := fx.open()
	a := fx.choose(id)
	fx.unnoticed()
	fx.pay(a)
	if list := fx.differences(since); len(list) != 1 || list[0].Kind != reconcile.WasUnpaid || list[0].OutTradeNo != a.OutTradeNo {
		t.Fatalf("differences %+v", list)
	}
	// A day and a half later the session had expired, though nobody had recorded it.
	l := fx.ledger(id)
	if !l.Session.Status.Paid() || l.Session.Winner != a.ID || l.Attempts[0].Reference == "" {
		t.Errorf("the session is %s, won by %q: %+v", l.Session.Status, l.Session.Winner, l.Attempts)
	}
	if list := fx.differences(since); len(list) != 0 {
		t.Errorf("again: %+v", list)
	}
	if n := fx.messages(id); n != 1 || !l.Due().IsZero() {
		t.Errorf("%d messages, and more to do at %v", n, l.Due())
	}
}

func TestBillThatIsNotWritten(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.paid()
	list := fx.run(fx.Now())
	if len(list) == 0 || list[0].Kind != reconcile.BillAbsent {
		t.Errorf("differences %+v", list)
	}
}

// A provider that fails is an error, not an empty bill.
func TestBillThatCannotBeFetched(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	since := fx.Now()
	fx.paid()
	fx.Advance(36 * time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	results := fx.reconciler().Run(ctx, since, since)
	if len(results) == 0 {
		t.Fatal("no account has bills")
	}
	for _, r := range results {
		if r.Err == nil || len(r.Differences) > 0 {
			t.Errorf("%s: error %v, differences %+v", r.Account.Merchant, r.Err, r.Differences)
		}
	}
}

// Each account and day has a result of its own: one that fails keeps no other
// from being compared.
func TestEveryBillIsCompared(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	since := fx.Now()
	fx.paid()
	fx.Advance(60 * time.Hour)
	first := fx.reconciler().Run(t.Context(), since, since)[0].Account
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: "server-error", Percent: 100, Account: first.Name()}))
	results := fx.reconciler().Run(t.Context(), since, since.Add(24*time.Hour))
	failed, compared := 0, 0
	for _, r := range results {
		if r.Err != nil {
			failed++
		} else {
			compared++
		}
		if (r.Err != nil) != (r.Account == first) {
			t.Errorf("%s on %s: error %v", r.Account.Merchant, r.Day.Format(time.DateOnly), r.Err)
		}
	}
	if failed < 2 || compared < 2 {
		t.Errorf("%d bills failed, %d were compared", failed, compared)
	}
}
