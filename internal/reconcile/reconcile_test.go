package reconcile_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/providersim"
	"morepay/internal/reconcile"
)

// compare compares the bill of a day of the bench merchant's account that writes
// bills, when it is there. It must be comparable.
func (fx *fixture) compare(day time.Time) reconcile.Result {
	fx.Helper()
	if fx.Now().Sub(day) < 24*time.Hour {
		fx.Advance(36 * time.Hour)
	}
	result := fx.reconciler().Compare(fx.Context(), fx.account(), day)
	if result.Outcome != reconcile.Agrees && result.Outcome != reconcile.Differs {
		fx.Fatalf("%s: %s", result.Outcome, result.Problem)
	}
	return result
}

func (fx *fixture) account() *account.Account { return fx.Accounts().Of(harness.Merchant, fx.provider) }

func TestBooksAgree(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	since := fx.Now()
	id := fx.paid()
	fx.refunded(id, 1000)
	fx.open() // never paid: in no bill
	result := fx.compare(since)
	cny := func(fen int64) pay.Money { return pay.Money{Currency: "CNY", Value: fen} }
	want := reconcile.Totals{Payments: reconcile.Sum{Count: 1, Value: cny(5980)}, Refunds: reconcile.Sum{Count: 1, Value: cny(1000)}}
	if result.Totals.Fees == nil || *result.Totals.Fees != cny(0) {
		t.Errorf("fees %v", result.Totals.Fees)
	}
	if result.Totals.Fees = nil; result.Outcome != reconcile.Agrees || result.Totals != want {
		t.Errorf("got %+v", result)
	}
}

// What a coupon of the provider's pays is no difference, of the payment nor of its refund.
func TestCouponAgrees(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	since := fx.Now()
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: "coupon", Percent: 100}))
	fx.refunded(fx.paid(), 1000)
	if result := fx.compare(since); result.Outcome != reconcile.Agrees || result.Totals.Payments.Value.Value != 5980 || result.Totals.Refunds.Value.Value != 1000 {
		t.Errorf("got %+v", result)
	}
}

// differing are the ways in which books and bill can disagree, and whether the
// books agree from then on.
var differing = []struct {
	name   string
	kind   reconcile.Kind
	healed bool
	create func(fx *fixture)
}{
	{"was-unpaid", reconcile.WasUnpaid, true, func(fx *fixture) {
		a := fx.choose(fx.open())
		fx.unnoticed()
		fx.pay(a)
	}},
	{"not-ours", reconcile.NotOurs, false, func(fx *fixture) {
		fx.paid()
		fx.Data = fx.TempDir()
		fx.must(fx.Restart())
	}},
	{"amount", reconcile.OtherAmount, false, func(fx *fixture) {
		fx.change(fx.paid(), func(l *pay.Ledger) { l.Attempts[0].Amount.Value++ })
	}},
	{"reference", reconcile.OtherReference, false, func(fx *fixture) {
		fx.change(fx.paid(), func(l *pay.Ledger) { l.Attempts[0].Reference += "0" })
	}},
	{"not-billed", reconcile.NotBilled, false, func(fx *fixture) {
		fx.change(fx.paid(), func(l *pay.Ledger) { l.Attempts[0].OutTradeNo = "mp0000000000000000000000000000" })
	}},
	{"refund-amount", reconcile.RefundAmount, false, func(fx *fixture) {
		id := fx.paid()
		fx.unnoticed()
		fx.refund(id, 1000)
		fx.change(id, func(l *pay.Ledger) { l.Refunds[0].Amount.Value-- })
	}},
	{"refund-of-others", reconcile.ForeignRefund, true, func(fx *fixture) {
		id := fx.paid()
		fx.unnoticed()
		fx.refund(id, 1000)
		fx.change(id, func(l *pay.Ledger) { l.Refunds[0].Number = "RF1" })
	}},
	{"refund-pending", reconcile.RefundStatus, true, func(fx *fixture) {
		id := fx.paid()
		fx.unnoticed()
		fx.refund(id, 1000)
	}},
	{"refund-failed", reconcile.RefundStatus, true, func(fx *fixture) {
		id := fx.paid()
		fx.unnoticed()
		fx.refund(id, 1000)
		fx.change(id, func(l *pay.Ledger) { l.Refunds[0].Status = pay.RefundFailed })
	}},
	{"refund-abnormal-then-success", reconcile.RefundStatus, true, func(fx *fixture) {
		id := fx.paid()
		fx.must(fx.Sim.Inject(providersim.Rule{Fault: "abnormal-then-success", Next: 1}, providersim.Rule{Fault: "notify-never", Percent: 100}))
		fx.refund(id, 2000)
	}},
	{"reversed-at-the-till", reconcile.Unreadable, false, func(fx *fixture) { fx.sellAtTill(providersim.TillSale{State: "REVOKED"}) }},
	{"of-another-merchant", reconcile.Unreadable, false, func(fx *fixture) { fx.sellAtTill(providersim.TillSale{State: "SUCCESS", Of: "1900000002"}) }},
	{"sold-at-the-till", reconcile.NotOurs, false, func(fx *fixture) { fx.sellAtTill(providersim.TillSale{State: "SUCCESS"}) }},
}

