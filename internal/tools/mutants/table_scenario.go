package main

// scenarioRows break what payers and merchants see of the product as a whole. A scenario
// must notice: one that lets its mistake through judges too little.
var scenarioRows = []row{
	{
		name: "scenario-closed-method-has-a-row", file: "internal/capability/decide.go",
		line: "return Reason{}, over || f.m.State == StateClosed", becomes: "return Reason{}, over",
		tests: "./internal/scenario TestTable/method-closed$",
	}, {
		name: "scenario-dropped-reason", file: "internal/capability/decide.go",
		line: "return limit(f, least), least != 0 && f.order.Amount.Value < least", becomes: "return limit(f, least), false",
		tests: "./internal/scenario TestTable/amount-below-min$",
	}, {
		name: "scenario-refused-rail-is-offered", file: "internal/checkout/marks.go",
		line: "list = append(list, capability.MethodRail{Method: m.Method, Rail: m.Rail})", becomes: "_ = list",
		tests: "./internal/scenario TestTable/rail-not-granted$",
	}, {
		name: "scenario-never-sends-again", file: "internal/pay/schedule.go",
		line: "if again && !a.Abandoned", becomes: "if again && a.Abandoned",
		tests: "./internal/scenario TestTable/one-5xx-then-fine-qr$",
	}, {
		name: "scenario-words-of-the-shop-are-ignored", file: "internal/capability/decide.go",
		line: "return Reason{}, slices.Contains(f.order.LeftOut, f.m.Method)", becomes: "return Reason{}, false",
		tests: "./internal/scenario TestTable/hidden-by-shop-without-script$",
	}, {
		name: "scenario-opens-before-its-time", file: "internal/capability/decide.go",
		line: "if f.m.Schedule == nil || !f.now.Before(f.m.Schedule.From) {", becomes: "if true {",
		tests: "./internal/scenario TestTable/not-yet-open$",
	}, {
		name: "scenario-rollout-for-everybody", file: "internal/capability/decide.go",
		line: "return Bucket(r.Salt, m, payer) < share", becomes: "return share > 0",
		tests: "./internal/scenario TestTable/not-in-rollout$",
	}, {
		name: "scenario-blocked-wallet-is-offered", file: "internal/capability/decide.go",
		line: "return Reason{Host: f.device.Host}, f.m.Blocked(f.device)", becomes: "return Reason{Host: f.device.Host}, false",
		tests: "./internal/scenario TestTable/blocked-in-container$",
	}, {
		name: "scenario-old-app-is-let-in", file: "internal/capability/decide.go",
		line: "device.CompareVersions(f.device.HostVersion, least) >= 0 {", becomes: "true {",
		tests: "./internal/scenario TestTable/host-update-required$",
	}, {
		name: "scenario-ladder-upside-down", file: "internal/capability/decide.go",
		line: "rails = append(rails, r)", becomes: "rails = append([]pay.Rail{r}, rails...)",
		tests: "./internal/scenario TestTable/in-rollout$",
	}, {
		name: "scenario-code-lives-by-another-clock", file: "internal/program/wire.go",
		line: ", Clock: orNow(c.Now), ", becomes: ", ",
		tests: "./internal/scenario TestTable/not-yet-open$",
	}, {
		name: "scenario-who-comes-back-has-paid", file: "internal/page/progress.go",
		line:    "if state, ok := sessionScreens[status]; ok {",
		becomes: "if state, ok := sessionScreens[cmp.Or(map[bool]pay.SessionStatus{true: pay.SessionPaid}[!r.ReturnedAt.IsZero()], status)]; ok {",
		tests:   "./internal/scenario TestTable/cancel-in-wechat$",
	}, {
		name: "scenario-second-tap-is-a-second-order", file: "internal/checkout/attempt.go",
		line: "if a.State.Payable() && a.ID != closed && a.Method == r.Method", becomes: "if false && a.Method == r.Method",
		tests: "./internal/scenario TestTable/double-submit-eight$",
	}, {
		name: "scenario-second-payment-is-kept", file: "internal/pay/refund.go",
		line: "if a.State != AttemptSurplus || left.Value == 0 || l.Refund(id) != nil {", becomes: "if true {",
		tests: "./internal/scenario TestTable/surplus$",
	}, {
		name: "scenario-more-goes-back-than-came", file: "internal/pay/refund.go",
		line: "if err := l.mayRefund(a, r.Amount, l.Refundable(a.ID).Value); err != nil {", becomes: "if err := l.mayRefund(a, r.Amount, l.Refundable(a.ID).Value+1); err != nil {",
		tests: "./internal/scenario TestTable/refund-too-much$",
	}, {
		name: "scenario-page-has-no-referrer", file: "internal/httpd/headers.go",
		line: `h.Set("Referrer-Policy", "strict-origin-when-cross-origin")`, becomes: `h.Set("Referrer-Policy", "no-referrer")`,
		tests: "./internal/scenario TestTable/h5-phone$",
	}, {
		name: "scenario-way-back-is-written-anew", file: "internal/page/progress.go",
		line: "query = withoutSession(query)", becomes: `query = strings.ReplaceAll(withoutSession(query), ";", "%3B")`,
		tests: "./internal/scenario TestTable/return-url-odd-query-semicolon$",
	}, {
		name: "scenario-absent-wallet-opens-for-ever", file: "app/events_js.go",
		line: "if verdict == unknown {", becomes: "if verdict != opened {",
		tests: "./internal/scenario TestTable/wechat-absent$",
	}, {
		name: "scenario-own-code-hides-that-it-is-paid", file: "app/progress.go",
		line: "if shown.Payment == nil || final(news.State) {", becomes: "if shown.Payment == nil {",
		tests: "./internal/scenario TestTable/own-code-paid-elsewhere$",
	}, {
		name: "scenario-silent-provider-is-waited-for", file: "app/wait.go",
		line: "if !p.Since.IsZero() && s.since(p) >= silentAfter {", becomes: "if false {",
		tests: "./internal/scenario TestTable/silent-provider$",
	},
}
