package pay_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"morepay/internal/pay"
)

var expiry = opened.Add(sessionLife)

func TestOpen(t *testing.T) {
	t.Parallel()
	l := openLedger()
	if l.Session.Status != pay.SessionOpen || l.Session.Winner != "" {
		t.Errorf("a new session is %s, won by %q", l.Session.Status, l.Session.Winner)
	}
	want := []pay.Event{{Number: 1, Type: pay.EventSessionCreated, Session: pay.SessionOpen, At: opened}}
	if diff := cmp.Diff(want, l.Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestBegin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		prepare func(*testing.T, *pay.Ledger)
		edit    func(*pay.Attempt)
		at      time.Time
		want    pay.Code
	}{
		{name: "on-an-open-session", at: opened},
		{name: "just-before-expiry", at: expiry.Add(-1)},
		{name: "at-expiry", at: expiry, want: pay.CodeSessionNotOpen},
		{name: "after-it-was-expired", prepare: func(_ *testing.T, l *pay.Ledger) { l.Expire(expiry) }, at: opened, want: pay.CodeSessionNotOpen},
		{name: "after-it-was-canceled", prepare: func(t *testing.T, l *pay.Ledger) { must(t, l.Cancel(opened)) }, at: opened, want: pay.CodeSessionNotOpen},
		{name: "after-it-was-paid", prepare: func(t *testing.T, l *pay.Ledger) { pays(t, l, 0) }, at: opened, want: pay.CodeSessionNotOpen},
		{name: "one-too-many", prepare: func(t *testing.T, l *pay.Ledger) {
			for n := 1; n < pay.MaxAttempts; n++ {
				must(t, l.Begin(newAttempt(n), opened))
			}
		}, at: opened, want: pay.CodeTooManyAttempts},
		{name: "without-an-expiry", edit: func(a *pay.Attempt) { a.ExpiresAt = time.Time{} }, at: opened, want: pay.CodeInternal},
		{name: "that-outlives-the-session", edit: func(a *pay.Attempt) { a.ExpiresAt = latest.Add(1) }, at: opened, want: pay.CodeInternal},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := begunLedger(t, 1)
			if test.prepare != nil {
				test.prepare(t, l)
			}
			l = clone(l)
			before := clone(l)
			a := newAttempt(4)
			if test.edit != nil {
				test.edit(&a)
			}
			err := l.Begin(a, test.at)
			checkCode(t, err, test.want)
			if err != nil {
				checkUnchanged(t, before, l)
				return
			}
			checkEvents(t, l, pay.EventAttemptBegun)
			got := l.Attempt(a.ID)
			a.State, a.CreatedAt, a.SentAt, a.CheckAt = pay.AttemptSubmitting, test.at, test.at, test.at.Add(5*time.Second)
			a.Sends, a.SendAt = 1, test.at.Add(10*time.Second)
			if diff := cmp.Diff(&a, got); diff != "" {
				t.Errorf("attempt (-want +got):\n%s", diff)
			}
			if !l.Attempt(ids[0]).Abandoned || l.Current() != got {
				t.Error("the payer is not on the new attempt")
			}
		})
	}
}

func TestResume(t *testing.T) {
	t.Parallel()
	at := opened.Add(time.Minute)
	tests := []struct {
		name  string
		state pay.AttemptState
		at    time.Time
		want  pay.Code
	}{
		{"submitting", pay.AttemptSubmitting, at, ""},
		{"awaiting", pay.AttemptAwaiting, at, ""},
		{"closed", pay.AttemptClosed, at, pay.CodeConflict},
		{"failed", pay.AttemptFailed, at, pay.CodeConflict},
		{"succeeded", pay.AttemptSucceeded, at, pay.CodeSessionNotOpen},
		{"surplus", pay.AttemptSurplus, at, pay.CodeSessionNotOpen},
		{"session-expired", pay.AttemptAwaiting, expiry, pay.CodeSessionNotOpen},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := ledgerWith(t, test.state)
			before := clone(l)
			err := l.Resume(ids[0], test.at)
			checkCode(t, err, test.want)
			if err != nil {
				checkUnchanged(t, before, l)
				return
			}
			a := l.Attempt(ids[0])
			if a.Abandoned || !a.SentAt.Equal(at) || !a.CheckAt.Equal(at.Add(5*time.Second)) || !l.Attempt(ids[1]).Abandoned {
				t.Errorf("the payer is not back on the attempt: %+v", l.Attempts)
			}
		})
	}
	t.Run("unknown", func(t *testing.T) {
		checkCode(t, begunLedger(t, 1).Resume(ids[1], at), pay.CodeConflict)
	})
}

