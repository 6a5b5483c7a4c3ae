package main

// saidRows break what is read of providers' words about money that went back, and
// about orders that are not over.
var saidRows = []row{
	{
		name: "wechat-202-closes", file: "internal/provider/wechatpay/query.go",
		line: "case err == nil && result.Response.StatusCode == http.StatusNoContent:", becomes: "case err == nil && result.Response.StatusCode/100 == http.StatusNoContent/100:",
		tests: "./internal/provider/wechatpay TestClose",
	}, {
		name: "wechat-statement-of-nobodys-app", file: "internal/provider/wechatpay/query.go",
		line: ` || ev.App == "" {`, becomes: " {",
		tests: "./internal/provider/wechatpay TestQueryUnknown|TestNotificationNotUnderstood",
	}, {
		name: "wechat-refund-state-is-plain-paid", file: "internal/provider/wechatpay/query.go",
		line: "if value(tx.TradeState) == stateRefund {", becomes: "if false {",
		tests: "./internal/provider/wechatpay TestQuery",
	}, {
		name: "wechat-refund-of-another-amount", file: "internal/provider/wechatpay/refund.go",
		line: "value(amount.Refund) != r.Amount.Value {", becomes: "value(amount.Refund) == -r.Amount.Value {",
		tests: "./internal/provider/wechatpay TestRefund",
	}, {
		name: "wechat-another-refund", file: "internal/provider/wechatpay/refund.go",
		line: "if value(reply.OutRefundNo) != r.Number || value(reply.OutTradeNo) != r.OutTradeNo {", becomes: "if false {",
		tests: "./internal/provider/wechatpay TestRefund",
	}, {
		name: "wechat-abnormal-is-failed", file: "internal/provider/wechatpay/refund.go",
		line: `"ABNORMAL":   {Status: pay.RefundPending,`, becomes: `"ABNORMAL":   {Status: pay.RefundFailed,`,
		tests: "./internal/provider/wechatpay TestRefund",
	}, {
		name: "wechat-refund-notice-without-amount", file: "internal/provider/wechatpay/notify.go",
		line: "if n.Amount.Refund == nil || *n.Amount.Refund < 1 {", becomes: "if n.Amount.Refund == nil {",
		tests: "./internal/provider/wechatpay TestNotification",
	}, {
		name: "alipay-paid-and-given-back-is-closed", file: "internal/provider/alipay/query.go",
		line: `if outcome == pay.OutcomeClosed && (t.PaidAt != "" || t.RefundedAt != "" || refunded > 0) {`, becomes: "if false {",
		tests: "./internal/provider/alipay TestQuery|TestNotification",
	}, {
		name: "alipay-nothing-went-back-reads-as-paid", file: "internal/provider/alipay/query.go",
		line: `t.RefundedAt != "" || refunded > 0) {`, becomes: `t.RefundedAt != "" || t.Refunded != "") {`,
		tests: "./internal/provider/alipay TestNotification",
	}, {
		name: "alipay-cancel-again-is-closed", file: "internal/provider/alipay/query.go",
		line: `case reply.RetryFlag == "Y":`, becomes: "case false:",
		tests: "./internal/provider/alipay TestClose",
	}, {
		name: "alipay-refund-without-moving-money-is-done", file: "internal/provider/alipay/refund.go",
		line: `if reply.FundChange == "Y" {`, becomes: `if reply.FundChange != "" {`,
		tests: "./internal/provider/alipay TestRefund",
	}, {
		name: "alipay-another-refund", file: "internal/provider/alipay/refund.go",
		line: "reply.OutTradeNo != r.OutTradeNo || reply.OutRequestNo != r.Number {", becomes: "false {",
		tests: "./internal/provider/alipay TestRefund",
	}, {
		name: "alipay-any-answer-is-done", file: "internal/provider/alipay/call.go",
		line: "if head.Code != success {", becomes: "if head.Code == businessFailed {",
		tests: "./internal/provider/alipay .",
	}, {
		name: "deposit-back-arrives-anywhere", file: "internal/provider/alipay/notify.go",
		line: `"F": pay.ArrivalBalance}`, becomes: `"F": pay.ArrivalBank}`,
		tests: "./internal/provider/alipay .",
	}, {
		name: "surplus-made-anew-over-all-of-it", file: "internal/pay/refund.go",
		line: "left.Value > 0 && left.Value < r.Amount.Value {", becomes: "left.Value < 0 {",
		tests: "./internal/pay TestRetryRefundOfTheRest",
	}, {
		name: "resend-counts-as-sent-once", file: "internal/pay/schedule.go",
		line: "now = later(now, a.CreatedAt.Add(time.Millisecond)) // never as if sent once", becomes: "",
		tests: "./internal/pay TestResume|TestReplies|TestModelHolds",
	}, {
		name: "doubtful-refund-fails-at-once", file: "internal/pay/refund.go",
		line: "r.Failure, r.SilentAt = failure, r.SentAt", becomes: "r.Failure = failure",
		tests: "./internal/pay TestFailRefund",
	},
}
