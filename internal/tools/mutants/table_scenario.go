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
	},
}
