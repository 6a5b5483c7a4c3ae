package storetest

import (
	"maps"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/retention"
)

// money is what a payment came to.
type money struct{ Paid, Returned int64 }

// balance looks up a payment wherever it is kept now.
func (fx *fixture) balance(t *rapid.T, a pay.Attempt) money {
	id, err := fx.Ledgers.Find(fx.Context(), keyOf(a))
	if err == nil {
		l := fx.ledger(id)
		found := l.Attempt(a.ID)
		if !found.State.Received() {
			return money{}
		}
		return money{found.Amount.Value, l.Returned(a.ID)}
	}
	past, err := fx.Ledgers.Past(fx.Context(), keyOf(a))
	if err != nil {
		t.Fatalf("payment %s is lost: %v", a.OutTradeNo, err)
	}
	if past.PaidAt.IsZero() {
		return money{}
	}
	return money{past.Amount.Value, past.Returned}
}

// keepsMoney: whatever is paid, given back, pruned and erased in whatever order, no
// amount is lost, and what is told again of a payment is no news.
func keepsMoney(fx *fixture) {
	rapid.Check(fx.T, func(t *rapid.T) {
		payments, known := map[string]pay.Attempt{}, map[string]money{}
		sessions := map[string]string{} // of each payment
		some := func() (pay.Attempt, bool) {
			names := slices.Sorted(maps.Keys(payments))
			if len(names) == 0 {
				return pay.Attempt{}, false
			}
			return payments[rapid.SampledFrom(names).Draw(t, "payment")], true
		}
		update := func(a pay.Attempt, change func(*pay.Ledger) error) {
			l, err := fx.Ledgers.Update(fx.Context(), sessions[a.OutTradeNo], change)
			if err == nil && l.Attempt(a.ID).State.Received() {
				known[a.OutTradeNo] = money{a.Amount.Value, l.Returned(a.ID)}
			}
		}
		steps := map[string]func(){
			"open": func() {
				l := newLedger()
				l.Session.MerchantPayerID = "p"
				fx.must(fx.Ledgers.Create(fx.Context(), l))
				for range rapid.IntRange(1, 2).Draw(t, "attempts") {
					a := fx.begin(l.Session.ID)
					payments[a.OutTradeNo], sessions[a.OutTradeNo] = a, l.Session.ID
				}
			},
			"pay": func() {
				if a, ok := some(); ok {
					update(a, func(l *pay.Ledger) error { return l.Apply(paid(a), start) })
				}
			},
			"expire": func() {
				if a, ok := some(); ok {
					update(a, func(l *pay.Ledger) error {
						l.Expire(l.Session.ExpiresAt)
						ev := paid(a)
						ev.ID, ev.Outcome = "closed "+a.OutTradeNo, pay.OutcomeClosed
						return l.Apply(ev, l.Session.ExpiresAt)
					})
				}
			},
			"refund": func() {
				if a, ok := some(); ok {
					value := rapid.Int64Range(1, 3000).Draw(t, "value")
					update(a, func(l *pay.Ledger) error {
						r := pay.Refund{ID: newID("rf"), AttemptID: a.ID, Amount: pay.Money{Currency: "CNY", Value: value}, Author: "ann", Note: "n"}
						return l.RecordRefund(r, "", start)
					})
				}
			},
			"settle": func() { // the provider says that every refund succeeded
				if a, ok := some(); ok {
					update(a, func(l *pay.Ledger) error { return settleRefunds(l, a) })
				}
			},
			"erase": func() { fx.erase("p") },
		}
		for _, k := range retention.Kinds {
			steps["prune "+string(k)] = func() { fx.numberAll(); fx.prune(k) }
		}
		names := slices.Sorted(maps.Keys(steps))
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			steps[rapid.SampledFrom(names).Draw(t, "step")]()
			for number, a := range payments {
				if diff := cmp.Diff(known[number], fx.balance(t, a)); diff != "" {
					t.Fatalf("payment %s (-known +kept):\n%s", number, diff)
				}
			}
		}
		fx.toldAgain(t, payments, known)
		fx.inBooks(t, payments, known)
	})
}

// settleRefunds applies the provider's word that the refunds of a payment succeeded.
func settleRefunds(l *pay.Ledger, a pay.Attempt) error {
	for _, r := range slices.Clone(l.Refunds) {
		if r.AttemptID != a.ID || r.Status != pay.RefundPending {
			continue
		}
		ev := paid(a)
		ev.ID, ev.Outcome = "refund "+r.ID, pay.OutcomeRefund
		ev.Returned = &pay.Returned{Number: r.Number, Status: pay.RefundSucceeded, Amount: r.Amount}
		if err := l.Apply(ev, start); err != nil {
			return err
		}
	}
	return nil
}

// toldAgain fails if a payment that is gone would be taken for news, or one that was
// never made would not be.
func (fx *fixture) toldAgain(t *rapid.T, payments map[string]pay.Attempt, known map[string]money) {
	for number, a := range payments {
		past, err := fx.Ledgers.Past(fx.Context(), checkout.Key{Provider: a.Provider, Account: a.Account, OutTradeNo: number})
		if err != nil {
			continue // it is in a ledger
		}
		if past.Knew(paid(a)) != (known[number].Paid > 0) {
			t.Fatalf("payment %s of %d: a late notification is known: %v", number, known[number].Paid, past.Knew(paid(a)))
		}
	}
}

// inBooks fails if what was paid is not found by who compares bills.
func (fx *fixture) inBooks(t *rapid.T, payments map[string]pay.Attempt, known map[string]money) {
	list, err := fx.Books.PaidAttempts(fx.Context(), "wechatpay", "1900000001", start, start.Add(time.Hour))
	fx.must(err)
	found := map[string]int64{}
	for _, p := range list {
		if _, ours := payments[p.OutTradeNo]; ours {
			found[p.OutTradeNo] += p.Amount.Value
		}
	}
	want := map[string]int64{}
	for number, m := range known {
		want[number] = m.Paid
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Fatalf("paid attempts in the books (-known +found):\n%s", diff)
	}
}