// sellAtTill puts another system's sale into the bill of today.
func (fx *fixture) sellAtTill(sale providersim.TillSale) {
	fx.paid()
	sale.Account, sale.Number, sale.Fen, sale.At = fx.account().Name(), "TILL1", 100, fx.Now()
	fx.Sim.SellAtTill(sale)
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
		t.Run(c.name, func(t *testing.T) {
			fx := newFixture(t)
			since := fx.Now()
			c.create(fx)
			result := fx.compare(since)
			if result.Outcome != reconcile.Differs || result.Count != len(result.Differences) {
				t.Errorf("got %+v", result)
			}
			if d := find(result, c.kind); d == nil || d.OutTradeNo == "" || d.Healed != c.healed {
				t.Errorf("differences %+v", result.Differences)
			}
			if again := find(fx.compare(since), c.kind); c.healed && again != nil {
				t.Errorf("again: %+v", again)
			}
		})
	}
}

// Alipay's bill is an archive of another form, and says as much.
func TestAlipaysBill(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind   reconcile.Kind // "" if books and bill agree
		healed bool
		create func(fx *fixture)
	}{
		"agree": {"", false, func(fx *fixture) { fx.refunded(fx.paid(), 1000) }},
		"was-unpaid": {reconcile.WasUnpaid, true, func(fx *fixture) {
			a := fx.choose(fx.open())
			fx.unnoticed()
			fx.pay(a)
		}},
		"amount": {reconcile.OtherAmount, false, func(fx *fixture) {
			fx.change(fx.paid(), func(l *pay.Ledger) { l.Attempts[0].Amount.Value++ })
		}},
		"not-billed": {reconcile.NotBilled, false, func(fx *fixture) {
			fx.change(fx.paid(), func(l *pay.Ledger) { l.Attempts[0].OutTradeNo = "mp0000000000000000000000000000" })
		}},
		"refund-of-others": {reconcile.ForeignRefund, true, func(fx *fixture) {
			a := fx.ledger(fx.paid()).Attempts[0]
			fx.must(fx.Sim.Inject(providersim.Rule{Fault: "notify-never", Percent: 100}))
			fx.refundInConsole(a, 1000)
		}},
		"neither":          {reconcile.Unreadable, false, func(fx *fixture) { fx.sellAtTill(providersim.TillSale{State: "转账"}) }},
		"sold-at-the-till": {reconcile.NotOurs, false, func(fx *fixture) { fx.sellAtTill(providersim.TillSale{State: "交易", Goods: "Tea,\n茶"}) }},
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			fx.provider, fx.method = "alipay", "alipay"
			since := fx.Now()
			c.create(fx)
			result := fx.compare(since)
			if c.kind == "" {
				if result.Outcome != reconcile.Agrees || result.Totals.Payments.Count != 1 || result.Totals.Refunds.Value.Value != 1000 {
					t.Errorf("got %+v", result)
				}
				return
			}
			if d := find(result, c.kind); d == nil || d.OutTradeNo == "" || d.Healed != c.healed {
				t.Errorf("differences %+v", result.Differences)
			}
			if again := find(fx.compare(since), c.kind); c.healed && again != nil {
				t.Errorf("again: %+v", again)
			}
		})
	}
}

