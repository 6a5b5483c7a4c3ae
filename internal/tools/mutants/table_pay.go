package main

import "slices"

// table returns every row.
func table() []row {
	return slices.Concat(ledgerRows, returnedRows, checkoutRows, deskRows, storeRows, providerRows, cashierRows, unionPayRows, saidRows, webRows, webhookRows, adminRows)
}

// ledgerRows break the machines of money.
var ledgerRows = []row{
	{
		name: "another-amount-is-taken", file: "internal/pay/evidence.go",
		line: "if ev.Outcome == OutcomePaid && ev.Amount != a.Amount {", becomes: "if false {",
		tests: "./internal/pay TestApplyRefusesWhatContradicts",
	}, {
		name: "another-app-is-taken", file: "internal/pay/evidence.go",
		line: `if ev.App != "" && ev.App != a.App {`, becomes: "if false {",
		tests: "./internal/pay TestApplyRefusesWhatContradicts",
	}, {
		name: "second-reference-is-taken", file: "internal/pay/evidence.go",
		line: "ev.Outcome == OutcomePaid && ev.Reference != a.Reference {", becomes: "false {",
		tests: "./internal/pay TestApplyRefusesWhatContradicts",
	}, {
		name: "absence-of-a-live-attempt-closes-it", file: "internal/pay/evidence.go",
		line: "return a.Abandoned && now.After(", becomes: "return now.After(",
		tests: "./internal/pay TestAbsence",
	}, {
		name: "absence-is-believed-at-once", file: "internal/pay/evidence.go",
		line: "now.After(settled.Add(AbsenceDelay))", becomes: "now.After(settled)",
		tests: "./internal/pay TestAbsence",
	}, {
		name: "unscanned-code-is-taken-for-absent", file: "internal/pay/evidence.go",
		line: "settled = later(a.SentAt, a.ExpiresAt)", becomes: "settled = a.SentAt",
		tests: "./internal/pay TestAbsence",
	}, {
		name: "winner-leaves-the-others-open", file: "internal/pay/evidence.go",
		line: "\tl.Abandon(now)", becomes: "\t_ = now",
		tests: "./internal/pay TestApply",
	}, {
		name: "second-payment-wins-too", file: "internal/pay/evidence.go",
		line: `if l.Session.Winner != "" {`, becomes: "if false {",
		tests: "./internal/pay TestApplyPaidToEachSession|TestOrderOfSuccesses",
	}, {
		name: "money-after-the-end-is-dropped", file: "internal/pay/status.go",
		line: "SessionExpired:  {SessionGetsPaid: SessionPaidLate},", becomes: "",
		tests: "./internal/pay TestSessionMachine",
	}, {
		name: "money-of-a-closed-attempt-is-dropped", file: "internal/pay/status.go",
		line: "AttemptClosed: {AttemptWins: AttemptSucceeded, AttemptExceeds: AttemptSurplus},", becomes: "",
		tests: "./internal/pay TestAttemptMachine",
	}, {
		name: "money-of-a-refused-attempt-is-dropped", file: "internal/pay/status.go",
		line: "AttemptFailed: {AttemptWins: AttemptSucceeded, AttemptExceeds: AttemptSurplus},", becomes: "",
		tests: "./internal/pay TestAttemptMachine",
	}, {
		name: "attempt-after-the-expiry", file: "internal/pay/attempt.go",
		line: "if status := l.StatusFor(a.Invitation, now); status != SessionOpen {", becomes: "if status := l.Session.Status; status != SessionOpen {",
		tests: "./internal/pay TestBegin",
	}, {
		name: "friend-uses-up-the-payer's-attempts", file: "internal/pay/attempt.go",
		line: `case (a.Invitation != "") != friends:`, becomes: `case friends && !friends:`,
		tests: "./internal/pay TestFriendsHaveTheirOwnAttempts",
	}, {
		name: "revoked-link-pays", file: "internal/pay/invitation.go",
		line: "return i.RevokedAt.IsZero() && now.Before(i.ExpiresAt)", becomes: "return now.Before(i.ExpiresAt)",
		tests: "./internal/pay TestRevoke",
	}, {
		name: "revoked-friend's-order-stays-open", file: "internal/pay/invitation.go",
		line: "a.Invitation == live.ID {", becomes: "a.Invitation == live.TokenHash {",
		tests: "./internal/pay TestRevoke",
	}, {
		name: "attempt-outlives-its-session", file: "internal/pay/attempt.go",
		line: "a.ExpiresAt.IsZero() || a.ExpiresAt.After(limit)", becomes: "a.ExpiresAt.IsZero() && !limit.IsZero()",
		tests: "./internal/pay TestBegin",
	}, {
		name: "attempts-without-bound", file: "internal/pay/attempt.go",
		line: "taken >= MaxAttempts", becomes: "taken < 0",
		tests: "./internal/pay TestBegin",
	}, {
		name: "refused-attempts-without-bound", file: "internal/pay/attempt.go",
		line: "refused >= MaxRefused ||", becomes: "refused < 0 ||",
		tests: "./internal/pay TestRefusalsAreFree",
	}, {
		name: "refusals-use-up-the-session", file: "internal/pay/attempt.go",
		line: "|| taken >=", becomes: "|| taken+refused >=",
		tests: "./internal/pay TestRefusalsAreFree",
	}, {
		name: "who-comes-back-leaves-the-others-open", file: "internal/pay/attempt.go",
		line: "\t\t\tl.abandon(other, now)", becomes: "\t\t\t_ = other",
		tests: "./internal/pay TestResume",
	}, {
		name: "refusal-of-a-repeat-is-believed", file: "internal/pay/attempt.go",
		line: "if a.SentAt.After(a.CreatedAt) {", becomes: "if false {",
		tests: "./internal/pay TestReplies",
	}, {
		name: "abandoned-attempt-is-not-closed-soon", file: "internal/pay/attempt.go",
		line: "a.CheckAt = earlier(a.CheckAt, later(now, a.CreatedAt.Add(CloseDelay)))", becomes: "_ = now",
		tests: "./internal/pay TestAbandon",
	}, {
		name: "sent-again-before-its-time", file: "internal/pay/schedule.go",
		line: "a.SendAt.IsZero() || a.SendAt.After(now)", becomes: "a.SendAt.IsZero()",
		tests: "./internal/pay TestSendingAgain|TestNothingIsSentAgain",
	}, {
		name: "sent-again-without-end", file: "internal/pay/schedule.go",
		line: "if again && !a.Abandoned", becomes: "if _ = again; !a.Abandoned",
		tests: "./internal/pay TestSendingAgain|TestNothingIsSentAgain",
	}, {
		name: "session-ends-with-attempts-left-open", file: "internal/pay/session.go",
		line: "\tl.Abandon(now)", becomes: "\t_ = now",
		tests: "./internal/pay TestExpireAndCancel",
	}, {
		name: "expires-before-its-time", file: "internal/pay/session.go",
		line: "if now.Before(l.Session.ExpiresAt) {", becomes: "if false {",
		tests: "./internal/pay TestExpireAndCancel",
	}, {
		name: "paid-session-is-canceled", file: "internal/pay/session.go",
		line: "if status := l.StatusAt(now); status != SessionOpen {", becomes: "if status := l.StatusAt(now); status == SessionExpired {",
		tests: "./internal/pay TestExpireAndCancel",
	},
}

