package checkout_test

import (
	"context"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// biller is the bench merchant's WeChat Pay account: Alipay's bills are not
// simulated.
func (w *world) biller() provider.Biller {
	w.tb.Helper()
	for _, a := range w.Accounts().All() {
		if b, ok := a.Provider.(provider.Biller); ok && a.Merchant == harness.Merchant {
			return b
		}
	}
	w.tb.Fatal("no account has bills")
	return nil
}

// bill is the provider's bill of the days since an attempt was made. The clock
// goes to the afternoon after the last of them, when the bill is there.
func (w *world) bill(a pay.Attempt) []provider.BillLine {
	w.tb.Helper()
	w.Sim.Calm()
	w.Advance(36 * time.Hour)
	var lines []provider.BillLine
	for day := a.CreatedAt; day.Before(w.Now().Add(-34 * time.Hour)); day = day.Add(24 * time.Hour) {
		more, err := w.biller().Bill(w.ctx(), day)
		w.must(err)
		lines = append(lines, more...)
	}
	return lines
}

// differences reconciles today's payments when their bill is there. The bench
// merchant's alone: other merchants have no payments.
func (w *world) differences(since time.Time) []checkout.Difference {
	w.tb.Helper()
	if w.Now().Sub(since) < 24*time.Hour {
		w.Advance(36 * time.Hour)
	}
	list, err := w.Service().Reconcile(w.ctx(), w.Stores().Ledgers, since, since)
	w.must(err)
	var ours []checkout.Difference
	for _, d := range list {
		if d.Merchant == harness.Merchant {
			ours = append(ours, d)
		}
	}
	return ours
}

func TestBooksAgree(t *testing.T) {
	w := newWorld(t)
	since := w.Now()
	id := w.paidSession(wechat)
	_, err := w.refund(id, cny(1000))
	w.must(err)
	w.open() // never paid: in no bill
	if list := w.differences(since); len(list) != 0 {
		t.Errorf("differences %+v", list)
	}
}

// differing are the ways in which books and bill can disagree.
var differing = []struct {
	kind   checkout.DifferenceKind
	create func(w *world)
}{
	{checkout.DifferenceHealed, func(w *world) {
		a := w.choose(w.open(), wechat, pay.RailQR)
		w.inject("notify-never", 1)
		w.pay(a)
	}},
	{checkout.DifferenceForeign, func(w *world) {
		w.paidSession(wechat)
		w.Data = w.tb.(*testing.T).TempDir()
		w.must(w.Restart())
	}},
	{checkout.DifferenceAmount, func(w *world) {
		id := w.paidSession(wechat)
		w.change(id, func(l *pay.Ledger) { l.Attempts[0].Amount.Value++ })
	}},
	{checkout.DifferenceUnbilled, func(w *world) {
		id := w.paidSession(wechat)
		w.change(id, func(l *pay.Ledger) { l.Attempts[0].OutTradeNo = "mp0000000000000000000000000000" })
	}},
	{checkout.DifferenceRefund, func(w *world) {
		id := w.paidSession(wechat)
		_, err := w.refund(id, cny(1000))
		w.must(err)
		w.change(id, func(l *pay.Ledger) { l.Refunds[0].Amount.Value-- })
	}},
}

// change falsifies our books behind the service's back.
func (w *world) change(id string, f func(*pay.Ledger)) {
	w.tb.Helper()
	_, err := w.Stores().Ledgers.Update(w.ctx(), id, func(l *pay.Ledger) error {
		f(l)
		return nil
	})
	w.must(err)
}

func TestDifferences(t *testing.T) {
	for _, c := range differing {
		t.Run(string(c.kind), func(t *testing.T) {
			w := newWorld(t)
			since := w.Now()
			c.create(w)
			list := w.differences(since)
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
	w := newWorld(t)
	since := w.Now()
	id := w.open()
	a := w.choose(id, wechat, pay.RailQR)
	w.inject("notify-never", 1)
	w.pay(a)
	if list := w.differences(since); len(list) != 1 || list[0].Kind != checkout.DifferenceHealed || list[0].OutTradeNo != a.OutTradeNo {
		t.Fatalf("differences %+v", list)
	}
	// A day and a half later the session had expired, though nobody had recorded it.
	l := w.ledger(id)
	if !l.Session.Status.Paid() || l.Session.Winner != a.ID || l.Attempts[0].Reference == "" {
		t.Errorf("the session is %s, won by %q: %+v", l.Session.Status, l.Session.Winner, l.Attempts)
	}
	if list := w.differences(since); len(list) != 0 {
		t.Errorf("again: %+v", list)
	}
	w.later(time.Minute)
	if n := w.messages(id); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestBillThatIsNotWritten(t *testing.T) {
	w := newWorld(t)
	w.paidSession(wechat)
	list, err := w.Service().Reconcile(t.Context(), w.Stores().Ledgers, w.Now(), w.Now())
	w.must(err)
	if len(list) == 0 || list[0].Kind != checkout.DifferenceNotBilled {
		t.Errorf("differences %+v", list)
	}
}

// A provider that fails is an error, not an empty bill.
func TestBillThatCannotBeFetched(t *testing.T) {
	w := newWorld(t)
	since := w.Now()
	w.paidSession(wechat)
	w.Advance(36 * time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if list, err := w.Service().Reconcile(ctx, w.Stores().Ledgers, since, since); err == nil {
		t.Errorf("no error, differences %+v", list)
	}
}