// find returns the first difference of a kind; nil if there is none.
func find(r reconcile.Result, kind reconcile.Kind) *reconcile.Difference {
	for _, d := range r.Differences {
		if d.Kind == kind {
			return &d
		}
	}
	return nil
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
	if list := fx.compare(since).Differences; len(list) != 1 || list[0].Kind != reconcile.WasUnpaid || list[0].OutTradeNo != a.OutTradeNo || !list[0].Healed {
		t.Fatalf("differences %+v", list)
	}
	// A day and a half later the session had expired, though nobody had recorded it.
	l := fx.ledger(id)
	if !l.Session.Status.Paid() || l.Session.Winner != a.ID || l.Attempts[0].Reference == "" {
		t.Errorf("the session is %s, won by %q: %+v", l.Session.Status, l.Session.Winner, l.Attempts)
	}
	if list := fx.compare(since).Differences; len(list) != 0 {
		t.Errorf("again: %+v", list)
	}
	if n := fx.messages(id); n != 1 || !l.Due().IsZero() {
		t.Errorf("%d messages, and more to do at %v", n, l.Due())
	}
}

// Nothing but the bill told of the payment, nor of what somebody gave back of it
// in the provider's console: both are in the ledger afterwards.
func TestRefundsOfOthersAreTakenIn(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	since := fx.Now()
	id := fx.open()
	a := fx.choose(id)
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: "console-refund", Next: 1}, providersim.Rule{Fault: "notify-never", Percent: 100}))
	fx.pay(a)
	result := fx.compare(since)
	if find(result, reconcile.WasUnpaid) == nil || find(result, reconcile.ForeignRefund) == nil {
		t.Errorf("differences %+v", result.Differences)
	}
	l := fx.ledger(id)
	if len(l.Refunds) != 1 || l.Refunds[0].Origin != pay.RefundByProvider || l.Refunds[0].Status != pay.RefundSucceeded || l.Refundable(a.ID).Value != 2990 {
		t.Errorf("refunds %+v, left to refund %s", l.Refunds, l.Refundable(a.ID))
	}
	if n := fx.messages(id); n != 2 {
		t.Errorf("%d messages, want two: of the payment and of the refund", n)
	}
}

// A refund that has succeeded stays so while the bill was written too early to
// know.
func TestBillKnowsLessThanWe(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	since := fx.Now()
	id := fx.paid()
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: "refund-abnormal", Next: 1}))
	fx.unnoticed()
	fx.refund(id, 1000)
	fx.change(id, func(l *pay.Ledger) { l.Refunds[0].Status = pay.RefundSucceeded })
	if result := fx.compare(since); result.Outcome != reconcile.Agrees {
		t.Errorf("got %+v", result)
	}
}

// A bill that has a refund under way says nothing of its end, and no later bill has
// it again: the provider is asked, if our books don't follow it already.
func TestRefundUnderWayIsAskedAbout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*pay.Refund)
		kind   reconcile.Kind
	}{
		"of-others":        {func(r *pay.Refund) { r.Number = "RF1" }, reconcile.ForeignRefund},
		"failed-too-early": {func(r *pay.Refund) { r.Status = pay.RefundFailed }, reconcile.RefundStatus},
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixtureWith(t, 30*time.Hour)
			since := fx.Now()
			id := fx.paid()
			fx.must(fx.Sim.Inject(providersim.Rule{Fault: "notify-never", Percent: 100}))
			fx.refund(id, 1000)
			fx.change(id, func(l *pay.Ledger) { c.change(&l.Refunds[0]) })
			if d := find(fx.compare(since), c.kind); d == nil || !d.Healed {
				t.Errorf("got %+v", d)
			}
			l := fx.ledger(id)
			if last := l.Refunds[len(l.Refunds)-1]; last.Status != pay.RefundSucceeded || last.Amount.Value != 1000 {
				t.Errorf("refunds %+v", l.Refunds)
			}
		})
	}
}

// A bill tells of a refund of a payment that neither we nor that bill know of: the
// provider is asked about the payment.
func TestBilledRefundOfAnUnknownPayment(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	a := fx.choose(id)
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: "notify-never", Percent: 100}))
	fx.pay(a)
	fx.goTo(1, 12*time.Hour)
	fx.refundInConsole(a, 1000)
	if d := find(fx.compare(fx.Now()), reconcile.ForeignRefund); d == nil || !d.Healed {
		t.Errorf("got %+v", d)
	}
	if l := fx.ledger(id); !l.Session.Status.Paid() || l.Refundable(a.ID).Value != 4980 {
		t.Errorf("the session is %s, refunds %+v", l.Session.Status, l.Refunds)
	}
}

