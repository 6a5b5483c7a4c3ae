package checkout_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"morepay/internal/account"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	providerunionpay "morepay/internal/provider/unionpay"
	"morepay/internal/providersim"
)

const unionpay pay.Method = "unionpay"

// One message, before it is encoded; UnionPay's certificate and signature are added.
const (
	unionPayPayment = "accessType=0&bizType=000201&currencyCode=156&encoding=UTF-8&exchangeRate=0&merId=777290000000001&orderId=mpC0RPUS000000000000000000000001&" +
		"queryId=202611281034560000018&respCode=00&respMsg=success&settleAmt=5980&settleCurrencyCode=156&settleDate=1128&signMethod=01&" +
		"traceNo=000001&traceTime=1128103456&txnAmt=5980&txnSubType=01&txnTime=20261128103400&txnType=01&version=5.1.0"
	unionPayRefund = "accessType=0&bizType=000201&currencyCode=156&encoding=UTF-8&merId=777290000000001&orderId=mpC0RPUSREFUND000000000000000001&origQryId=202611281034560000018&" +
		"queryId=202611281200000000019&reqReserved=mpC0RPUS000000000000000000000001&respCode=00&respMsg=success&signMethod=01&" +
		"traceNo=000002&traceTime=1128120000&txnAmt=1000&txnSubType=00&txnTime=20261128115900&txnType=04&version=5.1.0"
)

// unionPayReference is UnionPay's number of the payment, which every payment has its own of.
const unionPayReference = "202611281034560000018"

func unionPayPaid(differs ...string) message { return message{text: unionPayPayment, differs: differs} }

func unionPayBack(differs ...string) message { return message{text: unionPayRefund, differs: differs} }

var unionPayRows = []corpusRow{
	{name: "U1", message: unionPayPaid()},
	{name: "U1-again", message: unionPayPaid(), before: []message{unionPayPaid()}},
	{name: "U2-with-a-defect", message: unionPayPaid("respCode=00", "respCode=A6")},
	{name: "U3-other-sum", message: unionPayPaid("txnAmt=5980", "txnAmt=5981"), unpaid: true, quarantined: 1},
	{name: "U4-other-merchant", message: unionPayPaid("merId=777290000000001", "merId=777290000000009"), unpaid: true, quarantined: 1},
	{name: "U5-ours", message: unionPayBack(), before: []message{unionPayPaid()}, refund: 1000, refunds: []string{"merchant 1000 CNY succeeded "}},
	{name: "U5-of-another-system", message: unionPayBack("mpC0RPUSREFUND000000000000000001", "CONSOLE0001"), before: []message{unionPayPaid()}, refunds: []string{"provider 1000 CNY succeeded "}},
	{name: "U5-in-the-console", message: unionPayBack("mpC0RPUSREFUND000000000000000001", "CONSOLE0002", "reqReserved=mpC0RPUS000000000000000000000001&", ""), before: []message{unionPayPaid()}, refunds: []string{"provider 1000 CNY succeeded "}},
	{name: "U5-in-the-console-again", message: unionPayBack("mpC0RPUSREFUND000000000000000001", "CONSOLE0003", "reqReserved=mpC0RPUS000000000000000000000001&", ""), before: []message{
		unionPayPaid(), unionPayBack("mpC0RPUSREFUND000000000000000001", "CONSOLE0003", "reqReserved=mpC0RPUS000000000000000000000001&", ""),
	}, refunds: []string{"provider 1000 CNY succeeded "}},
	{name: "U5-of-nobody", message: unionPayBack("mpC0RPUSREFUND000000000000000001", "CONSOLE0004", "reqReserved=mpC0RPUS000000000000000000000001&", "", "origQryId=202611281034560000018", "origQryId=202611281034560000077"), before: []message{unionPayPaid()}, alarm: true},
	{name: "U5-other-sum", message: unionPayBack("txnAmt=1000", "txnAmt=1"), before: []message{unionPayPaid()}, refund: 1000, refunds: []string{"merchant 1000 CNY pending "}, quarantined: 1},
	{name: "U6-not-from-UnionPay", message: message{text: unionPayPayment, event: "by another authority"}, answer: pay.CodeUnauthorized, result: "forged", unpaid: true},
	{name: "failed", message: unionPayPaid("respCode=00", "respCode=64"), result: "ignored", unpaid: true},
	{name: "no-sum", message: unionPayPaid("txnAmt=5980", "txnAmt="), answer: pay.CodeInternal, result: "unusable", unpaid: true},
	{name: "other-reference", message: unionPayPaid("queryId=202611281034560000018", "queryId=202611281034560000099"), before: []message{unionPayPaid()}, quarantined: 1},
}

