package pay_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"morepay/internal/pay"
)

// One session that is opened at opened and lives for sessionLife, and the
// attempts that it may have.
const sessionLife = 6 * time.Minute

var (
	opened = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	latest = opened.Add(sessionLife + pay.CloseDelay) // expiry of the attempts: the latest that is allowed
	price  = pay.Money{Currency: "CNY", Value: 5980}

	ids     = [pay.MaxAttempts]string{"a0", "a1", "a2", "a3", "a4"}
	numbers = [pay.MaxAttempts]string{"N0", "N1", "N2", "N3", "N4"}
)

func openLedger() *pay.Ledger {
	return pay.Open(pay.Session{
		ID: "s1", Merchant: "demo", Amount: price,
		CreatedAt: opened, ExpiresAt: opened.Add(sessionLife),
	})
}

// friend is the attempt that a friend begins, by invitation, where one was asked.
const friend = 1

var invitation = pay.Invitation{ID: "in_1", TokenHash: "hash", Seed: "seed", Name: "Mei", ExpiresAt: opened.Add(sessionLife)}

func invitedLedger() *pay.Ledger {
	l := openLedger()
	if err := l.Invite(invitation, opened); err != nil {
		panic(err)
	}
	return l
}

func newAttempt(n int) pay.Attempt {
	return pay.Attempt{
		ID: ids[n], Method: "wechat_pay", Rail: pay.RailQR,
		Provider: "wechatpay", Account: "1900000001", App: "wx1", OutTradeNo: numbers[n],
		Amount: price, ExpiresAt: latest,
	}
}

// evidence returns a statement of the provider about payment n.
func evidence(n int, source pay.Source, outcome pay.Outcome) pay.Evidence {
	ev := pay.Evidence{
		ID: string(source) + "-" + numbers[n], Source: source, Outcome: outcome,
		Provider: "wechatpay", Account: "1900000001", App: "wx1", OutTradeNo: numbers[n],
		ReceivedAt: opened,
	}
	if outcome == pay.OutcomePaid {
		ev.Amount, ev.Reference, ev.PaidAt = price, "T"+numbers[n], opened
	}
	return ev
}

// refundEvidence returns a statement of the provider about one refund of
// payment n.
func refundEvidence(n int, number string, status pay.RefundStatus) pay.Evidence {
	ev := evidence(n, pay.SourceRefund, pay.OutcomeRefund)
	ev.ID = "refund-" + number + "-" + string(status)
	ev.Returned = &pay.Returned{Number: number, Status: status, Reference: "T" + number}
	return ev
}

func saysOfRefund(t *testing.T, l *pay.Ledger, number string, status pay.RefundStatus, at time.Time) {
	t.Helper()
	must(t, l.Apply(refundEvidence(0, number, status), at))
}

// begunLedger has as many attempts, of which the last is not abandoned.
func begunLedger(t *testing.T, attempts int) *pay.Ledger {
	t.Helper()
	l := openLedger()
	for n := range attempts {
		must(t, l.Begin(newAttempt(n), opened))
	}
	return clone(l)
}

// wonLedger returns a ledger that was paid by attempt 0.
func wonLedger(t *testing.T) *pay.Ledger {
	t.Helper()
	l := begunLedger(t, 1)
	pays(t, l, 0)
	return clone(l)
}

// ledgerWith has an attempt 0 in that state.
func ledgerWith(t *testing.T, state pay.AttemptState) *pay.Ledger {
	t.Helper()
	l := begunLedger(t, 2)
	switch state {
	case pay.AttemptAwaiting:
		l.Accept(ids[0], pay.Action{Kind: pay.ActionQRCode}, opened)
	case pay.AttemptSucceeded:
		pays(t, l, 0)
	case pay.AttemptSurplus:
		pays(t, l, 1)
		pays(t, l, 0)
	case pay.AttemptClosed:
		must(t, l.Apply(evidence(0, pay.SourceClose, pay.OutcomeClosed), opened))
	case pay.AttemptFailed:
		l.Refuse(ids[0], opened)
	}
	if got := l.Attempt(ids[0]).State; got != state {
		t.Fatalf("the attempt is %s, want %s", got, state)
	}
	return clone(l)
}

func pays(t *testing.T, l *pay.Ledger, n int) {
	t.Helper()
	must(t, l.Apply(evidence(n, pay.SourceNotification, pay.OutcomePaid), opened))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func checkCode(t *testing.T, err error, want pay.Code) {
	t.Helper()
	if want == "" {
		must(t, err)
		return
	}
	if err == nil || pay.CodeOf(err) != want {
		t.Errorf("got error %v, want code %s", err, want)
	}
}

// checkUnchanged fails if a method that must change nothing changed something.
func checkUnchanged(t *testing.T, before, after *pay.Ledger) {
	t.Helper()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("it changed (-before +after):\n%s", diff)
	}
}

// checkEvents compares the types of the events that are new.
func checkEvents(t *testing.T, l *pay.Ledger, want ...pay.EventType) {
	t.Helper()
	var got []pay.EventType
	for _, e := range l.Events {
		got = append(got, e.Type)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
