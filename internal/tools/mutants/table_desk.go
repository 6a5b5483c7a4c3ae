package main

// deskRows break what people decide, and what keeps payers from rails that are not
// granted.
var deskRows = []row{
	{
		name: "entry-is-decided-twice", file: "internal/desk/desk.go",
		line: "if q.Status != checkout.QuarantineOpen {", becomes: "if false {",
		tests: "./internal/httpd TestDeskResolves",
	}, {
		name: "entry-is-decided-by-nobody", file: "internal/desk/desk.go",
		line: `case strings.TrimSpace(text.value) == "":`, becomes: "case false:",
		tests: "./internal/httpd TestDeskResolves",
	}, {
		name: "desk-refunds-behind-a-sessions-back", file: "internal/desk/giveback.go",
		line: "a.State.Received() {", becomes: "a == nil {",
		tests: "./internal/checkout TestRefundThatTheDeskRefuses",
	}, {
		name: "desk-refunds-what-went-back", file: "internal/desk/giveback.go",
		line: "left.Value -= max(r.Total.Value, one)", becomes: "left.Value -= one",
		tests: "./internal/checkout TestRefundThatTheDeskRefuses",
	}, {
		name: "desk-refunds-once-for-each-entry", file: "internal/desk/giveback.go",
		line: "[]string{ev.Provider, ev.Account, ev.OutTradeNo}", becomes: "[]string{ev.Provider, ev.Account, q.ID}",
		tests: "./internal/checkout TestRefundOfOnePaymentHasOneNumber",
	}, {
		name: "desk-does-not-hear-of-its-refund", file: "internal/checkout/quarantine.go",
		line: "if q.Refund == nil || q.Refund.Number != ev.Returned.Number {", becomes: "if q.Refund == nil || true {",
		tests: "./internal/checkout TestRefundFromTheDesk",
	}, {
		name: "another-app-can-not-be-accepted", file: "internal/checkout/quarantine.go",
		line: "ev.App = l.AttemptByNumber(ev.Provider, ev.Account, ev.OutTradeNo).App", becomes: "",
		tests: "./internal/checkout TestAcceptFromTheDesk",
	}, {
		name: "unknown-part-is-nobodys-business", file: "internal/checkout/apply.go",
		line: "a.ReturnedUnknown && ev.Returned != nil && ev.Returned.Unknown {", becomes: "a == nil {",
		tests: "./internal/checkout TestReturnedUnknownIsOnTheDesk",
	}, {
		name: "stuck-refund-in-silence", file: "internal/checkout/watch.go",
		line: "if before.waiting[id] {", becomes: "if before.waiting[id] || true {",
		tests: "./internal/httpd TestSurplusByHand",
	}, {
		name: "account-is-gone-in-silence", file: "internal/desk/orphans.go",
		line: "return acc != nil &&", becomes: "return true ||",
		tests: "./internal/desk TestAccountIsGone",
	}, {
		name: "mark-outlives-its-document", file: "internal/checkout/marks.go",
		line: " || m.DocumentVersion != version", becomes: " || m.DocumentVersion > version",
		tests: "./internal/checkout TestMarkEndsWithTheDocument",
	}, {
		name: "not-granted-is-offered-again", file: "internal/capability/decide.go",
		line: "f.granted = usable(f.onThis, f.without(fit, f.order.NotGranted))", becomes: "f.granted = usable(f.onThis, fit)",
		tests: "./internal/capability TestNotGrantedLeavesTheLadder",
	}, {
		name: "payer-is-sent-away-without-a-tap", file: "internal/checkout/attempt.go",
		line: "if slices.Contains(inPlace, next) {", becomes: "if true {",
		tests: "./internal/checkout TestNextRailLeavesThePage",
	},
}