// refundInConsole gives money back without the service.
func (fx *fixture) refundInConsole(a pay.Attempt, fen int64) {
	fx.Helper()
	_, err := fx.account().Provider.(provider.Refunder).Refund(fx.Context(), provider.RefundOrder{
		OutTradeNo: a.OutTradeNo, Number: "console1", Amount: pay.Money{Currency: "CNY", Value: fen}, Total: a.Amount,
	})
	fx.must(err)
}

// Rows that can't be taken keep no payment from being found.
func TestOddRowsStopNothing(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	since := fx.Now()
	id := fx.open()
	a := fx.choose(id)
	fx.unnoticed()
	fx.pay(a)
	for i, sale := range []providersim.TillSale{
		{State: "REVOKED"}, {State: "SUCCESS", Of: "1900000002"}, {State: "SUCCESS", Goods: "Tea,`cup"}, {State: "SUCCESS", Goods: "Tea\ncup"},
	} {
		sale.Account, sale.Number, sale.Fen, sale.At = a.Account, fmt.Sprint("TILL", i), 100, fx.Now()
		fx.Sim.SellAtTill(sale)
	}
	got := map[string]reconcile.Kind{}
	for _, d := range fx.compare(since).Differences {
		got[d.OutTradeNo] = d.Kind
	}
	want := map[string]reconcile.Kind{
		a.OutTradeNo: reconcile.WasUnpaid, "TILL0": reconcile.Unreadable, "TILL1": reconcile.Unreadable, "TILL2": reconcile.NotOurs, "TILL3": reconcile.NotOurs,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if l := fx.ledger(id); !l.Session.Status.Paid() {
		t.Errorf("the session is %s", l.Session.Status)
	}
}

// What the bill can't heal is a person's.
func TestContradictionsAreQuarantined(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	since := fx.Now()
	fx.change(fx.paid(), func(l *pay.Ledger) { l.Attempts[0].Amount.Value++ })
	for range 2 {
		fx.compare(since)
	}
	kept, err := fx.Stores().Ledgers.Quarantined(fx.Context(), checkout.QuarantineFilter{Limit: 9})
	fx.must(err)
	if len(kept) != 1 || kept[0].Evidence.Source != pay.SourceBill || kept[0].Evidence.Amount.Value != 5980 {
		t.Errorf("in quarantine: %+v", kept)
	}
}

func TestBillThatIsNotWritten(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.paid()
	if r := fx.reconciler().Compare(fx.Context(), fx.account(), fx.Now()); r.Outcome != reconcile.NoBill || r.Problem == "" {
		t.Errorf("got %+v", r)
	}
}

// Silence must not look like agreement.
func TestProviderWithoutBills(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	acc := fx.Accounts().Of(harness.Merchant, "merchantlink")
	if r := fx.reconciler().Compare(fx.Context(), acc, fx.Now()); r.Outcome != reconcile.NotCompared || r.Problem == "" || r.Account != acc.Name() {
		t.Errorf("got %+v", r)
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
	for _, r := range fx.reconciler().Run(ctx, since, since) {
		if r.Outcome != reconcile.Failed && r.Outcome != reconcile.NotCompared || r.Problem == "" || len(r.Differences) > 0 {
			t.Errorf("got %+v", r)
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
	all := fx.Accounts().All()
	first := all[slices.IndexFunc(all, func(a *account.Account) bool { return a.ProviderID == "wechatpay" })]
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: "server-error", Percent: 100, Account: first.Name()}))
	accounts := map[string]bool{}
	failed, compared := 0, 0
	for _, r := range fx.reconciler().Run(t.Context(), since, since.Add(24*time.Hour)) {
		accounts[r.Provider+r.Account] = true
		switch r.Outcome {
		case reconcile.Failed:
			failed++
		case reconcile.Agrees, reconcile.Differs, reconcile.NoBill: // an adapter's clock is the true one
			compared++
		}
		if (r.Outcome == reconcile.Failed) != (r.Account == first.Name()) {
			t.Errorf("%s on %s: %s, %s", r.Merchant, r.Day, r.Outcome, r.Problem)
		}
	}
	if failed != 2 || compared < 16 || len(accounts) != len(all) {
		t.Errorf("%d bills failed, %d were compared, of %d accounts", failed, compared, len(accounts))
	}
}