// TestReplies: the provider's answer changes a submitting attempt, at most
// renews the action of an awaiting one, and never undoes anything.
func TestReplies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		state             pay.AttemptState
		accepted, refused pay.AttemptState
		renewed           bool // Accept replaces the action
	}{
		{pay.AttemptSubmitting, pay.AttemptAwaiting, pay.AttemptFailed, true},
		{pay.AttemptAwaiting, pay.AttemptAwaiting, pay.AttemptAwaiting, true},
		{pay.AttemptSucceeded, pay.AttemptSucceeded, pay.AttemptSucceeded, false},
		{pay.AttemptSurplus, pay.AttemptSurplus, pay.AttemptSurplus, false},
		{pay.AttemptClosed, pay.AttemptClosed, pay.AttemptClosed, false},
		{pay.AttemptFailed, pay.AttemptFailed, pay.AttemptFailed, false},
	}
	for _, test := range tests {
		t.Run(string(test.state), func(t *testing.T) {
			l := ledgerWith(t, test.state)
			before := clone(l)
			l.Accept(ids[0], pay.Action{Kind: pay.ActionQRCode, Payload: "new"}, opened)
			a := l.Attempt(ids[0])
			if a.State != test.accepted {
				t.Errorf("accepted: it is %s, want %s", a.State, test.accepted)
			}
			if renewed := a.Action != nil && a.Action.Payload == "new"; renewed != test.renewed {
				t.Errorf("accepted: action is %+v", a.Action)
			}
			if !test.renewed {
				checkUnchanged(t, before, l)
			}

			l = ledgerWith(t, test.state)
			l.Refuse(ids[0], opened)
			if got := l.Attempt(ids[0]).State; got != test.refused {
				t.Errorf("refused: it is %s, want %s", got, test.refused)
			}
			if test.refused == test.state {
				checkUnchanged(t, ledgerWith(t, test.state), l)
			}
		})
	}
	t.Run("refused-when-sent-again", func(t *testing.T) {
		l := begunLedger(t, 1)
		must(t, l.Resume(ids[0], opened)) // within the same millisecond
		l.Refuse(ids[0], opened)
		a := l.Attempt(ids[0])
		if a.State != pay.AttemptSubmitting || !a.Abandoned || !a.SendAt.IsZero() || a.CheckAt.IsZero() {
			t.Errorf("attempt is %+v", a)
		}
		checkEvents(t, l)
	})
	t.Run("unknown", func(t *testing.T) {
		l := begunLedger(t, 1)
		before := clone(l)
		l.Accept(ids[1], pay.Action{}, opened)
		l.Refuse(ids[1], opened)
		l.Checked(ids[1], opened)
		checkUnchanged(t, before, l)
	})
}

