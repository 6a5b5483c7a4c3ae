package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

var sessionCases = []testCase{
	{"lists-are-filtered-sorted-and-paged", sessionLists},
	{"lists-hold-whole-sessions", sessionListsAreWhole},
	{"lists-of-nothing", sessionListsOfNothing},
	{"lists-of-refunds", refundLists},
}

// seedSessions stores sessions of two merchants in every status, some of one millisecond.
func (fx *fixture) seedSessions(n int) (all []*pay.Ledger) {
	fx.Helper()
	for i := range n {
		l := newLedger()
		s := &l.Session
		s.Merchant = []string{"shop", "other"}[rand.IntN(4)/3]
		s.Reference = fmt.Sprint("A-", rand.IntN(3))
		s.CreatedAt = start.Add(time.Duration(rand.IntN(n)) * time.Millisecond)
		s.ExpiresAt = start.Add(time.Duration(1+rand.IntN(2)) * time.Hour)
		fx.must(fx.Ledgers.Create(fx.Context(), l))
		switch i % 5 {
		case 1:
			fx.pay(s.ID, fx.begin(s.ID))
		case 2:
			fx.update(s.ID, func(l *pay.Ledger) error { return l.Cancel(start) })
		case 3:
			fx.update(s.ID, func(l *pay.Ledger) error { l.Expire(l.Session.ExpiresAt); return nil })
		case 4:
			a := fx.begin(s.ID)
			fx.update(s.ID, func(l *pay.Ledger) error { return l.Cancel(start) })
			fx.pay(s.ID, a)
		}
		all = append(all, fx.ledger(s.ID))
	}
	return all
}

// ids reads a list to its end, in pages.
func (fx *fixture) ids(f checkout.SessionFilter) (ids []string) {
	fx.Helper()
	for {
		page, err := fx.Ledgers.Sessions(fx.Context(), f)
		fx.must(err)
		if len(page.Sessions) > f.Limit || page.More && len(page.Sessions) < f.Limit {
			fx.Fatalf("a page of %d holds %d, and more: %t", f.Limit, len(page.Sessions), page.More)
		}
		for _, l := range page.Sessions {
			ids = append(ids, l.Session.ID)
			f.After = checkout.Place{At: l.Session.CreatedAt, ID: l.Session.ID}
		}
		if !page.More {
			return ids
		}
	}
}

func sessionLists(fx *fixture) {
	const n = 60
	all := fx.seedSessions(n)
	var number, reference string
	for _, l := range all {
		if l.Session.Winner != "" && l.Session.Merchant == "shop" {
			number, reference = l.Attempts[0].OutTradeNo, l.Attempts[0].Reference
		}
	}
	for _, status := range append([]pay.SessionStatus{""}, pay.SessionStatuses...) {
		for _, more := range []checkout.SessionFilter{
			{},
			{Reference: "A-1"},
			{Reference: "A-9"},
			{OutTradeNo: number},
			{Amount: 5980},
			{Amount: 5981, Reference: "A-1"},
			{ProviderReference: reference},
			{OutTradeNo: number, ProviderReference: reference},
			{OutTradeNo: number, Reference: "A-9"},
			{From: start.Add(n / 2 * time.Millisecond)},
			{Until: start.Add(n / 2 * time.Millisecond), Reference: "A-2"},
			{From: start.Add(n / 3 * time.Millisecond), Until: start.Add(n / 2 * time.Millisecond)},
		} {
			f := more
			f.Merchant, f.Status, f.Now, f.Limit = "shop", status, start.Add(90*time.Minute), 1+rand.IntN(9)
			var want []string
			chosen := slices.DeleteFunc(slices.Clone(all), func(l *pay.Ledger) bool { return !f.Takes(l) })
			slices.SortFunc(chosen, func(a, b *pay.Ledger) int {
				return checkout.Place{At: a.Session.CreatedAt, ID: a.Session.ID}.Compare(checkout.Place{At: b.Session.CreatedAt, ID: b.Session.ID})
			})
			for _, l := range chosen {
				want = append(want, l.Session.ID)
			}
			if diff := cmp.Diff(want, fx.ids(f)); diff != "" {
				fx.Errorf("the list of %+v (-want +got):\n%s", f, diff)
			}
		}
	}
}

