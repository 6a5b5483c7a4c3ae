package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/pay"
)

var traceCases = []testCase{
	{"statements-of-a-session", statementsOfSession},
	{"messages-of-a-session", messagesOfSession},
}

func statementsOfSession(fx *fixture) {
	l := fx.paidSession("shop")
	fx.paidSession("shop")
	want := paid(l.Attempts[0])
	for _, t := range []*time.Time{&want.PaidAt, &want.ReceivedAt} {
		*t = t.UTC().Truncate(time.Millisecond)
	}
	got, err := fx.Ledgers.Statements(fx.Context(), l.Session.ID)
	fx.must(err)
	if diff := cmp.Diff([]pay.Evidence{want}, got); diff != "" {
		fx.Errorf("what the provider said of one session (-want +got):\n%s", diff)
	}
	if got, err := fx.Ledgers.Statements(fx.Context(), "cs_none"); err != nil || len(got) != 0 {
		fx.Errorf("of a session that there isn't: %v, %v", got, err)
	}
}

func messagesOfSession(fx *fixture) {
	l := fx.paidSession("shop")
	fx.paidSession("shop")
	got, err := fx.Told.MessagesOf(fx.Context(), l.Session.ID)
	fx.must(err)
	if len(got) != 1 || got[0].SessionID != l.Session.ID || got[0].Type != pay.EventSessionPaid {
		fx.Errorf("what the merchant is told of one session: %+v", got)
	}
	for _, m := range got {
		if _, err := fx.Told.Deliveries(fx.Context(), m.Merchant, m.ID); err != nil {
			fx.Errorf("its deliveries: %v", err)
		}
	}
}