func TestApply(t *testing.T) {
	t.Parallel()
	const paid, closed = pay.OutcomePaid, pay.OutcomeClosed
	tests := []struct {
		state   pay.AttemptState
		outcome pay.Outcome
		want    pay.AttemptState
		events  []pay.EventType
	}{
		{pay.AttemptSubmitting, paid, pay.AttemptSucceeded, []pay.EventType{pay.EventSessionPaid}},
		{pay.AttemptAwaiting, paid, pay.AttemptSucceeded, []pay.EventType{pay.EventSessionPaid}},
		{pay.AttemptSucceeded, paid, pay.AttemptSucceeded, nil},
		{pay.AttemptSurplus, paid, pay.AttemptSurplus, nil},
		{pay.AttemptClosed, paid, pay.AttemptSucceeded, []pay.EventType{pay.EventSessionPaid}},
		{pay.AttemptFailed, paid, pay.AttemptSucceeded, []pay.EventType{pay.EventSessionPaid}},

		{pay.AttemptSubmitting, closed, pay.AttemptClosed, []pay.EventType{pay.EventAttemptClosed}},
		{pay.AttemptAwaiting, closed, pay.AttemptClosed, []pay.EventType{pay.EventAttemptClosed}},
		{pay.AttemptSucceeded, closed, pay.AttemptSucceeded, nil},
		{pay.AttemptSurplus, closed, pay.AttemptSurplus, nil},
		{pay.AttemptClosed, closed, pay.AttemptClosed, nil},
		{pay.AttemptFailed, closed, pay.AttemptFailed, nil},
	}
	for _, state := range pay.AttemptStates {
		for _, outcome := range []pay.Outcome{pay.OutcomePending, pay.OutcomeAbsent, "", "nonsense"} {
			tests = append(tests, struct {
				state   pay.AttemptState
				outcome pay.Outcome
				want    pay.AttemptState
				events  []pay.EventType
			}{state, outcome, state, nil})
		}
	}
	for _, test := range tests {
		t.Run(string(test.state)+"-"+string(test.outcome), func(t *testing.T) {
			l := ledgerWith(t, test.state)
			before := clone(l)
			ev := evidence(0, pay.SourceNotification, test.outcome)
			must(t, l.Apply(ev, opened))
			if got := l.Attempt(ids[0]).State; got != test.want {
				t.Errorf("it is %s, want %s", got, test.want)
			}
			checkEvents(t, l, test.events...)
			if test.events == nil {
				checkUnchanged(t, before, l)
				return
			}
			if diff := cmp.Diff([]pay.Evidence{ev}, l.Evidence); diff != "" {
				t.Errorf("evidence (-want +got):\n%s", diff)
			}
			after := clone(l)
			must(t, after.Apply(ev, opened.Add(time.Hour)))
			checkUnchanged(t, clone(l), after)
		})
	}
}

// TestApplyPaidToEachSession: late success is taken; what another attempt has
// paid already goes back whole.
func TestApplyPaidToEachSession(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		prepare func(*testing.T, *pay.Ledger)
		status  pay.SessionStatus
		attempt pay.AttemptState
		events  []pay.EventType
	}{
		{
			"open", func(*testing.T, *pay.Ledger) {}, pay.SessionPaid, pay.AttemptSucceeded,
			[]pay.EventType{pay.EventSessionPaid},
		},
		{
			"expired", func(_ *testing.T, l *pay.Ledger) { l.Expire(expiry) }, pay.SessionPaidLate, pay.AttemptSucceeded,
			[]pay.EventType{pay.EventSessionPaidLate},
		},
		{
			"canceled", func(t *testing.T, l *pay.Ledger) { must(t, l.Cancel(opened)) }, pay.SessionPaidLate, pay.AttemptSucceeded,
			[]pay.EventType{pay.EventSessionPaidLate},
		},
		{
			"paid", func(t *testing.T, l *pay.Ledger) { pays(t, l, 1) }, pay.SessionPaid, pay.AttemptSurplus,
			[]pay.EventType{pay.EventSurplus, pay.EventRefundCreated},
		},
		{
			"paid-late", func(t *testing.T, l *pay.Ledger) { l.Expire(expiry); pays(t, l, 1) }, pay.SessionPaidLate, pay.AttemptSurplus,
			[]pay.EventType{pay.EventSurplus, pay.EventRefundCreated},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := begunLedger(t, 2)
			test.prepare(t, l)
			l = clone(l)
			at := expiry.Add(time.Hour)
			must(t, l.Apply(evidence(0, pay.SourceQuery, pay.OutcomePaid), at))
			a := l.Attempt(ids[0])
			if l.Session.Status != test.status || a.State != test.attempt {
				t.Errorf("session %s, attempt %s, want %s, %s", l.Session.Status, a.State, test.status, test.attempt)
			}
			if a.Reference != "TN0" || !a.PaidAt.Equal(opened) || !a.CheckAt.IsZero() {
				t.Errorf("attempt %+v does not say what the evidence says", a)
			}
			checkEvents(t, l, test.events...)
			if test.attempt == pay.AttemptSucceeded {
				if l.Session.Winner != ids[0] || l.Current() != a || !l.Attempt(ids[1]).Abandoned || l.Refunds != nil {
					t.Errorf("winner %q, attempts %+v, refunds %+v", l.Session.Winner, l.Attempts, l.Refunds)
				}
				return
			}
			want := []pay.Refund{{
				ID: "rf_a0", AttemptID: ids[0], Number: "N0S", Amount: price,
				Origin: pay.RefundOfSurplus, Status: pay.RefundPending, CreatedAt: at, CheckAt: at,
			}}
			if diff := cmp.Diff(want, l.Refunds); diff != "" || l.Session.Winner != ids[1] {
				t.Errorf("winner %q, refunds (-want +got):\n%s", l.Session.Winner, diff)
			}
		})
	}
}