// returnedRows break what happens to money that goes back.
var returnedRows = []row{
	{
		name: "surplus-is-kept", file: "internal/pay/refund.go",
		line: "if a.State != AttemptSurplus || left.Value == 0 ||", becomes: "if true ||",
		tests: "./internal/pay TestOrderOfSuccesses",
	}, {
		name: "expired-session-is-revived", file: "internal/pay/session.go",
		line: "case status != SessionOpen:", becomes: "case false:",
		tests: "./internal/pay TestExtend",
	}, {
		name: "surplus-goes-back-twice", file: "internal/pay/refund.go",
		line: "left.Value == 0 || l.Refund(id) != nil {", becomes: "left.Value == 0 {",
		tests: "./internal/pay TestSurplus|TestLedgerHoldsEveryInvariant",
	}, {
		name: "refund-off-by-one", file: "internal/pay/refund.go",
		line: "if amount.Value > left {", becomes: "if amount.Value > left+1 {",
		tests: "./internal/pay TestAddRefund",
	}, {
		name: "refund-of-nothing", file: "internal/pay/refund.go",
		line: "if amount.Value < 1 {", becomes: "if amount.Value < 0 {",
		tests: "./internal/pay TestAddRefund",
	}, {
		name: "refund-in-another-currency", file: "internal/pay/refund.go",
		line: "if amount.Currency != a.Amount.Currency {", becomes: "if false {",
		tests: "./internal/pay TestAddRefund",
	}, {
		name: "unknown-part-that-went-back-is-refundable", file: "internal/pay/refund.go",
		line: "!a.State.Received() || a.ReturnedUnknown {", becomes: "!a.State.Received() {",
		tests: "./internal/pay TestReturned",
	}, {
		name: "refund-that-may-have-been-taken-is-sent-again", file: "internal/pay/refund.go",
		line: "if r.AskOnly() {", becomes: "if false {",
		tests: "./internal/pay TestFailRefund|TestRefundTried|TestLedgerHoldsEveryInvariant",
	}, {
		name: "refused-repeat-of-a-refund-is-final", file: "internal/pay/refund.go",
		line: "!r.SilentAt.IsZero() && !now.After(proof)", becomes: "!r.SilentAt.IsZero() && false && !now.After(proof)",
		tests: "./internal/pay TestFailRefundSentTwice",
	}, {
		name: "done-refund-is-sent-again", file: "internal/pay/refund.go",
		line: "return r.Status != RefundPending ||", becomes: "return",
		tests: "./internal/pay TestRefundTried|TestFailRefund|TestProvidersWord|TestLedgerHoldsEveryInvariant",
	}, {
		name: "by-hand-without-a-name", file: "internal/pay/refund.go",
		line: `case r.Author == "":`, becomes: "case false:",
		tests: "./internal/pay TestRecordRefund",
	}, {
		name: "winner-is-refunded-before-the-surplus", file: "internal/pay/refund.go",
		line: "if a.State == AttemptSurplus && l.Refundable(a.ID).Value > 0 {", becomes: "if false {",
		tests: "./internal/pay TestSurplusThatStays",
	}, {
		name: "success-after-failure-is-dropped", file: "internal/pay/returned.go",
		line: "RefundFailed:  {RefundSucceeded: EventRefundSucceeded},", becomes: "",
		tests: "./internal/pay TestRefundMachine",
	}, {
		name: "more-went-back-than-came", file: "internal/pay/returned.go",
		line: "|| r.Total.Value > a.Amount.Value {", becomes: "{",
		tests: "./internal/pay TestReturned",
	}, {
		name: "more-refunds-than-came", file: "internal/pay/returned.go",
		line: "done > a.Amount.Value {", becomes: "done > a.Amount.Value && false {",
		tests: "./internal/pay TestReturned",
	}, {
		name: "refund-of-another-amount-is-taken", file: "internal/pay/returned.go",
		line: "if r.Amount != (Money{}) && r.Amount != known.Amount {", becomes: "if false {",
		tests: "./internal/pay TestReturned",
	}, {
		name: "done-refund-fails-unseen", file: "internal/pay/returned.go",
		line: "if known.Status == RefundSucceeded && r.Status == RefundFailed {", becomes: "if false {",
		tests: "./internal/pay TestReturned",
	}, {
		name: "returned-money-in-another-currency", file: "internal/pay/returned.go",
		line: "if m != (Money{}) && m.Currency != a.Amount.Currency {", becomes: "if false {",
		tests: "./internal/pay TestReturned",
	}, {
		name: "one-refund-counts-twice", file: "internal/pay/returned.go",
		line: "if rest := a.ReturnedTotal - l.returned(a); rest > 0 {", becomes: "if rest := a.ReturnedTotal; rest > 0 {",
		tests: "./internal/pay TestReturned|TestLedgerHoldsEveryInvariant",
	}, {
		name: "our-pending-refund-counts-as-theirs", file: "internal/pay/returned.go",
		line: "if len(pending) > 0 && a.ReturnedTotal < a.Amount.Value {", becomes: "if false {",
		tests: "./internal/pay TestReturned",
	}, {
		name: "refund-before-its-payment", file: "internal/pay/evidence.go",
		line: "if !a.State.Received() && ev.Outcome != OutcomePaid {", becomes: "if false {",
		tests: "./internal/pay TestReturnedBeforePaid",
	}, {
		name: "notice-of-a-refund-is-not-kept", file: "internal/pay/evidence.go",
		line: "|| news || ev.Source == SourceNotification", becomes: "|| news",
		tests: "./internal/pay TestReturned",
	},
}