func sessionListsAreWhole(fx *fixture) {
	l := fx.create()
	a := fx.begin(l.Session.ID)
	fx.pay(l.Session.ID, a)
	if ids := fx.ids(checkout.SessionFilter{OutTradeNo: a.OutTradeNo, Limit: 1}); !slices.Equal(ids, []string{l.Session.ID}) {
		fx.Errorf("a number finds %v, whose ever it is", ids)
	}
	fx.update(l.Session.ID, func(l *pay.Ledger) error {
		return l.AddRefund(pay.Refund{ID: newID("rf"), AttemptID: a.ID, Number: newID("no"), Origin: pay.RefundByMerchant, Amount: pay.Money{Currency: "CNY", Value: 1}}, start)
	})
	fx.create()
	for _, f := range []checkout.SessionFilter{{Status: pay.SessionPaid}, {OutTradeNo: a.OutTradeNo}} {
		f.Merchant, f.Limit = "shop", checkout.MaxListed
		page, err := fx.Ledgers.Sessions(fx.Context(), f)
		fx.must(err)
		if diff := cmp.Diff([]*pay.Ledger{fx.ledger(l.Session.ID)}, page.Sessions); diff != "" || page.More {
			fx.Errorf("a listed session is what is stored (-want +got):\n%s", diff)
		}
	}
}

func sessionListsOfNothing(fx *fixture) {
	l := fx.create()
	for _, f := range []checkout.SessionFilter{
		{Merchant: "nobody"},
		{Merchant: "shop", Reference: "A-1", Until: start.Add(-time.Millisecond)},
		{Merchant: "shop", ProviderReference: "4200"},
		{Merchant: "nobody", OutTradeNo: fx.begin(l.Session.ID).OutTradeNo},
		{Merchant: "shop", After: checkout.Place{At: start.Add(-time.Hour), ID: "cs"}},
	} {
		f.Limit = 1
		if ids := fx.ids(f); len(ids) != 0 {
			fx.Errorf("%+v finds %v", f, ids)
		}
	}
}

// listed is a refund with what a list is sorted and filtered by.
type listed struct {
	merchant, session string
	pay.Refund
}

func (l listed) place() checkout.Place { return checkout.Place{At: l.CreatedAt, ID: l.ID} }

func refundLists(fx *fixture) {
	var all []listed
	for i := range 8 {
		l := newLedger()
		l.Session.Merchant = []string{"shop", "other"}[i/6]
		fx.must(fx.Ledgers.Create(fx.Context(), l))
		a := fx.begin(l.Session.ID)
		fx.pay(l.Session.ID, a)
		for n := range 3 {
			r := pay.Refund{
				ID: newID("rf"), AttemptID: a.ID, Number: newID("no"), Origin: pay.RefundByMerchant,
				MerchantReference: fmt.Sprint("R-", n), Amount: pay.Money{Currency: "CNY", Value: 1},
			}
			at := start.Add(time.Duration(rand.IntN(9)) * time.Millisecond)
			fx.update(l.Session.ID, func(l *pay.Ledger) error { return l.AddRefund(r, at) })
			if n == 0 {
				fx.update(l.Session.ID, func(l *pay.Ledger) error { l.FailRefund(r.ID, pay.FailureRefused, at); return nil })
			}
		}
		for _, r := range fx.ledger(l.Session.ID).Refunds {
			all = append(all, listed{l.Session.Merchant, l.Session.ID, r})
		}
	}
	slices.SortFunc(all, func(a, b listed) int { return a.place().Compare(b.place()) })
	mine := slices.IndexFunc(all, func(l listed) bool { return l.merchant == "shop" })
	for _, f := range []checkout.RefundFilter{
		{},
		{ID: all[mine].ID},
		{ID: "rf_none"},
		{SessionID: all[mine].session},
		{SessionID: all[mine].session, Reference: "R-1"},
		{Reference: "R-2"},
		{Status: pay.RefundPending},
		{Status: pay.RefundFailed, Reference: "R-0"},
		{Status: pay.RefundSucceeded},
		{From: start.Add(5 * time.Millisecond)},
		{Until: start.Add(5 * time.Millisecond), Status: pay.RefundFailed},
	} {
		f.Merchant, f.Limit = "shop", 1+rand.IntN(5)
		var want, got []checkout.ListedRefund
		for _, l := range all {
			if l.merchant == f.Merchant && (f.ID == "" || l.ID == f.ID) && (f.SessionID == "" || l.session == f.SessionID) &&
				(f.Reference == "" || l.MerchantReference == f.Reference) && (f.Status == "" || l.Status == f.Status) &&
				!l.CreatedAt.Before(f.From) && (f.Until.IsZero() || l.CreatedAt.Before(f.Until)) {
				want = append(want, checkout.ListedRefund{SessionID: l.session, Refund: l.Refund})
			}
		}
		for more := true; more; {
			page, err := fx.Ledgers.Refunds(fx.Context(), f)
			fx.must(err)
			got, more = append(got, page.Refunds...), page.More
			if more {
				last := page.Refunds[len(page.Refunds)-1]
				f.After = checkout.Place{At: last.CreatedAt, ID: last.ID}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			fx.Errorf("the list of %+v (-want +got):\n%s", f, diff)
		}
	}
}