// TestApplyRefusesWhatContradicts holds I5 and I8.
func TestApplyRefusesWhatContradicts(t *testing.T) {
	t.Parallel()
	paid := func(edit func(*pay.Evidence)) pay.Evidence {
		ev := evidence(0, pay.SourceNotification, pay.OutcomePaid)
		edit(&ev)
		return ev
	}
	tests := []struct {
		name  string
		ev    pay.Evidence
		field string // of the mismatch; "" for an unknown attempt
	}{
		{"amount-less", paid(func(ev *pay.Evidence) { ev.Amount.Value-- }), "amount"},
		{"amount-more", paid(func(ev *pay.Evidence) { ev.Amount.Value++ }), "amount"},
		{"amount-missing", paid(func(ev *pay.Evidence) { ev.Amount = pay.Money{} }), "amount"},
		{"other-currency", paid(func(ev *pay.Evidence) { ev.Amount.Currency = "JPY" }), "amount"},
		{"other-app", paid(func(ev *pay.Evidence) { ev.App = "wx2" }), "app"},
		{"other-app-closed", pay.Evidence{Provider: "wechatpay", Account: "1900000001", App: "wx2", OutTradeNo: "N0", Outcome: pay.OutcomeClosed}, "app"},
		{"other-account", paid(func(ev *pay.Evidence) { ev.Account = "1900000002" }), ""},
		{"other-provider", paid(func(ev *pay.Evidence) { ev.Provider = "alipay" }), ""},
		{"other-number", paid(func(ev *pay.Evidence) { ev.OutTradeNo = "N9" }), ""},
		{"lower-case-number", paid(func(ev *pay.Evidence) { ev.OutTradeNo = "n0" }), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := ledgerWith(t, pay.AttemptAwaiting)
			before := clone(l)
			err := l.Apply(test.ev, opened)
			checkUnchanged(t, before, l)
			if test.field == "" {
				if !errors.Is(err, pay.ErrUnknownAttempt) {
					t.Errorf("got %v, want %v", err, pay.ErrUnknownAttempt)
				}
				return
			}
			if mismatch, ok := errors.AsType[*pay.Mismatch](err); !ok || mismatch.Field != test.field {
				t.Errorf("got %v, want a mismatch of %s", err, test.field)
			}
		})
	}
	t.Run("second-payment-of-one-attempt", func(t *testing.T) {
		l := wonLedger(t)
		before := clone(l)
		err := l.Apply(paid(func(ev *pay.Evidence) { ev.Reference = "another" }), opened)
		if mismatch, ok := errors.AsType[*pay.Mismatch](err); !ok || mismatch.Field != "reference" {
			t.Errorf("got %v, want a mismatch of reference", err)
		}
		checkUnchanged(t, before, l)
	})
	t.Run("app-left-out", func(t *testing.T) {
		l := begunLedger(t, 1)
		must(t, l.Apply(paid(func(ev *pay.Evidence) { ev.App = "" }), opened))
		if l.Session.Status != pay.SessionPaid {
			t.Errorf("the session is %s", l.Session.Status)
		}
	})
}

