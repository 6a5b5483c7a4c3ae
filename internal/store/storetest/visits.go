package storetest

import (
	"reflect"
	"slices"
	"time"

	"morepay/internal/device"
	"morepay/internal/funnel"
	"morepay/internal/pay"
	"morepay/internal/retention"
)

var visitCases = []testCase{
	{"one-a-session", visitOnce},
	{"goes-with-its-session", visitPruned},
	{"read-with-what-came-of-it", visited},
	{"due-is-told", overdue},
}

func newVisit(sessionID string) funnel.Visit {
	return funnel.Visit{
		SessionID: sessionID, Form: device.Mobile, Container: device.Browser, At: start,
		Shown:  []funnel.Offered{{Method: "wechat_pay", Rail: pay.RailQR}},
		Hidden: []funnel.Hidden{{Method: "alipay", Reason: "no_account"}},
	}
}

func (fx *fixture) visit(want []string, sessionIDs ...string) {
	fx.Helper()
	var list []funnel.Visit
	for _, id := range sessionIDs {
		list = append(list, newVisit(id))
	}
	stored, err := fx.Visits.AddVisits(fx.Context(), list)
	fx.must(err)
	if !slices.Equal(stored, want) {
		fx.Errorf("of the visits of %v those of %v were stored, want %v", sessionIDs, stored, want)
	}
}

func visitOnce(fx *fixture) {
	a, b := fx.create().Session.ID, fx.create().Session.ID
	fx.visit([]string{a}, a, a, "cs_gone")
	fx.visit([]string{b}, a, b)
	fx.visit(nil, a, b)
	fx.visit(nil)
}

func visitPruned(fx *fixture) {
	l, _ := fx.expired()
	fx.visit([]string{l.Session.ID}, l.Session.ID)
	fx.numberAll()
	fx.prune(retention.Events)
	if n := fx.prune(retention.Unpaid); n != 1 {
		fx.Errorf("%d went, want 1", n)
	}
	fx.visit(nil, l.Session.ID)
}

// visited reads visits of a time, each with its session's attempts.
func visited(fx *fixture) {
	none, tried, paid := fx.create().Session, fx.create().Session, fx.create().Session
	first, second := fx.begin(tried.ID), fx.begin(tried.ID)
	fx.update(tried.ID, func(l *pay.Ledger) error {
		l.Accept(second.ID, pay.Action{Kind: pay.ActionQRCode, ExpiresAt: second.ExpiresAt}, start)
		l.CameBack(second.ID, start)
		return nil
	})
	fx.pay(paid.ID, fx.begin(paid.ID))
	fx.visit([]string{none.ID, tried.ID, paid.ID}, none.ID, tried.ID, paid.ID)
	try := funnel.Try{Method: first.Method, Rail: first.Rail}
	took, done := try, try
	took.HandedOff, took.CameBack = true, true
	done.HandedOff, done.Paid = true, true
	want := map[string]funnel.Session{
		none.ID:  {Open: true},
		tried.ID: {Open: true, Tries: []funnel.Try{try, took}},
		paid.ID:  {Tries: []funnel.Try{done}},
	}
	for _, c := range []struct {
		from, to time.Time
		count    int
	}{{start, start.Add(time.Hour), 3}, {start.Add(-time.Hour), start, 0}, {start.Add(time.Millisecond), start.Add(time.Hour), 0}} {
		var ids []string
		fx.must(fx.Visits.Visited(fx.Context(), c.from, c.to, func(got funnel.Session) {
			ids = append(ids, got.SessionID)
			w := want[got.SessionID]
			w.Visit, w.Merchant = newVisit(got.SessionID), "shop"
			w.At = start.UTC().Truncate(time.Millisecond)
			if !reflect.DeepEqual(got, w) {
				fx.Errorf("read %+v, want %+v", got, w)
			}
		}))
		if len(ids) != c.count || !slices.IsSorted(ids) {
			fx.Errorf("from %v to %v there are %v, want %d", c.from, c.to, ids, c.count)
		}
	}
}

func overdue(fx *fixture) {
	l := fx.create()
	for _, c := range []struct {
		late  bool
		count int
	}{{false, 0}, {true, 1}} {
		now := l.Session.ExpiresAt.Add(-1)
		if c.late {
			now = l.Session.ExpiresAt.Add(60e9)
		}
		n, oldest, err := fx.Desk.Overdue(fx.Context(), now)
		fx.must(err)
		if n != c.count || oldest.IsZero() == c.late {
			fx.Errorf("at %v: %d are due since %v, want %d", now, n, oldest, c.count)
		}
	}
}
