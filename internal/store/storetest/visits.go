package storetest

import (
	"slices"

	"morepay/internal/device"
	"morepay/internal/funnel"
	"morepay/internal/pay"
	"morepay/internal/retention"
)

var visitCases = []testCase{
	{"one-a-session", visitOnce},
	{"goes-with-its-session", visitPruned},
	{"due-is-told", overdue},
}

func newVisit(sessionID string) funnel.Visit {
	return funnel.Visit{
		SessionID: sessionID, Container: device.Browser, At: start,
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
