package pay_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/pay"
)

// An attempt that gets no answer is sent three times more, after 1, 3 and 8
// seconds.
func TestSendingAgain(t *testing.T) {
	l := longLedger(t)
	a := l.Attempt(ids[0])
	now, last := opened, time.Time{}
	var pauses []time.Duration
	for {
		now = now.Add(2 * time.Second) // as long as the try takes
		pause, ok := pay.PauseAfter(a.Sends)
		l.Unanswered(a.ID, pause, now)
		if !ok {
			break
		}
		if due := l.Due(); due.After(a.SendAt) {
			t.Fatalf("the ledger is due at %v, its attempt is sent at %v", due, a.SendAt)
		}
		pauses = append(pauses, a.SendAt.Sub(now))
		checkCode(t, l.Resend(a.ID, a.SendAt.Add(-1)), pay.CodeConflict)
		now, last = a.SendAt, a.SendAt
		must(t, l.Resend(a.ID, now))
		checkCode(t, l.Resend(a.ID, now), pay.CodeConflict) // another server
	}
	want := []time.Duration{time.Second, 3 * time.Second, 8 * time.Second}
	if diff := cmp.Diff(want, pauses); diff != "" || a.Sends != 4 || !a.SentAt.Equal(last) || !a.SendAt.IsZero() {
		t.Errorf("attempt is %+v; pauses (-want +got):\n%s", a, diff)
	}
	if a.CheckAt.IsZero() {
		t.Error("nobody asks about it any more")
	}
}

// A try whose server died is made up for once it must be over.
func TestSendingAgainAfterACrash(t *testing.T) {
	l := longLedger(t)
	at := l.Attempt(ids[0]).SendAt
	if pause := at.Sub(opened); pause < 8*time.Second || pause > 12*time.Second {
		t.Errorf("it is sent again %v after it was begun", pause)
	}
	must(t, l.Resend(ids[0], at))
}

func TestNothingIsSentAgain(t *testing.T) {
	for name, happens := range map[string]func(t *testing.T, l *pay.Ledger){
		"answered":      func(_ *testing.T, l *pay.Ledger) { l.Accept(ids[0], pay.Action{Kind: pay.ActionQRCode}, opened) },
		"refused":       func(_ *testing.T, l *pay.Ledger) { l.Refuse(ids[0], opened) },
		"paid":          func(t *testing.T, l *pay.Ledger) { pays(t, l, 0) },
		"abandoned":     func(_ *testing.T, l *pay.Ledger) { l.Abandon(opened) },
		"another-begun": func(t *testing.T, l *pay.Ledger) { must(t, l.Begin(newAttempt(1), opened)) },
		"canceled":      func(t *testing.T, l *pay.Ledger) { must(t, l.Cancel(opened)) },
		"expired":       func(_ *testing.T, l *pay.Ledger) { l.Expire(l.Session.ExpiresAt) },
		"at-its-expiry": func(_ *testing.T, l *pay.Ledger) { l.Unanswered(ids[0], sessionLife, opened) },
		"closed": func(t *testing.T, l *pay.Ledger) {
			must(t, l.Apply(evidence(0, pay.SourceClose, pay.OutcomeClosed), opened))
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := begunLedger(t, 1)
			happens(t, l)
			l.Unanswered(ids[0], sessionLife, opened)
			if at := l.Attempt(ids[0]).SendAt; !at.IsZero() {
				t.Errorf("it is sent again at %v", at)
			}
			if err := l.Resend(ids[0], latest); err == nil {
				t.Error("it can be sent again")
			}
		})
	}
}

// A refusal moved nothing and does not use up a session. What was or may have been
// taken does, and so do very many refusals.
func TestRefusalsAreFree(t *testing.T) {
	l := openLedger()
	begin := func(n int) error {
		a := newAttempt(0)
		a.ID, a.OutTradeNo = fmt.Sprintf("a-%d", n), fmt.Sprintf("N-%d", n)
		return l.Begin(a, opened)
	}
	for n := range pay.MaxRefused {
		must(t, begin(n))
		l.Refuse(fmt.Sprintf("a-%d", n), opened)
	}
	checkCode(t, begin(pay.MaxRefused), pay.CodeTooManyAttempts)

	l = openLedger()
	must(t, begin(0))
	l.Refuse("a-0", opened)
	for n := range pay.MaxAttempts {
		must(t, begin(n+1))
	}
	checkCode(t, begin(pay.MaxAttempts+1), pay.CodeTooManyAttempts)
}