// TestAbsence: when "not found" ends an attempt.
func TestAbsence(t *testing.T) {
	t.Parallel()
	const margin = time.Second
	tests := []struct {
		name      string
		accepted  bool // its action was shown
		abandoned bool
		at        time.Time
		want      pay.AttemptState
	}{
		{"request-may-arrive", false, true, opened.Add(pay.AbsenceDelay), pay.AttemptSubmitting},
		{"request-is-too-old", false, true, opened.Add(pay.AbsenceDelay + margin), pay.AttemptClosed},
		{"may-be-sent-again", false, false, opened.Add(pay.AbsenceDelay + margin), pay.AttemptSubmitting},
		{"code-may-be-scanned", true, true, opened.Add(pay.AbsenceDelay + margin), pay.AttemptAwaiting},
		{"code-was-scanned-at-the-end", true, true, latest.Add(pay.AbsenceDelay), pay.AttemptAwaiting},
		{"code-is-dead", true, true, latest.Add(pay.AbsenceDelay + margin), pay.AttemptClosed},
		{"code-is-dead-session-not-ended", true, false, latest.Add(pay.AbsenceDelay + margin), pay.AttemptAwaiting},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := begunLedger(t, 1)
			if test.accepted {
				l.Accept(ids[0], pay.Action{Kind: pay.ActionQRCode}, opened)
			}
			if test.abandoned {
				l.Abandon(opened)
			}
			must(t, l.Apply(evidence(0, pay.SourceQuery, pay.OutcomeAbsent), test.at))
			if got := l.Attempt(ids[0]).State; got != test.want {
				t.Errorf("it is %s, want %s", got, test.want)
			}
		})
	}
	t.Run("sent-again", func(t *testing.T) {
		l := begunLedger(t, 1)
		again := opened.Add(5 * time.Minute)
		must(t, l.Resume(ids[0], again))
		l.Abandon(again)
		must(t, l.Apply(evidence(0, pay.SourceQuery, pay.OutcomeAbsent), again.Add(pay.AbsenceDelay)))
		if got := l.Attempt(ids[0]).State; got != pay.AttemptSubmitting {
			t.Errorf("it is %s although the second request may still arrive", got)
		}
	})
	t.Run("sent-again-after-its-expiry", func(t *testing.T) {
		l := openLedger()
		a := newAttempt(0)
		a.ExpiresAt = opened.Add(time.Minute)
		must(t, l.Begin(a, opened))
		l.Accept(ids[0], pay.Action{Kind: pay.ActionQRCode}, opened)
		again := opened.Add(5 * time.Minute)
		must(t, l.Resume(ids[0], again))
		l.Abandon(again)
		must(t, l.Apply(evidence(0, pay.SourceQuery, pay.OutcomeAbsent), again.Add(pay.AbsenceDelay)))
		if got := l.Attempt(ids[0]).State; got != pay.AttemptAwaiting {
			t.Errorf("it is %s although the second request may still arrive", got)
		}
	})
}

func TestExpireAndCancel(t *testing.T) {
	t.Parallel()
	expired := func(l *pay.Ledger) { l.Expire(expiry) }
	canceled := func(l *pay.Ledger) { _ = l.Cancel(opened) }
	paid := func(l *pay.Ledger) { _ = l.Apply(evidence(0, pay.SourceQuery, pay.OutcomePaid), opened) }
	tests := []struct {
		name    string
		prepare func(*pay.Ledger)
		at      time.Time
		expire  pay.SessionStatus // after Expire
		cancel  pay.SessionStatus // after Cancel
		code    pay.Code          // of Cancel
		early   pay.SessionStatus // after ExpireEarly
		refused pay.Code          // of ExpireEarly
	}{
		{"open", func(*pay.Ledger) {}, expiry.Add(-1), pay.SessionOpen, pay.SessionCanceled, "", pay.SessionExpired, ""},
		{"open-at-expiry", func(*pay.Ledger) {}, expiry, pay.SessionExpired, pay.SessionOpen, pay.CodeConflict, pay.SessionExpired, ""},
		{"expired", expired, expiry, pay.SessionExpired, pay.SessionExpired, pay.CodeConflict, pay.SessionExpired, ""},
		{"canceled", canceled, opened, pay.SessionCanceled, pay.SessionCanceled, "", pay.SessionCanceled, pay.CodeConflict},
		{"canceled-after-expiry", canceled, expiry, pay.SessionCanceled, pay.SessionCanceled, "", pay.SessionCanceled, pay.CodeConflict},
		{"paid", paid, expiry, pay.SessionPaid, pay.SessionPaid, pay.CodeConflict, pay.SessionPaid, pay.CodeConflict},
		{"paid-late", func(l *pay.Ledger) { expired(l); paid(l) }, expiry, pay.SessionPaidLate, pay.SessionPaidLate, pay.CodeConflict, pay.SessionPaidLate, pay.CodeConflict},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := begunLedger(t, 2)
			test.prepare(l)
			before := clone(l)

			l = clone(before)
			l.Expire(test.at)
			checkEnd(t, before, l, test.expire, pay.EventSessionExpired)

			l = clone(before)
			checkCode(t, l.Cancel(test.at), test.code)
			checkEnd(t, before, l, test.cancel, pay.EventSessionCanceled)

			l = clone(before)
			checkCode(t, l.ExpireEarly(test.at), test.refused)
			checkEnd(t, before, l, test.early, pay.EventSessionExpired)
		})
	}
}

