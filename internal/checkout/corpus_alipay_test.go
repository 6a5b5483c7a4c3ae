package checkout_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"morepay/internal/pay"
	"morepay/internal/provider"
	provideralipay "morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

// One field a line, before it is encoded.
const (
	alipayTrade = `gmt_create=2026-11-28 10:34:30
charset=utf-8
gmt_payment=2026-11-28 10:34:56
notify_time=2026-11-28 10:34:57
subject=茶杯 一个
sign=
buyer_id=2088000000000901
invoice_amount=59.80
version=1.0
notify_id=
fund_bill_list=[{"amount":"59.80","fundChannel":"ALIPAYACCOUNT"}]
notify_type=trade_status_sync
out_trade_no=mpC0RPUS000000000000000000000001
total_amount=59.80
trade_status=TRADE_SUCCESS
trade_no=2026112822001400000000000001
auth_app_id=2021000000000001
receipt_amount=59.80
point_amount=0.00
app_id=2021000000000001
buyer_pay_amount=59.80
sign_type=RSA2
seller_id=2088000000000001
buyer_logon_id=buy***@example.com
seller_email=pay@shop.example
`
	alipayArrival = `notify_id=
utc_timestamp=1795834800000
msg_method=alipay.trade.refund.depositback.completed
app_id=2021000000000001
version=1.1
charset=UTF-8
sign_type=RSA2
sign=
biz_content={"trade_no":"2026112822001400000000000001","out_trade_no":"mpC0RPUS000000000000000000000001","out_request_no":"mpC0RPUSREFUND000000000000000001","dback_status":"S","dback_amount":"20.00","bank_ack_time":"2026-11-29 09:00:00","est_bank_receipt_time":"2026-11-30 09:00:00"}
`
)

// a1 is the notice of a payment.
func a1(differs ...string) message { return message{text: alipayTrade, differs: differs} }

// back is a notice of a payment of which money went back: so much in all by now, the
// last of it by the number.
func back(total, number string, differs ...string) message {
	return a1(append([]string{"gmt_create", "refund_fee=" + total + "\ngmt_refund=2026-11-28 12:00:00.123\nout_biz_no=" + number + "\ngmt_create"}, differs...)...)
}

var (
	a6 = back("10.00", "console1")
	a7 = back("25.00", "console2")
	a8 = back("59.80", "console3", "TRADE_SUCCESS", "TRADE_CLOSED", "gmt_create", "gmt_close=2026-11-28 12:00:00\ngmt_create")
)

var alipayRows = []corpusRow{
	{name: "A1", message: a1()},
	{name: "A2-open-id", message: a1("buyer_id=2088000000000901", "buyer_open_id=0C0RPUS0000000000000000000000001")},
	{name: "A3-voucher", message: a1("receipt_amount=59.80", "receipt_amount=54.80", "buyer_pay_amount=59.80", "buyer_pay_amount=49.80", "invoice_amount=59.80", "invoice_amount=49.80",
		"version=1.0\n", "version=1.0\n"+`voucher_detail_list=[{"amount":"5.00","merchantContribute":"5.00","name":"5元券","otherContribute":"0.00","type":"ALIPAY_FIX_VOUCHER","voucherId":"1"}]`+"\n")},
	{name: "A4-GBK", message: a1("charset=utf-8", "charset=GBK", "sign=", "body=白瓷\nsign=")},
	{name: "A5-timed-out", message: a1("trade_status=TRADE_SUCCESS", "trade_status=TRADE_CLOSED", "gmt_payment=2026-11-28 10:34:56", "refund_fee=0.00\ngmt_close=2026-11-28 11:04:30",
		"receipt_amount=59.80\n", "", "buyer_pay_amount=59.80\n", "", "invoice_amount=59.80\n", "", "point_amount=0.00\n", "", `fund_bill_list=[{"amount":"59.80","fundChannel":"ALIPAYACCOUNT"}]`+"\n", "",
	), unpaid: true, closed: true},
	{name: "A6-partly-back", message: a6, before: []message{a1()}, refunds: []string{"provider 1000 CNY succeeded "}},
	{name: "A6-first-news", message: a6, refunds: []string{"provider 1000 CNY succeeded "}},
	{name: "A7-more-back", message: a7, before: []message{a1(), a6}, refunds: []string{"provider 1000 CNY succeeded ", "provider 1500 CNY succeeded "}},
	{name: "A8-all-back", message: a8, before: []message{a1(), a6, a7}, refunds: []string{"provider 1000 CNY succeeded ", "provider 1500 CNY succeeded ", "provider 3480 CNY succeeded "}},
	{name: "A8-first-news", message: a8, refunds: []string{"provider 5980 CNY succeeded "}},
	{name: "A9-ours", message: back("10.00", corpusRefund), before: []message{a1()}, refund: 1000, refunds: []string{"merchant 1000 CNY succeeded "}},
	{name: "A10-finished", message: a1("TRADE_SUCCESS", "TRADE_FINISHED")},
	{name: "A11-waiting", message: a1("TRADE_SUCCESS", "WAIT_BUYER_PAY", "gmt_payment=2026-11-28 10:34:56\n", ""), unpaid: true},
	{name: "A12-no-seller", message: a1("seller_id=2088000000000001\n", "")},
	{name: "A13-no-type", message: a1("notify_type=trade_status_sync\n", "")},
	{name: "A14-certificate", message: a1("sign=", "alipay_cert_sn=c0c0c0c0c0c0c0c0c0c0c0c0c0c0c001\nsign="), answer: pay.CodeUnauthorized, result: "unknown_key", unpaid: true},
	{name: "A15-in-the-bank", message: message{text: alipayArrival}, before: []message{a1()}, refund: 2000, refunds: []string{"merchant 2000 CNY succeeded "}},
	{name: "A15-in-the-balance", message: message{text: alipayArrival, differs: []string{`"S","dback_amount":"20.00"`, `"F"`}}, before: []message{a1()}, refund: 2000, refunds: []string{"merchant 2000 CNY succeeded "}},
	{name: "A16-service-provider", message: a1("\napp_id=2021000000000001", "\napp_id=2021000000000009"), unpaid: true, quarantined: 1},
	{name: "A17-pending", message: a1("TRADE_SUCCESS", "TRADE_PENDING"), answer: pay.CodeInternal, result: "unusable", unpaid: true},
	{name: "A18-again", message: a1(), before: []message{a1()}},
	{name: "A19-other-trade", message: a1("trade_no=2026112822001400000000000001", "trade_no=2026112822001400000000000002"), before: []message{a1()}, quarantined: 1},
	{name: "A20-dollars", message: a1("total_amount=59.80", "total_amount=59.80\ntrans_currency=USD"), unpaid: true, quarantined: 1},
	{name: "A21-other-sum", message: a1("total_amount=59.80", "total_amount=59.79"), unpaid: true, quarantined: 1},
	{name: "other-seller", message: a1("seller_id=2088000000000001", "seller_id=2088000000000009"), unpaid: true, quarantined: 1},
	{name: "agreement", message: a1("trade_status_sync", "dut_user_sign"), result: "ignored", unpaid: true},
}

