package main

// unionPayRows break what UnionPay's messages must prove.
var unionPayRows = []row{
	{
		name: "unionpay-any-signature", file: "internal/provider/unionpay/chain.go",
		line: "if err != nil || rsa.VerifyPKCS1v15(key, crypto.SHA256, m.digest(), signature) != nil {", becomes: "if err != nil || rsa.VerifyPKCS1v15(key, crypto.SHA256, m.digest(), signature) != nil && false {",
		tests: "./internal/provider/unionpay TestRefusedNotification",
	}, {
		name: "unionpay-any-authority", file: "internal/provider/unionpay/chain.go",
		line: "if err := c.issued(c.middle, leaf); err != nil {", becomes: "if err := c.issued(c.middle, leaf); err != nil && false {",
		tests: "./internal/provider/unionpay TestRefusedNotification",
	}, {
		name: "unionpay-signed-by-a-merchant", file: "internal/provider/unionpay/chain.go",
		line: "!slices.Contains(c.signer, parts[2]) {", becomes: "!slices.Contains(c.signer, parts[2]) && false {",
		tests: "./internal/provider/unionpay TestRefusedNotification",
	}, {
		name: "unionpay-certificate-over", file: "internal/provider/unionpay/chain.go",
		line: "if !provider.InForce(leaf, now) {", becomes: "if now.Before(leaf.NotBefore) {",
		tests: "./internal/provider/unionpay TestRefusedNotification",
	}, {
		name: "unionpay-sha1-live", file: "internal/provider/unionpay/chain.go",
		line: "if cert.SignatureAlgorithm != x509.SHA1WithRSA || !c.sha1 {", becomes: "if cert.SignatureAlgorithm != x509.SHA1WithRSA {",
		tests: "./internal/provider/unionpay TestSHA1Chain",
	}, {
		name: "unionpay-hidden-field", file: "internal/provider/unionpay/chain.go",
		line: "if !m.unambiguous() {", becomes: "if false {",
		tests: "./internal/provider/unionpay TestRefusedNotification",
	}, {
		name: "unionpay-answer-about-another-order", file: "internal/provider/unionpay/call.go",
		line: `answer["orderId"] == orderID && answer["txnTime"] == txnTime`, becomes: `answer["txnTime"] == txnTime`,
		tests: "./internal/provider/unionpay TestQuery|TestCodeAnswers",
	}, {
		name: "unionpay-failed-is-paid", file: "internal/provider/unionpay/notify.go",
		line: `if !slices.Contains(done, m["respCode"]) {`, becomes: `if !slices.Contains(done, m["respCode"]) && m["respCode"] == "" {`,
		tests: "./internal/provider/unionpay TestRefusedNotification",
	}, {
		name: "unionpay-declined-card-closes", file: "internal/provider/unionpay/query.go",
		line: "a.env.Time().After(until.Add(pay.CloseDelay)) {", becomes: "!until.IsZero() {",
		tests: "./internal/provider/unionpay TestQuery",
	}, {
		name: "unionpay-refund-of-another-sum", file: "internal/provider/unionpay/refund.go",
		line: `|| answer["txnAmt"] != strconv.FormatInt(r.Amount.Value, 10) {`, becomes: "{",
		tests: "./internal/provider/unionpay TestRefundAnswers",
	}, {
		name: "unionpay-form-of-another-session", file: "internal/httpd/form.go",
		line: "if attempt == nil || attempt.Invitation != request.Invitation(l) {", becomes: "if attempt == nil {",
		tests: "./internal/httpd TestFormOfAFriend",
	},
}