// TestExtend: an open session lasts longer, never shorter, and one whose time is over is
// not revived.
func TestExtend(t *testing.T) {
	t.Parallel()
	expiry := opened.Add(sessionLife)
	longer := expiry.Add(time.Hour)
	for name, test := range map[string]struct {
		prepare   func(*pay.Ledger)
		until, at time.Time
		want      time.Time
		code      pay.Code
	}{
		"open":        {func(*pay.Ledger) {}, longer, opened, longer, ""},
		"at-the-last": {func(*pay.Ledger) {}, longer, expiry.Add(-1), longer, ""},
		"sooner":      {func(*pay.Ledger) {}, expiry.Add(-1), opened, expiry, ""},
		"the-same":    {func(*pay.Ledger) {}, expiry, opened, expiry, ""},
		"at-expiry":   {func(*pay.Ledger) {}, longer, expiry, expiry, pay.CodeSessionNotOpen},
		"expired":     {func(l *pay.Ledger) { l.Expire(expiry) }, longer, expiry, expiry, pay.CodeSessionNotOpen},
		"early":       {func(l *pay.Ledger) { _ = l.ExpireEarly(opened) }, longer, opened, expiry, pay.CodeSessionNotOpen},
		"canceled":    {func(l *pay.Ledger) { _ = l.Cancel(opened) }, longer, opened, expiry, pay.CodeSessionNotOpen},
		"paid": {
			func(l *pay.Ledger) { _ = l.Apply(evidence(0, pay.SourceQuery, pay.OutcomePaid), opened) },
			longer, opened, expiry, pay.CodeSessionNotOpen,
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := begunLedger(t, 1)
			test.prepare(l)
			before := clone(l)
			l = clone(before)
			checkCode(t, l.Extend(test.until, test.at), test.code)
			if !l.Session.ExpiresAt.Equal(test.want) {
				t.Errorf("it lasts until %v, want %v", l.Session.ExpiresAt, test.want)
			}
			if test.want.Equal(expiry) {
				checkUnchanged(t, before, l)
				return
			}
			if checkEvents(t, l, pay.EventSessionExtended); l.Attempts[0].ExpiresAt != before.Attempts[0].ExpiresAt {
				t.Error("the attempt's own end has moved")
			}
		})
	}
}

// checkEnd compares a session that may have ended just now.
func checkEnd(t *testing.T, before, after *pay.Ledger, want pay.SessionStatus, event pay.EventType) {
	t.Helper()
	if after.Session.Status != want {
		t.Errorf("it is %s, want %s", after.Session.Status, want)
	}
	if before.Session.Status == want {
		checkUnchanged(t, before, after)
		return
	}
	checkEvents(t, after, event)
	for _, a := range after.Attempts {
		if !a.Abandoned {
			t.Errorf("attempt %s is not abandoned", a.ID)
		}
	}
}

func TestStatusAt(t *testing.T) {
	t.Parallel()
	open, paid := openLedger(), wonLedger(t)
	if got := open.StatusAt(expiry.Add(-1)); got != pay.SessionOpen {
		t.Errorf("before expiry it is %s", got)
	}
	if got := open.StatusAt(expiry); got != pay.SessionExpired {
		t.Errorf("at expiry it is %s", got)
	}
	if got := paid.StatusAt(expiry); got != pay.SessionPaid {
		t.Errorf("a paid one is %s at expiry", got)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	l := begunLedger(t, 2)
	if l.Attempt(ids[1]) != &l.Attempts[1] || l.Attempt("a9") != nil {
		t.Error("Attempt finds the wrong one")
	}
	if l.AttemptByNumber("wechatpay", "1900000001", "N1") != &l.Attempts[1] || l.AttemptByNumber("alipay", "1900000001", "N1") != nil {
		t.Error("AttemptByNumber finds the wrong one")
	}
	if l.Current() != &l.Attempts[1] {
		t.Error("Current is not the newest")
	}
	l.Abandon(opened)
	if l.Current() != nil || openLedger().Current() != nil {
		t.Error("Current is one that the payer turned away from, or that never was")
	}
}
