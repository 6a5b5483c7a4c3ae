package main

// providerRows break what is believed of providers, and what is sent to them.
var providerRows = []row{
	{
		name: "provider-redirects-us", file: "internal/provider/http.go",
		line: "{ return errRedirect },", becomes: "{ return nil },",
		tests: "./internal/provider TestClientRefusesRedirects",
	}, {
		name: "answer-without-bound", file: "internal/provider/http.go",
		line: "limit = MaxReply", becomes: "limit = MaxReply << 20",
		tests: "./internal/provider TestClientLimitsReplies",
	}, {
		name: "signed-request-is-repeated", file: "internal/provider/http.go",
		line: "if r.Body == nil || r.Body == http.NoBody {", becomes: "if false {",
		tests: "./internal/provider TestClientSendsOnce",
	}, {
		name: "link-with-a-user", file: "internal/provider/links.go",
		line: "if u.User != nil {", becomes: "if false {",
		tests: "./internal/provider TestRedirect",
	}, {
		name: "link-with-a-port", file: "internal/provider/links.go",
		line: `port != "" && port != "443"`, becomes: `port == "0"`,
		tests: "./internal/provider TestRedirect",
	}, {
		name: "link-to-anywhere", file: "internal/provider/links.go",
		line: "if !slices.Contains(l.Hosts, u.Hostname()) {", becomes: "if !slices.Contains(l.Hosts, u.Hostname()) && false {",
		tests: "./internal/provider TestRedirect",
	}, {
		name: "link-of-another-scheme", file: "internal/provider/links.go",
		line: `if u.Scheme != "https" {`, becomes: "if false {",
		tests: "./internal/provider TestRedirect",
	}, {
		name: "code-that-leads-anywhere", file: "internal/provider/links.go",
		line: "if strings.HasPrefix(payload, prefix) {", becomes: "if strings.HasPrefix(payload, prefix[:8]) {",
		tests: "./internal/provider TestQRCode",
	}, {
		name: "short-key", file: "internal/provider/keys.go",
		line: "bits < minKeyBits", becomes: "bits < minKeyBits/4",
		tests: "./internal/provider/wechatpay TestOpenRefuses",
	}, {
		name: "our-own-key-for-the-providers", file: "internal/provider/keys.go",
		line: "if ours.PublicKey.Equal(theirs) {", becomes: "if false {",
		tests: "./internal/provider/wechatpay TestOpenRefuses",
	}, {
		name: "third-decimal", file: "internal/provider/amount.go",
		line: "len(cents) > 2", becomes: "len(cents) > 3",
		tests: "./internal/provider TestParseYuan",
	}, {
		name: "wechat-currency-is-not-read", file: "internal/provider/wechatpay/query.go",
		line: "Currency: *tx.Amount.Currency,", becomes: `Currency: "CNY",`,
		tests: "./internal/provider/wechatpay TestQuery|TestNotification",
	}, {
		name: "wechat-another-order", file: "internal/provider/wechatpay/query.go",
		line: "if ev.OutTradeNo != q.OutTradeNo || ev.Account != a.Account() {", becomes: "if false {",
		tests: "./internal/provider/wechatpay TestQuery",
	}, {
		name: "wechat-total-after-coupons", file: "internal/provider/wechatpay/query.go",
		line: "Value: *tx.Amount.Total}", becomes: "Value: value(tx.Amount.PayerTotal)}",
		tests: "./internal/provider/wechatpay TestQuery",
	}, {
		name: "wechat-probe-by-any-key", file: "internal/provider/wechatpay/probe.go",
		line: "if err := a.verify(ctx, answer.Header, []byte(answer.Body)); err != nil {", becomes: "if err := error(nil); err != nil {",
		tests: "./internal/provider/wechatpay TestProbe",
	}, {
		name: "wechat-old-signature", file: "internal/provider/wechatpay/verify.go",
		line: "age >= int64(maxAge.Seconds()) ||", becomes: "",
		tests: "./internal/provider/wechatpay TestNotification",
	}, {
		name: "wechat-signature-of-the-future", file: "internal/provider/wechatpay/verify.go",
		line: " || age <= -int64(maxAge.Seconds())", becomes: "",
		tests: "./internal/provider/wechatpay TestNotification",
	}, {
		name: "wechat-another-scheme", file: "internal/provider/wechatpay/verify.go",
		line: `if t := header.Get("Wechatpay-Signature-Type"); t != "" && t != signatureType {`, becomes: `if t := ""; t != "" && t != signatureType {`,
		tests: "./internal/provider/wechatpay TestNotificationForged",
	}, {
		name: "wechat-wrong-signature", file: "internal/provider/wechatpay/verify.go",
		line: "if verifiers.NewSHA256WithRSAPubkeyVerifier(serial, *key).Verify(ctx, serial, message, signature) != nil {", becomes: "if verifiers.NewSHA256WithRSAPubkeyVerifier(serial, *key) == nil && message != \"\" {",
		tests: "./internal/provider/wechatpay TestNotificationForged",
	}, {
		name: "wechat-other-merchant-of-the-provider", file: "internal/provider/wechatpay/owner.go",
		line: "case said == a.owner():", becomes: "case said.SpMchID == a.SpMchID:",
		tests: "./internal/provider/wechatpay TestPartnerStatements",
	}, {
		name: "wechat-ended-certificate", file: "internal/provider/wechatpay/keys.go",
		line: "if c == nil || !provider.InForce(c, k.now()) {", becomes: "if c == nil {",
		tests: "./internal/provider/wechatpay TestUnknownCertificateIsAskedFor",
	}, {
		name: "standby-sends-again-what-was-sent", file: "internal/provider/standby.go",
		line: "if again := rewound(r); !left() && again != nil {", becomes: "if again := rewound(r); again != nil {",
		tests: "./internal/provider TestStandby",
	}, {
		name: "asks-for-each-unknown-key", file: "internal/provider/renewal.go",
		line: "now.Sub(r.asked) < pause:", becomes: "now.Sub(r.asked) < 0:",
		tests: "./internal/provider/wechatpay TestUnknownCertificateIsAskedFor",
	}, {
		name: "wechat-certificate-list-by-anybody", file: "internal/provider/wechatpay/certificates.go",
		line: "if err := a.verifyBy(ctx, brought, result.Response.Header, body); err != nil {", becomes: "if err := error(nil); brought == nil {",
		tests: "./internal/provider/wechatpay TestCertificatesThatAreNotBelieved",
	}, {
		name: "wechat-nonce-of-another-size", file: "internal/provider/wechatpay/certificates.go",
		line: " || len(s.Nonce) != nonceSize {", becomes: " || len(s.Nonce) == -nonceSize {",
		tests: "./internal/provider/wechatpay TestNotificationForged",
	}, {
		name: "alipay-field-twice", file: "internal/provider/alipay/notify.go",
		line: "if len(each) != 1 {", becomes: "if len(each) < 1 {",
		tests: "./internal/provider/alipay TestNotification",
	}, {
		name: "alipay-weaker-signature", file: "internal/provider/alipay/notify.go",
		line: `values.Get("sign_type") != "RSA2" ||`, becomes: "",
		tests: "./internal/provider/alipay TestNotificationForged",
	}, {
		name: "alipay-wrong-signature", file: "internal/provider/alipay/notify.go",
		line: "return a.client.VerifySign(context.Background(), named) == nil", becomes: "return context.Background() != nil",
		tests: "./internal/provider/alipay TestNotificationForged",
	}, {
		name: "alipay-anothers-application-acted", file: "internal/provider/alipay/agency.go",
		line: "case acted == a.AppID:", becomes: "case acted != \"\":",
		tests: "./internal/provider/alipay TestNotificationUnderAProvider",
	}, {
		name: "alipay-acted-for-another-merchant", file: "internal/provider/alipay/agency.go",
		line: "return cmp.Or(merchant, acted)", becomes: "return cmp.Or(a.merchantApp(), acted)",
		tests: "./internal/provider/alipay TestNotificationUnderAProvider",
	}, {
		name: "alipay-certificate-in-key-mode", file: "internal/provider/alipay/notify.go",
		line: `return unknownKey("it names a certificate, in public-key mode")`, becomes: "return nil",
		tests: "./internal/provider/alipay TestCertificateOfNotification",
	}, {
		name: "alipay-nameless-by-an-ended-certificate", file: "internal/provider/alipay/certificates.go",
		line: "if provider.InForce(cert, c.env.Now()) {", becomes: "if cert != nil {",
		tests: "./internal/provider/alipay TestNamelessNotification",
	}, {
		name: "alipay-certificate-from-aside", file: "internal/provider/alipay/certificates.go",
		line: "if err != nil || len(chains[0]) < 2 {", becomes: "if err == nil && len(chains[0]) < 2 {",
		tests: "./internal/provider/alipay TestUnknownCertificate",
	}, {
		name: "alipay-ended-certificate", file: "internal/provider/alipay/certificates.go",
		line: "return cert != nil && provider.InForce(cert, c.env.Now())", becomes: "return cert != nil",
		tests: "./internal/provider/alipay TestCertificateStorm",
	}, {
		name: "alipay-asks-for-each-unknown-certificate", file: "internal/provider/alipay/certificates.go",
		line: "c.renewal.Ask(ctx, renewEvery, ", becomes: "c.renewal.Ask(ctx, 0*renewEvery, ",
		tests: "./internal/provider/alipay TestCertificateStorm",
	}, {
		name: "alipay-unopened-link-counts-as-closed", file: "internal/provider/alipay/query.go",
		line: "if o.Rail == pay.RailQR && ", becomes: "if o.Rail != \"\" && ",
		tests: "./internal/provider/alipay TestCloseLink",
	}, {
		name: "alipay-another-order", file: "internal/provider/alipay/query.go",
		line: "if reply.OutTradeNo != q.OutTradeNo {", becomes: "if false {",
		tests: "./internal/provider/alipay TestQueryUnknown",
	}, {
		name: "alipay-cancels-what-ran-out", file: "internal/provider/alipay/query.go",
		line: "if o.Rail == pay.RailQR && !o.RunOut {", becomes: "if o.Rail == pay.RailQR {",
		tests: "./internal/provider/alipay TestCloseWhatHasRunOut",
	}, {
		name: "alipay-cancel-that-gives-back-is-a-close", file: "internal/provider/alipay/query.go",
		line: `case reply.Action == "refund":`, becomes: "case false:",
		tests: "./internal/provider/alipay TestClose",
	}, {
		name: "alipay-all-back-is-paid", file: "internal/provider/alipay/query.go",
		line: "return &pay.Returned{Total: paid}, nil", becomes: "return nil, nil",
		tests: "./internal/provider/alipay TestQuery",
	}, {
		name: "alipay-currency-of-a-notice", file: "internal/provider/alipay/notify.go",
		line: `Currency: values.Get("trans_currency"), `, becomes: "",
		tests: "./internal/provider/alipay TestNotification",
	}, {
		name: "alipay-unsigned-refusal", file: "internal/provider/alipay/call.go",
		line:    `return fmt.Errorf("alipay: unsigned answer %s %s", provider.Clean(string(answer.Code)), provider.Clean(answer.SubCode))`,
		becomes: "return judge(orderCodes, string(answer.Code), answer.SubCode)",
		tests:   "./internal/provider/alipay TestStart",
	}, {
		name: "alipay-bill-of-another-merchant", file: "internal/provider/alipay/billfile.go",
		line: "case !ours:", becomes: "case !ours && false:",
		tests: "./internal/provider/alipay TestBillBroken",
	}, {
		name: "alipay-bill-words-that-look-like-values", file: "internal/provider/alipay/billfile.go",
		line: "case found != 1:", becomes: "case found < 1:",
		tests: "./internal/provider/alipay TestBillWithAnOddRow",
	}, {
		name: "alipay-bill-without-tls", file: "internal/provider/alipay/bill.go",
		line: `link = "https://" + billHost + "/" + rest`, becomes: `link = "http://" + billHost + "/" + rest`,
		tests: "./internal/provider/alipay TestBill",
	}, {
		name: "alipay-product-is-guessed", file: "internal/provider/alipay/alipay.go",
		line: `unused := p.value == "" && !slices.Contains(granted, p.rail)`, becomes: `unused := p.value == ""`,
		tests: "./internal/provider/alipay TestContractedProduct",
	}, {
		name: "alipay-trade-of-another-order", file: "internal/provider/alipay/start.go",
		line: "if reply.OutTradeNo != ordered.OutTradeNo {", becomes: "if false {",
		tests: "./internal/provider/alipay TestStartBridgeAnswers",
	}, {
		name: "alipay-payer-of-a-failure", file: "internal/provider/alipay/payer.go",
		line: `case reply.Code != "" && reply.Code != success:`, becomes: "case false:",
		tests: "./internal/provider/alipay TestWalletPayerIDRefused",
	},
}