// TestUnionPayMessages reads UnionPay's messages in the form in which they are sent.
func TestUnionPayMessages(t *testing.T) {
	t.Parallel()
	tryCorpus(t, unionPayRows, newUnionPayReader)
}

// atUnionPay has the merchant paid by Cloud QuickPass at UnionPay itself: at the account of
// the sample merchant that is.
func (fx *fixture) atUnionPay() {
	fx.tb.Helper()
	next := account.NewRegistry(nil)
	for _, name := range []string{"wechatpay", "alipay", "merchantlink"} {
		fx.must(next.Add(harness.Merchant, name, fx.Accounts().Of(harness.Merchant, name).Provider))
	}
	at := fx.Accounts().Of(harness.Merchant, "unionpay")
	if at == nil {
		at = fx.Accounts().Of("quickpass", "unionpay")
	}
	fx.must(next.Add(harness.Merchant, "unionpay", at.Provider))
	fx.Accounts().Replace(next)
}

// corpusCertificates are UnionPay's and the merchant's, made once.
var corpusCertificates = sync.OnceValue(func() map[string][]byte {
	root, middle := providersim.UnionPayAuthorities(providertest.ProviderKey())
	own, err := providersim.IssueUnionPay(providertest.ProviderKey(), &providertest.MerchantKey().PublicKey)
	if err != nil {
		panic(err)
	}
	return map[string][]byte{"own.cer": own, "root.cer": root, "middle.cer": middle, "key.pem": providertest.PrivatePEM(providertest.MerchantKey())}
})

func newUnionPayReader(fx *fixture) *reader {
	fx.tb.Helper()
	fx.atUnionPay()
	r := fx.newReaderOn(way{unionpay, pay.RailRedirect}, func(a pay.Attempt) provider.Provider {
		return providertest.Open(fx.tb, providerunionpay.Open, map[string]any{
			"mer_id": a.Account, "private_key": "key.pem", "certificate": "own.cer", "root_certificate": "root.cer", "middle_certificate": "middle.cer",
		}, providertest.Env(providertest.Nowhere, corpusCertificates()))
	})
	r.seal = sealAsUnionPay
	return r
}

// sealAsUnionPay adds UnionPay's certificate and signs the fields before they are encoded.
func sealAsUnionPay(r *reader, _ string, m message, text string) (http.Header, []byte) {
	r.tb.Helper()
	key := providertest.ProviderKey()
	if m.event != "" { // another authority's
		key = providertest.MerchantKey()
	}
	certificate := providersim.UnionPaySigner(key)
	text = strings.NewReplacer("777290000000001", r.attempt.Account, unionPayReference, r.attempt.OutTradeNo[2:23]).Replace(text)
	pairs := append(strings.Split(text, "&"), "signPubKeyCert="+string(certificate))
	slices.Sort(pairs)
	inner := sha256.Sum256([]byte(strings.Join(pairs, "&")))
	outer := sha256.Sum256([]byte(hex.EncodeToString(inner[:])))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, outer[:])
	r.must(err)
	form := url.Values{"signature": {base64.StdEncoding.EncodeToString(signature)}}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		form.Set(name, value)
	}
	return nil, []byte(form.Encode())
}
