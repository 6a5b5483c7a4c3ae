package checkout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/retention"
)

// prune lets go of all that is old.
func (fx *fixture) prune() map[retention.Kind]int {
	fx.tb.Helper()
	if _, err := fx.Stores().Outbox.Assign(fx.ctx(), fx.Now(), 1000); err != nil {
		fx.tb.Fatal(err)
	}
	p := &retention.Pruner{Policy: retention.Default(), Store: fx.Stores().Retention, Now: fx.Now, Log: fx.Log}
	counts, err := p.Run(fx.ctx())
	fx.must(err)
	return counts
}

// skipDeliveries gives up what merchants could not be told, as it is not what is
// tried here.
func (fx *fixture) skipDeliveries(merchant string, ids ...string) {
	fx.tb.Helper()
	for _, id := range ids {
		if _, err := fx.Stores().Outbox.Skip(fx.ctx(), merchant, id, "", "ann", fx.Now()); err != nil {
			fx.tb.Fatal(err)
		}
	}
}

// Money for a session that has been pruned unpaid is never lost: it is on the desk,
// with the session that it was for, and can be given back. What is no news of a
// pruned payment is no entry.
func TestMoneyForAPrunedSession(t *testing.T) {
	fx := newFixture(t)
	id := fx.open()
	a := fx.choose(id, wechat, pay.RailQR)
	acc := fx.Accounts().Named(a.Provider, a.Account)
	l := fx.settle(id, "over", (*pay.Ledger).Settled)
	if _, err := fx.Stores().Outbox.Assign(fx.ctx(), fx.Now(), 1000); err != nil {
		t.Fatal(err)
	}
	for _, e := range fx.events(id) {
		if e.Type.Webhook() {
			fx.skipDeliveries(l.Session.Merchant, messageID(id, e.Number))
		}
	}
	fx.Advance(31 * 24 * time.Hour)
	if counts := fx.prune(); counts[retention.Unpaid] != 1 {
		t.Fatalf("pruned %v", counts)
	}
	paidAt := fx.Now()
	for i, c := range []struct {
		outcome pay.Outcome
		entries int // afterwards
	}{{pay.OutcomeClosed, 0}, {pay.OutcomePaid, 1}, {pay.OutcomePaid, 1}} { // the last tells it again
		ev := pay.Evidence{
			ID: "late " + string(c.outcome), Source: pay.SourceNotification, Account: a.Account, App: a.App, OutTradeNo: a.OutTradeNo,
			Outcome: c.outcome, Raw: []byte("{}"),
		}
		if c.outcome == pay.OutcomePaid {
			ev.Amount, ev.Reference, ev.PaidAt = a.Amount, "4200", paidAt
		}
		if _, err := fx.Service().Recorder().Hear(fx.ctx(), acc, ev); err != nil {
			t.Errorf("statement %d: %v", i, err)
		}
		if list := fx.quarantined(); len(list) != c.entries {
			t.Errorf("statement %d: quarantined %+v", i, list)
		}
	}
	q := fx.quarantined()[0]
	if q.Merchant != l.Session.Merchant || q.Status != checkout.QuarantineOpen || !strings.Contains(q.Reason, id) {
		t.Errorf("the entry is %+v", q)
	}
	_, err := fx.resolve(q.ID, checkout.ResolveAccept)
	fx.code(err, pay.CodeConflict, "out_trade_no", "there is no session to book it in")
	if q, err = fx.resolve(q.ID, checkout.ResolveRefund); err != nil || q.Status != checkout.QuarantineRefunding {
		t.Errorf("given back it is %s: %v", q.Status, err)
	}
}

func messageID(session string, number int64) string { return fmt.Sprintf("evt_%s_%d", session, number) }