// Under a service provider whose application is 2021000000000009.
var alipayAgencyRows = []corpusRow{
	{name: "A16", message: a16()},
	{name: "A16-without-the-provider", message: a1(), unpaid: true, quarantined: 1},
	{name: "A16-another-merchant", message: a16("auth_app_id=2021000000000001", "auth_app_id=2021000000000077"), unpaid: true, quarantined: 1},
	{name: "A16-another-provider", message: a16("\napp_id=2021000000000009", "\napp_id=2021000000000010"), unpaid: true, quarantined: 1},
	{name: "A16-no-merchant", message: a16("auth_app_id=2021000000000001\n", ""), answer: pay.CodeInternal, result: "unusable", unpaid: true},
	{name: "A16-other-seller", message: a16("seller_id=2088000000000001", "seller_id=2088000000000009"), unpaid: true, quarantined: 1},
	{name: "A6-partly-back", message: back("10.00", "console1", actedFor...), before: []message{a16()}, refunds: []string{"provider 1000 CNY succeeded "}},
	{name: "A15-in-the-bank", message: message{text: alipayArrival, differs: actedFor}, before: []message{a16()}, refund: 2000, refunds: []string{"merchant 2000 CNY succeeded "}},
}

// actedFor is the difference that a service provider makes.
var actedFor = []string{"\napp_id=2021000000000001", "\napp_id=2021000000000009"}

func a16(differs ...string) message { return a1(append(slices.Clone(actedFor), differs...)...) }

func TestAlipayMessagesUnderAProvider(t *testing.T) {
	t.Parallel()
	tryCorpus(t, alipayAgencyRows, func(fx *fixture) *reader {
		return newAlipayReaderAs(fx, func(a pay.Attempt) map[string]any {
			return map[string]any{"app_id": "2021000000000009", "auth_app_id": a.App, "app_auth_token": "token", "seller_id": a.Account}
		})
	})
}

// TestAlipayMessages reads Alipay's messages in the form in which they are sent.
func TestAlipayMessages(t *testing.T) {
	t.Parallel()
	tryCorpus(t, alipayRows, newAlipayReader)
}

func newAlipayReader(fx *fixture) *reader {
	return newAlipayReaderAs(fx, func(a pay.Attempt) map[string]any { return map[string]any{"app_id": a.App, "seller_id": a.Account} })
}

// newAlipayReaderAs reads as the merchant that some settings name.
func newAlipayReaderAs(fx *fixture, merchant func(pay.Attempt) map[string]any) *reader {
	fx.tb.Helper()
	r := fx.newReader(alipay, func(a pay.Attempt) provider.Provider {
		return providertest.Open(fx.tb, provideralipay.Open,
			providertest.With(merchant(a), map[string]any{"private_key": "app.pem", "public_key": "alipay.pem"}),
			providertest.Env(providertest.Nowhere, map[string][]byte{
				"app.pem": providertest.PrivatePEM(providertest.MerchantKey()), "alipay.pem": providertest.PublicPEM(providertest.ProviderKey()),
				"token": []byte("202611BB00000000000000000000000000000X01"),
			}))
	})
	r.seal = sealAsAlipay
	return r
}

// sealAsAlipay signs a form as Alipay does: over its values before they are encoded.
func sealAsAlipay(r *reader, id string, _ message, text string) (http.Header, []byte) {
	text = strings.NewReplacer("2021000000000001", r.attempt.App, "2088000000000001", r.attempt.Account, "notify_id=", "notify_id="+id).Replace(text)
	if strings.Contains(text, "charset=GBK") {
		var err error
		text, err = simplifiedchinese.GBK.NewEncoder().String(text)
		r.must(err)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	signed := slices.DeleteFunc(slices.Sorted(slices.Values(lines)), func(line string) bool {
		return strings.HasPrefix(line, "sign=") || strings.HasPrefix(line, "sign_type=")
	})
	signature := signAsAlipay(strings.Join(signed, "&"))
	for i, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		if name == "sign" {
			value = signature
		}
		lines[i] = name + "=" + url.QueryEscape(value)
	}
	return nil, []byte(strings.Join(lines, "&"))
}
